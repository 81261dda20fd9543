//! The inner loops of the adjoint with respect to the input, the transpose of [`super::gather`]: weights times gradients
//! are added to the patches of the windows' maxima.
//!
//! The windows are sorted by the output that their maximum is, so that a tile of the patch stays in registers while the
//! channels with their maximum there go by. To add each window on its own would take a store for each product.

use super::patches::Patches;
use super::plan::PooledPlan;
use super::tiles::{for_tile, tiles};
use crate::Float;
use crate::conv::Conv2dShape;
use crate::lanes::{Lanes, Task, unrolled};

/// The windows of a band, sorted by window and place, in the order of the channels.
pub(super) struct Sorted<'a, T> {
    /// Of window q and place p, number q · area + p: the first item after its own.
    pub ends: &'a mut [u32],
    /// Of an item: the output channel.
    pub channels: &'a mut [u32],
    /// Of an item: the gradient.
    pub g: &'a mut [T],
}

impl<T: Float> Sorted<'_, T> {
    /// Sorts (by counting) the windows of all channels, whose gradients and places are `per_channel` apart.
    pub fn sort(&mut self, plan: &PooledPlan, windows: usize, g: &[T], places: &[u8], per_channel: usize) {
        let area = plan.area();
        let ends = &mut self.ends[..windows * area];
        ends.fill(0);
        let channels = || (0..plan.c.out_channels).map(|o| o * per_channel);
        for at in channels() {
            for (ends, &place) in ends.chunks_exact_mut(area).zip(&places[at..][..windows]) {
                assert!(
                    usize::from(place) < area,
                    "place {place} lies outside of a window of {area} elements"
                );
                ends[usize::from(place)] += 1;
            }
        }
        let mut sum = 0;
        for end in &mut *ends {
            (*end, sum) = (sum, sum + *end);
        }
        for (o, at) in channels().enumerate() {
            let windows = places[at..].iter().zip(&g[at..]);
            for (ends, (&place, &g)) in ends.chunks_exact_mut(area).zip(windows) {
                let end = &mut ends[usize::from(place)];
                (self.channels[*end as usize], self.g[*end as usize]) = (o as u32, g);
                *end += 1;
            }
        }
    }
}

/// One block of channels of a band: `band[offset + u · row step + e] += Σ g · panel[o, u, e]` over the items of each
/// place.
pub(super) struct Spread<'a, T> {
    pub s: &'a Conv2dShape,
    pub patches: &'a Patches,
    /// The packed weights of the block.
    pub panels: &'a [T],
    pub sorted: &'a Sorted<'a, T>,
    /// The offset in the band of the patch of each window and place.
    pub offsets: &'a [u32],
    pub band: &'a mut [T],
}

impl<T: Float> Task<T> for Spread<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (outputs, mut at) = (self.s.out_channels, 0);
        if outputs == 0 {
            return;
        }
        // What the pointers below reach.
        let last = (self.s.kernel[0] - 1) * self.patches.steps[0] + self.patches.row;
        let farthest = self.offsets.iter().fold(0, |m, &offset| m.max(offset));
        assert!(farthest as usize + last <= self.band.len());
        assert!(outputs * self.s.kernel[0] * self.patches.row <= self.panels.len());
        assert!(self.offsets.len() <= self.sorted.ends.len());
        let items = self.sorted.ends[..self.offsets.len()].last().map_or(0, |&end| end as usize);
        assert!(self.sorted.ends[..self.offsets.len()].is_sorted());
        assert!(self.sorted.channels[..items].iter().fold(0, |m, &o| m.max(o)) < outputs as u32);
        assert!(items <= self.sorted.g.len());

        let band = self.band.as_mut_ptr();
        for tile in tiles(self.s, self.patches, V::N) {
            // SAFETY: the assertions above bound what the pointers reach.
            unsafe {
                let panel = self.panels.as_ptr().add(at);
                let band = band.add(tile.first_row * self.patches.steps[0] + tile.first);
                for_tile!(tile, self.add::<V>(panel, band));
            }
            at += outputs * tile.rows * tile.vectors * V::N;
        }
    }
}

impl<T: Float> Spread<'_, T> {
    /// Adds the products of one tile of all patches.
    #[inline(always)]
    unsafe fn add<V: Lanes<T = T>, const R: usize, const S: usize>(&self, panel: *const T, band: *mut T) {
        // SAFETY: the caller promises that the patches of all windows and the weights of all items are in reach.
        unsafe {
            let step = self.patches.steps[0];
            let (channels, g) = (self.sorted.channels.as_ptr(), self.sorted.g.as_ptr());
            let mut item = 0;
            for (&offset, &end) in self.offsets.iter().zip(&*self.sorted.ends) {
                let end = end as usize;
                if item == end {
                    continue;
                }
                let x = band.add(offset as usize);
                let mut sums = [[V::splat(T::ZERO); S]; R];
                unrolled!(r < R => unrolled!(s < S => sums[r][s] = V::load(x.add(r * step + s * V::N))));
                while item < end {
                    let panel = panel.add(*channels.add(item) as usize * (R * S * V::N));
                    let g = V::splat(*g.add(item));
                    unrolled!(r < R => unrolled!(s < S => {
                        sums[r][s] = sums[r][s].add_product(g, V::load(panel.add((r * S + s) * V::N)));
                    }));
                    item += 1;
                }
                unrolled!(r < R => unrolled!(s < S => sums[r][s].store(x.add(r * step + s * V::N))));
            }
        }
    }
}
