//! Fixed trees for reductions: over the elements of a slice, and over equally long rows.

use bayeux_kernels::Float;
use bayeux_kernels::reduce::Combine;

/// Elements added one after the other in each of [`LANES`] running sums, before sums are combined in pairs.
const BLOCK: usize = 256;
/// Independent running results, so that the loop over a block is vectorised.
const LANES: usize = 16;

/// Reduces a slice by a nearly balanced tree.
pub(super) fn reduce_slice<T: Float, C: Combine>(x: &[T]) -> T {
    if x.len() > BLOCK {
        let half = (x.len() / 2).next_multiple_of(BLOCK);
        return C::combine(reduce_slice::<T, C>(&x[..half]), reduce_slice::<T, C>(&x[half..]));
    }
    let mut lanes = [C::neutral(); LANES];
    let chunks = x.chunks_exact(LANES);
    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = x;
    }
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = C::combine(*lane, x);
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = C::combine(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Combines equally long rows in pairs as they come, like a binary counter: row `i` of `levels` holds the result of
/// 2^i units or nothing.
pub(super) struct PairUp<T> {
    levels: Vec<Vec<T>>,
    units: usize,
}

impl<T: Float> PairUp<T> {
    pub(super) fn new() -> Self {
        Self { levels: Vec::new(), units: 0 }
    }

    pub(super) fn push<C: Combine>(&mut self, mut row: Vec<T>) {
        let mut level = 0;
        while self.units >> level & 1 == 1 {
            combine_rows::<T, C>(&mut self.levels[level], &row);
            row = std::mem::take(&mut self.levels[level]);
            level += 1;
        }
        if level == self.levels.len() {
            self.levels.push(row);
        } else {
            self.levels[level] = row;
        }
        self.units += 1;
    }

    pub(super) fn finish<C: Combine>(self, width: usize) -> Vec<T> {
        let mut total: Option<Vec<T>> = None;
        for (level, row) in self.levels.into_iter().enumerate() {
            if self.units >> level & 1 == 1 {
                total = Some(match total {
                    None => row,
                    Some(small) => {
                        let mut row = row;
                        combine_rows::<T, C>(&mut row, &small);
                        row
                    }
                });
            }
        }
        total.unwrap_or_else(|| vec![C::neutral(); width])
    }
}

pub(super) fn combine_rows<T: Float, C: Combine>(into: &mut [T], row: &[T]) {
    for (into, &x) in into.iter_mut().zip(row) {
        *into = C::combine(*into, x);
    }
}
