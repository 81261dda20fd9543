//! Loops that do nothing but reduce what they read.

use super::definition::Definition;
use super::{Operand, Reduce, Value};
use crate::reduce::{Extent, Kind};

/// The reduction that a loop is, if it is no more than one of an operand that lies row-major in memory.
pub(super) fn plain<T>(
    shape: &[usize],
    values: &[Definition<T>],
    operands: &[Operand],
    stores: &[Value],
    reductions: &[(Reduce, Value, Vec<usize>)],
) -> Option<(Kind, Extent)> {
    match (values, operands, reductions) {
        ([Definition::Operand(0)], [Operand::Direct], [(reduce, _, axes)]) if stores.is_empty() => {
            let kind = match reduce {
                Reduce::Sum => Kind::Sum,
                Reduce::Max => Kind::Max,
            };
            Some((kind, Extent::of(shape, |axis| axes.contains(&axis))?))
        }
        _ => None,
    }
}
