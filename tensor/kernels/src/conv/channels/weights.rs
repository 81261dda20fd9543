//! The adjoint with respect to the weights with output channels in the lanes: a tile is some taps × vectors of channels,
//! summed over the outputs of some images, whose gradients are copied with their channels last.

use rayon::prelude::*;

use super::sums::{Pixels, Rows, add_products, first, with_tile};
use super::{ANYWHERE, Taps, anywhere, in_row, offsets, tiles};
use crate::Float;
use crate::conv::correlate::each_tap;
use crate::conv::parts::{PART, Parts, room, total};
use crate::conv::pixels::ToPixels;
use crate::conv::plan::Plan;
use crate::float::words;
use crate::lanes::{self, Lanes, Task, groups, unrolled};

pub(in crate::conv) fn scratch(plan: &Plan) -> usize {
    let each = total(&[room(&[packed_len(plan)]), room(&own(plan))]);
    total(&[room(&shared(plan)), plan.chunks.saturating_mul(each), PART])
}

/// Elements of what all chunks share: the offsets of the taps and of the outputs.
fn shared(plan: &Plan) -> [usize; 2] {
    [plan.taps().len(), plan.band * plan.out_size[1]]
}

/// Elements of a chunk's sums.
fn packed_len(plan: &Plan) -> usize {
    plan.padded_channels() * plan.taps().len()
}

/// Elements of a chunk's other parts: copied bands and gradients.
fn own(plan: &Plan) -> [usize; 2] {
    [if plan.in_place { 0 } else { plan.block * plan.layout.len() }, plan.block * plan.dy_len]
}

/// See [`conv2d_weights`](crate::conv2d_weights); dw is all zeros.
pub(in crate::conv) fn weights<T: Float>(plan: &Plan, x: &[T], dy: &[T], dw: &mut [T], scratch: &mut [T]) {
    let (s, [oh, ow]) = (&plan.s, plan.out_size);
    let mut all = Parts::new(scratch);
    let [taps, outputs] = shared(plan).map(|len| words(all.next(len)));
    let taps = Taps::new(&plan.taps(), taps);
    let outputs = offsets(plan, outputs);
    let (packed, pixel, lanes) = (packed_len(plan), plan.padded_channels(), lanes::lanes::<T>());
    let (partials, sizes) = (all.next(plan.chunks * room(&[packed])), own(plan));
    let (image, out_image) = (x.len() / s.batch, dy.len() / s.batch);
    let each = room(&sizes);
    let own_parts = all.next(plan.chunks * each).par_chunks_mut(each);
    let chunks = partials.par_chunks_mut(room(&[packed])).zip(own_parts);
    chunks.enumerate().for_each(|(index, (sums, scratch))| {
        sums.fill(T::ZERO);
        let mut own = Parts::of(scratch);
        let [bands, copies] = sizes.map(|len| own.next(len));
        for (first, images) in plan.image_blocks(index) {
            let (count, pixels) = (images.len(), plan.rows(first) * ow);
            for (n, copy) in images.clone().zip(copies.chunks_exact_mut(plan.dy_len)) {
                // For each group of vectors on its own, so that a tile finds what it reads one after the other.
                let planes = &dy[n * out_image + first * ow..(n + 1) * out_image];
                for (vector, vectors) in tiles(pixel / lanes) {
                    let (channel, group) = (vector * lanes, vectors * lanes);
                    lanes::run(ToPixels {
                        planes: &planes[channel * oh * ow..],
                        channels: (s.out_channels - channel).min(group),
                        step: oh * ow,
                        count: pixels,
                        pixel: group,
                        pixels: &mut copy[channel * pixels..],
                    });
                }
            }
            let (x, band_step) = if plan.in_place {
                (&x[images.start * image + first * s.stride[0] * s.in_size[1]..], image)
            } else {
                for (n, band) in images.zip(bands.chunks_exact_mut(plan.layout.len())) {
                    plan.layout.fill(&x[n * image..][..image], plan.input_row(first), band);
                }
                (&*bands, plan.layout.len())
            };
            lanes::run(Gradient {
                taps,
                row: if s.stride[1] == 1 { s.kernel[1] } else { 1 },
                outputs: &outputs[..pixels],
                x,
                band_step,
                dy: copies,
                dy_step: plan.dy_len,
                count,
                pixel,
                sums,
            });
        }
    });
    // One partial sum after the other, in the order of the chunks.
    let (sums, others) = partials.split_at_mut(room(&[packed]));
    sums.par_chunks_mut(4096).enumerate().for_each(|(index, sums)| {
        for partial in others.chunks_exact(room(&[packed])) {
            sums.iter_mut().zip(&partial[index * 4096..]).for_each(|(s, p)| *s += *p);
        }
    });
    let mut sums = sums.iter();
    let len = taps.len();
    for (first, count) in tiles(pixel / lanes) {
        each_tap(&plan.taps(), |tap| {
            for (o, sum) in (first * lanes..(first + count) * lanes).zip(&mut sums) {
                if o < s.out_channels {
                    dw[o * len + tap] = *sum;
                }
            }
        });
    }
}

