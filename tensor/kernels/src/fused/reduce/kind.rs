//! What a reduction does.

use crate::Float;
use crate::reduce::{Combine, Largest, Sum};

/// What a reduction does with the elements it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// Adds them. Over nothing: 0.
    Sum,
    /// Keeps the largest; NaN wins. Over nothing: −∞.
    Max,
}

impl Reduce {
    #[inline(always)]
    pub(in crate::fused) fn neutral<T: Float>(self) -> T {
        match self {
            Reduce::Sum => T::ZERO,
            Reduce::Max => T::NEG_INFINITY,
        }
    }

    pub(super) fn combine<T: Float>(self, a: T, b: T) -> T {
        match self {
            Reduce::Sum => Sum::combine(a, b),
            Reduce::Max => Largest::combine(a, b),
        }
    }
}
