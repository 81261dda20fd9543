//! Strips of columns in tasks of a fixed size.
//!
//! Deviations are taken from the mean of the first sixteenth of what a task goes over, so the shift costs four of the bits of a variance
//! at most. Tasks are merged by the formula for two samples (Chan, Golub & LeVeque 1983, section 2), in a tree that the shape decides.

use std::ops::Range;

use rayon::prelude::*;

use super::{MomentsShape, shifted};
use crate::Float;
use crate::memory::{LINE, fetch};
use crate::reduce::{AHEAD, TASK};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;

/// One of so many parts of a task gives the number from which deviations are taken.
const FIRST: usize = 16;
/// Elements that are added one after the other, before the sum is added to those of others in double precision.
const CHAIN: usize = 64;

/// The results in strips of W, at most, that lie side by side, and whose sums are taken in L lanes.
pub(super) fn moments<T: Float, const W: usize, const L: usize>(
    shape: &MomentsShape,
    x: &[T],
    mean: &mut [T],
    variance: &mut [T],
) {
    let count = shape.count();
    let strip = |line: usize, (strip, (mean, variance)): (usize, (&mut [T], &mut [T]))| {
        let x = &x[at(&shape.kept, line) + strip * W..];
        let part: Part<W> = Strip::<T, L> { shape, x, width: mean.len() }.total(0..count);
        for (i, (mean, variance)) in mean.iter_mut().zip(variance).enumerate() {
            *mean = T::from_f64(part.mean[i]);
            *variance = T::from_f64(part.squares[i] / part.count);
        }
    };
    let line = |(line, (mean, variance)): (usize, (&mut [T], &mut [T]))| {
        let strips = mean.chunks_mut(W).zip(variance.chunks_mut(W)).enumerate();
        strips.for_each(|values| strip(line, values));
    };
    if x.len() <= TASK {
        mean.chunks_mut(shape.width).zip(variance.chunks_mut(shape.width)).enumerate().for_each(line);
    } else if shape.width <= W {
        let lines = mean.par_chunks_mut(shape.width).zip(variance.par_chunks_mut(shape.width));
        lines.enumerate().with_min_len(TASK.div_ceil(count * shape.width)).for_each(line);
    } else {
        let lines = mean.par_chunks_mut(shape.width).zip(variance.par_chunks_mut(shape.width));
        lines.enumerate().for_each(|(line, (mean, variance))| {
            let strips = mean.par_chunks_mut(W).zip(variance.par_chunks_mut(W)).enumerate();
            strips.with_min_len(TASK.div_ceil(count * W)).for_each(|values| strip(line, values));
        });
    }
}

/// Where the element of this number stands, counting along axes of which the first is the innermost.
fn at(axes: &[[usize; 2]], mut number: usize) -> usize {
    let mut place = 0;
    for [size, stride] in axes {
        place += number % size * stride;
        number /= size;
    }
    place
}

/// Columns that lie side by side, from the first of `x` on.
struct Strip<'a, T, const L: usize> {
    shape: &'a MomentsShape,
    x: &'a [T],
    width: usize,
}

impl<T: Float, const L: usize> Strip<'_, T, L> {
    /// Of some of the rows of all planes.
    fn total<const W: usize>(&self, rows: Range<usize>) -> Part<W> {
        let task = TASK / self.width;
        if rows.len() <= task {
            let mut part = Part { count: rows.len() as f64, mean: [0.0; W], squares: [0.0; W] };
            run::<_, Sums>((self, rows, &mut part));
            return part;
        }
        let middle = rows.start + rows.len().div_ceil(task).div_ceil(2) * task;
        let (mut first, second) =
            rayon::join(|| self.total::<W>(rows.start..middle), || self.total(middle..rows.end));
        first.merge(&second, self.width);
        first
    }

    /// How many columns there are, which is known when W is 1, and how many rows are taken side by side where nothing separates them.
    #[inline(always)]
    fn width_and_group<const W: usize>(&self) -> [usize; 2] {
        match self.width == self.shape.width {
            _ if W == 1 => [1, L],
            true => [self.width, 1 << (L / self.width).ilog2()],
            false => [self.width, 1],
        }
    }

    /// Calls `each` with rows that lie one after the other.
    #[inline(always)]
    fn blocks(&self, rows: Range<usize>, most: usize, mut each: impl FnMut(&[T], usize)) {
        let MomentsShape { gone, rows: plane, width, .. } = self.shape;
        let mut row = rows.start;
        while row < rows.end {
            let first = row % plane;
            let count = most.min(plane - first).min(rows.end - row);
            let start = at(gone, row / plane) + first * width;
            each(&self.x[start..start + (count - 1) * width + self.width], count);
            row += count;
        }
    }

    /// Calls `each` with as many elements as there are lanes, and at last with what is left.
    #[inline(always)]
    fn by_lanes<const W: usize>(&self, x: &[T], count: usize, mut each: impl FnMut(&[T])) {
        let [width, group] = self.width_and_group::<W>();
        let lanes = group * width;
        let step = if group == 1 { self.shape.width } else { lanes };
        for i in 0..count / group {
            if group == 1 {
                let next = x.as_ptr().wrapping_add((i + (AHEAD / size_of::<T>()).div_ceil(width)) * step);
                (0..width * size_of::<T>())
                    .step_by(LINE)
                    .for_each(|line| fetch(next.wrapping_byte_add(line)));
            }
            each(&x[i * step..][..lanes]);
        }
        each(&x[(count / group * step).min(x.len())..]);
    }
}

