//! Loops over a few numbers, without the machinery for many: a tape of operations on single numbers.
//!
//! A recurrence of scalars is a program of a handful of operations, run a million times. The loops of such a program would take
//! longer to begin than to end. Each operation here rounds as that of the loops does, so the bits are the same.

use std::collections::HashMap;

use bayeux_tensor::{ElementType, Float};

use crate::compile::{Called, ElementWise, Line, Program, Purpose, Read, ReadFrom, Work, WriteTo};
use crate::ops::{Binary, Unary};

/// A program is made a tape if it has so many operations at most.
const MOST: usize = 128;

/// Operations on single numbers, each in a register of its own.
#[derive(Debug)]
pub(super) struct Tape<T> {
    operations: Vec<Operation<T>>,
    /// What the registers hold at first: constants.
    pub registers: Vec<T>,
    /// The first register of each parameter that is read, and their number.
    pub parameters: Vec<(usize, usize)>,
    /// The first register of each value of the inner program.
    pub values: Vec<(usize, usize)>,
}

#[derive(Clone, Copy, Debug)]
struct Operation<T> {
    does: Does<T>,
    from: [usize; 3],
    to: usize,
}

#[derive(Clone, Copy, Debug)]
enum Does<T> {
    Copy,
    Neg,
    Square,
    Recip,
    Add,
    Sub,
    Mul,
    Div,
    Select,
    Unary(fn(&[T], &mut [T])),
    Binary(fn(&[T], &[T], &mut [T])),
}

impl<T: Float> Tape<T> {
    /// The tape of an inner program, if it is nothing but loops over a few numbers of this type.
    pub fn of(called: &Called) -> Option<Self> {
        let program = called.program();
        let mut making = Making { registers: Vec::new(), operations: Vec::new(), places: HashMap::new() };
        let count = called.parameters();
        let mut parameters = Vec::with_capacity(count);
        for parameter in 0..count {
            let (element, len) = called.parameter(parameter);
            (element == T::TYPE && len <= MOST).then_some(())?;
            parameters.push((making.place(ReadFrom::Input(parameter), len), len));
        }
        for instruction in &program.instructions {
            let Work::ElementWise(all) = &instruction.work else { return None };
            let len = all.space.iter().product::<usize>();
            let plain = all.element == T::TYPE
                && all.product.is_none()
                && all.reductions.is_empty()
                && all.stores.iter().all(|store| store.over.is_none());
            (plain && making.operations.len() + len * all.lines.len() <= MOST).then_some(())?;
            for element in 0..len {
                let values = making.lines(program, all, &instruction.reads, element)?;
                for (store, write) in all.stores.iter().zip(&instruction.writes) {
                    let WriteTo::Slot(slot) = write.to else { return None };
                    let first = making.place(ReadFrom::Slot(slot), slot_len(program, slot));
                    making.push(Does::Copy, &[values[store.value]], first + element);
                }
            }
        }
        let values = (0..called.values()).map(|value| {
            let (slot, len) = called.value(value);
            (making.place(ReadFrom::Slot(slot), slot_len(program, slot)), len)
        });
        let values = values.collect();
        Some(Tape { values, parameters, operations: making.operations, registers: making.registers })
    }

    /// One run.
    #[inline]
    pub fn run(&self, r: &mut [T]) {
        for Operation { does, from: [x, y, z], to } in &self.operations {
            let (x, y) = (r[*x], r[*y]);
            r[*to] = match does {
                Does::Copy => x,
                Does::Neg => -x,
                Does::Square => x * x,
                Does::Recip => T::ONE / x,
                Does::Add => x + y,
                Does::Sub => x - y,
                Does::Mul => x * y,
                Does::Div => x / y,
                Does::Select => {
                    if x == T::ZERO {
                        r[*z]
                    } else {
                        y
                    }
                }
                Does::Unary(function) => {
                    let mut value = [T::ZERO];
                    function(&[x], &mut value);
                    value[0]
                }
                Does::Binary(function) => {
                    let mut value = [T::ZERO];
                    function(&[x], &[y], &mut value);
                    value[0]
                }
            };
        }
    }
}

