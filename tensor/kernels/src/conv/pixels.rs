//! Between planes, whose channels come first, and pixels, whose channels come last.

use crate::Float;
use crate::lanes::{Lanes, Task, copy_transposed, load_square, store_square, unrolled};

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
            let has = channels.saturating_sub(c).min(V::N);
            for start in (0..count).step_by(V::N) {
                // The last vectors overlap the ones before, if there are any.
                let start = start.min(count.saturating_sub(V::N));
                // SAFETY: the assertions above.
                unsafe {
                    let (from, to) =
                        (planes.as_ptr().add(c.min(channels - 1) * step + start), pixels.as_mut_ptr());
                    let to = to.add(start * pixel + c);
                    if has == V::N && count >= V::N {
                        copy_transposed::<V>(from, step, to, pixel);
                        continue;
                    }
                    let mut square = V::splat(T::ZERO).square();
                    unrolled!(k < V::N => if k < has {
                        let from = from.add(k * step);
                        square[k] = if count >= V::N { V::load(from) } else { V::load_first(from, count) };
                    });
                    let square = V::transpose(square);
                    unrolled!(k < V::N => if k < count {
                        square[k].store(to.add(k * pixel));
                    });
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
                if (end - 1) * step + from + V::N > planes.len() {
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
                    if own.len() < V::N {
                        unrolled!(k < V::N => if own.contains(&k) {
                            square[k] = V::load(pixels.add(k * pixel));
                        });
                    }
                    let mut square = V::transpose(square);
                    if c + V::N <= channels {
                        unrolled!(k < V::N => square[k] = V::load(plane.add(k * step)).add(square[k]));
                        store_square::<V>(square, plane, step);
                    } else {
                        unrolled!(k < V::N => if c + k < channels {
                            V::load(plane.add(k * step)).add(square[k]).store(plane.add(k * step));
                        });
                    }
                }
            }
        }
    }
}
