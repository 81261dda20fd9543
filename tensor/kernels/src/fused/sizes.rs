//! How much a loop does at a time.

use std::ops::Range;

use super::Step;
use super::file::FILE;
use super::noise;
use super::region::Region;
use crate::Float;
use crate::native::program::Op;
use crate::simd::combined::TILE;

/// Bytes that a block's registers and operands may fill: more than an L1 cache holds, since calls cost more than the L2.
const BLOCK_BYTES: usize = 64 << 10;
/// The fewest and the most elements in a block.
const BLOCK: (usize, usize) = (128, 1024);
/// The elements of a block for which only compiled arithmetic is done: it needs no registers.
const LONG_BLOCK: usize = 8192;
/// Chunks are of multiples of so many elements.
const CHUNK: usize = 1024;
/// The most chunks, and the fewest elements worth a task of their own: of sums and products, and of functions.
const MAX_CHUNKS: usize = 64;
const MIN_CHUNK: usize = 8 << 10;
const MIN_CHUNK_OF_FUNCTIONS: usize = 2 << 10;

/// The elements of a block: whole tiles. Of the register file, `fixed` elements are for other things; memory is fetched for
/// `ahead` arrays. A loop without registers and kernels takes `long` blocks.
pub(super) fn block_len<T: Float>(
    fixed: usize,
    registers: usize,
    ahead: usize,
    long: bool,
    noise: bool,
) -> usize {
    let room = FILE.saturating_sub(fixed) / registers.max(1);
    assert!(room >= TILE, "{registers} values at once are too many for one loop");
    let block = if long {
        LONG_BLOCK
    } else {
        (BLOCK_BYTES / size_of::<T>() / (registers + ahead).max(1)).clamp(BLOCK.0, BLOCK.1)
    };
    // Whole batches of noise, unless so many registers would not fit.
    let batch = if noise { noise::batch::<T>() } else { TILE };
    let unit = if batch <= room { batch } else { TILE };
    (block.min(room) / unit * unit).max(unit)
}

/// How many elements a task takes, each of which so many functions are computed of: few enough tasks that their partial reductions,
/// `reduced` elements each, stay smaller than the work itself. The same for all instruction sets, since the order of sums depends
/// on it.
pub(super) fn chunk_len(len: usize, functions: usize, reduced: usize) -> usize {
    let affordable = len.max(1 << 16).checked_div(reduced).unwrap_or(MAX_CHUNKS);
    let fewest = (MIN_CHUNK / functions.max(1)).max(MIN_CHUNK_OF_FUNCTIONS);
    let chunks = MAX_CHUNKS.min(affordable).min(len / fewest).max(1);
    len.div_ceil(chunks).next_multiple_of(CHUNK)
}

/// What a function of one number takes, in about cycles for a vector of 256 bits.
const FUNCTION: usize = 20;

/// What a step takes, in the same.
fn cost<T>(step: &Step<T>, regions: &[Region]) -> usize {
    match *step {
        Step::Region { number } => {
            let lines = &regions[number].program.lines;
            lines.iter().map(|line| if matches!(line.op, Op::Function(_)) { FUNCTION } else { 1 }).sum()
        }
        Step::Gather { .. } | Step::Tiled { .. } | Step::Stream { .. } | Step::Reduce { .. } => 2,
        Step::Noise { .. } | Step::Unary { .. } | Step::Binary { .. } | Step::Ternary { .. } => FUNCTION,
    }
}

/// What all steps take for so many elements, in about cycles.
pub(super) fn cycles<T>(steps: &[Step<T>], regions: &[Region], len: usize) -> usize {
    let each: usize = steps.iter().map(|step| cost(step, regions)).sum();
    each.saturating_mul((len * size_of::<T>()).div_ceil(32))
}

/// Spreads the fetching of the next block's lines over the steps of this one, in proportion to how long they take, so that
/// memory and arithmetic work at the same time.
pub(super) fn fetched<T>(steps: &[Step<T>], regions: &[Region], lines: usize) -> Vec<Range<usize>> {
    let cost = |step: &Step<T>| cost(step, regions);
    let all = steps.iter().map(cost).sum::<usize>().max(1);
    let (mut before, mut first) = (0, 0);
    let range = |step| {
        before += cost(step);
        let range = first..before * lines / all;
        first = range.end;
        range
    };
    steps.iter().map(range).collect()
}
