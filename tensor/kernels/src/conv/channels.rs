//! Convolutions with channels in the lanes, so that narrow rows waste none: a tile is some outputs × vectors of channels.
//! What the three passes share: how channels are cut into tiles, and the offsets of taps and outputs.

mod block;
mod forward;
pub(super) mod input;
mod pack;
mod sums;
pub(super) mod weights;

pub(super) use block::Outputs;
pub(super) use forward::{ByChannel, to_planes};
pub(super) use pack::{Group, for_each_group, groups, pack, together};
pub(super) use sums::{Pixels, Rows, sums};

use super::correlate::{each_tap, pass_channels};
use super::plan::Plan;
use crate::lanes::{Lanes, split};
use crate::tile::Terms;

/// Most vectors of channels of a tile.
pub(super) const VECTORS: usize = 3;

/// The vectors of channels, as tiles take them: two by two, and an odd one with the two before, as the few sums of one vector
/// would wait for each other.
#[inline(always)]
pub(super) fn tiles(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    split(vectors, (vectors / 2).max(vectors.min(1)))
}

/// Most elements of x of any tile with an address each.
const ANYWHERE: usize = 6;

/// Most elements of x of a tile of so many vectors, with an address each. The sums of 6 × 2, 2 vectors of weights and a broadcast
/// pixel fill 15 of AVX2's 16 registers. (4 × 3 would fill all, but the compiler takes two for pixels, and puts a sum into memory.)
const fn anywhere<V: Lanes>(vectors: usize) -> usize {
    if vectors == VECTORS && V::ROWS <= 6 { 3 } else { ANYWHERE }
}

/// The same, of elements that one address reaches, with 32 registers: 14 × 2 sums or 9 × 3, as many vectors, a pixel. With 16
/// there are none.
const fn in_row<V: Lanes>(vectors: usize) -> usize {
    match (V::ROWS > 6, vectors) {
        (false, _) => 0,
        (true, VECTORS) => 9,
        (true, _) => 14,
    }
}

/// An offset in a band.
///
/// # Panics
/// If it does not fit.
pub(super) fn word(offset: usize) -> u32 {
    u32::try_from(offset).expect("a band of the convolution has fewer than 2³² elements")
}

/// The taps of a kernel: their offsets in a band, in the order of [`Terms`]. One loop over them costs fewer instructions
/// than loops over channels, rows and columns.
#[derive(Clone, Copy, Default)]
pub(super) struct Taps<'a> {
    offsets: &'a [u32],
    /// The largest offset.
    pub reach: usize,
    /// Taps in a pass; the sums of the passes are added up one after the other.
    pass: usize,
}

impl<'a> Taps<'a> {
    /// The taps, whose offsets are written to `offsets`.
    pub fn new(terms: &Terms, offsets: &'a mut [u32]) -> Self {
        let offsets = &mut offsets[..terms.len()];
        let (mut next, mut reach) = (offsets.iter_mut(), 0);
        each_tap(terms, |tap| {
            let (row, v) = (tap / terms.elements, tap % terms.elements);
            let places = [row / terms.rows, row % terms.rows, v % terms.phases, v / terms.phases];
            let offset = places.iter().zip(&terms.steps).map(|(n, step)| n * step).sum();
            *next.next().expect("an offset for each tap") = word(offset);
            reach = reach.max(offset);
        });
        let pass = pass_channels(terms) * terms.rows * terms.elements;
        Self { offsets, reach, pass }
    }

    /// Taps of these offsets, ascending, in one pass.
    pub fn of(offsets: &'a [u32]) -> Self {
        let reach = offsets.last().map_or(0, |&last| last as usize);
        Self { offsets, reach, pass: offsets.len() }
    }

    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The offsets of the taps of each pass.
    #[inline(always)]
    fn passes(&self) -> impl Iterator<Item = &'a [u32]> {
        self.offsets.chunks(self.pass.max(1))
    }
}

/// Writes the offsets of a band's outputs.
pub(super) fn offsets<'a>(plan: &Plan, outputs: &'a mut [u32]) -> &'a [u32] {
    let ([row_step, step], columns) = (plan.steps(), plan.out_size[1]);
    let outputs = &mut outputs[..plan.band * columns];
    for (q, output) in outputs.iter_mut().enumerate() {
        *output = word(q / columns * row_step + q % columns * step);
    }
    outputs
}
