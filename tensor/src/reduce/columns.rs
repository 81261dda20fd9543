//! Rows combined with each other, element by element.
//!
//! Short rows are taken together for wide ones. These are combined in fours, block by block; then the blocks, and at last the short
//! rows of what is left of wide ones, are halved onto each other.

use std::marker::PhantomData;

use rayon::prelude::*;

use super::{Combine, Extent, TASK};
use crate::Float;
use crate::simd::dispatch::{Loop, run};
use crate::simd::fma::MulAdd;

/// Wide rows of a block.
const ROWS: usize = 128;
/// Elements of a wide row, at most, if it is of several short ones, of which there are so many times as many at least.
const WIDE: usize = 1024;
const TIMES: usize = 8;

/// How rows are taken together.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// Short rows in a wide one, and its elements.
    pub group: usize,
    pub width: usize,
    /// Wide rows, the last of which may be only a part, and those that are whole.
    pub whole: usize,
    /// Elements of the part.
    pub part: usize,
}

impl Plan {
    pub fn new(Extent { count, inner, .. }: Extent) -> Self {
        let group = (WIDE / inner).min(count / TIMES).max(1);
        let whole = count / group;
        Plan { group, width: group * inner, whole, part: (count - whole * group) * inner }
    }

    pub fn blocks(self, rows: usize) -> usize {
        self.whole.div_ceil(rows)
    }

    /// Elements of a strip of a block, which is a task.
    pub fn strip(self, rows: usize) -> usize {
        (TASK / self.whole.min(rows)).max(WIDE).next_multiple_of(64)
    }

    /// Whether a block is all there is.
    fn is_direct(self) -> bool {
        self.group == 1 && self.blocks(ROWS) == 1
    }
}

pub(super) fn room(extent: Extent) -> usize {
    let plan = Plan::new(extent);
    if plan.is_direct() { 0 } else { extent.outer * plan.blocks(ROWS) * plan.width }
}

pub(super) fn reduce<T: Float, C: Combine>(x: &[T], extent: Extent, results: &mut [T], scratch: &mut [T]) {
    let plan = Plan::new(extent);
    let (size, blocks) = (extent.count * extent.inner, plan.blocks(ROWS));
    let blockwise = |blocks_of: &mut [T]| {
        let block = |(number, to): (usize, &mut [T])| {
            let (item, first) = (number / blocks, number % blocks * ROWS);
            let x = &x[item * size + first * plan.width..(item + 1) * size];
            let rows = ROWS.min(plan.whole - first);
            let strip = |(i, to): (usize, &mut [T])| {
                run::<_, Fours<C>>((&x[i * plan.strip(ROWS)..], plan.width, rows, to));
            };
            if plan.width <= plan.strip(ROWS) {
                strip((0, to));
            } else {
                to.par_chunks_mut(plan.strip(ROWS)).enumerate().for_each(strip);
            }
        };
        if x.len() <= TASK {
            return blocks_of.chunks_mut(plan.width).enumerate().for_each(block);
        }
        let tasks = blocks_of.par_chunks_mut(plan.width).enumerate();
        tasks.with_min_len((TASK / (plan.whole.min(ROWS) * plan.width)).max(1)).for_each(block);
    };
    if plan.is_direct() {
        return blockwise(results);
    }
    let scratch = &mut scratch[..extent.outer * blocks * plan.width];
    blockwise(scratch);
    let items = results.chunks_mut(extent.inner).zip(scratch.chunks_mut(blocks * plan.width));
    for ((results, blocks), x) in items.zip(x.chunks(size)) {
        let wide = halved::<T, C>(blocks, plan.width);
        run::<_, Onto<C>>((&mut wide[..plan.part], &x[size - plan.part..]));
        results.copy_from_slice(halved::<T, C>(wide, extent.inner));
    }
}

/// Rows of a width halved onto each other until one is left.
fn halved<T: Float, C: Combine>(mut rows: &mut [T], width: usize) -> &mut [T] {
    while rows.len() > width {
        let (front, back) = rows.split_at_mut((rows.len() / width).div_ceil(2) * width);
        let len = back.len();
        run::<_, Onto<C>>((&mut front[..len], &*back));
        rows = front;
    }
    rows
}

/// a ← a ∘ b.
struct Onto<C>(PhantomData<C>);

impl<T: Float, C: Combine> Loop<(&mut [T], &[T])> for Onto<C> {
    #[inline(always)]
    fn run<M: MulAdd>((a, b): (&mut [T], &[T])) {
        for (a, &b) in a.iter_mut().zip(b) {
            *a = C::combine(*a, b);
        }
    }
}

/// Combines as many rows, so far apart, as long as the result.
struct Fours<C>(PhantomData<C>);

impl<T: Float, C: Combine> Loop<(&[T], usize, usize, &mut [T])> for Fours<C> {
    #[inline(always)]
    fn run<M: MulAdd>((x, step, rows, to): (&[T], usize, usize, &mut [T])) {
        let len = to.len();
        let row = |row: usize| &x[row * step..][..len];
        let mut done = 0;
        if rows < 4 {
            to.copy_from_slice(row(0));
            done = 1;
        }
        while done + 4 <= rows {
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| row(done + k));
            let four = |i: usize| C::combine(C::combine(a[i], b[i]), C::combine(c[i], d[i]));
            if done == 0 {
                to.iter_mut().enumerate().for_each(|(i, to)| *to = four(i));
            } else {
                to.iter_mut().enumerate().for_each(|(i, to)| *to = C::combine(*to, four(i)));
            }
            done += 4;
        }
        for row in (done..rows).map(row) {
            to.iter_mut().zip(row).for_each(|(to, &x)| *to = C::combine(*to, x));
        }
    }
}
