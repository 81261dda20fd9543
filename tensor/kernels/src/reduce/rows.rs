//! Rows of elements that lie one after the other, each to one number.
//!
//! A row is taken into lanes, which are then halved onto each other until one is left. A long row is cut into pieces, whose results
//! are halved likewise.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{AHEAD, CombineLanes, Extent, Kind, TASK};
use crate::lanes::{self, Lanes, Task, WIDEST, load_square, unrolled};
use crate::memory::{LINE, fetch};
use crate::{Element, Float};

/// Lanes that a row is taken into: some vectors of every instruction set.
pub(super) const LANES: usize = 32;
/// The most vectors that they make: of two doubles.
pub(super) const VECTORS: usize = 8;
/// Elements that lanes take in one after the other before they are combined with those of the elements before.
const UNIT: usize = 4096;
/// Elements of a piece of a row that is longer than the most.
const PIECE: usize = 8192;
const MOST: usize = 4 * PIECE;

/// The pieces of a row.
fn pieces(count: usize) -> usize {
    if count > MOST { count.div_ceil(PIECE) } else { 1 }
}

pub(super) fn room(extent: Extent) -> usize {
    match pieces(extent.count) {
        1 => 0,
        pieces => extent.outer * pieces,
    }
}

pub(super) fn reduce<T: Float, C: CombineLanes>(x: &[T], count: usize, results: &mut [T], scratch: &mut [T]) {
    let pieces = pieces(count);
    if pieces == 1 {
        return in_tasks::<T, C>(x, count, results);
    }
    let scratch = &mut scratch[..results.len() * pieces];
    let rows = x.par_chunks_exact(count).zip(scratch.par_chunks_exact_mut(pieces)).zip(results);
    rows.for_each(|((x, scratch), result)| {
        let whole = count / PIECE;
        let (front, back) = x.split_at(whole * PIECE);
        in_tasks::<T, C>(front, PIECE, &mut scratch[..whole]);
        if !back.is_empty() {
            lanes::run(Rows::<T, C>(back, back.len(), &mut scratch[whole..], PhantomData));
        }
        *result = halved::<T, C>(scratch);
    });
}

fn in_tasks<T: Float, C: CombineLanes>(x: &[T], count: usize, results: &mut [T]) {
    let run = |(x, results): (&[T], &mut [T])| lanes::run(Rows::<T, C>(x, count, results, PhantomData));
    if x.len() <= TASK {
        return run((x, results));
    }
    let rows = (TASK / count).next_multiple_of(WIDEST);
    x.par_chunks(rows * count).zip(results.par_chunks_mut(rows)).for_each(run);
}

/// Halves onto each other until one is left.
fn halved<T: Float, C: CombineLanes>(mut x: &mut [T]) -> T {
    while x.len() > 1 {
        let (front, back) = x.split_at_mut(x.len().div_ceil(2));
        front.iter_mut().zip(&*back).for_each(|(a, &b)| *a = C::combine(*a, b));
        x = front;
    }
    x[0]
}

/// Rows, their length, and where their results go.
struct Rows<'a, T, C>(&'a [T], usize, &'a mut [T], PhantomData<C>);

impl<T: Float, C: CombineLanes> Task<T> for Rows<'_, T, C> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Rows(x, count, results, _) = self;
        assert_eq!(x.len(), count * results.len(), "length of so many rows");
        // A vector for each of as many rows: what is left of its lanes.
        let mut left = [T::ZERO; WIDEST * WIDEST];
        let numbers = first_numbers();
        for (x, results) in x.chunks(V::N * count).zip(results.chunks_mut(V::N)) {
            for row in 0..results.len() {
                // SAFETY: the caller has checked for the instructions of V. So many rows are left in x, and there is room for a
                // vector for each of V::N.
                unsafe {
                    take::<V, C>(x.as_ptr().add(row * count), count, numbers.as_ptr())
                        .store(left.as_mut_ptr().add(row * V::N));
                }
            }
            // SAFETY: as above; a square of vectors has been left, if not all of them by rows.
            unsafe {
                let mut lanes = V::transpose(load_square::<V>(left.as_ptr(), V::N));
                let mut half = V::N / 2;
                while half > 0 {
                    unrolled!(k < V::N / 2 => if k < half {
                        lanes[k] = C::vectors(lanes[k], lanes[k + half]);
                    });
                    half /= 2;
                }
                if results.len() == V::N {
                    lanes[0].store(results.as_mut_ptr());
                } else {
                    lanes[0].store_first(results.as_mut_ptr(), results.len());
                }
            }
        }
    }
}

