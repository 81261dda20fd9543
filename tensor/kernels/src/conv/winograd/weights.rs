//! The adjoint with respect to the weights: the adjoints of the forward pass's steps, in reverse order,
//!
//! > dw = Gᵀ (Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ)) G
//!
//! for each point a product of a matrix input channels × tiles with one of tiles × output channels.

use rayon::prelude::*;

use super::{POINTS, input, kernels};
use crate::conv::Conv2dShape;
use crate::conv::channels::{self, Group, Outputs, Taps, word};
use crate::conv::parts::{PART, Parts, room, total};
use crate::conv::pixels::ToPixels;
use crate::conv::plan::{Plan, partials};
use crate::conv::workspace::with_workspace;
use crate::float::words;
use crate::lanes::{self, Lanes, Task, groups, unrolled, wide};
use crate::tile::Terms;
use crate::{Element, Float};

/// Tiles that are added up in registers: with their gradients they stay in the second-level cache.
const TILES: usize = 128;

/// How the tiles are cut.
pub(in crate::conv) struct Weights<'a> {
    s: &'a Conv2dShape,
    out_size: [usize; 2],
    /// Rows and columns of tiles of an image.
    tiles: [usize; 2],
    /// Rows of tiles of a band, bands of an image, bands that are added up in registers.
    band: usize,
    bands: usize,
    block: usize,
    /// Chunks of bands, and the bands of all but the last.
    chunks: usize,
    chunk: usize,
}

impl<'a> Weights<'a> {
    /// `None` where the forward pass has no tiles either.
    pub fn new(s: &'a Conv2dShape) -> Option<Self> {
        Plan::forward(s).winograd?;
        let out_size = s.out_size();
        let tiles = out_size.map(|size| size.div_ceil(2));
        let band = (TILES / tiles[1]).clamp(1, tiles[0]);
        let bands = tiles[0].div_ceil(band);
        let band = tiles[0].div_ceil(bands);
        let chunk = (s.batch * bands).div_ceil(partials(s)).max(1);
        let chunks = (s.batch * bands).div_ceil(chunk);
        let block = (TILES / (band * tiles[1])).clamp(1, chunk);
        Some(Self { s, out_size, tiles, band, bands, block, chunks, chunk })
    }

    /// Channels of the input and of the output, in whole vectors.
    fn pixel(&self) -> [usize; 2] {
        [self.s.in_channels, self.s.out_channels].map(|channels| channels.next_multiple_of(wide()))
    }

    fn block_tiles(&self) -> usize {
        self.block * self.band * self.tiles[1]
    }

    /// Elements of the offsets of the tiles and of the channels.
    fn shared(&self) -> [usize; 2] {
        [self.block_tiles(), self.s.in_channels]
    }

    /// Elements of a chunk's sums.
    fn sums(&self) -> usize {
        POINTS * self.s.in_channels * self.pixel()[1]
    }

    /// Rows and columns of the input that a band sees.
    fn seen(&self) -> [usize; 2] {
        [2 * self.band + 2, 2 * self.tiles[1] + 2]
    }

    /// Elements of a band's copies, of the input and of the gradients, and of their transforms.
    fn own(&self) -> [usize; 4] {
        let ([input, output], [rows, columns]) = (self.pixel(), self.seen());
        let points = POINTS * self.block_tiles();
        [rows * columns * input, 2 * self.band * self.out_size[1] * output, points * input, points * output]
    }

    pub fn scratch(&self) -> usize {
        total(&[room(&self.shared()), self.chunks.saturating_mul(room(&[self.sums()])), PART])
    }

