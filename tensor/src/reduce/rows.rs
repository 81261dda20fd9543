//! Rows of elements that lie one after the other, each to one number.
//!
//! A row is taken into lanes, which are then halved onto each other until one is left. A long row is cut into pieces, whose results
//! are halved likewise.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{Combine, Extent, TASK};
use crate::Float;
use crate::lanes::{self, Lanes, Task, WIDEST, load_square, unrolled};

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

pub(super) fn reduce<T: Float, C: Combine>(x: &[T], count: usize, results: &mut [T], scratch: &mut [T]) {
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

fn in_tasks<T: Float, C: Combine>(x: &[T], count: usize, results: &mut [T]) {
    let run = |(x, results): (&[T], &mut [T])| lanes::run(Rows::<T, C>(x, count, results, PhantomData));
    if x.len() <= TASK {
        return run((x, results));
    }
    let rows = (TASK / count).next_multiple_of(WIDEST);
    x.par_chunks(rows * count).zip(results.par_chunks_mut(rows)).for_each(run);
}

/// Halves onto each other until one is left.
fn halved<T: Float, C: Combine>(mut x: &mut [T]) -> T {
    while x.len() > 1 {
        let (front, back) = x.split_at_mut(x.len().div_ceil(2));
        front.iter_mut().zip(&*back).for_each(|(a, &b)| *a = C::combine(*a, b));
        x = front;
    }
    x[0]
}

/// Rows, their length, and where their results go.
struct Rows<'a, T, C>(&'a [T], usize, &'a mut [T], PhantomData<C>);

impl<T: Float, C: Combine> Task<T> for Rows<'_, T, C> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Rows(x, count, results, _) = self;
        assert_eq!(x.len(), count * results.len(), "length of so many rows");
        // A vector for each of as many rows: what is left of its lanes.
        let mut left = [T::ZERO; WIDEST * WIDEST];
        for (x, results) in x.chunks(V::N * count).zip(results.chunks_mut(V::N)) {
            let mut row = 0;
            while row < results.len() {
                // SAFETY: the caller has checked for the instructions of V. So many rows are left in x, and there is room for a
                // vector for each of V::N.
                unsafe {
                    let (x, left) = (x.as_ptr().add(row * count), left.as_mut_ptr().add(row * V::N));
                    // As many rows as have room for their lanes in registers.
                    if V::ROWS > 8 && row + 4 <= results.len() {
                        take::<V, C, 4>(x, count, left);
                        row += 4;
                    } else if row + 2 <= results.len() {
                        take::<V, C, 2>(x, count, left);
                        row += 2;
                    } else {
                        take::<V, C, 1>(x, count, left);
                        row += 1;
                    }
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

/// Takes W rows into their lanes, and leaves these halved onto each other to a vector.
///
/// # Safety
/// The processor has the instructions of V; x is W rows, and `left` has room for as many vectors.
#[inline(always)]
unsafe fn take<V: Lanes, C: Combine, const W: usize>(x: *const V::T, count: usize, left: *mut V::T) {
    // SAFETY: the caller's; elements 0 to `count` are read of each row.
    unsafe {
        let none = [[V::splat(C::neutral()); VECTORS]; W];
        let mut totals = none;
        let mut start = 0;
        while start < count {
            let mut lanes = none;
            let end = count.min(start + UNIT);
            while start + LANES <= end {
                unrolled!(w < W => unrolled!(k < LANES / V::N => {
                    lanes[w % W][k % VECTORS] = C::vectors(lanes[w % W][k % VECTORS], V::load(x.add(w * count + start + k * V::N)));
                }));
                start += LANES;
            }
            if start < end {
                for (w, lanes) in lanes.iter_mut().enumerate() {
                    let mut rest = [C::neutral(); LANES];
                    std::ptr::copy_nonoverlapping(x.add(w * count + start), rest.as_mut_ptr(), end - start);
                    unrolled!(k < LANES / V::N => {
                        lanes[k % VECTORS] = C::vectors(lanes[k % VECTORS], V::load(rest.as_ptr().add(k * V::N)));
                    });
                }
                start = end;
            }
            unrolled!(w < W => unrolled!(k < LANES / V::N => {
                totals[w % W][k % VECTORS] = C::vectors(totals[w % W][k % VECTORS], lanes[w % W][k % VECTORS]);
            }));
        }
        unrolled!(w < W => {
            let mut half = LANES / V::N / 2;
            while half > 0 {
                unrolled!(k < VECTORS / 2 => if k < half {
                    totals[w % W][k % VECTORS] = C::vectors(totals[w % W][k % VECTORS], totals[w % W][(k + half) % VECTORS]);
                });
                half /= 2;
            }
            totals[w % W][0].store(left.add(w * V::N));
        });
    }
}
