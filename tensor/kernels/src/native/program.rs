//! What is to be compiled: straight-line arithmetic on the elements of some arrays.

use crate::fused::Reduce;
use crate::simd::{Arithmetic, Function};

/// One operation on vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// x.
    Copy,
    /// f(x, y).
    Arithmetic(Arithmetic),
    /// y where x is not 0, z where it is.
    Select,
    /// √x.
    Sqrt,
    /// Of one number: [`expand`](super::expand) writes it out as what follows.
    Function(Function),
    /// x y + z in one rounding, with a sign for the product and one for z.
    MulAdd {
        negative: bool,
        minus: bool,
    },
    /// ⌊x⌋.
    Floor,
    /// |x| with the sign of y.
    WithSign,
    /// x · 2^y, y whole.
    Scale,
    /// On the bits of x and y.
    Bits(Bits),
    /// The bits of x moved up,
    Up(u8),
    /// and down,
    Down(u8),
    /// and down with copies of the sign.
    DownSigned(u8),
    /// The whole number that the bits are.
    FromWhole,
    /// A mask: where the sign bit is set.
    IsNegative,
    /// A mask: where x is not positive, normal and finite.
    IsUnusual,
    /// Of masks: a mask.
    Both,
    Either,
    Not,
    /// x, but the function of y by other means where that [needs it](Function::elsewhere); z is a mask of where it does, or,
    /// if `unless`, of where it does not.
    Elsewhere {
        function: Function,
        unless: bool,
    },
}

/// What is done to bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bits {
    And,
    Xor,
    /// As whole numbers, modulo their range.
    Add,
    Sub,
}

/// What an operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub op: Op,
    pub from: Vec<Operand>,
    /// Arrays that its result is written to.
    pub to: Vec<usize>,
    /// Reductions that take it in: each has a tile, whose lanes collect what stands in theirs.
    pub reduced: Vec<(Reduce, usize)>,
}

/// Lines that are computed for one element after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// For each line, whether its result is a mask: for a comparison one will do if it does nothing but choose for later lines.
    pub fn masks(&self) -> Vec<bool> {
        let compares = |line: &Line| match line.op {
            Op::Arithmetic(f) => f.is_comparison(),
            Op::IsNegative | Op::IsUnusual | Op::Both | Op::Either | Op::Not => true,
            _ => false,
        };
        let mut masks: Vec<bool> = self
            .lines
            .iter()
            .map(|line| compares(line) && line.to.is_empty() && line.reduced.is_empty())
            .collect();
        for line in &self.lines {
            for (k, operand) in line.from.iter().enumerate() {
                if let Operand::Line(read) = *operand {
                    masks[read] &= match line.op {
                        Op::Select => k == 0,
                        Op::Both | Op::Either | Op::Not => true,
                        Op::Elsewhere { .. } => k == 2,
                        _ => false,
                    };
                }
            }
        }
        masks
    }
}
