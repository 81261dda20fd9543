//! How channels are cut into tiles, and the offsets of taps.

use crate::conv::correlate::{each_tap, pass_channels};
use crate::lanes::{Lanes, split};
use crate::tile::Terms;

/// Most vectors of channels of a tile.
pub(in crate::conv) const VECTORS: usize = 3;

/// The vectors of channels, as tiles take them: two by two, and an odd one with the two before, as the few sums of one vector
/// would wait for each other.
#[inline(always)]
pub(in crate::conv) fn tiles(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    split(vectors, (vectors / 2).max(vectors.min(1)))
}

/// Most elements of x of any tile with an address each.
pub(super) const ANYWHERE: usize = 6;

/// Most elements of x of a tile of so many vectors, with an address each. The sums of 6 × 2, 2 vectors of weights and a broadcast
/// pixel fill 15 of AVX2's 16 registers. (4 × 3 would fill all, but the compiler takes two for pixels, and puts a sum into memory.)
pub(super) const fn anywhere<V: Lanes>(vectors: usize) -> usize {
    if vectors == VECTORS && V::ROWS <= 6 { 3 } else { ANYWHERE }
}

/// The same, of elements that one address reaches, with 32 registers: 14 × 2 sums or 9 × 3, as many vectors, a pixel. With 16
/// there are none.
pub(super) const fn in_row<V: Lanes>(vectors: usize) -> usize {
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
pub(in crate::conv) fn word(offset: usize) -> u32 {
    u32::try_from(offset).expect("a band of the convolution has fewer than 2³² elements")
}

/// The taps of a kernel: their offsets in a band, in the order of [`Terms`]. One loop over them costs fewer instructions
/// than loops over channels, rows and columns.
#[derive(Clone, Copy, Default)]
pub(in crate::conv) struct Taps<'a> {
    pub(super) offsets: &'a [u32],
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
    pub(super) fn passes(&self) -> impl Iterator<Item = &'a [u32]> {
        self.offsets.chunks(self.pass.max(1))
    }
}
