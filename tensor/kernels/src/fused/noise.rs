//! Random numbers as values of a loop.

use crate::random::{fill_normal, fill_uniform};
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
    pub fn fill<T: Float>(self, (seed, stream): (u64, u64), start: usize, to: &mut [T]) {
        match self {
            Noise::Normal => fill_normal(seed, stream, start, to),
            Noise::Uniform => fill_uniform(seed, stream, start, to),
        }
    }
}

/// The numbers are made in batches of this many; a block of whole batches draws none of them twice.
pub(super) fn batch<T: Float>() -> usize {
    <T as random::draw::Draw>::BATCH
}
