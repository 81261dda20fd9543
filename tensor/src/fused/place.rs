//! Where values stand: the steps of a loop, with a place for everything they read and write.

use super::definition::{Definition, uniform};
use super::{Operand, Place, Source, Step, Uniform, Value};
use crate::Float;
use crate::simd::combined::Formula;

/// A loop's steps and what they need.
pub(super) struct Placed<T> {
    /// Steps for numbers that are the same everywhere, taken once a chunk.
    pub once: Vec<Step<T>>,
    /// Copies of such numbers all over a register, taken once a chunk after them.
    pub spread: Vec<Step<T>>,
    /// Steps of every block.
    pub steps: Vec<Step<T>>,
    /// Where uniform numbers come from that are not computed, tile by tile.
    pub uniform: Vec<Uniform<T>>,
    pub tiles: usize,
    pub registers: usize,
}

/// Orders the steps. Stored values stand in their output, or in a register if they are to be streamed; others in
/// registers, which are free again after their last reader.
pub(super) fn place<T: Float>(
    values: &[Definition<T>],
    operands: &[Operand],
    stores: &[Value],
    reduced: &[Value],
    streamed: bool,
) -> Placed<T> {
    let mut last_reader: Vec<usize> = (0..values.len()).collect();
    for (i, definition) in values.iter().enumerate() {
        definition.inputs().iter().for_each(|input| last_reader[input.0] = i);
    }
    let mut placing = Placing {
        uniform: uniform(values, operands),
        places: Vec::with_capacity(values.len()),
        spread: vec![None; values.len()],
        free: Vec::new(),
        placed: Placed {
            once: vec![],
            spread: vec![],
            steps: vec![],
            uniform: vec![],
            tiles: 0,
            registers: 0,
        },
    };
    // Kernels over slices cannot read one tile again and again, and no more can reductions and streaming stores.
    let spread = |i: usize| {
        let by_kernel = |(j, definition): (usize, &Definition<T>)| {
            let takes_tiles = matches!(definition, Definition::Tiled(..));
            !takes_tiles && !placing.uniform[j] && definition.inputs().contains(&Value(i))
        };
        placing.uniform[i]
            && (reduced.contains(&Value(i))
                || streamed && stores.contains(&Value(i))
                || values.iter().enumerate().any(by_kernel))
    };
    let spread: Vec<usize> = (0..values.len()).filter(|&i| spread(i)).collect();
    for i in spread {
        placing.spread[i] = Some(placing.fresh());
    }
    for (i, definition) in values.iter().enumerate() {
        let output = stores.iter().position(|&stored| stored == Value(i));
        placing.value(definition, operands, output.filter(|_| !streamed));
        let place = placing.places[i];
        for (number, _) in stores.iter().enumerate().filter(|(_, stored)| **stored == Value(i)) {
            if streamed {
                placing.placed.steps.push(Step::Stream { x: placing.whole(Value(i)), store: number });
            } else if place != Place::Store(number) {
                placing.placed.steps.push(copy(place, Place::Store(number)));
            }
        }
        for (number, _) in reduced.iter().enumerate().filter(|(_, value)| **value == Value(i)) {
            placing.placed.steps.push(Step::Reduce { number, x: placing.whole(Value(i)) });
        }
        let mut done = definition.inputs();
        done.push(Value(i));
        for input in done.into_iter().filter(|input| last_reader[input.0] == i) {
            placing.release(input);
        }
    }
    placing.placed
}

fn copy<T: Float>(x: Place, to: Place) -> Step<T> {
    Step::Tiled { formula: Formula::Copy, kernel: T::kernel(Formula::Copy), from: [x; 4], to }
}

struct Placing<T> {
    uniform: Vec<bool>,
    places: Vec<Place>,
    /// For a uniform value that is read as a whole block, the register with so many copies.
    spread: Vec<Option<usize>>,
    free: Vec<usize>,
    placed: Placed<T>,
}

impl<T: Float> Placing<T> {
    /// Adds the step that computes the next value.
    fn value(&mut self, definition: &Definition<T>, operands: &[Operand], output: Option<usize>) {
        let i = self.places.len();
        let uniform = self.uniform[i];
        let to = match definition {
            Definition::Absorbed => Place::Nowhere,
            Definition::Operand(operand) if operands[*operand] == Operand::Direct => Place::Operand(*operand),
            _ if uniform => self.tile(),
            Definition::Operand(_) => Place::Register(self.take()),
            _ => output.map_or_else(|| Place::Register(self.take()), Place::Store),
        };
        // What is computed once reads tiles; kernels over slices otherwise read what is spread.
        let whole = |value: Value| if uniform { self.places[value.0] } else { self.whole(value) };
        let step = match definition {
            Definition::Absorbed => None,
            Definition::Constant(number) => {
                self.placed.uniform.push(Uniform { to, source: Source::Number(*number) });
                None
            }
            Definition::Operand(operand) => match operands[*operand] {
                Operand::Direct => None,
                Operand::Uniform => {
                    self.placed.uniform.push(Uniform { to, source: Source::Operand(*operand) });
                    None
                }
                Operand::Strided { .. } => Some(Step::Gather { operand: *operand, to }),
            },
            Definition::Noise(noise, number) => Some(Step::Noise { noise: *noise, number: *number, to }),
            Definition::Unary(kernel, x) => Some(Step::Unary { kernel: *kernel, x: whole(*x), to }),
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
        };
        self.places.push(to);
        if uniform {
            self.placed.once.extend(step);
            if let Some(register) = self.spread[i] {
                self.placed.spread.push(copy(to, Place::Register(register)));
            }
        } else {
            self.placed.steps.extend(step);
        }
    }

    /// Where all elements of a block stand.
    fn whole(&self, value: Value) -> Place {
        self.spread[value.0].map_or(self.places[value.0], Place::Register)
    }

    fn tile(&mut self) -> Place {
        self.placed.tiles += 1;
        Place::Tile(self.placed.tiles - 1)
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
