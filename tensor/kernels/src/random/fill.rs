//! Filling slices.
//!
//! A batch is 64 Philox blocks of four words. Its numbers stand in the order of the words, not of the blocks: first what
//! comes from the first words of all blocks, then from the second, and so on; so vector code can store them as it makes
//! them.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::draw::{LANES, Words};
use super::philox::{counter, key, rounds};
use crate::Float;
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;

/// Elements per parallel task: whole batches of either width.
const CHUNK: usize = 1 << 13;

/// Blocks whose rounds are computed in step, in each vector lane.
const SIDE_BY_SIDE: usize = 2;

trait Distribution {
    fn draw<T: Float, M: MulAdd>(words: &Words, out: &mut [T]);
}

struct Uniform;
struct Normal;

impl Distribution for Uniform {
    #[inline(always)]
    fn draw<T: Float, M: MulAdd>(words: &Words, out: &mut [T]) {
        T::uniform::<M>(words, out);
    }
}

impl Distribution for Normal {
    #[inline(always)]
    fn draw<T: Float, M: MulAdd>(words: &Words, out: &mut [T]) {
        T::normal::<M>(words, out);
    }
}

/// What to fill: seed, stream, number of the first element, slice.
struct Fill<D>(PhantomData<D>);

impl<T: Float, D: Distribution> LoopPerLevel<(u64, u64, usize, &mut [T])> for Fill<D> {
    #[inline(always)]
    fn run<M: MulAdd>((seed, stream, start, mut out): (u64, u64, usize, &mut [T])) {
        let mut words = [[0; LANES]; 4];
        let mut batch = [T::ZERO; 4 * LANES];
        let batch = &mut batch[..T::BATCH];
        let mut at = start;
        while !out.is_empty() {
            let skip = at % T::BATCH;
            let len = (T::BATCH - skip).min(out.len());
            let first = (at / T::BATCH * LANES) as u64;
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
            if len == T::BATCH {
                D::draw::<T, M>(&words, here);
            } else {
                D::draw::<T, M>(&words, batch);
                here.copy_from_slice(&batch[skip..skip + len]);
            }
            at += len;
            out = rest;
        }
    }
}

fn fill<T: Float, D: Distribution>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    check(start, out.len());
    run::<_, Fill<D>>((seed, stream, start, out));
}

/// Panics unless the last number's place in the stream is a number, and that of the last of its batch.
#[inline]
fn check(start: usize, len: usize) {
    let end = start.checked_add(len).and_then(|end| end.checked_next_multiple_of(4 * LANES));
    assert!(end.is_some(), "{len} random numbers from number {start} on go past the end of the stream");
}

fn fill_par<T: Float, D: Distribution>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    if out.len() <= CHUNK {
        return fill::<T, D>(seed, stream, start, out);
    }
    check(start, out.len());
    let chunks = out.par_chunks_mut(CHUNK).enumerate();
    chunks.for_each(|(i, out)| fill::<T, D>(seed, stream, start + i * CHUNK, out));
}

/// Standard normal numbers `start`, `start + 1`, … of a stream.
///
/// By Box and Muller's transform. f32 values reach 6.6 σ, f64 values 8.6 σ.
pub fn fill_normal<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill::<T, Normal>(seed, stream, start, out);
}

/// [`fill_normal`] on all threads: the same bits.
pub fn fill_normal_par<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill_par::<T, Normal>(seed, stream, start, out);
}

/// Uniform numbers `start`, `start + 1`, … of a stream, on [0, 1): whole multiples of 2⁻²⁴ (f32) or 2⁻⁵³ (f64).
pub fn fill_uniform<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill::<T, Uniform>(seed, stream, start, out);
}

/// [`fill_uniform`] on all threads: the same bits.
pub fn fill_uniform_par<T: Float>(seed: u64, stream: u64, start: usize, out: &mut [T]) {
    fill_par::<T, Uniform>(seed, stream, start, out);
}
