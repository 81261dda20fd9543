//! Where the largest elements are: the first of several, and the first NaN if there is one.
//!
//! Every vector of largest elements has one of their places beside it. A place is a number of the elements' type, so it is counted
//! from the beginning of a piece, or by rows, which keeps it exact.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::columns::{Strip, WideRows, after, load, strip};
use super::short::{self, Row};
use super::{Extent, TASK};
use crate::Float;
use crate::lanes::{self, Lanes, Task, unrolled};
use crate::memory::{LINE, fetch};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;
use found::{better, exceeds};

mod found;
mod rows;

/// Wide rows of a block.
const ROWS: usize = 512;

/// The places along the middle, from 0 to `count` − 1, of which there is one at least.
pub(crate) fn places<T: Float>(x: &[T], extent: Extent, results: &mut [T]) {
    extent.check(x.len(), results.len());
    match extent {
        _ if x.is_empty() => {}
        Extent { inner: 1, count, .. } if count <= short::MOST => {
            short::by_rows::<T, Place>(x, count, results);
        }
        Extent { inner: 1, count, .. } => rows::places(x, count, results),
        _ => columns(x, extent, results),
    }
}

/// In a short row.
struct Place;

impl<T: Float> Row<T> for Place {
    #[inline(always)]
    fn row<const N: usize>(x: &[T; N]) -> T {
        let (mut best, mut place) = (x[0], T::ZERO);
        for (i, &x) in x.iter().enumerate().skip(1) {
            let exceeds = exceeds(x, best);
            best = if exceeds { x } else { best };
            place = if exceeds { T::from_f64(i as f64) } else { place };
        }
        place
    }
}

/// Of rows, element by element.
fn columns<T: Float>(x: &[T], extent: Extent, results: &mut [T]) {
    let cut = WideRows::new(extent);
    let (size, blocks, strip) = (extent.count * extent.inner, cut.blocks(ROWS), cut.strip(ROWS));
    let least = (TASK / (cut.whole.min(ROWS) * cut.width)).max(1);
    if cut.group == 1 && blocks == 1 {
        let items = x.par_chunks(size).zip(results.par_chunks_mut(extent.inner)).with_min_len(least);
        return items.for_each(|(x, results)| {
            let work = |(i, places): (usize, &mut [T])| {
                let best = &mut vec![T::ZERO; places.len()];
                lanes::run(Columns((&x[i * strip..], cut.width), 0..cut.whole, best, places));
            };
            if cut.width <= strip {
                work((0, results));
            } else {
                results.par_chunks_mut(strip).enumerate().for_each(work);
            }
        });
    }
    // Of each wide row's elements the largest, and their wide rows, block by block.
    let len = extent.outer * blocks * cut.width;
    let (mut best, mut places) = (vec![T::ZERO; len], vec![T::ZERO; len]);
    let all = best.par_chunks_mut(cut.width).zip(places.par_chunks_mut(cut.width)).enumerate();
    all.with_min_len(least).for_each(|(number, (best, places))| {
        let (item, first) = (number / blocks, number % blocks * ROWS);
        let x = &x[item * size + first * cut.width..(item + 1) * size];
        let rows = first..cut.whole.min(first + ROWS);
        let strips = best.par_chunks_mut(strip).zip(places.par_chunks_mut(strip)).enumerate();
        strips.for_each(|(i, (best, places))| {
            lanes::run(Columns((&x[i * strip..], cut.width), rows.clone(), best, places));
        });
    });

    let blocks = best.chunks_mut(blocks * cut.width).zip(places.chunks_mut(blocks * cut.width));
    for ((results, (best, places)), x) in results.chunks_mut(extent.inner).zip(blocks).zip(x.chunks(size)) {
        let (best, later) = best.split_at_mut(cut.width);
        let (places, later_places) = places.split_at_mut(cut.width);
        for block in later.chunks(cut.width).zip(later_places.chunks(cut.width)) {
            run::<_, Later>((best, places, block.0, block.1));
        }
        if cut.group == 1 {
            results.copy_from_slice(places);
            continue;
        }
        let part = &x[size - cut.part..];
        for (column, result) in results.iter_mut().enumerate() {
            let found = |i: usize| (best[i], places[i].to_f64() as usize * cut.group + i / extent.inner);
            let along = |len: usize| (column..len).step_by(extent.inner);
            let whole = along(cut.width).map(found);
            let rest = along(cut.part).map(|i| (part[i], cut.whole * cut.group + i / extent.inner));
            let (_, place) = whole.chain(rest).reduce(better).unwrap_or((T::NAN, 0));
            *result = T::from_f64(place as f64);
        }
    }
}