fn slot_len(program: &Program, slot: usize) -> usize {
    match &program.slots[slot] {
        Purpose::Scratch(_, len) => *len,
        Purpose::Output(_, shape) | Purpose::Update(_, shape) => shape.iter().product(),
    }
}

struct Making<T> {
    registers: Vec<T>,
    operations: Vec<Operation<T>>,
    /// The first register of each source.
    places: HashMap<(u8, usize), usize>,
}

impl<T: Float> Making<T> {
    /// The first register of a source of so many elements.
    fn place(&mut self, source: ReadFrom, len: usize) -> usize {
        let key = match source {
            ReadFrom::Slot(i) => (0, i),
            ReadFrom::Input(i) => (1, i),
            ReadFrom::Shared(i) => (2, i),
            ReadFrom::Constant(i) => (3, i),
        };
        let next = self.registers.len();
        let first = *self.places.entry(key).or_insert(next);
        if first == next {
            self.registers.resize(next + len, T::ZERO);
        }
        first
    }

    fn number(&mut self, number: T) -> usize {
        self.registers.push(number);
        self.registers.len() - 1
    }

    fn push(&mut self, does: Does<T>, from: &[usize], to: usize) {
        let at = |i: usize| from.get(i).copied().unwrap_or(from[0]);
        self.operations.push(Operation { does, from: [at(0), at(1), at(2)], to });
    }

    /// The registers of all values of one element of a loop.
    fn lines(
        &mut self,
        program: &Program,
        all: &ElementWise,
        reads: &[Read],
        element: usize,
    ) -> Option<Vec<usize>> {
        let mut values: Vec<usize> = Vec::with_capacity(all.lines.len());
        for line in &all.lines {
            let (does, from) = match *line {
                Line::Operand(operand) => {
                    values.push(self.operand(program, &reads[operand], element)?);
                    continue;
                }
                Line::Number(number) => {
                    values.push(self.number(T::from_f64(number)));
                    continue;
                }
                Line::Product | Line::Noise(_) => return None,
                Line::Unary(op, x) => {
                    let does = match op {
                        Unary::Neg => Does::Neg,
                        Unary::Square => Does::Square,
                        Unary::Recip => Does::Recip,
                        _ => Does::Unary(op.vector()),
                    };
                    (does, vec![values[x]])
                }
                Line::Binary(op, x, y) => {
                    let does = match op {
                        Binary::Add => Does::Add,
                        Binary::Sub => Does::Sub,
                        Binary::Mul => Does::Mul,
                        Binary::Div => Does::Div,
                        _ => Does::Binary(op.vector()),
                    };
                    (does, vec![values[x], values[y]])
                }
                Line::Select(c, x, y) => (Does::Select, vec![values[c], values[x], values[y]]),
            };
            let to = self.number(T::ZERO);
            self.push(does, &from, to);
            values.push(to);
        }
        Some(values)
    }

    /// The register of an operand's element.
    fn operand(&mut self, program: &Program, read: &Read, mut element: usize) -> Option<usize> {
        let mut at = read.offset;
        for (&size, &stride) in read.shape.iter().zip(&read.strides).rev() {
            at += element % size * stride.unsigned_abs();
            element /= size;
        }
        (read.element == T::TYPE).then_some(())?;
        Some(match read.from {
            ReadFrom::Slot(slot) => self.place(read.from, slot_len(program, slot)) + at,
            ReadFrom::Input(_) => self.place(read.from, 0) + at,
            ReadFrom::Constant(constant) => {
                let elements = program.constants[constant].as_slice()?;
                let number = elements.get::<T>()[at];
                self.number(number)
            }
            ReadFrom::Shared(_) => return None,
        })
    }
}

/// The tape of an inner program of either type.
#[derive(Debug)]
pub(super) enum AnyTape {
    Single(Tape<f32>),
    Double(Tape<f64>),
}

impl AnyTape {
    /// Of a loop that ends where it was said to.
    pub fn of(called: &Called) -> Option<Self> {
        let looped = called.repeat.as_ref()?;
        if looped.repeat.until.is_some() || called.values() == 0 {
            return None;
        }
        match called.value_element(0) {
            ElementType::F32 => Tape::of(called).map(AnyTape::Single),
            ElementType::F64 => Tape::of(called).map(AnyTape::Double),
            _ => None,
        }
    }
}
