//! How many vectors a loop works on side by side.
//!
//! A processor looks less than a hundred vector instructions ahead for some that do not wait for others. Where a program's
//! longest chain of instructions, each of which needs the one before, is short, it finds those of the next vectors. Where it is
//! long, the loop works on some vectors in turn, a few lines of each: the fewest that are enough, since they share the
//! registers.

use super::super::program::{Operand, Program};
use super::super::target::Target;
use crate::simd::combined::TILE;

/// The longest chains for which one vector after the other is fast enough, and few of them in turn.
const SHORT: usize = 12;
const LONG: usize = 40;
/// The lines that are done for one vector before the next.
const RUN: usize = 16;

/// The loops of a function, one after the other; the last goes through any number of tiles.
pub struct Plan {
    pub turns: Vec<Turn>,
}

/// A turn of a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// The vectors it goes through: whole tiles, or as many as divide one.
    pub vectors: usize,
    /// How many of those side by side.
    pub ways: usize,
}

impl Plan {
    pub fn of<T>(program: &Program, target: Target) -> Plan {
        let tile = TILE * size_of::<T>() / target.width;
        let chain = longest_chain(program);
        let turn = match chain {
            ..=SHORT => Turn { vectors: tile, ways: 1 },
            ..=LONG => {
                let ways = if target.masks > 0 { 4 } else { 2 };
                Turn { vectors: ways, ways }
            }
            _ => Turn { vectors: 8, ways: 8 },
        };
        let last = Turn { vectors: turn.vectors.min(tile), ways: turn.ways.min(tile) };
        Plan { turns: if last == turn { vec![turn] } else { vec![turn, last] } }
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
