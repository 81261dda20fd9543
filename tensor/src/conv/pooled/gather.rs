//! The inner loops of the adjoint with respect to the weights: the patch of each window's maximum, times the window's
//! gradient, summed over the windows of an output channel.
//!
//! A tile of sums stays in registers while all windows of some images go by, each a broadcast gradient and products
//! straight from the patch.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

use super::patches::Patches;
use super::plan::Plan;
use super::tiles::{Tile, for_tile, tiles};
use crate::Float;
use crate::conv::Conv2dShape;
use crate::lanes::{Lanes, Task};

/// The offsets in a band of the patches of the maxima, from the places of one channel's windows.
pub(super) struct Offsets<'a> {
    pub plan: &'a Plan,
    pub corners: &'a [u32],
    pub places: &'a [u8],
    pub offsets: &'a mut [u32],
}

impl<T: Float> Task<T> for Offsets<'_> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let ([row, column], width) = (self.plan.place_steps(), self.plan.p.window[1]);
        // The row of a place is place · ⌈2¹⁶ / width⌉ / 2¹⁶, exactly, as width and place are below 2⁸.
        let (inverse, column) = ((1_u32 << 16).div_ceil(width as u32), column as u32);
        let row_end = (row as u32).wrapping_sub(width as u32 * column);
        let mut largest = 0;
        for ((offset, &corner), &place) in self.offsets.iter_mut().zip(self.corners).zip(self.places) {
            let place = u32::from(place);
            largest = largest.max(place);
            *offset = corner
                .wrapping_add(place * column)
                .wrapping_add(((place * inverse) >> 16).wrapping_mul(row_end));
        }
        let area = self.plan.area();
        assert!((largest as usize) < area, "place {largest} lies outside of a window of {area} elements");
    }
}

/// One block of channels of bands: `sums[o, u, e] += Σ g · band[offset + u · row step + e]` over the windows of channel o.
pub(super) struct Gather<'a, T> {
    pub s: &'a Conv2dShape,
    pub patches: &'a Patches,
    /// Copied bands, one behind the other.
    pub bands: &'a [T],
    /// How many bands.
    pub count: usize,
    /// Windows of one channel in a band.
    pub windows: usize,
    /// By band, channel and window; all of them are offsets of patches in a band.
    pub offsets: &'a [u32],
    /// The gradient of the first band's first window and channel.
    pub g: &'a [T],
    /// From one band's gradient to the next one's, and one channel's.
    pub g_steps: [usize; 2],
    /// The packed weights of the block.
    pub sums: &'a mut [T],
}

impl<T: Float> Task<T> for Gather<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (outputs, mut at) = (self.s.out_channels, 0);
        if self.count == 0 || outputs == 0 || self.windows == 0 {
            return;
        }
        // What the pointers below reach.
        let len = self.patches.len();
        let last = (self.s.kernel[0] - 1) * self.patches.steps[0] + self.patches.row;
        let farthest = self.offsets.iter().fold(0, |m, &offset| m.max(offset));
        assert!(farthest as usize + last <= len && self.count * len <= self.bands.len());
        assert!(self.offsets.len() == self.count * outputs * self.windows);
        let [per_band, per_channel] = self.g_steps;
        let far = (self.count - 1) * per_band + (outputs - 1) * per_channel + self.windows;
        assert!(far <= self.g.len());
        assert!(outputs * self.s.kernel[0] * self.patches.row <= self.sums.len());

        for tile in tiles(self.s, self.patches, V::N) {
            let size = tile.rows * tile.vectors * V::N;
            for o in 0..outputs {
                // SAFETY: the assertions above bound what the pointers reach.
                unsafe {
                    let sums = self.sums.as_mut_ptr().add(at);
                    for_tile!(tile, self.add::<V>(tile, o, sums));
                }
                at += size;
            }
        }
    }
}

impl<T: Float> Gather<'_, T> {
    /// Adds the products of all of channel `o`'s windows to the tile's sums.
    #[inline(always)]
    unsafe fn add<V: Lanes<T = T>, const R: usize, const S: usize>(
        &self,
        tile: Tile,
        o: usize,
        sums: *mut T,
    ) {
        // SAFETY: handed on.
        unsafe {
            if R * S <= 6 {
                self.add_in::<V, R, S, 2>(tile, o, sums);
            } else {
                self.add_in::<V, R, S, 1>(tile, o, sums);
            }
        }
    }

    /// In `P` sets of sums, as a window's product waits for the one before it in its set.
    #[inline(always)]
    unsafe fn add_in<V: Lanes<T = T>, const R: usize, const S: usize, const P: usize>(
        &self,
        tile: Tile,
        o: usize,
        sums: *mut T,
    ) {
        // SAFETY: the caller promises that the patches of all windows are in reach.
        unsafe {
            let step = self.patches.steps[0];
            let mut set = [[[V::splat(T::ZERO); S]; R]; P];
            for r in 0..R {
                for s in 0..S {
                    set[0][r][s] = V::load(sums.add((r * S + s) * V::N));
                }
            }
            for k in 0..self.count {
                let x = self.bands.as_ptr().add(k * self.patches.len() + tile.first_row * step + tile.first);
                let g = self.g.as_ptr().add(k * self.g_steps[0] + o * self.g_steps[1]);
                let offsets = self.offsets.as_ptr().add((k * self.s.out_channels + o) * self.windows);
                let rows: [*const T; R] = std::array::from_fn(|r| x.wrapping_add(r * step));
                let mut q = 0;
                while q + P <= self.windows {
                    for p in 0..P {
                        let (at, g) = (*offsets.add(q + p) as usize, V::splat(*g.add(q + p)));
                        for r in 0..R {
                            for s in 0..S {
                                set[p][r][s] =
                                    set[p][r][s].add_product(g, V::load(rows[r].add(at + s * V::N)));
                            }
                        }
                    }
                    q += P;
                }
                while q < self.windows {
                    let (at, g) = (*offsets.add(q) as usize, V::splat(*g.add(q)));
                    for r in 0..R {
                        for s in 0..S {
                            set[0][r][s] = set[0][r][s].add_product(g, V::load(rows[r].add(at + s * V::N)));
                        }
                    }
                    q += 1;
                }
            }
            for r in 0..R {
                for s in 0..S {
                    let mut sum = set[0][r][s];
                    for p in 1..P {
                        sum = sum.add(set[p][r][s]);
                    }
                    sum.store(sums.add((r * S + s) * V::N));
                }
            }
        }
    }
}
