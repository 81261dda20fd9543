//! Mean and variance along any axes, in one pass over memory.
//!
//! Short lines are gone over twice, the second time in the cache (the corrected two-pass algorithm). Of longer ones deviations from a
//! number near the mean are added up, and their squares (the shifted data algorithm). See Chan, Golub & LeVeque 1983, "Algorithms for
//! computing the sample variance: analysis and recommendations", sections 1 and 3.

mod shape;
mod strips;

use rayon::prelude::*;

use super::TASK;
use crate::Float;
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;
pub use shape::MomentsShape;
use shape::{pivot, shifted};

/// The most elements of a line that is gone over twice.
const SHORT: usize = 512;

/// The means, and the variances Σ (x − mean)² / n. Of nothing both are NaN.
///
/// ```
/// use bayeux_kernels::reduce::{MomentsShape, moments};
/// let (mut mean, mut variance) = ([0.0], [0.0]);
/// moments(&MomentsShape::new(&[3], |_| true), &[1e6_f32, 1e6 + 1.0, 1e6 + 2.0], &mut mean, &mut variance);
/// assert_eq!((mean, variance), ([1e6 + 1.0], [2.0 / 3.0]));
/// ```
///
/// # Panics
/// If the slices have not as many elements as the shape says.
#[track_caller]
pub fn moments<T: Float>(shape: &MomentsShape, x: &[T], mean: &mut [T], variance: &mut [T]) {
    let (len, results) = (shape.len, shape.results());
    assert!(
        x.len() == len && mean.len() == results && variance.len() == results,
        "moments of {len} elements with {results} results have slices of {}, {} and {}",
        x.len(),
        mean.len(),
        variance.len()
    );
    T::moments(shape, x, mean, variance);
}

pub(crate) fn along<T: Float>(shape: &MomentsShape, x: &[T], mean: &mut [T], variance: &mut [T]) {
    match (shape.count(), shape.width) {
        (0, _) => [mean, variance].into_iter().for_each(|value| value.fill(T::NAN)),
        (_, 0) => (),
        (count @ ..=SHORT, 1) if shape.gone.is_empty() => by_lines(x, count, mean, variance),
        (_, 1) => strips::moments::<T, 1, 32>(shape, x, mean, variance),
        (_, ..=16) => strips::moments::<T, 16, 64>(shape, x, mean, variance),
        _ => strips::moments::<T, 256, 256>(shape, x, mean, variance),
    }
}

/// Results of few numbers each, which lie one after the other.
fn by_lines<T: Float>(x: &[T], count: usize, mean: &mut [T], variance: &mut [T]) {
    if x.len() <= TASK {
        return run::<_, Lines>((x, count, mean, variance));
    }
    let task = TASK / count;
    let results = mean.par_chunks_mut(task).zip(variance.par_chunks_mut(task));
    let tasks = x.par_chunks(task * count).zip(results);
    tasks.for_each(|(x, (mean, variance))| run::<_, Lines>((x, count, mean, variance)));
}

struct Lines;

impl<T: Float> LoopPerLevel<(&[T], usize, &mut [T], &mut [T])> for Lines {
    #[inline(always)]
    fn run<M: MulAdd>((x, count, mean, variance): (&[T], usize, &mut [T], &mut [T])) {
        let n = count as f64;
        for (x, (mean, variance)) in x.chunks_exact(count).zip(mean.iter_mut().zip(variance)) {
            let [sum] = sums(x, |x| [x]);
            let pivot = pivot(sum.to_f64() / n);
            let [sum, squares] = sums(x, |x| [x - pivot, (x - pivot) * (x - pivot)]);
            let (of_line, squares) = shifted(pivot, n, sum.to_f64(), squares.to_f64());
            (*mean, *variance) = (T::from_f64(of_line), T::from_f64(squares / n));
        }
    }
}

/// The sums of some functions of each number.
#[inline(always)]
fn sums<T: Float, const N: usize>(x: &[T], of: impl Fn(T) -> [T; N]) -> [T; N] {
    let (vectors, rest) = x.as_chunks::<16>();
    let mut lanes = [[T::ZERO; 16]; N];
    for vector in vectors {
        for (i, lanes) in lanes.iter_mut().enumerate() {
            lanes.iter_mut().zip(vector).for_each(|(lane, &x)| *lane += of(x)[i]);
        }
    }
    let mut sums = lanes.map(|mut lanes| {
        for half in [8, 4, 2, 1] {
            (0..half).for_each(|k| lanes[k] += lanes[k + half]);
        }
        lanes[0]
    });
    for &x in rest {
        (0..N).for_each(|i| sums[i] += of(x)[i]);
    }
    sums
}
