//! From single operations to a loop: merging axes, choosing registers and block sizes.

use super::noise::{self, Noise};
use super::reduce::{Reduce, Reduction};
use super::run::FILE;
use super::space::Space;
use super::{BinaryKernel, Fused, Operand, Place, Step, TernaryKernel, UnaryKernel};
use crate::Float;

/// Bytes that the registers of one block may fill: half of a common L1 data cache.
const REGISTER_BYTES: usize = 16 << 10;
/// The most elements in a block; longer ones gain nothing over the cost of a call.
const MAX_BLOCK: usize = 1024;
/// The most chunks, and the fewest elements worth a task of their own.
const MAX_CHUNKS: usize = 64;
const MIN_CHUNK: usize = 8 << 10;

/// A value inside a loop being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(usize);

/// Collects the operations of a [`Fused`] loop.
#[derive(Debug)]
pub struct FusedBuilder<T> {
    shape: Vec<usize>,
    operands: Vec<Vec<isize>>,
    noise: usize,
    values: Vec<Definition<T>>,
    stores: Vec<Value>,
    reductions: Vec<(Reduce, Value, Vec<usize>)>,
}

#[derive(Debug, Clone, Copy)]
enum Definition<T> {
    Operand(usize),
    Noise(Noise, usize),
    Unary(UnaryKernel<T>, Value),
    Binary(BinaryKernel<T>, Value, Value),
    Ternary(TernaryKernel<T>, Value, Value, Value),
}

impl<T> Definition<T> {
    fn inputs(&self) -> impl Iterator<Item = Value> {
        let (a, b, c) = match *self {
            Definition::Operand(_) | Definition::Noise(..) => (None, None, None),
            Definition::Unary(_, x) => (Some(x), None, None),
            Definition::Binary(_, x, y) => (Some(x), Some(y), None),
            Definition::Ternary(_, x, y, z) => (Some(x), Some(y), Some(z)),
        };
        [a, b, c].into_iter().flatten()
    }
}

impl<T: Float> FusedBuilder<T> {
    /// A loop over a shape.
    pub fn new(shape: &[usize]) -> Self {
        FusedBuilder {
            shape: shape.to_vec(),
            operands: Vec::new(),
            noise: 0,
            values: Vec::new(),
            stores: Vec::new(),
            reductions: Vec::new(),
        }
    }

    /// The next operand, read with a stride for each axis of the shape; 0 repeats it.
    ///
    /// # Panics
    /// If there is not one stride an axis.
    pub fn operand(&mut self, strides: &[isize]) -> Value {
        assert_eq!(strides.len(), self.shape.len(), "an operand needs a stride for each axis");
        self.operands.push(strides.to_vec());
        self.define(Definition::Operand(self.operands.len() - 1))
    }

    /// Standard normal numbers: element i of the space, counted row-major, is number i of the stream that a run is given,
    /// the same bits as [`fill_normal`](crate::random::fill_normal)'s.
    pub fn normal(&mut self) -> Value {
        self.noise(Noise::Normal)
    }

    /// Numbers uniform on [0, 1), as [`FusedBuilder::normal`].
    pub fn uniform(&mut self) -> Value {
        self.noise(Noise::Uniform)
    }

    fn noise(&mut self, noise: Noise) -> Value {
        self.noise += 1;
        self.define(Definition::Noise(noise, self.noise - 1))
    }

    /// A function of one value.
    pub fn unary(&mut self, kernel: UnaryKernel<T>, x: Value) -> Value {
        self.define(Definition::Unary(kernel, x))
    }

    /// A function of two values.
    pub fn binary(&mut self, kernel: BinaryKernel<T>, x: Value, y: Value) -> Value {
        self.define(Definition::Binary(kernel, x, y))
    }

    /// A function of three values.
    pub fn ternary(&mut self, kernel: TernaryKernel<T>, x: Value, y: Value, z: Value) -> Value {
        self.define(Definition::Ternary(kernel, x, y, z))
    }

    /// Stores a value, row-major, as the next output.
    pub fn store(&mut self, value: Value) {
        self.stores.push(value);
    }

    /// Reduces a value along some axes, row-major over the others, as the next reduced output.
    pub fn reduce(&mut self, kind: Reduce, value: Value, axes: &[usize]) {
        self.reductions.push((kind, value, axes.to_vec()));
    }

    fn define(&mut self, definition: Definition<T>) -> Value {
        self.values.push(definition);
        Value(self.values.len() - 1)
    }

