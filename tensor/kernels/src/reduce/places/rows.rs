//! Of rows whose elements lie one after the other, by lanes.

use rayon::prelude::*;

use super::found::better;
use crate::lanes::{self, Lanes, Task, WIDEST, load_square, unrolled};
use crate::memory::{LINE, fetch};
use crate::reduce::rows::{LANES, VECTORS, first_numbers, load_or};
use crate::reduce::{AHEAD, TASK};
use crate::{Element, Float};

/// Elements of a piece of a longer row, which is searched alone.
const PIECE: usize = 16 << 10;

pub(super) fn places<T: Float>(x: &[T], count: usize, results: &mut [T]) {
    let row = |x: &[T]| {
        let whole = x.len() / PIECE;
        let (front, back) = x.split_at(whole * PIECE);
        let (mut best, mut places) = (vec![T::ZERO; whole + 1], vec![T::ZERO; whole + 1]);
        in_tasks(front, PIECE, &mut best[..whole], &mut places[..whole]);
        let pieces = if back.is_empty() { whole } else { whole + 1 };
        if !back.is_empty() {
            lanes::run(Rows(back, back.len(), &mut best[whole..], &mut places[whole..]));
        }
        let found = |i: usize| (best[i], i * PIECE + places[i].to_f64() as usize);
        let (_, place) = (0..pieces).map(found).reduce(better).unwrap_or((T::NAN, 0));
        T::from_f64(place as f64)
    };
    if count > 2 * PIECE {
        x.par_chunks(count).zip(results).for_each(|(x, result)| *result = row(x));
    } else {
        in_tasks(x, count, &mut vec![T::ZERO; results.len()], results);
    }
}

fn in_tasks<T: Float>(x: &[T], count: usize, best: &mut [T], places: &mut [T]) {
    if x.len() <= TASK {
        return lanes::run(Rows(x, count, best, places));
    }
    let rows = (TASK / count).next_multiple_of(WIDEST);
    let found = best.par_chunks_mut(rows).zip(places.par_chunks_mut(rows));
    x.par_chunks(rows * count)
        .zip(found)
        .for_each(|(x, (best, places))| lanes::run(Rows(x, count, best, places)));
}

/// Rows, their length, their largest elements, and the places of these.
struct Rows<'a, T>(&'a [T], usize, &'a mut [T], &'a mut [T]);

impl<T: Float> Task<T> for Rows<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Rows(x, count, best, places) = self;
        assert!(best.len() == places.len() && x.len() == count * best.len(), "length of so many rows");
        // A vector for each of as many rows: what is left of its lanes.
        let mut left = [[T::ZERO; WIDEST * WIDEST]; 2];
        let [values, wheres] = &mut left;
        let numbers = first_numbers();
        let rows = best.chunks_mut(V::N).zip(places.chunks_mut(V::N));
        for (x, (best, places)) in x.chunks(V::N * count).zip(rows) {
            for row in 0..best.len() {
                // SAFETY: the caller has checked for the instructions of V. So many rows are left in x, and there is room for a
                // vector for each of V::N.
                unsafe {
                    let (value, place) = take::<V>(x.as_ptr().add(row * count), count, numbers.as_ptr());
                    value.store(values.as_mut_ptr().add(row * V::N));
                    place.store(wheres.as_mut_ptr().add(row * V::N));
                }
            }
            // SAFETY: as above; a square of vectors has been left, if not all of them by rows.
            unsafe {
                let mut lanes = V::transpose(load_square::<V>(values.as_ptr(), V::N));
                let mut found = V::transpose(load_square::<V>(wheres.as_ptr(), V::N));
                let mut half = V::N / 2;
                while half > 0 {
                    unrolled!(k < V::N / 2 => if k < half {
                        (lanes[k], found[k]) = first((lanes[k], found[k]), (lanes[k + half], found[k + half]));
                    });
                    half /= 2;
                }
                for (vector, to) in [(lanes[0], &mut *best), (found[0], &mut *places)] {
                    if to.len() == V::N {
                        vector.store(to.as_mut_ptr());
                    } else {
                        vector.store_first(to.as_mut_ptr(), to.len());
                    }
                }
            }
            for ((row, best), place) in x.chunks(count).zip(best).zip(places) {
                if best.is_nan() {
                    let first = row.iter().position(|x| x.is_nan()).unwrap_or(0);
                    *place = T::from_f64(first as f64);
                }
            }
        }
    }
}