    /// See [`conv2d_weights`](crate::conv2d_weights).
    pub fn run<T: Float>(&self, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
        let mut all = Parts::new(scratch);
        let [offsets, channels] = self.shared().map(|len| &mut words(all.next(len))[..len]);
        let steps = [self.pixel()[0], 0, 0, 0];
        let terms = Terms { channels: offsets.len(), rows: 1, elements: 1, phases: 1, steps };
        Taps::new(&terms, offsets);
        channels.iter_mut().enumerate().for_each(|(place, channel)| *channel = word(place));
        let (offsets, channels, each) = (&*offsets, &*channels, room(&[self.sums()]));
        let partials = all.next(self.chunks * each);
        partials.par_chunks_mut(each).enumerate().for_each(|(chunk, sums)| {
            let sizes = self.own();
            with_workspace(room(&sizes) + PART, |space| {
                let mut parts = Parts::new(space);
                let parts = sizes.map(|len| parts.next(len));
                self.chunk(chunk, [offsets, channels], [x, dy], parts, sums);
            });
        });
        kernels::unpack([self.s.out_channels, self.s.in_channels], partials, each, dw);
    }

    /// The sums over a chunk's tiles: group after group of vectors of output channels, in each `[point, channel, output channel]`.
    fn chunk<T: Float>(
        &self,
        chunk: usize,
        [offsets, places]: [&[u32]; 2],
        [x, dy]: [&[T]; 2],
        [pixels, gradients, transformed, factors]: [&mut [T]; 4],
        sums: &mut [T],
    ) {
        sums.fill(T::ZERO);
        let (input, outputs, most) = (self.pixel()[0], self.s.out_channels, self.block_tiles());
        let start = chunk * self.chunk;
        let bands = self.chunk.min(self.s.batch * self.bands - start);
        for (first, count) in groups(bands, self.block) {
            let mut at = 0;
            for band in start + first..start + first + count {
                let (image, row) = (band / self.bands, band % self.bands * self.band);
                let rows = self.band.min(self.tiles[0] - row);
                self.copy_input(image, row, x, pixels);
                lanes::run(input::Pixels {
                    pixels,
                    pixel: input,
                    columns: self.seen()[1],
                    tiles: [rows, self.tiles[1]],
                    plane: most * input,
                    out: &mut transformed[at * input..],
                });
                self.copy_gradients(image, row, dy, gradients);
                for Group { first: channel, pitch, .. } in channels::groups::<T>(outputs) {
                    lanes::run(Gradients {
                        pixels: &gradients[2 * self.band * self.out_size[1] * channel..],
                        size: [(2 * rows).min(self.out_size[0] - 2 * row), self.out_size[1]],
                        pitch,
                        tiles: [rows, self.tiles[1]],
                        plane: most * pitch,
                        out: &mut factors[POINTS * most * channel + at * pitch..],
                    });
                }
                at += rows * self.tiles[1];
            }
            for Group { first: channel, pitch, .. } in channels::groups::<T>(outputs) {
                lanes::run(Products {
                    taps: Taps::of(&offsets[..at]),
                    channels: places,
                    pitch,
                    transformed,
                    plane: most * input,
                    panel: &factors[POINTS * most * channel..],
                    most,
                    sums: &mut sums[POINTS * self.s.in_channels * channel..],
                });
            }
        }
    }

    /// Copies what the band from row `first` of tiles on sees, channels last, zero outside of the image.
    fn copy_input<T: Float>(&self, image: usize, first: usize, x: &[T], pixels: &mut [T]) {
        let (s, [h, w], pixel, [rows, columns]) = (self.s, self.s.in_size, self.pixel()[0], self.seen());
        let x = &x[image * s.in_channels * h * w..][..s.in_channels * h * w];
        let [above, left] = [s.padding[0][0], s.padding[1][0]];
        pixels.fill(T::ZERO);
        for (row, pixels) in pixels.chunks_exact_mut(columns * pixel).take(rows).enumerate() {
            let Some(row) = (2 * first + row).checked_sub(above).filter(|&row| row < h) else { continue };
            lanes::run(ToPixels {
                planes: &x[row * w..],
                channels: s.in_channels,
                step: h * w,
                count: w,
                pixel,
                pixels: &mut pixels[left * pixel..],
            });
        }
    }

