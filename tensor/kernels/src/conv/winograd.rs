//! Convolutions of 3×3 by one pixel with 16 products where the definition has 36: Winograd's F(2×2, 3×3).
//!
//! Of a tile of 2×2 outputs, which see 4×4 pixels d of each channel of the input,
//!
//! > y = Aᵀ (Σ_c (G w Gᵀ) ⊙ (Bᵀ d B)) A
//!
//! > G = [1 0 0; ½ ½ ½; ½ −½ ½; 0 0 1], Bᵀ = [1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 1 0 −1], Aᵀ = [1 1 1 0; 0 1 −1 −1]
//!
//! with the sum over channels in the middle: for each of the 16 points a product of a matrix tiles × channels with one of channels ×
//! outputs. (A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, 2015, arXiv:1509.09308.) In f32 the results are
//! as near to the exact ones as the definition's, as the sums are shorter. An infinite or undefined pixel makes all outputs of
//! its tile undefined.

mod input;
mod kernels;
mod output;
pub(super) mod weights;

use super::Conv2dShape;
use super::channels::{Group, Outputs, Taps, VECTORS, groups};
use super::padded::Padded;
use super::parts::{PART, Parts, room};
use super::workspace::with_workspace;
use crate::Float;
use crate::lanes::{self, Lanes, Task, WIDEST, wide};
use crate::tile::Terms;
use input::POINTS;

/// Fewest channels on either side: the transforms are for each channel, the products for each pair.
const CHANNELS: usize = 16;
/// Elements of the transform of a band, which stays in the second-level cache beside some of the weights.
const TRANSFORMED: usize = 128 << 10;

/// How an image is cut.
#[derive(Clone, Copy)]
pub(super) struct Winograd {
    channels: usize,
    /// Output channels.
    outputs: usize,
    out_size: [usize; 2],
    /// Rows and columns of tiles of an image.
    tiles: [usize; 2],
    /// Rows of tiles of a band.
    band: usize,
    /// The band's copy.
    layout: Padded,
    /// Zeros above the image.
    above: usize,
}

impl Winograd {
    /// `None` if it would not pay. It depends on one image's shape only.
    pub fn new(s: &Conv2dShape) -> Option<Self> {
        let out_size = s.out_size();
        let tiles = out_size.map(|size| size.div_ceil(2));
        // Tiles that hang over the edge are computed in vain.
        let few = 2 * POINTS * tiles[0] * tiles[1] > 9 * out_size[0] * out_size[1];
        let small = s.in_channels.min(s.out_channels) < CHANNELS;
        if s.kernel != [3, 3] || s.stride != [1, 1] || s.groups != 1 || few || small {
            return None;
        }
        let row = POINTS * s.in_channels * tiles[1];
        let bands = tiles[0].div_ceil((TRANSFORMED / row).max(1));
        let band = tiles[0].div_ceil(bands);
        let layout = Padded {
            channels: s.in_channels,
            size: s.in_size,
            rows: 2 * band + 2,
            phases: 1,
            pitch: 2 * tiles[1] + 2,
            first_column: -(s.padding[1][0] as isize),
        };
        let (channels, outputs, above) = (s.in_channels, s.out_channels, s.padding[0][0]);
        Some(Self { channels, outputs, out_size, tiles, band, layout, above })
    }

    /// Elements of the packed weights, of the offsets of channels, and of those of tiles.
    pub fn shared(&self) -> [usize; 3] {
        let outputs = self.outputs.next_multiple_of(wide());
        [POINTS * self.channels * outputs, self.channels, self.band_tiles()]
    }

    fn band_tiles(&self) -> usize {
        self.band * self.tiles[1]
    }

    /// Elements of a point of a band's transform.
    fn plane(&self) -> usize {
        // With room for vectors that begin with any of them.
        self.channels * self.band_tiles() + WIDEST
    }