/// Takes a row into lanes of largest numbers and their places, and halves these onto each other to a vector each. Where there is a
/// NaN, one of the largest is NaN, and the places are not right.
///
/// # Safety
/// The processor has the instructions of V; `count` elements are read, and the numbers from 0 of as many as there are lanes.
#[inline(always)]
unsafe fn take<V: Lanes>(x: *const V::T, count: usize, numbers: *const V::T) -> (V, V) {
    // SAFETY: the caller's.
    unsafe {
        let none = V::splat(V::T::NEG_INFINITY);
        // The elements before those that were taken together with the largest.
        let (mut best, mut before, mut nan) = ([none; VECTORS], [V::splat(V::T::ZERO); VECTORS], none);
        let mut start = 0;
        while start + LANES <= count {
            let (x, at) = (x.add(start), V::splat(V::T::from_f64(start as f64)));
            unrolled!(line < LANES * size_of::<V::T>() / LINE => fetch(x.wrapping_byte_add(AHEAD + line * LINE)));
            unrolled!(k < LANES / V::N / 2 => {
                let (a, b) = (V::load(x.add(2 * k * V::N)), V::load(x.add((2 * k + 1) * V::N)));
                nan = nan.or_nan(a, b);
                before[2 * k % VECTORS] = V::choose(a.exceeds(best[2 * k % VECTORS]), at, before[2 * k % VECTORS]);
                best[2 * k % VECTORS] = a.larger(best[2 * k % VECTORS]);
                before[(2 * k + 1) % VECTORS] = V::choose(b.exceeds(best[(2 * k + 1) % VECTORS]), at, before[(2 * k + 1) % VECTORS]);
                best[(2 * k + 1) % VECTORS] = b.larger(best[(2 * k + 1) % VECTORS]);
            });
            start += LANES;
        }
        let at = V::splat(V::T::from_f64(start as f64));
        unrolled!(k < LANES / V::N => {
            let start = start + k * V::N;
            if start < count {
                let x = load_or(x.add(start), count - start, none, numbers);
                nan = nan.or_nan(x, x);
                before[k % VECTORS] = V::choose(x.exceeds(best[k % VECTORS]), at, before[k % VECTORS]);
                best[k % VECTORS] = x.larger(best[k % VECTORS]);
            }
            before[k % VECTORS] = before[k % VECTORS].add(V::load(numbers.add(k * V::N)));
        });
        let mut half = LANES / V::N / 2;
        while half > 0 {
            unrolled!(k < VECTORS / 2 => if k < half {
                (best[k], before[k]) = first((best[k], before[k]), (best[(k + half) % VECTORS], before[(k + half) % VECTORS]));
            });
            half /= 2;
        }
        (V::choose(nan.exceeds(best[0]), nan, best[0]), before[0])
    }
}

/// Lanes of the larger elements and their places; of equal ones the first.
///
/// # Safety
/// The processor has the instructions of V.
#[inline(always)]
unsafe fn first<V: Lanes>(a: (V, V), b: (V, V)) -> (V, V) {
    // SAFETY: the caller's.
    unsafe {
        let (exceeds, falls_short) = (b.0.exceeds(a.0), a.0.exceeds(b.0));
        let earlier = V::choose(a.1.exceeds(b.1), b.1, a.1);
        let of_not_larger = V::choose(falls_short, a.1, earlier);
        (V::choose(exceeds, b.0, a.0), V::choose(exceeds, b.1, of_not_larger))
    }
}
