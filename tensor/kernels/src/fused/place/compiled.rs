//! A region's program: its lines, and the arrays that they read and write.

use std::collections::HashMap;

use super::{Placing, Task};
use crate::Float;
use crate::fused::definition::Definition;
use crate::fused::region::Region;
use crate::fused::{Operand, Place, Step, Value};
use crate::native::program::{Line, Op, Operand as Read, Program};
use crate::simd::Function;
use crate::simd::combined::Formula;

/// The most results that a region streams to. The processor gathers streamed lines in a few buffers, and loses much where it
/// has to hand them on before they are full.
const MOST_STREAMS: usize = 2;

/// A region being written.
struct Writing {
    region: Region,
    /// The line of each value that has one.
    lines: HashMap<usize, usize>,
    /// The values that overwrite an operand.
    overwriting: Vec<usize>,
    after: Vec<After>,
}

/// What is done with a value after its region.
enum After {
    Reduce { number: usize, i: usize },
    Stream { number: usize, i: usize },
}

impl Writing {
    fn push(&mut self, value: usize, line: Line) {
        self.lines.insert(value, self.region.program.lines.len());
        self.region.program.lines.push(line);
    }

    /// The number of an array, which it may get now.
    fn array(&mut self, place: Place) -> usize {
        let arrays = &mut self.region.arrays;
        arrays.iter().position(|&known| known == place).unwrap_or_else(|| {
            arrays.push(place);
            arrays.len() - 1
        })
    }

    /// The numbers of the arrays whose places are such.
    fn arrays(&self, are: impl Fn(Place) -> bool) -> Vec<usize> {
        (0..self.region.arrays.len()).filter(|&array| are(self.region.arrays[array])).collect()
    }
}

impl<T: Float> Placing<'_, T> {
    /// Adds the step that computes all of a region, and those that stream its results or reduce along some axes.
    pub(super) fn region(&mut self, group: &[usize]) {
        let mut writing = Writing {
            region: Region {
                program: Program { lines: vec![], arrays: 0, ahead: vec![], streamed: vec![] },
                arrays: vec![],
                reduced: vec![],
            },
            lines: HashMap::new(),
            overwriting: group.iter().copied().filter(|&i| self.is_over(i)).collect(),
            after: vec![],
        };
        for &i in group {
            self.line(i, &mut writing);
        }
        let streamed =
            writing.arrays(|place| matches!(place, Place::Store(number) if self.may_stream(number)));
        let ahead = writing.arrays(|place| match place {
            Place::Operand(_) => true,
            // What is overwritten is fetched as an operand.
            Place::Store(number) => !self.task.streamed && !self.is_over(self.task.stores[number].0),
            _ => false,
        });
        let Writing { mut region, after, .. } = writing;
        region.program = Program { arrays: region.arrays.len(), ahead, streamed, ..region.program };
        self.placed.steps.push(Step::Region { number: self.placed.regions.len() });
        self.placed.regions.push(region);
        for after in after {
            self.placed.steps.push(match after {
                After::Reduce { number, i } => Step::Reduce { number, x: self.places[i] },
                After::Stream { number, i } => Step::Stream { x: self.places[i], store: number },
            });
        }
    }

    /// Adds the line that computes a value.
    fn line(&mut self, i: usize, writing: &mut Writing) {
        let Task { values, stores, reduced, streamed, .. } = self.task;
        let op = match &values[i] {
            Definition::Tiled(Formula::Copy, _) | Definition::Over(_) => Op::Copy,
            Definition::Tiled(Formula::One(op), _) => Op::Arithmetic(*op),
            Definition::Tiled(Formula::Select, _) => Op::Select,
            Definition::Sqrt(_) => Op::Sqrt,
            Definition::Function(function, _) => Op::Function(*function),
            Definition::Ln(_) => Op::Function(Function::Ln),
            _ => unreachable!("lines are one operation"),
        };
        self.read_former(i, writing);
        let from = values[i].inputs().into_iter().map(|input| self.read(input, writing)).collect();
        let (mut to, mut lanes) = (Vec::new(), Vec::new());
        let mut whole = self.read_elsewhere[i];
        let streams = (0..stores.len()).filter(|&number| self.may_stream(number)).count();
        for number in (0..stores.len()).filter(|&number| stores[number] == Value(i)) {
            if self.may_stream(number) && streams > MOST_STREAMS {
                whole = true;
                writing.after.push(After::Stream { number, i });
            } else {
                self.places[i] = Place::Store(number);
                to.push(writing.array(Place::Store(number)));
            }
        }
        for (number, &(kind, ..)) in reduced.iter().enumerate().filter(|(_, (_, x, _))| *x == Value(i)) {
            if reduced[number].2 {
                let tile = self.fresh_tile();
                lanes.push((kind, tile));
                writing.region.reduced.push((kind, number, tile));
            } else {
                whole = true;
                writing.after.push(After::Reduce { number, i });
            }
        }
        if whole && (streamed || self.places[i] == Place::Nowhere) {
            self.places[i] = Place::Register(self.take());
            to.push(writing.array(self.places[i]));
        }
        writing.push(i, Line { op, from, to, reduced: lanes });
    }

    /// Where a region overwrites operands, a line of their own reads each of them, before it is overwritten.
    fn read_former(&self, i: usize, writing: &mut Writing) {
        if writing.overwriting.is_empty() {
            return;
        }
        let readers = if self.is_over(i) { writing.overwriting.clone() } else { vec![i] };
        for Value(input) in readers.into_iter().flat_map(|i| self.task.values[i].inputs()) {
            if let Definition::Operand(operand) = self.task.values[input]
                && matches!(self.task.operands[operand], Operand::Former { .. })
                && !writing.lines.contains_key(&input)
            {
                let from = vec![Read::Array(writing.array(Place::Operand(operand)))];
                writing.push(input, Line { op: Op::Copy, from, to: vec![], reduced: vec![] });
            }
        }
    }

    fn read(&self, input: Value, writing: &mut Writing) -> Read {
        if let Definition::Constant(number) = self.task.values[input.0] {
            return Read::Number(number.bits());
        }
        match (writing.lines.get(&input.0), self.places[input.0]) {
            (Some(&line), _) => Read::Line(line),
            (None, Place::Tile(tile)) => Read::Tile(tile),
            (None, place) => Read::Array(writing.array(place)),
        }
    }

    fn is_over(&self, i: usize) -> bool {
        matches!(self.task.values[i], Definition::Over(_))
    }

    fn may_stream(&self, number: usize) -> bool {
        self.task.streamed && !self.is_over(self.task.stores[number].0)
    }
}
