//! The lanes of a sum.

use crate::Float;
use crate::reduce::CombineLanes;
use crate::simd::combined::TILE;

/// Independent lanes of a sum, which the compiler turns into vectors.
pub(in crate::fused) const LANES: usize = TILE;

/// Halves onto each other until one is left. Not part of the loop above, whose vectors the compiler would cut up for it.
#[inline(never)]
pub(in crate::fused) fn join_lanes<T: Float, C: CombineLanes>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = C::combine(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
