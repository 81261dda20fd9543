//! What the machine can do at most: the yardstick of a profile.

use std::hint::black_box;

use rayon::prelude::*;

use crate::Float;
use crate::compiled::CompiledKernels;
use crate::lanes::{self, Lanes, Task, WIDEST, unrolled};
use crate::memory::{LINE, fetch};
use crate::time::Instant;

/// Chains of dependent products: enough to hide their latency, few enough for registers.
const CHAINS: usize = 12;
/// Products in each chain of a run.
const LENGTH: usize = 200_000;
/// Elements that a task reads, and vectors of sums.
const READ: usize = 1 << 18;
const SUMS: usize = 4;
/// Bytes between what is read and what memory is asked for: of many distances the one with which reading is fastest.
const AHEAD: usize = 16 << 10;
/// Runs of either measurement; the best one counts.
const RUNS: usize = 5;
/// Bytes that are copied: more than caches hold.
const COPIED: usize = 64 << 20;

/// Floating-point operations a second that the current rayon pool reaches with vectors of fused multiply-adds on
/// registers alone. Takes some milliseconds.
///
/// ```
/// assert!(bayeux_kernels::peak_flops::<f32>() > 1e8);
/// ```
#[must_use]
pub fn peak_flops<T: Float>() -> f64 {
    <T as CompiledKernels>::peak_flops()
}

pub(crate) fn measure<T: Float>() -> f64 {
    let threads = rayon::current_num_threads();
    let operations = 2 * CHAINS * lanes::lanes::<T>() * LENGTH * threads;
    best(|| (0..threads).into_par_iter().with_max_len(1).for_each(|_| lanes::run(Products(T::from_f64(0.5)))))
        * operations as f64
}

/// Bytes a second, read and written, that the current rayon pool moves when it copies a large array. Takes some tens of
/// milliseconds.
#[must_use]
pub fn copy_bandwidth() -> f64 {
    let from = vec![1u8; COPIED];
    let mut to = vec![0u8; COPIED];
    let share = COPIED.div_ceil(rayon::current_num_threads());
    best(|| {
        to.par_chunks_mut(share).zip(from.par_chunks(share)).for_each(|(to, from)| to.copy_from_slice(from))
    }) * (2 * COPIED) as f64
}

/// Reads all elements as fast as the current rayon pool can, and gives a sum that is as good as another: the yardstick of
/// reductions, which cannot be over sooner.
///
/// ```
/// assert_eq!(bayeux_kernels::read_all(&[1.0; 1000]), 1000.0);
/// ```
pub fn read_all<T: Float>(x: &[T]) -> T {
    T::read_all(x)
}

pub(crate) fn read<T: Float>(x: &[T]) -> T {
    let task = |x| {
        let mut sum = T::ZERO;
        lanes::run(Reading(x, &mut sum));
        sum
    };
    x.par_chunks(READ).map(task).sum()
}

/// Runs a second, at best.
fn best(mut run: impl FnMut()) -> f64 {
    let mut seconds = f64::INFINITY;
    for _ in 0..RUNS {
        let begun = Instant::now();
        run();
        seconds = seconds.min(begun.elapsed().as_secs_f64());
    }
    1.0 / seconds
}

struct Products<T>(T);

impl<T: Float> Task<T> for Products<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let mut result = [T::ZERO; WIDEST];
        // SAFETY: the caller has checked for the instructions of V; the result has room for a vector.
        unsafe {
            let factor = V::splat(black_box(self.0));
            let mut sums = [factor; CHAINS];
            for _ in 0..LENGTH {
                for sum in &mut sums {
                    // s ← ½ + ½ s stays near 1.
                    *sum = factor.add_product(*sum, factor);
                }
            }
            for sum in sums {
                sum.store(result.as_mut_ptr());
                black_box(&result);
            }
        }
    }
}

/// What to read, and where a sum of it goes.
struct Reading<'a, T>(&'a [T], &'a mut T);

impl<T: Float> Task<T> for Reading<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Reading(x, sum) = self;
        let step = SUMS * V::N;
        let whole = x.len() / step * step;
        // SAFETY: the caller has checked for the instructions of V; so many whole steps are in x.
        unsafe {
            let mut sums = [V::splat(T::ZERO); SUMS];
            for at in (0..whole).step_by(step) {
                let x = x.as_ptr().add(at);
                unrolled!(line < SUMS * V::N * size_of::<T>() / LINE => fetch(x.wrapping_byte_add(AHEAD + line * LINE)));
                unrolled!(i < SUMS => sums[i] = sums[i].add(V::load(x.add(i * V::N))));
            }
            *sum = sums.into_iter().map(|sum| sum.sum()).sum();
        }
        *sum += x[whole..].iter().copied().sum();
    }
}
