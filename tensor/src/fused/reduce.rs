//! The reductions that end a fused loop.

use super::Place;
use super::space::Space;
use crate::Float;

/// What a reduction does with the elements it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Adds them. Over nothing: 0.
    Sum,
    /// Keeps the largest; NaN wins. Over nothing: −∞.
    Max,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reduction {
    pub kind: Reduce,
    pub from: Place,
    /// Over the space's axes: 0 where reduced, row-major over what is kept.
    pub strides: Vec<isize>,
    /// The number of results.
    pub len: usize,
}

impl Reduce {
    pub(super) fn neutral<T: Float>(self) -> T {
        match self {
            Reduce::Sum => T::ZERO,
            Reduce::Max => T::NEG_INFINITY,
        }
    }

    #[inline(always)]
    fn combine<T: Float>(self, a: T, b: T) -> T {
        match self {
            Reduce::Sum => a + b,
            Reduce::Max if a > b || a.is_nan() => a,
            Reduce::Max => b,
        }
    }
}

impl Reduction {
    /// Takes in one block: elements `start ..` of the space.
    pub fn absorb<T: Float>(&self, space: &Space, start: usize, block: &[T], partial: &mut [T]) {
        match self.kind {
            Reduce::Sum => self.absorb_with(space, start, block, partial, |a, b| Reduce::Sum.combine(a, b)),
            Reduce::Max => self.absorb_with(space, start, block, partial, |a, b| Reduce::Max.combine(a, b)),
        }
    }

    #[inline(always)]
    fn absorb_with<T: Float>(
        &self,
        space: &Space,
        start: usize,
        block: &[T],
        partial: &mut [T],
        combine: impl Fn(T, T) -> T + Copy,
    ) {
        if self.strides.iter().all(|&stride| stride == 0) {
            partial[0] = combine(partial[0], fold(block, self.kind.neutral(), combine));
            return;
        }
        let inner = self.strides[self.strides.len() - 1];
        space.segments(&self.strides, start, block.len(), |offset, at, length| {
            let segment = &block[at..at + length];
            let offset = offset as usize;
            if inner == 0 {
                partial[offset] = combine(partial[offset], fold(segment, self.kind.neutral(), combine));
            } else {
                // What is kept is row-major, so its innermost stride is 1.
                for (total, &x) in partial[offset..offset + length].iter_mut().zip(segment) {
                    *total = combine(*total, x);
                }
            }
        });
    }

    /// Joins the chunks' partial results, `width` apart, in a fixed order: neighbours in pairs, then pairs of pairs, so
    /// that rounding errors stay as small as in pairwise summation. The result is left in the first.
    pub fn join<T: Float>(&self, partials: &mut [T], width: usize, chunks: usize) {
        let mut step = 1;
        while step < chunks {
            for left in (0..chunks - step).step_by(2 * step) {
                let (front, back) = partials.split_at_mut((left + step) * width);
                for (a, &b) in front[left * width..][..self.len].iter_mut().zip(&back[..self.len]) {
                    *a = self.kind.combine(*a, b);
                }
            }
            step *= 2;
        }
    }
}

/// Folds a slice in 32 independent lanes, which the compiler turns into vectors.
#[inline(always)]
fn fold<T: Float>(x: &[T], neutral: T, combine: impl Fn(T, T) -> T) -> T {
    let mut lanes = [neutral; 32];
    let blocks = x.chunks_exact(32);
    for (lane, &x) in lanes.iter_mut().zip(blocks.remainder()) {
        *lane = x;
    }
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = combine(*lane, x);
        }
    }
    let mut width = 16;
    while width > 0 {
        for i in 0..width {
            lanes[i] = combine(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