    /// Copies the band's gradients, channels last, for each group of vectors on its own.
    fn copy_gradients<T: Float>(&self, image: usize, first: usize, dy: &[T], pixels: &mut [T]) {
        let ([h, w], outputs) = (self.out_size, self.s.out_channels);
        let count = (2 * self.band).min(h - 2 * first) * w;
        let planes = &dy[image * outputs * h * w..][..outputs * h * w];
        for group in channels::groups::<T>(outputs) {
            lanes::run(ToPixels {
                planes: planes.get(group.first * h * w + 2 * first * w..).unwrap_or_default(),
                channels: group.has,
                step: h * w,
                count,
                pixel: group.pitch,
                pixels: &mut pixels[2 * self.band * w * group.first..],
            });
        }
    }
}

/// `A dy Aᵀ` of the gradients of each tile and channel: `out[point, tile, channel]`.
struct Gradients<'a, T> {
    /// Channels last, and how many rows and columns of them.
    pixels: &'a [T],
    size: [usize; 2],
    /// Channels, whole vectors.
    pitch: usize,
    tiles: [usize; 2],
    /// From one point to the next.
    plane: usize,
    out: &'a mut [T],
}

impl<T: Float> Task<T> for Gradients<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { pixels, size: [h, w], pitch, tiles: [rows, columns], plane, out } = self;
        // What the pointers below reach.
        assert!(h * w * pitch <= pixels.len() && pitch.is_multiple_of(V::N));
        assert!((POINTS - 1) * plane + rows * columns * pitch <= out.len());
        for (i, t) in (0..rows).flat_map(|i| (0..columns).map(move |t| (i, t))) {
            for c in (0..pitch).step_by(V::N) {
                // SAFETY: the assertions above; outputs that there are none of are not read.
                unsafe {
                    let from = pixels.as_ptr().wrapping_add((2 * i * w + 2 * t) * pitch + c);
                    let zero = V::splat(T::ZERO);
                    let mut d = [[zero; 2]; 2];
                    unrolled!(a < 2 => unrolled!(b < 2 => if 2 * i + a < h && 2 * t + b < w {
                        d[a][b] = V::load(from.add((a * w + b) * pitch));
                    }));
                    let mut rows = [[zero; 2]; 4];
                    unrolled!(b < 2 => {
                        [rows[0][b], rows[1][b], rows[2][b], rows[3][b]] = points::<V>(d[0][b], d[1][b]);
                    });
                    let to = out.as_mut_ptr().add((i * columns + t) * pitch + c);
                    unrolled!(r < 4 => {
                        let points = points::<V>(rows[r][0], rows[r][1]);
                        unrolled!(j < 4 => points[j].store(to.add((4 * r + j) * plane)));
                    });
                }
            }
        }
    }
}

/// `A d`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn points<V: Lanes>(d0: V, d1: V) -> [V; 4] {
    // SAFETY: handed on.
    unsafe { [d0, d0.add(d1), d0.sub(d1), V::splat(V::T::ZERO).sub(d1)] }
}

/// For each point, adds the products of the tiles' pixels and gradients to `sums[point, channel, output channel]`.
struct Products<'a, T> {
    taps: Taps<'a>,
    channels: &'a [u32],
    /// Output channels, whole vectors.
    pitch: usize,
    /// `[point, tile, channel]`, and from one point to the next.
    transformed: &'a [T],
    plane: usize,
    /// `[point, tile, output channel]`, of so many tiles.
    panel: &'a [T],
    most: usize,
    sums: &'a mut [T],
}

impl<T: Float> Task<T> for Products<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (count, pitch) = (self.channels.len(), self.pitch);
        assert!(self.panel.len() >= POINTS * self.most * pitch && self.taps.len() <= self.most);
        assert!(self.sums.len() >= POINTS * count * pitch);
        for point in 0..POINTS {
            let outputs = Outputs {
                taps: self.taps,
                band: &self.transformed[point * self.plane..][..self.plane],
                offsets: self.channels,
                columns: count,
                column_step: 1,
            };
            outputs.check();
            let panel = self.panel[point * self.most * pitch..].as_ptr();
            let sums = self.sums[point * count * pitch..].as_mut_ptr();
            // SAFETY: the assertions above; so few tiles are one part of a pass, which needs no room of its own.
            unsafe { outputs.add_block::<V>(pitch / V::N, panel, 0..count, sums) };
        }
    }
}
