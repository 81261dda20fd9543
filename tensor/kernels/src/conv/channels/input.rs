//! The adjoint with respect to the input with input channels in the lanes: for each tap the product of gradients and
//! weights, a tile of some outputs × vectors of channels summed over the output channels, is added to a band, whose
//! channels come last, at the tap's offset.

use rayon::prelude::*;

use super::sums::{Pixels, Row, add_products, with_tile};
use super::{anywhere, in_row, tiles, word};
use crate::Float;
use crate::conv::parts::{PART, Parts, room, total};
use crate::conv::pixels::AddToPlanes;
use crate::conv::plan::Plan;
use crate::float::words;
use crate::lanes::{self, Lanes, Task, groups, unrolled, wide};

/// The band of the input that some rows of outputs see, padding included.
struct Band {
    rows: usize,
    columns: usize,
    /// Channels of a pixel, whole vectors.
    pixel: usize,
}

impl Band {
    fn new(plan: &Plan) -> Self {
        let (s, [_, ow]) = (&plan.s, plan.out_size);
        let columns = (ow - 1) * s.stride[1] + s.kernel[1];
        let rows = (plan.band - 1) * s.stride[0] + s.kernel[0];
        Self { rows, columns, pixel: s.in_channels.next_multiple_of(wide()) }
    }

    fn len(&self) -> usize {
        self.rows * self.columns * self.pixel
    }
}

/// Elements of what all chunks share: the packed weights, the offsets of the outputs, of the taps and of the channels.
fn shared(plan: &Plan, band: &Band) -> [usize; 4] {
    let ([kh, kw], channels) = (plan.s.kernel, plan.s.out_channels);
    [channels * kh * kw * band.pixel, plan.band * plan.out_size[1], kh * kw, channels]
}

pub(in crate::conv) fn scratch(plan: &Plan) -> usize {
    let band = Band::new(plan);
    total(&[room(&shared(plan, &band)), plan.chunks.saturating_mul(room(&[band.len()])), PART])
}

/// See [`conv2d_input`](crate::conv2d_input).
pub(in crate::conv) fn input<T: Float>(plan: &Plan, dy: &[T], w: &[T], dx: &mut [T], scratch: &mut [T]) {
    let (s, [oh, ow], band) = (&plan.s, plan.out_size, Band::new(plan));
    let (mut all, sizes) = (Parts::new(scratch), shared(plan, &band));
    let [panels, outputs, taps, channels] = sizes.map(|len| all.next(len));
    pack(s.out_channels, s.in_channels, s.kernel[0] * s.kernel[1], w, panels);
    let [outputs, taps, channels] = [(outputs, sizes[1]), (taps, sizes[2]), (channels, sizes[3])]
        .map(|(part, len)| &mut words(part)[..len]);
    for (q, output) in outputs.iter_mut().enumerate() {
        *output = word((q / ow * s.stride[0] * band.columns + q % ow * s.stride[1]) * band.pixel);
    }
    for (t, tap) in taps.iter_mut().enumerate() {
        *tap = word((t / s.kernel[1] * band.columns + t % s.kernel[1]) * band.pixel);
    }
    for (o, channel) in channels.iter_mut().enumerate() {
        *channel = word(o * oh * ow);
    }
    let (panels, outputs, taps, channels) = (&*panels, &*outputs, &*taps, &*channels);
    let (image, out_image) = (dx.len() / s.batch, s.out_channels * oh * ow);
    let bands = all.next(plan.chunks * room(&[band.len()]));
    let chunks = dx.par_chunks_mut(plan.chunk * image).zip(bands.par_chunks_mut(room(&[band.len()])));
    chunks.enumerate().for_each(|(index, (dx, sums))| {
        dx.fill(T::ZERO);
        for (n, dx) in dx.chunks_exact_mut(image).enumerate() {
            let dy = &dy[(index * plan.chunk + n) * out_image..][..out_image];
            for first in plan.firsts() {
                sums.fill(T::ZERO);
                lanes::run(Spread {
                    taps,
                    outputs: &outputs[..plan.rows(first) * ow],
                    panels,
                    dy: dy.get(first * ow..).unwrap_or_default(),
                    channels,
                    pixel: band.pixel,
                    band: sums,
                });
                add_to(plan, &band, sums, plan.input_row(first), dx);
            }
        }
    });
}