/// `sums[t, o] += Σ x[n][offset of output q + offset of tap t] · dy[n][q, o]` over the outputs of all images, packed as
/// weights are by [`pack`](super::pack).
struct Gradient<'a, T> {
    taps: Taps<'a>,
    /// The taps in a row, if they follow each other, in memory too.
    row: usize,
    /// The offsets of the outputs in a band.
    outputs: &'a [u32],
    /// The bands, and from one image's to the next one's.
    x: &'a [T],
    band_step: usize,
    /// The gradients, their channels last, for each group of vectors on its own; and from one image's to the next one's.
    dy: &'a [T],
    dy_step: usize,
    /// How many images.
    count: usize,
    /// Channels of a pixel of the gradients, whole vectors.
    pixel: usize,
    sums: &'a mut [T],
}

impl<T: Float> Task<T> for Gradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Some(&far) = self.outputs.iter().max() else { return };
        if self.count == 0 || self.taps.len() == 0 {
            return;
        }
        // What the pointers below reach.
        let last = self.count - 1;
        assert!(last * self.band_step + far as usize + self.taps.reach < self.x.len());
        assert!(last * self.dy_step + self.outputs.len() * self.pixel <= self.dy.len());
        assert!(self.taps.len() * self.pixel <= self.sums.len() && self.pixel.is_multiple_of(V::N));
        let mut sums = self.sums.as_mut_ptr();
        for (first, vectors) in tiles(self.pixel / V::N) {
            let dy = self.dy[first * V::N * self.outputs.len()..].as_ptr();
            // SAFETY: the assertions above.
            unsafe {
                if in_row::<V>(vectors) > 0 && matches!(self.row, 3 | 5) {
                    self.rows::<V>(vectors, dy, sums);
                } else {
                    self.any::<V>(vectors, dy, sums);
                }
                sums = sums.add(self.taps.len() * vectors * V::N);
            }
        }
    }
}

