//! Where values stand: the steps of a loop, with a place for everything they read and write.

mod compiled;

use super::definition::{Definition, uniform};
use super::region::{Region, groups};
use super::{Operand, Place, Reduce, Step, Uniform, UniformSource, Value};
use crate::simd::combined::Formula;
use crate::{Float, simd};

/// A loop's steps and what they need.
pub(super) struct Placed<T> {
    /// Steps for numbers that are the same everywhere, taken once a chunk.
    pub once: Vec<Step<T>>,
    /// Copies of such numbers all over a register, taken once a chunk after them.
    pub spread: Vec<Step<T>>,
    /// Steps of every block.
    pub steps: Vec<Step<T>>,
    /// What is compiled, if anything is.
    pub regions: Vec<Region>,
    /// Where uniform numbers come from that are not computed, tile by tile.
    pub uniform: Vec<Uniform<T>>,
    pub tiles: usize,
    pub registers: usize,
    /// Results that are written where they belong, not by way of a register.
    pub in_place: Vec<usize>,
}

/// What is to be placed.
pub(super) struct Task<'a, T> {
    pub values: &'a [Definition<T>],
    pub operands: &'a [Operand],
    pub stores: &'a [Value],
    /// Reductions; whether they are over everything.
    pub reduced: &'a [(Reduce, Value, bool)],
    pub streamed: bool,
    /// Whether arithmetic is compiled.
    pub regions: bool,
}

/// Orders the steps. Stored values stand in their output, or in a register if they are to be streamed; others in
/// registers, which are free again after their last reader.
pub(super) fn place<T: Float>(task: Task<'_, T>) -> Placed<T> {
    let Task { values, operands, stores, .. } = task;
    let uniform = uniform(values, operands);
    let groups = groups(values, &uniform, operands, task.regions);
    let mut group_of = vec![0; values.len()];
    for (g, group) in groups.iter().enumerate() {
        group.iter().for_each(|&i| group_of[i] = g);
    }
    let mut last_reader = group_of.clone();
    let mut read_elsewhere = vec![false; values.len()];
    for (i, definition) in values.iter().enumerate() {
        for input in definition.inputs() {
            last_reader[input.0] = last_reader[input.0].max(group_of[i]);
            read_elsewhere[input.0] |= group_of[i] != group_of[input.0];
        }
    }
    let mut placing = Placing {
        uniform,
        read_elsewhere,
        places: vec![Place::Nowhere; values.len()],
        spread: vec![None; values.len()],
        free: Vec::new(),
        placed: Placed {
            once: vec![],
            spread: vec![],
            steps: vec![],
            regions: vec![],
            uniform: vec![],
            tiles: 0,
            registers: 0,
            in_place: vec![],
        },
        task,
    };
    for i in 0..values.len() {
        if placing.is_spread(i) {
            placing.spread[i] = Some(placing.fresh());
        }
    }
    for (g, group) in groups.iter().enumerate() {
        if placing.task.regions && values[group[0]].is_line() && !placing.uniform[group[0]] {
            placing.region(group);
        } else {
            group.iter().for_each(|&i| placing.value(i));
        }
        for i in (0..values.len()).filter(|&i| last_reader[i] == g) {
            placing.release(Value(i));
        }
    }
    let streamed: Vec<usize> = placing.placed.steps.iter().filter_map(Step::streams).collect();
    placing.placed.in_place = (0..stores.len()).filter(|store| !streamed.contains(store)).collect();
    placing.placed
}

fn copy<T: Float>(x: Place, to: Place) -> Step<T> {
    Step::Tiled { formula: Formula::Copy, kernel: T::kernel(Formula::Copy), from: [x; 4], to }
}

struct Placing<'a, T> {
    task: Task<'a, T>,
    uniform: Vec<bool>,
    /// Whether other steps, or regions, than the one that computes a value read it.
    read_elsewhere: Vec<bool>,
    places: Vec<Place>,
    /// For a uniform value that is read as a whole block, the register with so many copies.
    spread: Vec<Option<usize>>,
    free: Vec<usize>,
    placed: Placed<T>,
}