/// Packs weights `[outputs, channels, taps]`: group after group of vectors of the input's channels ([`tiles`]), in
/// each tap after tap, in each output channel after output channel, in each the group's channels, zero for those that
/// there are none of.
fn pack<T: Float>(outputs: usize, channels: usize, taps: usize, weights: &[T], panels: &mut [T]) {
    let lanes = lanes::lanes::<T>();
    let mut panels = panels.iter_mut();
    for (first, count) in tiles(channels.next_multiple_of(wide()) / lanes) {
        for tap in 0..taps {
            for o in 0..outputs {
                for c in first * lanes..(first + count) * lanes {
                    let weight =
                        if c < channels { weights[(o * channels + c) * taps + tap] } else { T::ZERO };
                    *panels.next().expect("room for all weights") = weight;
                }
            }
        }
    }
}

/// Adds a band whose first row is `first_row` of the image; what lies outside of the image is dropped.
fn add_to<T: Float>(plan: &Plan, band: &Band, sums: &[T], first_row: isize, image: &mut [T]) {
    let (s, [h, w]) = (&plan.s, plan.s.in_size);
    let (above, left) = ((-first_row).max(0) as usize, s.padding[1][0]);
    let below = (h as isize - first_row).clamp(0, band.rows as isize) as usize;
    let columns = left..band.columns.min(left + w);
    if above >= below || columns.is_empty() {
        return;
    }
    let mut add = |row: usize, count: usize| {
        let at = ((first_row + row as isize) as usize) * w;
        lanes::run(AddToPlanes {
            pixels: &sums[(row * band.columns + left) * band.pixel..],
            pixel: band.pixel,
            count,
            channels: s.in_channels,
            step: h * w,
            planes: &mut image[at..],
        });
    };
    if columns == (0..w) && band.columns == w {
        add(above, (below - above) * w); // all rows in one
    } else {
        (above..below).for_each(|row| add(row, columns.len()));
    }
}

/// `band[offset of output q + offset of tap t + c] += Σ weight[o, c, t] · dy[o, q]`, for all taps.
struct Spread<'a, T> {
    taps: &'a [u32],
    outputs: &'a [u32],
    panels: &'a [T],
    /// The gradients, from the first on.
    dy: &'a [T],
    /// Of the output channels: the offsets of their gradients.
    channels: &'a [u32],
    pixel: usize,
    band: &'a mut [T],
}

impl<T: Float> Task<T> for Spread<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (Some(&far), Some(&reach)) = (self.outputs.iter().max(), self.taps.iter().max()) else { return };
        let Some(&last) = self.channels.iter().max() else { return };
        // What the pointers below reach.
        assert!(
            far as usize + reach as usize + self.pixel <= self.band.len() && self.pixel.is_multiple_of(V::N)
        );
        assert!(self.taps.len() * self.channels.len() * self.pixel <= self.panels.len());
        assert!(last as usize + self.outputs.len() <= self.dy.len());
        let mut panel = self.panels.as_ptr();
        for (first, vectors) in tiles(self.pixel / V::N) {
            for &tap in self.taps {
                // SAFETY: the assertions above.
                unsafe {
                    let band = self.band.as_mut_ptr().add(first * V::N + tap as usize);
                    let row = in_row::<V>(vectors);
                    let most = if row > 0 { row } else { anywhere::<V>(vectors) };
                    for (q, count) in groups(self.outputs.len(), most) {
                        let dy = self.dy.as_ptr().add(q);
                        if row > 0 {
                            with_tile!(count, vectors, in_row::<V>, (P, S) => {
                                V::call(Tile::<_, _, P, S> { all: &self, panel, dy: Row::<T, 1>(dy), q, band })
                            });
                        } else {
                            with_tile!(count, vectors, anywhere::<V>, (P, S) => {
                                let mut x = [dy; P];
                                unrolled!(p < P => x[p] = x[p].add(p));
                                V::call(Tile::<_, _, P, S> { all: &self, panel, dy: x, q, band })
                            });
                        }
                    }
                    panel = panel.add(self.channels.len() * vectors * V::N);
                }
            }
        }
    }
}

/// `P` outputs from q on, whose gradients are `dy`, for `S` vectors of channels.
struct Tile<'a, T, X, const P: usize, const S: usize> {
    all: &'a Spread<'a, T>,
    panel: *const T,
    dy: X,
    q: usize,
    band: *mut T,
}

impl<T: Float, X: Pixels<T>, const P: usize, const S: usize> Task<T> for Tile<'_, T, X, P, S> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { all, panel, dy, q, band } = self;
        // SAFETY: who calls has checked what the pointers reach.
        unsafe {
            let zero = [[V::splat(T::ZERO); S]; P];
            let sums = add_products(zero, all.channels, panel, S * V::N, dy);
            unrolled!(p < P => {
                let band = band.add(all.outputs[q + p] as usize);
                unrolled!(s < S => {
                    let to = band.add(s * V::N);
                    V::load(to).add(sums[p][s]).store(to);
                });
            });
        }
    }
}