impl<T: Float> Gradient<'_, T> {
    /// All taps, for some vectors of channels, in tiles of taps with an address each.
    ///
    /// # Safety
    /// For this and the other functions: `run` has checked what the pointers reach.
    #[inline(always)]
    unsafe fn any<V: Lanes<T = T>>(&self, vectors: usize, dy: *const T, mut sums: *mut T) {
        // SAFETY: handed on.
        unsafe {
            for (tap, count) in groups(self.taps.len(), anywhere::<V>(vectors)) {
                let mut x = [self.x.as_ptr(); ANYWHERE];
                (0..count).for_each(|r| x[r] = x[r].add(self.taps.offsets[tap + r] as usize));
                with_tile!(count, vectors, anywhere::<V>, (R, S) => {
                                    let first = first::<T, R>(&x);
                let next = |x: [*const T; R], step| x.map(|x| x.wrapping_add(step));
                    V::call(Tile::<_, _, _, R, S> { all: self, x: first, next, dy, to: sums });
                                });
                sums = sums.add(count * vectors * V::N);
            }
        }
    }

    /// The same, in tiles of whole rows of 3 or 5 taps, which lie one after the other in memory.
    #[inline(always)]
    unsafe fn rows<V: Lanes<T = T>>(&self, vectors: usize, dy: *const T, mut sums: *mut T) {
        /// Rows in a tile, at most.
        const ROWS: usize = 4;
        // SAFETY: handed on.
        unsafe {
            for (row, count) in groups(self.taps.len() / self.row, in_row::<V>(vectors) / self.row) {
                let mut x = [self.x.as_ptr(); ROWS];
                (0..count).for_each(|g| x[g] = x[g].add(self.taps.offsets[(row + g) * self.row] as usize));
                // So many rows of so many taps, all of them, beside so many vectors.
                macro_rules! tile {
                    ($G:literal, $K:literal, $R:literal, $S:literal) => {{
                        let next = |x: Rows<T, $G, $K>, step| Rows(x.0.map(|x| x.wrapping_add(step)));
                        V::call(Tile::<_, _, _, $R, $S> { all: self, x: Rows(first(&x)), next, dy, to: sums })
                    }};
                }
                match (self.row, count, vectors) {
                    (3, 1, 1) => tile!(1, 3, 3, 1),
                    (3, 2, 1) => tile!(2, 3, 6, 1),
                    (3, 3, 1) => tile!(3, 3, 9, 1),
                    (3, 4, 1) => tile!(4, 3, 12, 1),
                    (3, 1, 2) => tile!(1, 3, 3, 2),
                    (3, 2, 2) => tile!(2, 3, 6, 2),
                    (3, 3, 2) => tile!(3, 3, 9, 2),
                    (3, 4, 2) => tile!(4, 3, 12, 2),
                    (3, 1, 3) => tile!(1, 3, 3, 3),
                    (3, 2, 3) => tile!(2, 3, 6, 3),
                    (3, 3, 3) => tile!(3, 3, 9, 3),
                    (5, 1, 1) => tile!(1, 5, 5, 1),
                    (5, 2, 1) => tile!(2, 5, 10, 1),
                    (5, 1, 2) => tile!(1, 5, 5, 2),
                    (5, 2, 2) => tile!(2, 5, 10, 2),
                    (5, 1, 3) => tile!(1, 5, 5, 3),
                    tile => unreachable!("a tile of {tile:?}"),
                }
                sums = sums.add(count * self.row * vectors * V::N);
            }
        }
    }
}

/// The sums of `R` taps and `S` vectors of channels.
struct Tile<'a, T, X, N, const R: usize, const S: usize> {
    all: &'a Gradient<'a, T>,
    /// What the taps read of the first image, and how to get from it to another one, so far away.
    x: X,
    next: N,
    dy: *const T,
    to: *mut T,
}

impl<T, X, N, const R: usize, const S: usize> Task<T> for Tile<'_, T, X, N, R, S>
where
    T: Float,
    X: Pixels<T>,
    N: Fn(X, usize) -> X,
{
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { all, x, next, dy, to } = self;
        // SAFETY: who calls has checked what the pointers reach.
        unsafe {
            let mut sums = [[V::splat(T::ZERO); S]; R];
            for n in 0..all.count {
                let x = next(x, n * all.band_step);
                sums = add_products(sums, all.outputs, dy.add(n * all.dy_step), S * V::N, x);
            }
            unrolled!(r < R => unrolled!(s < S => {
                let to = to.add((r * S + s) * V::N);
                V::load(to).add(sums[r][s]).store(to);
            }));
        }
    }
}
