//! Random numbers as values of a loop.

use crate::random::Source;
use crate::{Float, random};

/// Which random numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Noise {
    /// Standard normal.
    Normal,
    /// Uniform on [0, 1).
    Uniform,
}

impl Noise {
    /// Numbers `start`, `start + 1`, … of a stream.
    pub fn fill<T: Float>(self, source: Source, start: usize, to: &mut [T]) {
        match self {
            Noise::Normal => source.normal_from(start, to),
            Noise::Uniform => source.uniform_from(start, to),
        }
    }
}

/// The numbers are made in batches of this many; a block of whole batches draws none of them twice.
pub(super) fn batch<T: Float>() -> usize {
    <T as random::draw::Draw>::BATCH
}
