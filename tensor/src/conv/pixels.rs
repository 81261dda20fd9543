//! Between planes, whose channels come first, and pixels, whose channels come last.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

use crate::Float;
use crate::lanes::{Lanes, Task, copy_transposed, load_square, store_square};

/// Copies planes, the first pixels of each of some channels, to pixels; channels that there are none of are zero.
pub(super) struct ToPixels<'a, T> {
    pub planes: &'a [T],
    pub channels: usize,
    /// From one plane to the next.
    pub step: usize,
    /// How many pixels.
    pub count: usize,
    /// Channels of a pixel, whole vectors.
    pub pixel: usize,
    pub pixels: &'a mut [T],
}

impl<T: Float> Task<T> for ToPixels<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { planes, channels, step, count, pixel, pixels } = self;
        if count == 0 || channels == 0 {
            return pixels[..count * pixel].fill(T::ZERO);
        }
        assert!((channels - 1) * step + count <= planes.len() && count * pixel <= pixels.len());
        assert!(channels <= pixel && pixel.is_multiple_of(V::N));
        for c in (0..pixel).step_by(V::N) {
            let whole = if c + V::N <= channels && count >= V::N { count } else { 0 };
            for start in (0..whole).step_by(V::N) {
                // The last vectors overlap the ones before.
                let start = start.min(whole - V::N);
                // SAFETY: the assertions above.
                unsafe {
                    let (from, to) = (planes.as_ptr().add(c * step + start), pixels.as_mut_ptr());
                    copy_transposed::<V>(from, step, to.add(start * pixel + c), pixel);
                }
            }
            for c in if whole > 0 { 0..0 } else { c..c + V::N } {
                for i in 0..count {
                    pixels[i * pixel + c] = if c < channels { planes[c * step + i] } else { T::ZERO };
                }
            }
        }
    }
}

/// Adds pixels to planes: the transpose of [`ToPixels`].
pub(super) struct AddToPlanes<'a, T> {
    pub pixels: &'a [T],
    pub pixel: usize,
    pub count: usize,
    pub channels: usize,
    pub step: usize,
    pub planes: &'a mut [T],
}

impl<T: Float> Task<T> for AddToPlanes<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { pixels, pixel, count, channels, step, planes } = self;
        if count == 0 || channels == 0 {
            return;
        }
        assert!((channels - 1) * step + count <= planes.len() && count * pixel <= pixels.len());
        assert!(channels <= pixel && pixel.is_multiple_of(V::N));
        for c in (0..channels).step_by(V::N) {
            let end = (c + V::N).min(channels);
            for start in (0..count).step_by(V::N) {
                // The last vectors overlap the ones before, or what comes after the pixels, and add zeros there.
                let from = start.min(count.saturating_sub(V::N));
                let own = start - from..(count - from).min(V::N);
                if c + V::N > channels || (end - 1) * step + from + V::N > planes.len() {
                    for (c, i) in (c..end).flat_map(|c| (start..from + own.end).map(move |i| (c, i))) {
                        planes[c * step + i] += pixels[i * pixel + c];
                    }
                    continue;
                }
                // SAFETY: the assertions and the condition above.
                unsafe {
                    let (pixels, plane) =
                        (pixels.as_ptr().add(from * pixel + c), planes.as_mut_ptr().add(c * step + from));
                    let mut square = V::splat(T::ZERO).square();
                    if own.len() == V::N {
                        square = load_square::<V>(pixels, pixel);
                    }
                    for k in if own.len() == V::N { 0..0 } else { own } {
                        square[k] = V::load(pixels.add(k * pixel));
                    }
                    let mut square = V::transpose(square);
                    for k in 0..V::N {
                        square[k] = V::load(plane.add(k * step)).add(square[k]);
                    }
                    store_square::<V>(square, plane, step);
                }
            }
        }
    }
}
