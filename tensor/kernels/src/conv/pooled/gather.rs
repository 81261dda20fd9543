//! The inner loops of the adjoint with respect to the weights: the patch of each window's maximum, times the window's
//! gradient, summed over the windows of an output channel.
//!
//! A tile of sums stays in registers while all windows of some images go by, each a broadcast gradient and products
//! straight from the patch.

use super::patches::Patches;
use super::plan::PooledPlan;
use super::tiles::{Tile, for_tile, tiles};
use crate::Float;
use crate::conv::Conv2dShape;
use crate::lanes::{Lanes, Task, unrolled};

/// The offsets in a band of the patches of the maxima, from the places of one channel's windows.
pub(super) struct Offsets<'a> {
    pub plan: &'a PooledPlan,
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
    /// Whether there are two sets of sums, as a window's product waits for the one before it in its set; the same at every
    /// level, where tiles are small with narrow vectors.
    pub twice: bool,
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
            if self.twice && R * S <= 6 {
                self.add_in::<V, R, S, 2>(tile, o, sums);
            } else {
                self.add_in::<V, R, S, 1>(tile, o, sums);
            }
        }
    }

    /// In `P` sets of sums.
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
            unrolled!(r < R => unrolled!(s < S => set[0][r][s] = V::load(sums.add((r * S + s) * V::N))));
            for k in 0..self.count {
                let x = self.bands.as_ptr().add(k * self.patches.len() + tile.first_row * step + tile.first);
                let g = self.g.as_ptr().add(k * self.g_steps[0] + o * self.g_steps[1]);
                let offsets = self.offsets.as_ptr().add((k * self.s.out_channels + o) * self.windows);
                // The product of window q, added to set p.
                macro_rules! add {
                    ($q:expr, $p:expr) => {
                        let (x, g) = (x.add(*offsets.add($q) as usize), V::splat(*g.add($q)));
                        unrolled!(r < R => unrolled!(s < S => {
                            let x = V::load(x.add(r * step + s * V::N));
                            set[$p][r][s] = set[$p][r][s].add_product(g, x);
                        }));
                    };
                }
                let mut q = 0;
                while q + P <= self.windows {
                    unrolled!(p < P => { add!(q + p, p); });
                    q += P;
                }
                while q < self.windows {
                    add!(q, 0);
                    q += 1;
                }
            }
            unrolled!(r < R => unrolled!(s < S => {
                let mut sum = set[0][r][s];
                for set in &set[1..] {
                    sum = sum.add(set[r][s]);
                }
                sum.store(sums.add((r * S + s) * V::N));
            }));
        }
    }
}
