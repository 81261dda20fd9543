//! Operations element by element: their types, and the kernels for whole numbers and truth values. Those of floats are compiled
//! into loops.

use std::fmt::Debug;

use bayeux_tensor::{AnySliceMut, Element, ElementType};
use rayon::prelude::*;

use super::{Binary, Unary};
use crate::kernel::{Kernel, Scratch, View};
use crate::{Error, ValueType};

/// All inputs are of one type: that.
pub(super) fn alike(inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
    match inputs.iter().find(|input| **input != inputs[0]) {
        None => Ok(vec![inputs[0].clone()]),
        Some(other) => Err(format!("inputs of types {} and {other}", inputs[0])),
    }
}

/// All inputs are of one type of numbers: that.
pub(super) fn of_numbers(inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
    match inputs[0].element {
        ElementType::Bool => Err(format!("{} has no numbers: write `cast`", inputs[0])),
        _ => alike(inputs),
    }
}

/// All inputs are of one type of real numbers: that.
pub(super) fn of_floats(inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
    match inputs[0].element.is_float() {
        false => Err(format!("{} has no real numbers: write `cast`", inputs[0])),
        true => alike(inputs),
    }
}

/// Whole numbers, whose sums and products wrap around, as NumPy's do.
pub(super) trait Integer: Element + Ord {
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// The quotient, rounded down; of a division by 0 it is 0, as in NumPy.
    fn floor_divide(self, other: Self) -> Self;
}

macro_rules! integer {
    ($($t:ident)+) => {
        $(impl Integer for $t {
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            fn floor_divide(self, other: Self) -> Self {
                if other == 0 {
                    return 0;
                }
                let quotient = self.wrapping_div(other);
                // Rounded towards 0, that is: up where the signs differ and something is left.
                let negative = |x: $t| i64::from(x) < 0;
                let up = self.wrapping_rem(other) != 0 && negative(self) != negative(other);
                quotient - $t::from(up)
            }
        })+
    };
}

integer!(u8 i32 i64);

/// Elements of a task: a large array is divided between the threads.
const CHUNK: usize = 1 << 14;

/// `output[i] = f(i)`.
pub(super) fn fill<U: Send>(output: &mut [U], f: impl Fn(usize) -> U + Sync) {
    let task = |(chunk, output): (usize, &mut [U])| {
        output.iter_mut().enumerate().for_each(|(i, y)| *y = f(chunk * CHUNK + i));
    };
    match output.len() <= CHUNK {
        true => task((0, output)),
        false => output.par_chunks_mut(CHUNK).enumerate().for_each(task),
    }
}

/// An operation on whole numbers, or a comparison of any elements.
pub(super) trait OnIntegers: Copy + Debug + Send + Sync + 'static {
    fn run(self, inputs: &[View<'_>], output: AnySliceMut<'_>);
}

/// The kernel of an operation on elements that are not floats.
#[derive(Debug)]
pub(super) struct Elementwise<O>(O);

impl<O: OnIntegers> Elementwise<O> {
    /// None for floats, which loops compute.
    pub fn of_integers(element: ElementType, op: O) -> Option<Box<dyn Kernel>> {
        (!element.is_float()).then(|| Box::new(Elementwise(op)) as Box<dyn Kernel>)
    }
}

impl<O: OnIntegers> Kernel for Elementwise<O> {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        self.0.run(inputs, outputs[0].reborrow());
        Ok(())
    }
}

/// The same with each type of whole numbers.
macro_rules! with_integer {
    ($type:expr, $t:ident => $body:expr) => {
        match $type {
            ElementType::U8 => {
                type $t = u8;
                $body
            }
            ElementType::I32 => {
                type $t = i32;
                $body
            }
            ElementType::I64 => {
                type $t = i64;
                $body
            }
            other => unreachable!("whole numbers of type {other}"),
        }
    };
}

impl OnIntegers for Unary {
    fn run(self, inputs: &[View<'_>], output: AnySliceMut<'_>) {
        fn run<T: Integer>(op: Unary, x: &[T], y: &mut [T]) {
            let negative = |x: T| T::ZERO.sub(x);
            match op {
                Unary::Neg => fill(y, |i| negative(x[i])),
                Unary::Abs => fill(y, |i| if x[i] < T::ZERO { negative(x[i]) } else { x[i] }),
                Unary::Sign => fill(y, |i| {
                    let is = |so: bool| if so { T::ONE } else { T::ZERO };
                    is(x[i] > T::ZERO).sub(is(x[i] < T::ZERO))
                }),
                Unary::Square => fill(y, |i| x[i].mul(x[i])),
                other => unreachable!("{other:?} of whole numbers"),
            }
        }
        with_integer!(output.element_type(), T => run::<T>(self, inputs[0].elements(), output.get()))
    }
}

impl OnIntegers for Binary {
    fn run(self, inputs: &[View<'_>], output: AnySliceMut<'_>) {
        fn run<T: Integer>(op: Binary, a: &[T], b: &[T], y: &mut [T]) {
            match op {
                Binary::Add => fill(y, |i| a[i].add(b[i])),
                Binary::Sub => fill(y, |i| a[i].sub(b[i])),
                Binary::Mul => fill(y, |i| a[i].mul(b[i])),
                Binary::Maximum => fill(y, |i| a[i].max(b[i])),
                Binary::Minimum => fill(y, |i| a[i].min(b[i])),
                Binary::FloorDivide => fill(y, |i| a[i].floor_divide(b[i])),
                Binary::Remainder => fill(y, |i| match b[i] == T::ZERO {
                    true => T::ZERO,
                    false => a[i].sub(b[i].mul(a[i].floor_divide(b[i]))),
                }),
                other => unreachable!("{other:?} of whole numbers"),
            }
        }
        fn compare<T: Element>(op: Binary, a: &[T], b: &[T], y: &mut [bool]) {
            match op {
                Binary::Gt => fill(y, |i| a[i] > b[i]),
                Binary::Ge => fill(y, |i| a[i] >= b[i]),
                Binary::Lt => fill(y, |i| a[i] < b[i]),
                Binary::Le => fill(y, |i| a[i] <= b[i]),
                Binary::Eq => fill(y, |i| a[i] == b[i]),
                Binary::Ne => fill(y, |i| a[i] != b[i]),
                other => unreachable!("{other:?} is no comparison"),
            }
        }
        let (a, b) = (&inputs[0], &inputs[1]);
        match self.is_comparison() {
            true => bayeux_tensor::with_type!(a.data.element_type(), T => {
                compare::<T>(self, a.elements(), b.elements(), output.get());
            }),
            false => with_integer!(output.element_type(), T => {
                run::<T>(self, a.elements(), b.elements(), output.get());
            }),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;
    use crate::AnyExpr;

    let of_one = Unary::ALL.iter().filter(|(op, _)| op.is_of_integers()).map(|&(op, _)| {
        example(op.method(), &[&[3, 5]], 0.0..1.0, move |x| {
            AnyExpr::new(op, vec![x[0].clone()], x[0].shape())
        })
        .whole(0, -9..10)
        .and(&[&[0]])
        .and(&[&[1]])
    });
    let whole = |op: &&Binary| op.is_comparison() || op.is_of_integers();
    let of_two = Binary::ALL.iter().filter(whole).map(|&op| {
        example(op.method(), &[&[3, 5], &[3, 5]], 0.0..1.0, move |x| {
            AnyExpr::new(op, x.to_vec(), x[0].shape())
        })
        .whole(0, -2..3)
        .whole(1, -2..3)
    });
    of_one.chain(of_two).collect()
}
