//! The reductions that end a fused loop.

mod kind;
mod lanes;

use std::marker::PhantomData;
use std::ops::Range;

use super::logarithms::SumOfLogarithms;
use super::space::Space;
use crate::Float;
use crate::reduce::{Combine, CombineLanes, Largest, Sum};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;
pub use kind::Reduce;
pub(super) use lanes::{LANES, join_lanes};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reduction {
    pub kind: Reduce,
    /// Whether it is of the elements' logarithms: a sum over everything.
    pub logarithms: bool,
    /// Over the space's axes: 0 where reduced, row-major over what is kept.
    pub strides: Vec<isize>,
    /// How the innermost axes are taken together, if they are kept.
    columns: Columns,
    /// Where a chunk's partial results begin among those of all reductions,
    pub at: usize,
    /// and how many there are.
    pub len: usize,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// The first element of the chunk, and the first behind it.
    pub chunk: [usize; 2],
    /// The first element of the block.
    pub start: usize,
}

impl Position {
    /// For `count` elements: how many of the chunk are before them, and whether they are its last.
    fn within(self, count: usize) -> (usize, bool) {
        (self.start - self.chunk[0], self.start + count == self.chunk[1])
    }
}

/// Elements that lanes collect, at most, before they are joined. A sum's order, and so its bits, depends on this, on the shape
/// and on its chunks, but not on blocks, whose lengths differ between instruction sets.
pub(super) const UNIT: usize = 8192;

/// Elements of a wide row, about, that is made of several which are kept; and how many of them are combined one after the other.
const WIDE: usize = 256;
const ROWS: usize = 64;

/// A reduction, the space, the block's place, the block, and what is reduced so far.
type Block<'a, T> = (&'a Reduction, &'a Space, Position, &'a [T], &'a mut [T]);

/// Takes in one block.
struct Absorb<C>(PhantomData<C>);

impl<T: Float, C: CombineLanes> LoopPerLevel<Block<'_, T>> for Absorb<C> {
    #[inline(always)]
    fn run<M: MulAdd>((reduction, space, position, block, partial): Block<'_, T>) {
        let (results, lanes) = partial.split_at_mut(reduction.len);
        let (before, is_last) = position.within(block.len());
        if reduction.is_whole() {
            return collect::<T, C>(block, before, is_last, lanes, &mut results[0]);
        }
        if !reduction.ends_reduced() {
            return take_columns::<T, C>(reduction, space, position, block, results, lanes);
        }
        let row = space.shape[space.shape.len() - 1];
        for (offset, at, length) in space.segments(&reduction.strides, position.start, block.len()) {
            let segment = &block[at..at + length];
            let offset = offset as usize;
            if row < LANES {
                results[offset] = segment.iter().fold(results[offset], |total, &x| C::combine(total, x));
            } else {
                let first = (position.start + at) % row;
                let ends = first + length == row || is_last && at + length == block.len();
                collect::<T, C>(segment, first, ends, lanes, &mut results[offset]);
            }
        }
    }
}

/// Rows that are kept, each combined with the one before: several short ones are taken as a wide one, and some wide ones
/// together, so that no long chain of sums grows. Each item has rows of its own to be combined.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Columns {
    row: usize,
    /// None where there are so few rows that each is combined with the results at once.
    wide: Option<usize>,
    item: usize,
}

impl Columns {
    fn new(space: &Space, strides: &[isize]) -> Self {
        let size = |axes: Range<usize>| space.shape[axes].iter().product::<usize>().max(1);
        let kept = strides.iter().rposition(|&stride| stride == 0).map_or(0, |axis| axis + 1);
        let gone = strides[..kept].iter().rposition(|&stride| stride != 0).map_or(0, |axis| axis + 1);
        let (row, item) = (size(kept..strides.len()), size(gone..strides.len()));
        // Not where items are so short that putting a wide row together would be most of the work.
        let together = if item >= 4 * WIDE { (WIDE / row).max(1) } else { 1 };
        let is_few = together == 1 && item <= ROWS * row;
        Columns { row, wide: (!is_few).then_some(together * row), item }
    }
}

/// Takes in a block of rows that are kept.
#[inline(always)]
fn take_columns<T: Float, C: CombineLanes>(
    reduction: &Reduction,
    space: &Space,
    position: Position,
    mut block: &[T],
    results: &mut [T],
    sums: &mut [T],
) {
    let Columns { row, wide, item } = reduction.columns;
    let Some(wide) = wide else {
        for (offset, at, length) in space.segments(&reduction.strides, position.start, block.len()) {
            let segment = &block[at..at + length];
            let results = results[offset as usize..].iter_mut().zip(segment);
            results.for_each(|(total, &x)| *total = C::combine(*total, x));
        }
        return;
    };
    let (_, is_last) = position.within(block.len());
    let (mut number, mut at) = (position.start / item, position.start % item);
    let (mut rows, mut column) = (at / wide, at % wide);
    while !block.is_empty() {
        let (part, rest) = block.split_at(block.len().min(wide - column).min(item - at));
        sums[column..].iter_mut().zip(part).for_each(|(sum, &x)| *sum = C::combine(*sum, x));
        (block, at, column) = (rest, at + part.len(), column + part.len());
        if column == wide {
            (rows, column) = (rows + 1, 0);
        }
        let is_full = column == 0 && rows.is_multiple_of(ROWS);
        if at == item || is_full || is_last && block.is_empty() {
            let offset = space.segments(&reduction.strides, number * item, 1).next().map_or(0, |(at, ..)| at);
            close_columns::<T, C>(&mut results[offset as usize..][..row], &mut sums[..wide]);
        }
        if at == item {
            (number, at, rows, column) = (number + 1, 0, 0, 0);
        }
    }
}