/// Takes a row into its lanes, and halves these onto each other to a vector.
///
/// # Safety
/// The processor has the instructions of V; `count` elements are read, and the numbers from 0 of as many as there are lanes.
#[inline(always)]
unsafe fn take<V: Lanes, C: CombineLanes>(x: *const V::T, count: usize, numbers: *const V::T) -> V {
    // SAFETY: the caller's.
    unsafe {
        let neutral = V::splat(C::neutral());
        let (mut totals, mut nan) = ([neutral; VECTORS], V::splat(V::T::NEG_INFINITY));
        let mut start = 0;
        while start < count {
            let mut lanes = [neutral; VECTORS];
            let end = count.min(start + UNIT);
            while start + LANES <= end {
                let x = x.add(start);
                unrolled!(line < LANES * size_of::<V::T>() / LINE => fetch(x.wrapping_byte_add(AHEAD + line * LINE)));
                unrolled!(k < LANES / V::N / 2 => {
                    let (a, b) = (V::load(x.add(2 * k * V::N)), V::load(x.add((2 * k + 1) * V::N)));
                    lanes[2 * k % VECTORS] = C::numbers(lanes[2 * k % VECTORS], a);
                    lanes[(2 * k + 1) % VECTORS] = C::numbers(lanes[(2 * k + 1) % VECTORS], b);
                    nan = nan.or_nan(a, b);
                });
                start += LANES;
            }
            unrolled!(k < LANES / V::N => if start < end {
                let x = load_or(x.add(start), end - start, neutral, numbers);
                lanes[k % VECTORS] = C::numbers(lanes[k % VECTORS], x);
                nan = nan.or_nan(x, x);
                start = end.min(start + V::N);
            });
            unrolled!(k < LANES / V::N => totals[k % VECTORS] = C::numbers(totals[k % VECTORS], lanes[k % VECTORS]));
        }
        let mut half = LANES / V::N / 2;
        while half > 0 {
            unrolled!(k < VECTORS / 2 => if k < half {
                totals[k % VECTORS] = C::numbers(totals[k % VECTORS], totals[(k + half) % VECTORS]);
            });
            half /= 2;
        }
        if C::KIND == Kind::Sum { totals[0] } else { V::choose(nan.exceeds(totals[0]), nan, totals[0]) }
    }
}

/// The numbers from 0 on.
#[inline(always)]
pub(super) fn first_numbers<T: Float>() -> [T; LANES] {
    let mut numbers = [T::ZERO; LANES];
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = T::from_f64(i as f64);
    }
    numbers
}

/// A vector of the first `count` elements, if they are no more, and of others.
///
/// # Safety
/// The processor has the instructions of V; so many elements can be read, and of the numbers from 0 a vector.
#[inline(always)]
pub(super) unsafe fn load_or<V: Lanes>(x: *const V::T, count: usize, others: V, numbers: *const V::T) -> V {
    // SAFETY: the caller's.
    unsafe {
        if count >= V::N {
            return V::load(x);
        }
        let is_other = V::load(numbers).exceeds(V::splat(V::T::from_f64(count as f64 - 1.0)));
        V::choose(is_other, others, V::load_first(x, count))
    }
}
