//! How many vectors a loop works on side by side.
//!
//! A processor looks less than a hundred vector instructions ahead for some that do not wait for others. Where a program's
//! longest chain of instructions, each of which needs the one before, is short, it finds those of the next vectors. Where it is
//! long, the loop works on some vectors in turn, a few lines of each: the fewest that are enough, since they share the
//! registers.

use super::super::program::{Operand, Program};
use super::super::target::Target;
use crate::simd::combined::TILE;

/// The most bytes of the stack that a function takes.
pub(super) const MOST_STACK: usize = 16 << 10;
/// The longest chains for which one vector after the other is fast enough, and few of them in turn.
const SHORT: usize = 12;
const LONG: usize = 40;
/// The lines that are done for one vector before the next.
const RUN: usize = 16;
/// Bytes of the stack that values may take which no register has room for.
const MOST_SPILLED: usize = MOST_STACK / 2;

/// The loops of a function, one after the other; the last goes through any number of tiles.
pub struct Turns(pub Vec<Turn>);

/// A turn of a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// The vectors it goes through: whole tiles, or as many as divide one.
    pub vectors: usize,
    /// How many of those side by side.
    pub ways: usize,
}

impl Turns {
    pub fn of<T>(program: &Program, target: Target) -> Turns {
        let tile = TILE * size_of::<T>() / target.width;
        let few = if target.masks > 0 { 4 } else { 2 };
        let wanted: usize = match longest_chain(program) {
            chain if chain <= SHORT => 1,
            chain if chain <= LONG => few,
            _ => 8,
        };
        let most = MOST_SPILLED / target.width / most_at_once(program).max(1);
        let ways = wanted.min(1 << most.max(1).ilog2());
        let turn = Turn { vectors: if ways == 1 { tile } else { ways }, ways };
        let last = Turn { vectors: turn.vectors.min(tile), ways: turn.ways.min(tile) };
        Turns(if last == turn { vec![turn] } else { vec![turn, last] })
    }
}

impl Turn {
    /// The lines, and for which of the vectors side by side, in the order in which they are done.
    pub fn order(&self, lines: usize) -> Vec<(usize, usize)> {
        let mut order = Vec::with_capacity(lines * self.ways);
        for first in (0..lines).step_by(RUN) {
            for way in 0..self.ways {
                order.extend((first..(first + RUN).min(lines)).map(|line| (line, way)));
            }
        }
        order
    }
}

/// The most lines each of which reads the one before.
fn longest_chain(program: &Program) -> usize {
    let mut chains: Vec<usize> = Vec::with_capacity(program.lines.len());
    for line in &program.lines {
        let before = line.from.iter().map(|operand| match *operand {
            Operand::Line(line) => chains[line],
            _ => 0,
        });
        chains.push(1 + before.max().unwrap_or(0));
    }
    chains.into_iter().max().unwrap_or(0)
}

/// The most lines whose results are needed at the same time.
fn most_at_once(program: &Program) -> usize {
    let mut last: Vec<usize> = (0..program.lines.len()).collect();
    for (i, line) in program.lines.iter().enumerate() {
        for operand in &line.from {
            if let Operand::Line(read) = *operand {
                last[read] = i;
            }
        }
    }
    // How many of them each line is the last to read.
    let mut ends = vec![0; last.len()];
    last.iter().for_each(|&end| ends[end] += 1);
    let (mut now, mut most) = (0, 0);
    for end in ends {
        now += 1;
        most = most.max(now);
        now -= end;
    }
    most
}