    /// The finished loop.
    pub fn build(self) -> Fused<T> {
        let row_major = row_major(&self.shape, |_| true);
        let mut walks = self.operands.clone();
        walks.push(row_major);
        walks.extend(self.reductions.iter().map(|(_, _, axes)| row_major_without(&self.shape, axes)));
        let space = Space::collapse(&self.shape, &mut walks);
        let reduction_walks = walks.split_off(self.operands.len() + 1);
        let direct = walks.pop().unwrap_or_default();

        let mut registers = Registers::default();
        let operands: Vec<Operand> = walks
            .into_iter()
            .map(|strides| {
                if strides.iter().all(|&stride| stride == 0) {
                    Operand::Uniform { register: registers.fresh() }
                } else if strides == direct {
                    Operand::Direct
                } else {
                    Operand::Strided { register: registers.fresh(), strides }
                }
            })
            .collect();
        let (steps, places) = self.steps(&operands, &mut registers);

        let register_count = registers.count;
        // Whole batches of noise, unless so many registers would not fit.
        let batched = self.noise > 0 && register_count * noise::batch::<T>() <= FILE;
        let unit = if batched { noise::batch::<T>() } else { 16 };
        let block = REGISTER_BYTES / size_of::<T>() / register_count.max(1);
        let block = (block.clamp(64, MAX_BLOCK) / unit * unit).max(unit);
        let reductions: Vec<Reduction> = self
            .reductions
            .iter()
            .zip(reduction_walks)
            .map(|((kind, value, axes), strides)| {
                let kept = self.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
                let len = kept.map(|(_, &size)| size).product();
                Reduction { kind: *kind, from: places[value.0], strides, len }
            })
            .collect();
        let chunk = chunk_len(space.len(), block, reductions.iter().map(|r| r.len).sum());
        let stores = self.stores.len();
        let noise = self.noise;
        Fused { space, operands, noise, steps, registers: register_count, stores, reductions, block, chunk }
    }

    /// The operations in order, with a place for every value: stored ones in their output, the others in registers
    /// that are free again after their last reader.
    fn steps(&self, operands: &[Operand], registers: &mut Registers) -> (Vec<Step<T>>, Vec<Place>) {
        let forever = self.values.len();
        let mut last_use: Vec<usize> = (0..forever).collect();
        for (i, definition) in self.values.iter().enumerate() {
            definition.inputs().for_each(|Value(input)| last_use[input] = i);
        }
        // Reductions read when all steps are done.
        self.reductions.iter().for_each(|(_, Value(value), _)| last_use[*value] = forever);

        let mut steps = Vec::new();
        let mut places: Vec<Place> = Vec::with_capacity(forever);
        let store_of = |i: usize| self.stores.iter().position(|&Value(stored)| stored == i);
        for (i, definition) in self.values.iter().enumerate() {
            let to = match *definition {
                Definition::Operand(operand) => match operands[operand] {
                    Operand::Direct => Place::Operand(operand),
                    Operand::Uniform { register } | Operand::Strided { register, .. } => {
                        Place::Register(register)
                    }
                },
                _ => store_of(i).map_or_else(|| Place::Register(registers.take()), Place::Store),
            };
            match *definition {
                Definition::Operand(_) => {}
                Definition::Noise(noise, number) => steps.push(Step::Noise { noise, number, to }),
                Definition::Unary(kernel, x) => steps.push(Step::Unary { kernel, x: places[x.0], to }),
                Definition::Binary(kernel, x, y) => {
                    steps.push(Step::Binary { kernel, x: places[x.0], y: places[y.0], to });
                }
                Definition::Ternary(kernel, x, y, z) => {
                    steps.push(Step::Ternary { kernel, x: places[x.0], y: places[y.0], z: places[z.0], to });
                }
            }
            places.push(to);
            for Value(input) in definition.inputs() {
                if let (true, Place::Register(register)) = (last_use[input] == i, places[input]) {
                    registers.give_back(register);
                }
            }
        }
        // An operand stored as it is, or a value stored twice.
        for (output, &Value(stored)) in self.stores.iter().enumerate() {
            if places[stored] != Place::Store(output) {
                steps.push(Step::Copy { x: places[stored], to: Place::Store(output) });
            }
        }
        (steps, places)
    }
}

/// Hands out registers. Those of operands are never given back: a uniform one must outlive the block.
#[derive(Default)]
struct Registers {
    count: usize,
    reserved: usize,
    free: Vec<usize>,
}

impl Registers {
    fn fresh(&mut self) -> usize {
        self.count += 1;
        self.reserved = self.count;
        self.count - 1
    }

    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }

    fn give_back(&mut self, register: usize) {
        if register >= self.reserved && !self.free.contains(&register) {
            self.free.push(register);
        }
    }
}

/// Row-major strides over the axes that `keeps` holds for, 0 for the others.
fn row_major(shape: &[usize], keeps: impl Fn(usize) -> bool) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for axis in (0..shape.len()).rev().filter(|&axis| keeps(axis)) {
        strides[axis] = step;
        step *= shape[axis].max(1) as isize;
    }
    strides
}

fn row_major_without(shape: &[usize], axes: &[usize]) -> Vec<isize> {
    row_major(shape, |axis| !axes.contains(&axis))
}

/// How many elements a task takes: few enough tasks that their partial reductions, `reduced` elements each, stay
/// smaller than the work itself.
fn chunk_len(len: usize, block: usize, reduced: usize) -> usize {
    let affordable = len.max(1 << 16).checked_div(reduced).unwrap_or(MAX_CHUNKS);
    let chunks = MAX_CHUNKS.min(affordable).min(len / MIN_CHUNK).max(1);
    len.div_ceil(chunks).next_multiple_of(block)
}