    /// Elements of a band's copy, its transform, the products of a group of channels and their partial sums, and its outputs.
    fn own(&self) -> [usize; 5] {
        let (tiles, group) = (self.band_tiles(), VECTORS * wide());
        let copy = self.layout.len() + 2 * WIDEST;
        [copy, POINTS * self.plane(), POINTS * tiles * group, tiles * group, 4 * tiles * group]
    }

    /// The channels of a band's transform, as taps.
    pub fn taps<'a>(&self, offsets: &'a mut [u32]) -> Taps<'a> {
        let steps = [self.band_tiles(), 0, 0, 0];
        Taps::new(&Terms { channels: self.channels, rows: 1, elements: 1, phases: 1, steps }, offsets)
    }

    /// Packs the weights.
    pub fn pack<T: Float>(&self, weights: &[T], panels: &mut [T]) {
        kernels::pack([self.outputs, self.channels], weights, panels);
    }

    /// The forward pass of one image, with what [`pack`](Self::pack) and [`taps`](Self::taps) made and the places 0, 1, …
    pub fn image<T: Float>(&self, panels: &[T], taps: Taps, places: &[u32], x: &[T], y: &mut [T]) {
        let sizes = self.own();
        with_workspace(room(&sizes) + PART, |space| {
            let mut parts = Parts::new(space);
            let [copy, transformed, products, partial, values] = sizes.map(|len| parts.next(len));
            for first in (0..self.tiles[0]).step_by(self.band) {
                let rows = self.band.min(self.tiles[0] - first);
                self.layout.fill(x, (2 * first) as isize - self.above as isize, copy);
                let (count, plane) = (rows * self.tiles[1], self.plane());
                lanes::run(input::Input {
                    layout: &self.layout,
                    band: copy,
                    tiles: [rows, self.tiles[1]],
                    channel: self.band_tiles(),
                    plane,
                    out: transformed,
                });
                for Group { first: channel, pitch, has } in groups::<T>(self.outputs) {
                    lanes::run(Products {
                        taps,
                        places: &places[..count],
                        pitch,
                        band: transformed,
                        plane,
                        panel: &panels[channel * POINTS * self.channels..],
                        sums: products,
                        partial,
                    });
                    lanes::run(output::Output {
                        products,
                        pitch,
                        tiles: [rows, self.tiles[1]],
                        first: 2 * first,
                        size: self.out_size,
                        channels: has,
                        values,
                        out: y.get_mut(channel * self.out_size[0] * self.out_size[1]..).unwrap_or_default(),
                    });
                }
            }
        });
    }
}

/// For each point, the products of a band with a group of weights: `sums[point, tile, channel]`.
struct Products<'a, T> {
    taps: Taps<'a>,
    places: &'a [u32],
    /// Channels, whole vectors.
    pitch: usize,
    /// `[point, channel of the input, tile]`, and from one point to the next.
    band: &'a [T],
    plane: usize,
    /// `[point, channel of the input, channel]`.
    panel: &'a [T],
    sums: &'a mut [T],
    partial: &'a mut [T],
}

impl<T: Float> Task<T> for Products<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (count, pitch) = (self.places.len(), self.pitch);
        let (panel, sums) = (self.taps.len() * pitch, count * pitch);
        assert!(
            self.panel.len() >= POINTS * panel
                && self.sums.len() >= POINTS * sums
                && self.partial.len() >= sums
        );
        for point in 0..POINTS {
            let outputs = Outputs {
                taps: self.taps,
                band: &self.band[point * self.plane..][..self.plane],
                offsets: self.places,
                columns: count,
                column_step: 1,
            };
            outputs.check();
            let (panel, sums) = (&self.panel[point * panel..], &mut self.sums[point * sums..]);
            let rooms = [sums.as_mut_ptr(), self.partial.as_mut_ptr()];
            // SAFETY: the assertions above.
            unsafe { outputs.block::<V>(pitch / V::N, panel.as_ptr(), 0..count, rooms) };
        }
    }
}