/// Means and squares of so many rows.
struct Sums;

impl<T: Float, const W: usize, const L: usize> LoopPerLevel<(&Strip<'_, T, L>, Range<usize>, &mut Part<W>)>
    for Sums
{
    #[inline(always)]
    fn run<M: MulAdd>((strip, rows, part): (&Strip<'_, T, L>, Range<usize>, &mut Part<W>)) {
        let [width, group] = strip.width_and_group::<W>();
        let (lanes, most) = (group * width, CHAIN * group);
        let first = rows.start..rows.start + rows.len().div_ceil(FIRST);
        let of_first = first.len() as f64;
        strip.blocks(first, most, |x, count| {
            let mut sums = [T::ZERO; L];
            strip
                .by_lanes::<W>(x, count, |x| sums[..lanes].iter_mut().zip(x).for_each(|(sum, &x)| *sum += x));
            add(&mut part.mean[..width], fold(&mut sums[..lanes], width));
        });
        let mut pivots = [T::ZERO; L];
        for (pivot, sum) in pivots.iter_mut().zip(&mut part.mean[..width]) {
            *pivot = super::pivot(std::mem::take(sum) / of_first);
        }
        let (ones, others) = pivots[..lanes].split_at_mut(width);
        others.chunks_mut(width).for_each(|pivots| pivots.copy_from_slice(ones));
        strip.blocks(rows, most, |x, count| {
            let (mut sums, mut squares) = ([T::ZERO; L], [T::ZERO; L]);
            strip.by_lanes::<W>(x, count, |x| {
                let lanes = sums[..lanes].iter_mut().zip(&mut squares[..lanes]).zip(&pivots[..lanes]);
                for (((sum, square), &pivot), &x) in lanes.zip(x) {
                    let deviation = x - pivot;
                    *sum += deviation;
                    *square += deviation * deviation;
                }
            });
            add(&mut part.mean[..width], fold(&mut sums[..lanes], width));
            add(&mut part.squares[..width], fold(&mut squares[..lanes], width));
        });
        for ((mean, squares), &pivot) in part.mean.iter_mut().zip(&mut part.squares).zip(&pivots[..width]) {
            (*mean, *squares) = shifted(pivot, part.count, *mean, *squares);
        }
    }
}

/// Adds what stands behind the first `width` to these, in halves.
#[inline(always)]
fn fold<T: Float>(mut lanes: &mut [T], width: usize) -> &[T] {
    while lanes.len() > width {
        let (front, back) = lanes.split_at_mut(lanes.len() / 2);
        front.iter_mut().zip(back).for_each(|(a, b)| *a += *b);
        lanes = front;
    }
    lanes
}

#[inline(always)]
fn add<T: Float>(totals: &mut [f64], x: &[T]) {
    totals.iter_mut().zip(x).for_each(|(total, x)| *total += x.to_f64());
}

/// How many numbers have been seen in each of some columns, their means, and the sums of the squares of their deviations.
struct Part<const W: usize> {
    count: f64,
    mean: [f64; W],
    squares: [f64; W],
}

impl<const W: usize> Part<W> {
    /// With others. δ = their mean − mean: the mean moves by δ m/(n + m), and δ² n m/(n + m) is added to the squares.
    fn merge(&mut self, other: &Self, width: usize) {
        let count = self.count + other.count;
        let share = other.count / count;
        let columns = self.mean.iter_mut().zip(&mut self.squares).zip(other.mean.iter().zip(&other.squares));
        for ((mean, squares), (of_other, squares_of_other)) in columns.take(width) {
            let delta = of_other - *mean;
            *squares += squares_of_other + delta * delta * self.count * share;
            *mean = match delta.is_finite() {
                true => *mean + delta * share,
                false => *mean * (1.0 - share) + of_other * share,
            };
        }
        self.count = count;
    }
}
