//! Rows combined with each other, element by element.
//!
//! Short rows are taken together for wide ones. These are combined in fours, block by block; then the blocks, and at last the short
//! rows of what is left of wide ones, are halved onto each other.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::{AHEAD, CombineLanes, Extent, Kind, TASK};
use crate::Float;
use crate::lanes::{self, Lanes, Task, unrolled};
use crate::memory::{LINE, fetch};
use crate::simd::dispatch::{LoopPerLevel, run};
use crate::simd::fma::MulAdd;

/// Wide rows of a block.
const ROWS: usize = 128;
/// Elements of a wide row, at most, if it is of several short ones, of which there are so many times as many at least.
const WIDE: usize = 1024;
const TIMES: usize = 8;

/// How rows are taken together.
#[derive(Clone, Copy)]
pub(super) struct WideRows {
    /// Short rows in a wide one, and its elements.
    pub group: usize,
    pub width: usize,
    /// Wide rows, the last of which may be only a part, and those that are whole.
    pub whole: usize,
    /// Elements of the part.
    pub part: usize,
}

impl WideRows {
    pub fn new(Extent { count, inner, .. }: Extent) -> Self {
        let group = (WIDE / inner).min(count / TIMES).max(1);
        let whole = count / group;
        WideRows { group, width: group * inner, whole, part: (count - whole * group) * inner }
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
    let cut = WideRows::new(extent);
    if cut.is_direct() { 0 } else { extent.outer * cut.blocks(ROWS) * cut.width }
}

pub(super) fn reduce<T: Float, C: CombineLanes>(
    x: &[T],
    extent: Extent,
    results: &mut [T],
    scratch: &mut [T],
) {
    let cut = WideRows::new(extent);
    let (size, blocks) = (extent.count * extent.inner, cut.blocks(ROWS));
    let blockwise = |blocks_of: &mut [T]| {
        let block = |(number, to): (usize, &mut [T])| {
            let (item, first) = (number / blocks, number % blocks * ROWS);
            let x = &x[item * size + first * cut.width..(item + 1) * size];
            let rows = ROWS.min(cut.whole - first);
            let strip = |(i, to): (usize, &mut [T])| {
                lanes::run(Fours::<T, C>(&x[i * cut.strip(ROWS)..], cut.width, rows, to, PhantomData));
            };
            if cut.width <= cut.strip(ROWS) {
                strip((0, to));
            } else {
                to.par_chunks_mut(cut.strip(ROWS)).enumerate().for_each(strip);
            }
        };
        if x.len() <= TASK {
            return blocks_of.chunks_mut(cut.width).enumerate().for_each(block);
        }
        let tasks = blocks_of.par_chunks_mut(cut.width).enumerate();
        tasks.with_min_len((TASK / (cut.whole.min(ROWS) * cut.width)).max(1)).for_each(block);
    };
    if cut.is_direct() {
        return blockwise(results);
    }
    let scratch = &mut scratch[..extent.outer * blocks * cut.width];
    blockwise(scratch);
    let items = results.chunks_mut(extent.inner).zip(scratch.chunks_mut(blocks * cut.width));
    for ((results, blocks), x) in items.zip(x.chunks(size)) {
        let wide = halved::<T, C>(blocks, cut.width);
        run::<_, Onto<C>>((&mut wide[..cut.part], &x[size - cut.part..]));
        results.copy_from_slice(halved::<T, C>(wide, extent.inner));
    }
}

/// Rows of a width halved onto each other until one is left.
fn halved<T: Float, C: CombineLanes>(mut rows: &mut [T], width: usize) -> &mut [T] {
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

impl<T: Float, C: CombineLanes> LoopPerLevel<(&mut [T], &[T])> for Onto<C> {
    #[inline(always)]
    fn run<M: MulAdd>((a, b): (&mut [T], &[T])) {
        for (a, &b) in a.iter_mut().zip(b) {
            *a = C::combine(*a, b);
        }
    }
}

/// Combines as many rows, so far apart, as long as the result.
struct Fours<'a, T, C>(&'a [T], usize, usize, &'a mut [T], PhantomData<C>);

impl<T: Float, C: CombineLanes> Task<T> for Fours<'_, T, C> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Fours(x, step, rows, to, _) = self;
        assert!(x.len() >= (rows - 1) * step + to.len(), "length of so many rows");
        let mut buffer = MaybeUninit::<Strip>::uninit();
        let totals = buffer.as_mut_ptr().cast::<T>();
        for (number, to) in to.chunks_mut(strip::<T>()).enumerate() {
            // SAFETY: the caller has checked for the instructions of V; so many rows of as many elements begin at x, and there is room
            // for a strip of totals, whose rest of a vector may be anything.
            unsafe {
                let x = x.as_ptr().add(number * strip::<T>());
                let mut done = 0;
                while done < rows {
                    let fours = done + 4 <= rows;
                    let next = after(x, step, [done, rows]);
                    let x = x.add(done * step);
                    let mut at = 0;
                    while at < to.len() {
                        let left = to.len() - at;
                        unrolled!(row < 4 => fetch(next[row].wrapping_add(at)));
                        unrolled!(k < LINE / size_of::<T>() / V::N => if k * V::N < left {
                            let (x, left) = (x.add(at + k * V::N), left - k * V::N);
                            let totals = totals.add(at + k * V::N);
                            let a = load::<V>(x, left);
                            if fours {
                                let [b, c, d] = [load::<V>(x.add(step), left), load::<V>(x.add(2 * step), left), load::<V>(x.add(3 * step), left)];
                                // Of the largest any tree gives the same. A chain takes longer but keeps pace with memory.
                                let total = if C::KIND == Kind::Sum {
                                    C::vectors(C::vectors(a, b), C::vectors(c, d))
                                } else {
                                    let first = if done > 0 { C::vectors(V::load(totals), a) } else { a };
                                    C::vectors(C::vectors(C::vectors(first, b), c), d)
                                };
                                if C::KIND == Kind::Sum && done > 0 {
                                    C::vectors(V::load(totals), total)
                                } else {
                                    total
                                }
                                .store(totals);
                            } else if done > 0 {
                                C::vectors(V::load(totals), a).store(totals);
                            } else {
                                a.store(totals);
                            }
                        });
                        at += LINE / size_of::<T>();
                    }
                    done += if fours { 4 } else { 1 };
                }
                std::ptr::copy_nonoverlapping(totals, to.as_mut_ptr(), to.len());
            }
        }
    }
}

/// Elements of a strip, of which four rows are read at once, and asked for.
pub(super) const fn strip<T>() -> usize {
    AHEAD / 4 / size_of::<T>()
}

/// Room for a strip.
#[repr(align(64))]
pub(super) struct Strip {
    _bytes: [u8; AHEAD / 4],
}

/// A vector, or as many elements as are left.
///
/// # Safety
/// The processor has the instructions of V; so many elements can be read.
#[inline(always)]
pub(super) unsafe fn load<V: Lanes>(x: *const V::T, left: usize) -> V {
    // SAFETY: the caller's.
    unsafe { if left < V::N { V::load_first(x, left) } else { V::load(x) } }
}

/// The four rows after those that are read: below, or beyond the last row those of the strip beside, if there is one.
#[inline(always)]
pub(super) fn after<T>(x: *const T, step: usize, [done, rows]: [usize; 2]) -> [*const T; 4] {
    let mut next = [x; 4];
    for (next, row) in next.iter_mut().zip(done + 4..) {
        let beside = row >= rows && step > strip::<T>();
        let at = if beside { (row - rows) * step + strip::<T>() } else { row * step };
        *next = next.wrapping_add(at);
    }
    next
}
