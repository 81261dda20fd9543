//! The inner loops of the forward pass and of the adjoint with respect to the input: a correlation of a padded band
//! with packed weights, in register tiles of 6 output channels × 2 vectors of pixels.
//!
//! It is a matrix product whose right factor, the matrix of patches, is never formed: the row of a tap is the padded
//! band itself, shifted by the tap's offset.

use super::padded::Padded;
use crate::Float;
use crate::lanes::{Lanes, MOST_LANES, Task, groups};

/// Output channels in a register tile: 6 × 2 accumulators, 2 vectors of pixels and a weight fill 15 of 16 registers.
const TILE: usize = 6;
/// Taps in one pass over the outputs, so that a panel of weights and its part of the band stay in the first-level cache.
const PASS_TAPS: usize = 512;

/// The taps of a correlation: channels × rows × columns, the columns of each row sorted by phase.
#[derive(Clone, Copy)]
pub(super) struct Taps {
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
    /// The horizontal stride: column v is element v / phases of phase v % phases.
    pub phases: usize,
}

impl Taps {
    pub fn len(&self) -> usize {
        self.channels * self.rows * self.columns
    }

    /// Packs weights for [`correlate`]: group after group of at most [`TILE`] output channels, in each tap after tap,
    /// in each the group's channels. `weight(o, c, u, v)` is read in the packed order.
    pub fn pack<T: Float>(
        &self,
        outputs: usize,
        panels: &mut [T],
        weight: impl Fn(usize, usize, usize, usize) -> T,
    ) {
        let mut panels = panels.iter_mut();
        for (first, count) in groups(outputs, TILE) {
            for c in 0..self.channels {
                for u in 0..self.rows {
                    for b in 0..self.phases {
                        for v in (b..self.columns).step_by(self.phases) {
                            for o in first..first + count {
                                *panels.next().expect("room for all weights") = weight(o, c, u, v);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where the outputs go: `(o, i, j)` at `o · channel_step + i · row_step + j · column_step`.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub channels: usize,
    pub size: [usize; 2],
    pub channel_step: usize,
    pub row_step: usize,
    pub column_step: usize,
}

/// `out[o, i, j] = Σ band[c, i · stride + u, j · phases + v] · weight[o, c, u, v]`.
pub(super) struct Correlate<'a, T> {
    pub taps: Taps,
    pub layout: &'a Padded,
    pub panels: &'a [T],
    /// The band, from the first output's first tap on.
    pub band: &'a [T],
    /// Rows of the band from one row of outputs to the next.
    pub stride: usize,
    pub target: Target,
    /// The outputs, from the first on.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Correlate<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Target { channels, size: [rows, columns], channel_step, row_step, column_step } = self.target;
        if channels == 0 || rows == 0 || columns == 0 {
            return;
        }
        let (taps, layout) = (self.taps, self.layout);
        // What the pointers below reach: the last pixel of the last tap, with a vector's slack, and the last output.
        let per_row = columns.div_ceil(V::N);
        let far_column = per_row * V::N - 1 + taps.columns.saturating_sub(1) / taps.phases;
        let far_row = (rows - 1) * self.stride + taps.rows.saturating_sub(1);
        if taps.len() > 0 {
            let far = (taps.channels - 1) * layout.channel_step() + far_row * layout.row_step();
            assert!(
                far + (taps.phases - 1).min(taps.columns - 1) * layout.pitch + far_column < self.band.len()
            );
        }
        assert!(self.panels.len() >= taps.len() * channels);
        assert!(
            (channels - 1) * channel_step + (rows - 1) * row_step + (columns - 1) * column_step
                < self.out.len()
        );

        let per_channel = taps.rows * taps.columns;
        let most = (PASS_TAPS / per_channel.max(1)).max(1);
        let mut first_channel = 0;
        loop {
            let taps = Taps { channels: (taps.channels - first_channel).min(most), ..taps };
            let band = &self.band[first_channel * layout.channel_step()..];
            for (first, count) in groups(channels, TILE) {
                let panel = &self.panels[first * self.taps.len() + first_channel * per_channel * count..];
                let out = &mut self.out[first * channel_step..];
                let mut vector = 0;
                while vector < rows * per_row {
                    let pixels = (rows * per_row - vector).min(2);
                    let place = [vector, vector + pixels - 1].map(|p| [p / per_row, p % per_row * V::N]);
                    let tile = Tile {
                        taps,
                        steps: [layout.channel_step(), layout.row_step(), layout.pitch],
                        panel: panel.as_ptr(),
                        band: place.map(|[i, j]| {
                            band.as_ptr().wrapping_add(i * self.stride * layout.row_step() + j)
                        }),
                        out: place
                            .map(|[i, j]| out.as_mut_ptr().wrapping_add(i * row_step + j * column_step)),
                        lanes: place.map(|[_, j]| (columns - j).min(V::N)),
                        channel_step,
                        column_step,
                        add: first_channel > 0,
                    };
                    // SAFETY: the tile's pointers reach what the assertions above have checked.
                    unsafe { tile.run::<V>(count, pixels) };
                    vector += pixels;
                }
            }
            first_channel += most;
            if first_channel >= self.taps.channels {
                break;
            }
        }
    }
}

/// One register tile: up to 6 channels of one or two vectors of pixels.
struct Tile<T> {
    taps: Taps,
    /// Steps of the band by channel, row and phase.
    steps: [usize; 3],
    panel: *const T,
    band: [*const T; 2],
    out: [*mut T; 2],
    /// How many lanes of each vector are outputs.
    lanes: [usize; 2],
    channel_step: usize,
    column_step: usize,
    /// Whether the sums are added to the outputs.
    add: bool,
}

impl<T: Float> Tile<T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(&self, channels: usize, pixels: usize) {
        // SAFETY: handed on.
        unsafe {
            match (channels, pixels) {
                (6, 2) => self.sum::<V, 6, 2>(),
                (5, 2) => self.sum::<V, 5, 2>(),
                (4, 2) => self.sum::<V, 4, 2>(),
                (3, 2) => self.sum::<V, 3, 2>(),
                (2, 2) => self.sum::<V, 2, 2>(),
                (1, 2) => self.sum::<V, 1, 2>(),
                (6, 1) => self.sum::<V, 6, 1>(),
                (5, 1) => self.sum::<V, 5, 1>(),
                (4, 1) => self.sum::<V, 4, 1>(),
                (3, 1) => self.sum::<V, 3, 1>(),
                (2, 1) => self.sum::<V, 2, 1>(),
                (1, 1) => self.sum::<V, 1, 1>(),
                _ => unreachable!("a tile has 1 to 6 channels and one or two vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn sum<V: Lanes<T = T>, const R: usize, const P: usize>(&self) {
        // SAFETY: the caller promises that all taps of all lanes lie in the band and in the panel.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); P]; R];
            let mut panel = self.panel;
            let Taps { channels, rows, columns, phases } = self.taps;
            let (short, longer) = (columns / phases, columns % phases);
            for c in 0..channels {
                for u in 0..rows {
                    for b in 0..phases {
                        let first = c * self.steps[0] + u * self.steps[1] + b * self.steps[2];
                        for t in first..first + short + usize::from(b < longer) {
                            let mut x = [V::splat(T::ZERO); P];
                            for p in 0..P {
                                x[p] = V::load(self.band[p].add(t));
                            }
                            for r in 0..R {
                                let w = V::splat(*panel.add(r));
                                for p in 0..P {
                                    sums[r][p] = sums[r][p].add_product(w, x[p]);
                                }
                            }
                            panel = panel.add(R);
                        }
                    }
                }
            }
            // By way of memory: an index known only at run time would keep the sums out of the registers above.
            let mut results = [[[T::ZERO; MOST_LANES]; P]; R];
            for r in 0..R {
                for p in 0..P {
                    sums[r][p].store(results[r][p].as_mut_ptr());
                }
            }
            for (r, results) in results.iter().enumerate() {
                for (p, values) in results.iter().enumerate() {
                    let out = self.out[p].add(r * self.channel_step);
                    if self.lanes[p] == V::N && self.column_step == 1 {
                        let sum = V::load(values.as_ptr());
                        (if self.add { V::load(out).add(sum) } else { sum }).store(out);
                    } else {
                        for (l, &value) in values[..self.lanes[p]].iter().enumerate() {
                            let out = out.add(l * self.column_step);
                            *out = if self.add { *out + value } else { value };
                        }
                    }
                }
            }
        }
    }
}
