//! Rows of very few elements, many at a time. A loop over whole rows of a known length is vector code.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{AHEAD, CombineLanes, TASK};
use crate::Float;
use crate::memory::{LINE, fetch};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;

/// The most elements of such a row.
pub(super) const MOST: usize = 8;
/// Rows of a block.
const ROWS: usize = 64;

/// What is done with a row, of the length N.
pub(super) trait Row<T> {
    fn row<const N: usize>(x: &[T; N]) -> T;
}

/// One element after the other.
struct Reduced<C>(PhantomData<C>);

impl<T: Float, C: CombineLanes> Row<T> for Reduced<C> {
    #[inline(always)]
    fn row<const N: usize>(x: &[T; N]) -> T {
        let mut result = x[0];
        for &x in &x[1..] {
            result = C::combine(result, x);
        }
        result
    }
}

struct Each<R, const N: usize>(PhantomData<R>);

impl<T: Float, R: Row<T>, const N: usize> LoopPerLevel<(&[T], &mut [T])> for Each<R, N> {
    #[inline(always)]
    fn run<M: MulAdd>((x, results): (&[T], &mut [T])) {
        let (blocks, rest) = results.as_chunks_mut::<ROWS>();
        let (x, x_rest) = x.as_chunks::<N>().0.split_at(blocks.len() * ROWS);
        for (results, x) in blocks.iter_mut().zip(x.as_chunks::<ROWS>().0) {
            for line in 0..size_of_val(x) / LINE {
                fetch(x.as_ptr().wrapping_byte_add(AHEAD + line * LINE));
            }
            for (result, x) in results.iter_mut().zip(x) {
                *result = R::row(x);
            }
        }
        for (result, x) in rest.iter_mut().zip(x_rest) {
            *result = R::row(x);
        }
    }
}

pub(super) fn reduce<T: Float, C: CombineLanes>(x: &[T], count: usize, results: &mut [T]) {
    by_rows::<T, Reduced<C>>(x, count, results);
}

/// Each row's result.
pub(super) fn by_rows<T: Float, R: Row<T>>(x: &[T], count: usize, results: &mut [T]) {
    let each = match count {
        1 => run::<_, Each<R, 1>>,
        2 => run::<_, Each<R, 2>>,
        3 => run::<_, Each<R, 3>>,
        4 => run::<_, Each<R, 4>>,
        5 => run::<_, Each<R, 5>>,
        6 => run::<_, Each<R, 6>>,
        7 => run::<_, Each<R, 7>>,
        _ => run::<_, Each<R, MOST>>,
    };
    if x.len() <= TASK {
        return each((x, results));
    }
    let rows = TASK / count;
    results.par_chunks_mut(rows).zip(x.par_chunks(rows * count)).for_each(|(results, x)| each((x, results)));
}
