//! The transform of a band of the input, with tiles in the lanes.

use crate::conv::padded::Padded;
use crate::lanes::{Lanes, Task, WIDEST, unrolled};
use crate::{Element, Float};

/// Points of a tile's transform.
pub(super) const POINTS: usize = 16;

/// `Bᵀ d B` of the 4×4 pixels d of each tile and channel: `out[point, channel, tile]`.
pub(super) struct Input<'a, T> {
    pub layout: &'a Padded,
    pub band: &'a [T],
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// From one channel to the next, and from one point to the next.
    pub channel: usize,
    pub plane: usize,
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Input<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { layout, band, tiles: [rows, columns], channel, plane, out } = self;
        // What the pointers below reach.
        assert!(2 * rows + 2 <= layout.rows && 2 * columns + 2 <= layout.pitch);
        assert!(layout.len() + 2 * WIDEST <= band.len());
        assert!(rows * columns <= channel && layout.channels * channel + WIDEST <= plane);
        assert!(POINTS * plane <= out.len());
        for c in 0..layout.channels {
            for i in 0..rows {
                for t in (0..columns).step_by(V::N) {
                    // SAFETY: the assertions above. Lanes past the end of a row are written over by what comes after, or are in the
                    // room after the channels.
                    unsafe {
                        let from = band.as_ptr().add(c * layout.channel_step() + 2 * (i * layout.pitch + t));
                        let to = out.as_mut_ptr().add(c * channel + i * columns + t);
                        tile::<V>(from, layout.pitch, to, plane);
                    }
                }
            }
        }
    }
}

/// The transforms of N tiles.
///
/// # Safety
/// The processor has the instructions of `V`; 2 N + 2 pixels can be read from each of 4 rows, and a vector written to each plane.
#[inline(always)]
unsafe fn tile<V: Lanes>(from: *const V::T, pitch: usize, to: *mut V::T, plane: usize) {
    // SAFETY: handed on.
    unsafe {
        let mut d = [[V::splat(V::T::ZERO); 4]; 4];
        unrolled!(r < 4 => {
            let row = from.add(r * pitch);
            let [zero, one] = V::deinterleave(V::load(row), V::load(row.add(V::N)));
            let [two, three] = V::deinterleave(V::load(row.add(2)), V::load(row.add(2 + V::N)));
            d[r] = [zero, one, two, three];
        });
        transform::<V>(d, to, plane);
    }
}

/// The same of pixels with channels last: `out[point, tile, channel]`.
pub(super) struct Pixels<'a, T> {
    pub pixels: &'a [T],
    /// Channels of a pixel, whole vectors, and pixels of a row.
    pub pixel: usize,
    pub columns: usize,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// From one point to the next.
    pub plane: usize,
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Pixels<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { pixels, pixel, columns, tiles, plane, out } = self;
        // What the pointers below reach.
        assert!((2 * tiles[0] + 2) * columns * pixel <= pixels.len() && 2 * tiles[1] + 2 <= columns);
        assert!((POINTS - 1) * plane + tiles[0] * tiles[1] * pixel <= out.len());
        assert!(pixel.is_multiple_of(V::N));
        for (i, t) in (0..tiles[0]).flat_map(|i| (0..tiles[1]).map(move |t| (i, t))) {
            for c in (0..pixel).step_by(V::N) {
                // SAFETY: the assertions above.
                unsafe {
                    let from = pixels.as_ptr().add((2 * i * columns + 2 * t) * pixel + c);
                    let mut d = [[V::splat(T::ZERO); 4]; 4];
                    unrolled!(r < 4 => unrolled!(j < 4 => d[r][j] = V::load(from.add((r * columns + j) * pixel))));
                    transform::<V>(d, out.as_mut_ptr().add((i * tiles[1] + t) * pixel + c), plane);
                }
            }
        }
    }
}

/// Stores `Bᵀ d B`.
///
/// # Safety
/// The processor has the instructions of `V`; a vector can be written to each plane.
#[inline(always)]
unsafe fn transform<V: Lanes>(mut d: [[V; 4]; 4], to: *mut V::T, plane: usize) {
    // SAFETY: handed on.
    unsafe {
        unrolled!(j < 4 => {
            let [d0, d1, d2, d3] = [d[0][j], d[1][j], d[2][j], d[3][j]];
            (d[0][j], d[1][j], d[2][j], d[3][j]) = (d0.sub(d2), d1.add(d2), d2.sub(d1), d1.sub(d3));
        });
        unrolled!(i < 4 => {
            let [d0, d1, d2, d3] = d[i];
            let to = to.add(4 * i * plane);
            d0.sub(d2).store(to);
            d1.add(d2).store(to.add(plane));
            d2.sub(d1).store(to.add(2 * plane));
            d1.sub(d3).store(to.add(3 * plane));
        });
    }
}
