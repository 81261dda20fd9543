//! What is to be compiled: straight-line arithmetic on the elements of some arrays.

use crate::fused::Reduce;
use crate::simd::Arithmetic;

/// One operation on vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    /// x.
    Copy,
    /// f(x, y).
    Arithmetic(Arithmetic),
    /// y where x is not 0, z where it is.
    Select,
    /// √x.
    Sqrt,
}

/// What an operation reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operand {
    /// The array of a number, element by element.
    Array(usize),
    /// The same number everywhere, which stands in a tile.
    Tile(usize),
    /// The same number everywhere, which is known by now: its bits.
    Number(u64),
    /// The result of an earlier line.
    Line(usize),
}

/// One line of a program.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub op: Op,
    pub from: Vec<Operand>,
    /// Arrays that its result is written to.
    pub to: Vec<usize>,
    /// Reductions that take it in: each has a tile, whose lanes collect what stands in theirs.
    pub reduced: Vec<(Reduce, usize)>,
}

/// Lines that are computed for one element after the other.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub lines: Vec<Line>,
    /// The number of arrays.
    pub arrays: usize,
    /// Those to be fetched from memory ahead of their use.
    pub ahead: Vec<usize>,
    /// Those that are written past the caches, where their alignment allows it.
    pub streamed: Vec<usize>,
}

impl Program {
    /// For each line, whether it is a comparison that does nothing but choose for later lines: a mask will do.
    pub fn masks(&self) -> Vec<bool> {
        let compares = |line: &Line| matches!(line.op, Op::Arithmetic(f) if f.is_comparison());
        let mut masks: Vec<bool> = self
            .lines
            .iter()
            .map(|line| compares(line) && line.to.is_empty() && line.reduced.is_empty())
            .collect();
        for line in &self.lines {
            for (k, operand) in line.from.iter().enumerate() {
                if let Operand::Line(read) = *operand {
                    masks[read] &= k == 0 && line.op == Op::Select;
                }
            }
        }
        masks
    }
}
