//! The values of a loop, and which of them are computed together.

use super::noise::Noise;
use super::{BinaryKernel, Operand, Reduce, TernaryKernel, UnaryKernel};
use crate::Float;
use crate::simd::Arithmetic::{Add, Mul, Sub};
use crate::simd::Function;
use crate::simd::combined::Formula;

/// A value inside a loop being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub(super) usize);

/// How a value is computed.
#[derive(Clone, Debug)]
pub(super) enum Definition<T> {
    Operand(usize),
    Constant(T),
    Noise(Noise, usize),
    Unary(UnaryKernel<T>, Value),
    Function(Function, Value),
    Binary(BinaryKernel<T>, Value, Value),
    Ternary(TernaryKernel<T>, Value, Value, Value),
    Tiled(Formula, Vec<Value>),
    Sqrt(Value),
    Ln(Value),
    /// The value, to be stored over an operand. Nothing reads it, so that among regions it is in the last one; without regions
    /// the operand has been gathered before.
    Over(Value),
    /// Not at all: it is part of its only reader.
    Absorbed,
}

impl<T> Definition<T> {
    /// Whether machine code does it, that is, it is a line of a [`Region`](super::region::Region).
    pub fn is_line(&self) -> bool {
        use Definition::{Function, Ln, Over, Sqrt, Tiled};
        matches!(self, Tiled(..) | Sqrt(_) | Over(_) | Function(..) | Ln(_))
    }

    /// Whether it takes many instructions, in machine code or by a kernel.
    pub fn is_function(&self) -> bool {
        use Definition::{Binary, Function, Ln, Noise, Ternary, Unary};
        matches!(self, Function(..) | Ln(_) | Unary(..) | Binary(..) | Ternary(..) | Noise(..))
    }

    /// The values it reads.
    pub fn inputs(&self) -> Vec<Value> {
        match self {
            Definition::Operand(_)
            | Definition::Constant(_)
            | Definition::Noise(..)
            | Definition::Absorbed => Vec::new(),
            Definition::Unary(_, x)
            | Definition::Function(_, x)
            | Definition::Sqrt(x)
            | Definition::Ln(x)
            | Definition::Over(x) => {
                vec![*x]
            }
            Definition::Binary(_, x, y) => vec![*x, *y],
            Definition::Ternary(_, x, y, z) => vec![*x, *y, *z],
            Definition::Tiled(_, inputs) => inputs.clone(),
        }
    }
}

/// Has functions computed by kernels over slices.
pub(super) fn call_functions<T: Float>(values: &mut [Definition<T>]) {
    for value in values {
        let (function, x) = match *value {
            Definition::Function(function, x) => (function, x),
            Definition::Ln(x) => (Function::Ln, x),
            _ => continue,
        };
        *value = Definition::Unary(function.of_slices(), x);
    }
}

/// Which values are the same number everywhere.
pub(super) fn uniform<T>(values: &[Definition<T>], operands: &[Operand]) -> Vec<bool> {
    let mut uniform: Vec<bool> = Vec::with_capacity(values.len());
    for value in values {
        let is_uniform = match value {
            Definition::Operand(operand) => operands[*operand] == Operand::Uniform,
            Definition::Constant(_) => true,
            Definition::Noise(..) | Definition::Over(_) | Definition::Absorbed => false,
            _ => value.inputs().iter().all(|input| uniform[input.0]),
        };
        uniform.push(is_uniform);
    }
    uniform
}

/// How often each value is read: by others, to be stored, or to be reduced.
pub(super) fn readers<T>(
    values: &[Definition<T>],
    stores: &[Value],
    reduced: &[(Reduce, Value, bool)],
) -> Vec<usize> {
    let mut readers = vec![0; values.len()];
    let inputs: Vec<Value> = values.iter().flat_map(Definition::inputs).collect();
    let reduced = reduced.iter().map(|(_, value, _)| value);
    inputs.iter().chain(stores).chain(reduced).for_each(|read| readers[read.0] += 1);
    readers
}

/// Puts an operation that is read once into its reader, where there is a kernel for both.
pub(super) fn combine<T: Float>(
    values: &mut [Definition<T>],
    operands: &[Operand],
    stores: &[Value],
    reduced: &[(Reduce, Value, bool)],
) {
    let uniform = uniform(values, operands);
    let readers = readers(values, stores, reduced);

    for i in 0..values.len() {
        if uniform[i] {
            continue; // computed once, not once for each block
        }
        // The operation and the operands of a value that could be put into this one.
        let single = |value: Value| match &values[value.0] {
            Definition::Tiled(Formula::One(op), inputs) if readers[value.0] == 1 && !uniform[value.0] => {
                Some((*op, inputs.clone()))
            }
            _ => None,
        };
        let combined = match &values[i] {
            Definition::Tiled(Formula::One(op), inputs) => {
                let (a, b) = (inputs[0], inputs[1]);
                match (single(a), single(b)) {
                    (Some((Mul, x)), Some((Mul, y))) if matches!(op, Add | Sub) => {
                        Some((Formula::Products(*op), [x, y].concat(), vec![a, b]))
                    }
                    (first, second) => {
                        let left =
                            first.map(|(f, x)| (Formula::Left(f, *op), [x, vec![b]].concat(), vec![a]));
                        let right = second.map(|(f, x)| {
                            let commutes = matches!(op, Add | Mul);
                            let formula =
                                if commutes { Formula::Left(f, *op) } else { Formula::Right(f, *op) };
                            (formula, [x, vec![a]].concat(), vec![b])
                        });
                        [left, right].into_iter().flatten().find(|(formula, ..)| formula.exists())
                    }
                }
            }
            Definition::Tiled(Formula::Select, inputs) => match single(inputs[0]) {
                Some((op, x)) if op.is_comparison() => {
                    Some((Formula::Choose(op), [&x[..], &inputs[1..]].concat(), vec![inputs[0]]))
                }
                _ => None,
            },
            _ => None,
        };
        if let Some((formula, inputs, absorbed)) = combined {
            values[i] = Definition::Tiled(formula, inputs);
            absorbed.into_iter().for_each(|value| values[value.0] = Definition::Absorbed);
        }
    }
}