/// Rows and how far apart they are, their numbers, their largest elements, and the rows of these.
struct Columns<'a, T>((&'a [T], usize), std::ops::Range<usize>, &'a mut [T], &'a mut [T]);

impl<T: Float> Task<T> for Columns<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Columns((x, step), numbers, best, places) = self;
        let rows = numbers.len();
        assert!(x.len() >= (rows - 1) * step + best.len(), "length of so many rows");
        let mut buffers = [const { MaybeUninit::<Strip>::uninit() }; 2];
        let [values, wheres] = &mut buffers;
        let (values, wheres) = (values.as_mut_ptr().cast::<T>(), wheres.as_mut_ptr().cast::<T>());
        let found = best.chunks_mut(strip::<T>()).zip(places.chunks_mut(strip::<T>()));
        for (number, (best, places)) in found.enumerate() {
            // SAFETY: the caller has checked for the instructions of V; so many rows of as many elements begin at x, and there is room
            // for a strip of what is found, whose rest of a vector may be anything.
            unsafe {
                let x = x.as_ptr().add(number * strip::<T>());
                for row in (0..rows).step_by(4) {
                    let next = after(x, step, [row, rows]);
                    let mut at = 0;
                    while at < best.len() {
                        unrolled!(row < 4 => fetch(next[row].wrapping_add(at)));
                        unrolled!(k < LINE / size_of::<T>() / V::N => if at + k * V::N < best.len() {
                            let at = at + k * V::N;
                            let mut found = (V::splat(T::NEG_INFINITY), V::splat(T::from_f64(numbers.start as f64)));
                            if row > 0 {
                                found = (V::load(values.add(at)), V::load(wheres.add(at)));
                            }
                            // Some at a time: fewer loads and stores of what has been found.
                            unrolled!(k < 4 => {
                                // One row more than once does not matter.
                                let row = (row + k).min(rows - 1);
                                let x = load::<V>(x.add(row * step + at), best.len() - at);
                                let exceeds = x.exceeds(found.0);
                                found.0 = V::choose(exceeds, x, found.0);
                                found.1 = V::choose(exceeds, V::splat(T::from_f64((numbers.start + row) as f64)), found.1);
                            });
                            found.0.store(values.add(at));
                            found.1.store(wheres.add(at));
                        });
                        at += LINE / size_of::<T>();
                    }
                }
                std::ptr::copy_nonoverlapping(values, best.as_mut_ptr(), best.len());
                std::ptr::copy_nonoverlapping(wheres, places.as_mut_ptr(), places.len());
            }
        }
    }
}

/// What is found in later rows.
struct Later;

impl<T: Float> LoopPerLevel<(&mut [T], &mut [T], &[T], &[T])> for Later {
    #[inline(always)]
    fn run<M: MulAdd>((best, places, later, later_places): (&mut [T], &mut [T], &[T], &[T])) {
        let found = best.iter_mut().zip(places).zip(later.iter().zip(later_places));
        for ((best, place), (&x, &later)) in found {
            let exceeds = exceeds(x, *best);
            *best = if exceeds { x } else { *best };
            *place = if exceeds { later } else { *place };
        }
    }
}
