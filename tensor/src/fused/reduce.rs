//! The reductions that end a fused loop.

use std::marker::PhantomData;

use super::logarithms::SumOfLogarithms;
use super::space::Space;
use crate::Float;
use crate::simd::combined::TILE;
use crate::simd::dispatch::{Loop, run};
use crate::simd::fma::MulAdd;

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
    /// Whether it is of the elements' logarithms: a sum over everything.
    pub logarithms: bool,
    /// Over the space's axes: 0 where reduced, row-major over what is kept.
    pub strides: Vec<isize>,
    /// Where a chunk's partial results begin among those of all reductions,
    pub at: usize,
    /// and how many there are.
    pub len: usize,
}

impl Reduce {
    #[inline(always)]
    pub(super) fn neutral<T: Float>(self) -> T {
        match self {
            Reduce::Sum => T::ZERO,
            Reduce::Max => T::NEG_INFINITY,
        }
    }

    fn combine<T: Float>(self, a: T, b: T) -> T {
        match self {
            Reduce::Sum => Sum::combine(a, b),
            Reduce::Max => Largest::combine(a, b),
        }
    }
}

/// What a reduction does, at compile time.
pub(super) trait Combine {
    const KIND: Reduce;
    fn combine<T: Float>(a: T, b: T) -> T;
}

pub(super) struct Sum;

impl Combine for Sum {
    const KIND: Reduce = Reduce::Sum;
    #[inline(always)]
    fn combine<T: Float>(a: T, b: T) -> T {
        a + b
    }
}

struct Largest;

impl Combine for Largest {
    const KIND: Reduce = Reduce::Max;
    #[inline(always)]
    fn combine<T: Float>(a: T, b: T) -> T {
        if (a > b) | a.is_nan() { a } else { b }
    }
}

/// A reduction, the space, the number of the block's first element, the block, and what is reduced so far.
type Block<'a, T> = (&'a Reduction, &'a Space, usize, &'a [T], &'a mut [T]);

/// Takes in one block.
struct Absorb<C>(PhantomData<C>);

impl<T: Float, C: Combine> Loop<Block<'_, T>> for Absorb<C> {
    #[inline(always)]
    fn run<M: MulAdd>((reduction, space, start, block, partial): Block<'_, T>) {
        if reduction.strides.iter().all(|&stride| stride == 0) {
            partial[0] = C::combine(partial[0], fold::<T, C>(block));
            return;
        }
        let inner = reduction.strides[reduction.strides.len() - 1];
        for (offset, at, length) in space.segments(&reduction.strides, start, block.len()) {
            let segment = &block[at..at + length];
            let offset = offset as usize;
            if inner != 0 {
                // What is kept is row-major, so its innermost stride is 1.
                for (total, &x) in partial[offset..offset + length].iter_mut().zip(segment) {
                    *total = C::combine(*total, x);
                }
            } else if length < LANES {
                partial[offset] = segment.iter().fold(partial[offset], |total, &x| C::combine(total, x));
            } else {
                partial[offset] = C::combine(partial[offset], fold::<T, C>(segment));
            }
        }
    }
}

impl Reduction {
    /// Takes in lanes of a whole block, of a reduction to one number.
    pub fn absorb_lanes<T: Float>(&self, lanes: [T; LANES], partial: &mut T) {
        let joined = match self.kind {
            Reduce::Sum => join_lanes::<T, Sum>(lanes),
            Reduce::Max => join_lanes::<T, Largest>(lanes),
        };
        *partial = self.kind.combine(*partial, joined);
    }

    /// Takes in one block: elements `start ..` of the space.
    pub fn absorb<T: Float>(&self, space: &Space, start: usize, block: &[T], partial: &mut [T]) {
        if self.logarithms {
            return run::<_, SumOfLogarithms>((block, &mut partial[0]));
        }
        match self.kind {
            Reduce::Sum => run::<_, Absorb<Sum>>((self, space, start, block, partial)),
            Reduce::Max => run::<_, Absorb<Largest>>((self, space, start, block, partial)),
        }
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

/// Independent lanes of a fold, which the compiler turns into vectors.
pub(super) const LANES: usize = TILE;

/// Folds a slice.
#[inline(always)]
fn fold<T: Float, C: Combine>(x: &[T]) -> T {
    let mut lanes = [C::KIND.neutral::<T>(); LANES];
    let blocks = x.chunks_exact(LANES);
    for (lane, &x) in lanes.iter_mut().zip(blocks.remainder()) {
        *lane = x;
    }
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = C::combine(*lane, x);
        }
    }
    join_lanes::<T, C>(lanes)
}

/// Halves onto each other until one is left. Not part of the loop above, whose vectors the compiler would cut up for it.
#[inline(never)]
pub(super) fn join_lanes<T: Float, C: Combine>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = C::combine(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}
