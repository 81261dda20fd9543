//! Filling slices.
//!
//! A batch is 64 Philox blocks of four words. Its numbers stand in the order of the words, not of the blocks: first what
//! comes from the first words of all blocks, then from the second, and so on; so vector code can store them as it makes
//! them.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::draw::{LANES, Words};
use super::philox::{counter, key, rounds};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;
use crate::{Element, Float};

/// Elements per parallel task: whole batches of either width.
const CHUNK: usize = 1 << 13;

/// Blocks whose rounds are computed in step, in each vector lane.
const SIDE_BY_SIDE: usize = 2;

/// Blocks of four words that each iteration of a loop has for itself.
const BLOCKS_PER_ITERATION: u64 = 1 << 40;

/// Where random numbers come from: a stream of a seed, and in it the part that an iteration of a loop has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The key.
    pub seed: u64,
    /// The upper half of the counter.
    pub stream: u64,
    /// Bits 40 to 63 of the counter: below 2²⁴.
    pub iteration: u32,
}

impl Source {
    /// A stream's numbers outside of loops.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Source { seed, stream, iteration: 0 }
    }

    /// Fills a slice with standard normal numbers, on all threads, see [`fill_normal`].
    pub fn fill_normal<T: Float>(self, out: &mut [T]) {
        fill_par::<T, Normal>(self, 0, out);
    }

    /// Fills a slice with uniform numbers, on all threads, see [`fill_uniform`].
    pub fn fill_uniform<T: Float>(self, out: &mut [T]) {
        fill_par::<T, Uniform>(self, 0, out);
    }

    /// Fills a slice with random bits, on all threads: element `i` has the words of which number `i` of
    /// [`fill_uniform`](Self::fill_uniform) for `f64` is made, the first of them its upper half.
    pub fn fill_bits(self, out: &mut [i64]) {
        fill_par::<i64, Bits>(self, 0, out);
    }

    /// Numbers `start`, `start + 1`, … for a loop, on this thread.
    pub(crate) fn normal_from<T: Float>(self, start: usize, out: &mut [T]) {
        fill::<T, Normal>(self, start, out);
    }

    /// Numbers `start`, `start + 1`, … for a loop, on this thread.
    pub(crate) fn uniform_from<T: Float>(self, start: usize, out: &mut [T]) {
        fill::<T, Uniform>(self, start, out);
    }
}

trait Distribution<T> {
    /// How many numbers a batch gives.
    const BATCH: usize;
    fn draw<M: MulAdd>(words: &Words, out: &mut [T]);
}

struct Uniform;
struct Normal;
struct Bits;

impl<T: Float> Distribution<T> for Uniform {
    const BATCH: usize = T::BATCH;

    #[inline(always)]
    fn draw<M: MulAdd>(words: &Words, out: &mut [T]) {
        T::uniform::<M>(words, out);
    }
}

impl<T: Float> Distribution<T> for Normal {
    const BATCH: usize = T::BATCH;

    #[inline(always)]
    fn draw<M: MulAdd>(words: &Words, out: &mut [T]) {
        T::normal::<M>(words, out);
    }
}

impl Distribution<i64> for Bits {
    const BATCH: usize = 2 * LANES;

    #[inline(always)]
    fn draw<M: MulAdd>(words: &Words, out: &mut [i64]) {
        for (out, words) in out.chunks_exact_mut(LANES).zip(words.chunks_exact(2)) {
            for lane in 0..LANES {
                out[lane] = (u64::from(words[0][lane]) << 32 | u64::from(words[1][lane])) as i64;
            }
        }
    }
}

/// What to fill: the source, the number of the first element, the slice.
struct Fill<D>(PhantomData<D>);

impl<T: Element, D: Distribution<T>> LoopPerLevel<(Source, usize, &mut [T])> for Fill<D> {
    #[inline(always)]
    fn run<M: MulAdd>((source, start, mut out): (Source, usize, &mut [T])) {
        let Source { seed, stream, iteration } = source;
        let mut words = [[0; LANES]; 4];
        let mut batch = [T::ZERO; 4 * LANES];
        let batch = &mut batch[..D::BATCH];
        let mut at = start;
        while !out.is_empty() {
            let skip = at % D::BATCH;
            let len = (D::BATCH - skip).min(out.len());
            let first = u64::from(iteration) * BLOCKS_PER_ITERATION + (at / D::BATCH * LANES) as u64;
            for lane in 0..LANES / SIDE_BY_SIDE {
                let lane_of = |i: usize| lane + i * (LANES / SIDE_BY_SIDE);
                let counters = std::array::from_fn(|i| counter(first + lane_of(i) as u64, stream));
                let blocks: [_; SIDE_BY_SIDE] = rounds(counters, key(seed));
                for (i, block) in blocks.into_iter().enumerate() {
                    for (words, word) in words.iter_mut().zip(block) {
                        words[lane_of(i)] = word as u32;
                    }
                }
            }
            let (here, rest) = std::mem::take(&mut out).split_at_mut(len);
            if len == D::BATCH {
                D::draw::<M>(&words, here);
            } else {
                D::draw::<M>(&words, batch);
                here.copy_from_slice(&batch[skip..skip + len]);
            }
            at += len;
            out = rest;
        }
    }
}

fn fill<T: Element, D: Distribution<T>>(source: Source, start: usize, out: &mut [T]) {
    check(start, out.len());
    run::<_, Fill<D>>((source, start, out));
}

/// Panics unless the last number's place in the stream is a number, and that of the last of its batch.
#[inline]
fn check(start: usize, len: usize) {
    let end = start.checked_add(len).and_then(|end| end.checked_next_multiple_of(4 * LANES));
    assert!(end.is_some(), "{len} random numbers from number {start} on go past the end of the stream");
}

fn fill_par<T: Element, D: Distribution<T>>(source: Source, start: usize, out: &mut [T]) {
    if out.len() <= CHUNK {
        return fill::<T, D>(source, start, out);
    }
    check(start, out.len());
    let chunks = out.par_chunks_mut(CHUNK).enumerate();
    chunks.for_each(|(i, out)| fill::<T, D>(source, start + i * CHUNK, out));
}

/// Standard normal numbers `start`, `start + 1`, … of a stream.
///
/// By Box and Muller's transform. f32 values reach 6.6 σ, f64 values 8.6 σ.
pub fn fill_normal<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill::<T, Normal>(Source::new(seed, stream), start, out);
}

/// [`fill_normal`] on all threads: the same bits.
pub fn fill_normal_par<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill_par::<T, Normal>(Source::new(seed, stream), start, out);
}

/// Uniform numbers `start`, `start + 1`, … of a stream, on [0, 1): whole multiples of 2⁻²⁴ (f32) or 2⁻⁵³ (f64).
pub fn fill_uniform<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill::<T, Uniform>(Source::new(seed, stream), start, out);
}

/// [`fill_uniform`] on all threads: the same bits.
pub fn fill_uniform_par<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill_par::<T, Uniform>(Source::new(seed, stream), start, out);
}