/// Halves rows onto each other until one is left, which the results take in.
fn close_columns<T: Float, C: CombineLanes>(results: &mut [T], sums: &mut [T]) {
    let row = results.len();
    let mut count = sums.len() / row;
    while count > 1 {
        let half = count.div_ceil(2);
        let (front, back) = sums[..count * row].split_at_mut(half * row);
        front.iter_mut().zip(back).for_each(|(a, &mut b)| *a = C::combine(*a, b));
        count = half;
    }
    results.iter_mut().zip(&*sums).for_each(|(result, &sum)| *result = C::combine(*result, sum));
    sums.fill(C::neutral());
}

/// Takes elements of a row, from number `first` on, into its lanes, and those into the total where a unit or the row `ends`.
#[inline(always)]
fn collect<T: Float, C: CombineLanes>(
    mut x: &[T],
    mut first: usize,
    ends: bool,
    lanes: &mut [T],
    total: &mut T,
) {
    let mut sums = [C::neutral::<T>(); LANES];
    sums.copy_from_slice(lanes);
    while !x.is_empty() {
        let (part, rest) = x.split_at(x.len().min(UNIT - first % UNIT));
        let lane = first % LANES;
        let (head, tiles) = part.split_at(part.len().min((LANES - lane) % LANES));
        let add = |sums: &mut [T], x: &[T]| {
            sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum = C::combine(*sum, x));
        };
        add(&mut sums[lane..], head);
        let tiles = tiles.chunks_exact(LANES);
        let tail = tiles.remainder();
        for tile in tiles {
            add(&mut sums, tile);
        }
        add(&mut sums, tail);
        (x, first) = (rest, first + part.len());
        if first.is_multiple_of(UNIT) || ends && x.is_empty() {
            *total = C::combine(*total, join_lanes::<T, C>(sums));
            sums.fill(C::neutral());
        }
    }
    lanes.copy_from_slice(&sums);
}

impl Reduction {
    pub fn new(
        kind: Reduce,
        logarithms: bool,
        space: &Space,
        strides: Vec<isize>,
        at: usize,
        len: usize,
    ) -> Self {
        let columns = Columns::new(space, &strides);
        Reduction { kind, logarithms, strides, columns, at, len }
    }

    /// Whether the innermost axis is reduced.
    #[inline(always)]
    fn ends_reduced(&self) -> bool {
        self.strides.last().is_none_or(|&stride| stride == 0)
    }

    /// Whether it is to one number.
    pub fn is_whole(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 0)
    }

    /// Elements of working space for a chunk: the results, then what collects lanes.
    pub fn room(&self) -> usize {
        self.len
            + match self {
                _ if self.logarithms => 2 * LANES,
                _ if self.ends_reduced() => LANES,
                _ => self.columns.wide.unwrap_or(0),
            }
    }

    /// Makes the working space ready for a chunk.
    pub fn begin<T: Float>(&self, partial: &mut [T]) {
        partial.fill(self.kind.neutral());
        if self.logarithms {
            partial[self.len..][..LANES].fill(T::ONE); // products
        }
    }

    /// The lanes of a reduction to one number.
    pub fn lanes<'a, T: Float>(&self, partial: &'a mut [T]) -> &'a mut [T] {
        &mut partial[self.len..]
    }

    /// Where somebody else has taken `count` elements into the lanes: joins these at the end of a unit or of the chunk.
    pub fn close<T: Float>(&self, position: Position, count: usize, partial: &mut [T]) {
        let (before, is_last) = position.within(count);
        if (before + count).is_multiple_of(UNIT) || is_last {
            let (results, lanes) = partial.split_at_mut(self.len);
            let mut joined = [T::ZERO; LANES];
            joined.copy_from_slice(lanes);
            lanes.fill(self.kind.neutral());
            results[0] = match self.kind {
                Reduce::Sum => Sum::combine(results[0], join_lanes::<T, Sum>(joined)),
                Reduce::Max => Largest::combine(results[0], join_lanes::<T, Largest>(joined)),
            };
        }
    }

    /// Takes in one block.
    pub fn absorb<T: Float>(&self, space: &Space, position: Position, block: &[T], partial: &mut [T]) {
        if self.logarithms {
            let (before, is_last) = position.within(block.len());
            return run::<_, SumOfLogarithms>((block, before, is_last, partial));
        }
        match self.kind {
            Reduce::Sum => run::<_, Absorb<Sum>>((self, space, position, block, partial)),
            Reduce::Max => run::<_, Absorb<Largest>>((self, space, position, block, partial)),
        }
    }

    /// Joins the chunks' partial results, `width` apart, in a fixed order: neighbours in pairs, then pairs of pairs, so
    /// that rounding errors stay as small as in pairwise summation. The result is left in the first.
    pub fn join<T: Float>(&self, partials: &mut [T], width: usize, chunks: usize) {
        let mut step = 1;
        while step < chunks {
            for left in (0..chunks - step).step_by(2 * step) {
                let (front, back) = partials.split_at_mut((left + step) * width);
                for (a, &b) in front[left * width..][..self.len].iter_mut().zip(&back[..self.len]) {
                    *a = self.kind.combine(*a, b);
                }
            }
            step *= 2;
        }
    }
}
