//! Of rows whose elements lie one after the other, by lanes.

use super::*;
use crate::reduce::rows::{LANES, VECTORS};

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
        let rows = best.chunks_mut(V::N).zip(places.chunks_mut(V::N));
        for (x, (best, places)) in x.chunks(V::N * count).zip(rows) {
            let mut row = 0;
            while row < best.len() {
                // SAFETY: the caller has checked for the instructions of V. So many rows are left in x, and there is room for a
                // vector for each of V::N.
                unsafe {
                    let x = x.as_ptr().add(row * count);
                    let left = [&mut *values, wheres].map(|left| left.as_mut_ptr().add(row * V::N));
                    if V::ROWS > 8 && row + 2 <= best.len() {
                        take::<V, 2>(x, count, left);
                        row += 2;
                    } else {
                        take::<V, 1>(x, count, left);
                        row += 1;
                    }
                }
            }
            // SAFETY: as above; a square of vectors has been left, if not all of them by rows.
            unsafe {
                let [mut lanes, mut found] =
                    [&*values, wheres].map(|left| V::transpose(load_square::<V>(left.as_ptr(), V::N)));
                let mut half = V::N / 2;
                while half > 0 {
                    unrolled!(k < V::N / 2 => if k < half {
                        (lanes[k], found[k]) = first((lanes[k], found[k]), (lanes[k + half], found[k + half]));
                    });
                    half /= 2;
                }
                for (vector, to) in [(lanes[0], best), (found[0], places)] {
                    if to.len() == V::N {
                        vector.store(to.as_mut_ptr());
                    } else {
                        vector.store_first(to.as_mut_ptr(), to.len());
                    }
                }
            }
        }
    }
}

/// Takes W rows into lanes of largest elements and their places, and leaves these halved onto each other to a vector each.
///
/// # Safety
/// The processor has the instructions of V; x is W rows, and there is room for as many vectors in both of what is `left`.
#[inline(always)]
unsafe fn take<V: Lanes, const W: usize>(x: *const V::T, count: usize, left: [*mut V::T; 2]) {
    // SAFETY: the caller's; elements 0 to `count` are read of each row.
    unsafe {
        let number = |i: usize| V::splat(V::T::from_f64(i as f64));
        let numbers: [V::T; LANES] = std::array::from_fn(|i| V::T::from_f64(i as f64));
        let mut best = [[V::splat(V::T::NEG_INFINITY); VECTORS]; W];
        // Elements before the lane's.
        let mut before = [[V::splat(V::T::ZERO); VECTORS]; W];
        let mut start = 0;
        while start + LANES <= count {
            let at = number(start);
            unrolled!(w < W => unrolled!(k < LANES / V::N => {
                let x = V::load(x.add(w * count + start + k * V::N));
                let exceeds = x.exceeds(best[w % W][k % VECTORS]);
                best[w % W][k % VECTORS] = V::choose(exceeds, x, best[w % W][k % VECTORS]);
                before[w % W][k % VECTORS] = V::choose(exceeds, at, before[w % W][k % VECTORS]);
            }));
            start += LANES;
        }
        unrolled!(w < W => {
            if start < count {
                let mut rest = [V::T::NEG_INFINITY; LANES];
                std::ptr::copy_nonoverlapping(x.add(w * count + start), rest.as_mut_ptr(), count - start);
                unrolled!(k < LANES / V::N => {
                    let x = V::load(rest.as_ptr().add(k * V::N));
                    let exceeds = x.exceeds(best[w % W][k % VECTORS]);
                    best[w % W][k % VECTORS] = V::choose(exceeds, x, best[w % W][k % VECTORS]);
                    before[w % W][k % VECTORS] = V::choose(exceeds, number(start), before[w % W][k % VECTORS]);
                });
            }
            unrolled!(k < LANES / V::N => before[w % W][k % VECTORS] = before[w % W][k % VECTORS].add(V::load(numbers.as_ptr().add(k * V::N))));
            let mut half = LANES / V::N / 2;
            while half > 0 {
                unrolled!(k < VECTORS / 2 => if k < half {
                    (best[w % W][k % VECTORS], before[w % W][k % VECTORS]) =
                        first((best[w % W][k % VECTORS], before[w % W][k % VECTORS]), (best[w % W][(k + half) % VECTORS], before[w % W][(k + half) % VECTORS]));
                });
                half /= 2;
            }
            best[w % W][0].store(left[0].add(w * V::N));
            before[w % W][0].store(left[1].add(w * V::N));
        });
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