impl<T: Float> Placing<'_, T> {
    /// Kernels over slices cannot read one tile again and again, and no more can reductions and streaming stores.
    fn is_spread(&self, i: usize) -> bool {
        let Task { values, stores, reduced, streamed, regions, .. } = self.task;
        let by_kernel = |(j, definition): (usize, &Definition<T>)| {
            let takes_tiles = matches!(definition, Definition::Tiled(..)) || regions && definition.is_line();
            !takes_tiles && !self.uniform[j] && definition.inputs().contains(&Value(i))
        };
        self.uniform[i]
            && (reduced.iter().any(|(_, value, _)| *value == Value(i))
                || streamed && stores.contains(&Value(i))
                || values.iter().enumerate().any(by_kernel))
    }

    /// Whether something reads a constant from a tile: regions have it in their code.
    fn needs_tile(&self, i: usize) -> bool {
        let Task { values, stores, reduced, regions, .. } = self.task;
        let by_kernel = |(j, definition): (usize, &Definition<T>)| {
            (self.uniform[j] || !definition.is_line()) && definition.inputs().contains(&Value(i))
        };
        !regions
            || stores.contains(&Value(i))
            || reduced.iter().any(|(_, value, _)| *value == Value(i))
            || values.iter().enumerate().any(by_kernel)
    }

    /// Whether an operand is read where it is. Where it is overwritten, this takes a region, which reads before it writes.
    fn in_memory(&self, operand: usize) -> bool {
        match self.task.operands[operand] {
            Operand::Direct | Operand::Product => true,
            Operand::Former { .. } => self.task.regions,
            Operand::Uniform | Operand::Strided { .. } => false,
        }
    }

    /// Adds the step that computes a value, and those that store and reduce it.
    fn value(&mut self, i: usize) {
        let Task { values, stores, reduced, streamed, .. } = self.task;
        let definition = &values[i];
        let uniform = self.uniform[i];
        let streamed = streamed && !matches!(definition, Definition::Over(_));
        let output = stores.iter().position(|&stored| stored == Value(i)).filter(|_| !streamed);
        let to = match definition {
            Definition::Absorbed => Place::Nowhere,
            Definition::Constant(_) if !self.needs_tile(i) => return,
            Definition::Operand(operand) if self.in_memory(*operand) => Place::Operand(*operand),
            _ if uniform => self.tile(),
            Definition::Operand(_) => Place::Register(self.take()),
            _ => output.map_or_else(|| Place::Register(self.take()), Place::Store),
        };
        let step = self.step(definition, uniform, to);
        self.places[i] = to;
        if uniform {
            self.placed.once.extend(step);
            if let Some(register) = self.spread[i] {
                self.placed.spread.push(copy(to, Place::Register(register)));
            }
        } else {
            self.placed.steps.extend(step);
        }
        for (number, _) in stores.iter().enumerate().filter(|(_, stored)| **stored == Value(i)) {
            if streamed {
                self.placed.steps.push(Step::Stream { x: self.whole(Value(i)), store: number });
            } else if to != Place::Store(number) {
                self.placed.steps.push(copy(to, Place::Store(number)));
            }
        }
        for (number, _) in reduced.iter().enumerate().filter(|(_, (_, value, _))| *value == Value(i)) {
            self.placed.steps.push(Step::Reduce { number, x: self.whole(Value(i)) });
        }
    }

    fn step(&mut self, definition: &Definition<T>, uniform: bool, to: Place) -> Option<Step<T>> {
        // What is computed once reads tiles; kernels over slices otherwise read what is spread.
        let whole = |value: Value| if uniform { self.places[value.0] } else { self.whole(value) };
        match definition {
            Definition::Absorbed => None,
            Definition::Constant(number) => {
                self.placed.uniform.push(Uniform { to, source: UniformSource::Number(*number) });
                None
            }
            Definition::Operand(operand) => match self.task.operands[*operand] {
                _ if self.in_memory(*operand) => None,
                Operand::Uniform => {
                    self.placed.uniform.push(Uniform { to, source: UniformSource::Operand(*operand) });
                    None
                }
                _ => Some(Step::Gather { operand: *operand, to }),
            },
            Definition::Noise(noise, number) => Some(Step::Noise { noise: *noise, number: *number, to }),
            Definition::Unary(kernel, x) => Some(Step::Unary { kernel: *kernel, x: whole(*x), to }),
            Definition::Function(function, x) => {
                Some(Step::Unary { kernel: function.of_slices(), x: whole(*x), to })
            }
            Definition::Ln(x) => Some(Step::Unary { kernel: simd::ln, x: whole(*x), to }),
            Definition::Over(x) => Some(copy(self.places[x.0], to)),
            Definition::Sqrt(x) => Some(Step::Unary { kernel: simd::sqrt, x: whole(*x), to }),
            Definition::Binary(kernel, x, y) => {
                Some(Step::Binary { kernel: *kernel, x: whole(*x), y: whole(*y), to })
            }
            Definition::Ternary(kernel, x, y, z) => {
                Some(Step::Ternary { kernel: *kernel, x: whole(*x), y: whole(*y), z: whole(*z), to })
            }
            Definition::Tiled(formula, inputs) => {
                // Operands without use are copies of the first: they must be readable.
                let from = std::array::from_fn(|k| self.places[inputs.get(k).unwrap_or(&inputs[0]).0]);
                Some(Step::Tiled { formula: *formula, kernel: T::kernel(*formula), from, to })
            }
        }
    }

    /// Where all elements of a block stand.
    fn whole(&self, value: Value) -> Place {
        self.spread[value.0].map_or(self.places[value.0], Place::Register)
    }

    fn tile(&mut self) -> Place {
        Place::Tile(self.fresh_tile())
    }

    fn fresh_tile(&mut self) -> usize {
        self.placed.tiles += 1;
        self.placed.tiles - 1
    }

    fn fresh(&mut self) -> usize {
        self.placed.registers += 1;
        self.placed.registers - 1
    }

    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| self.fresh())
    }

    fn release(&mut self, value: Value) {
        if let Place::Register(register) = self.places[value.0]
            && !self.free.contains(&register)
        {
            self.free.push(register);
        }
    }
}
