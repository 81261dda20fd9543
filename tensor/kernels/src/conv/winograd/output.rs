//! From the sums of products to outputs, with channels in the lanes.

use super::POINTS;
use crate::conv::channels::to_planes;
use crate::lanes::{Lanes, Task, unrolled};
use crate::{Element, Float};

/// `Aᵀ m A` of the sums m of each tile and channel.
pub(super) struct Output<'a, T> {
    /// `[point, tile, channel]`.
    pub products: &'a [T],
    /// Channels of a tile, whole vectors.
    pub pitch: usize,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// The first of the image's rows,
    pub first: usize,
    /// and how many rows and columns it has.
    pub size: [usize; 2],
    /// How many channels there are, `pitch` or fewer.
    pub channels: usize,
    /// Room for the outputs of a band, their channels last.
    pub values: &'a mut [T],
    /// The image's outputs from the first channel on.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for Output<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let Self { products, pitch, tiles: [rows, columns], first, size: [h, w], channels, values, out } =
            self;
        if channels == 0 {
            return;
        }
        let plane = rows * columns * pitch;
        let outputs = (2 * rows).min(h - first) * w;
        // What the pointers below reach.
        assert!(POINTS * plane <= products.len() && 4 * plane <= values.len() && pitch.is_multiple_of(V::N));
        assert!(channels <= pitch && (channels - 1) * h * w + first * w + outputs <= out.len());
        assert!(w <= 2 * columns && outputs <= 4 * rows * columns);
        for i in 0..rows {
            for t in 0..columns {
                // A second row that hangs over the edge is not used.
                let at = (2 * i * w + 2 * t) * pitch;
                for c in (0..pitch).step_by(V::N) {
                    // SAFETY: the assertions above.
                    unsafe {
                        let from = products.as_ptr().add((i * columns + t) * pitch + c);
                        let to = values.as_mut_ptr().add(at + c);
                        tile::<V>(from, plane, to, [w * pitch, pitch], 2 * t + 1 < w);
                    }
                }
            }
        }
        // SAFETY: the assertions above.
        unsafe {
            let out = out.as_mut_ptr().add(first * w);
            to_planes::<V>(values.as_ptr(), pitch, [outputs, channels], out, h * w);
        }
    }
}

/// The outputs of a tile, for N channels.
///
/// # Safety
/// The processor has the instructions of `V`; a vector can be read from each plane, and one written to each output that there is.
#[inline(always)]
unsafe fn tile<V: Lanes>(
    from: *const V::T,
    plane: usize,
    to: *mut V::T,
    [row, column]: [usize; 2],
    both: bool,
) {
    // SAFETY: handed on.
    unsafe {
        let mut sums = [[V::splat(V::T::ZERO); 4]; 2];
        unrolled!(j < 4 => {
            let from = from.add(j * plane);
            let m1 = V::load(from.add(4 * plane));
            let m2 = V::load(from.add(8 * plane));
            sums[0][j] = V::load(from).add(m1).add(m2);
            sums[1][j] = m1.sub(m2).sub(V::load(from.add(12 * plane)));
        });
        unrolled!(a < 2 => {
            let [s0, s1, s2, s3] = sums[a];
            let to = to.add(a * row);
            s0.add(s1).add(s2).store(to);
            if both {
                s1.sub(s2).sub(s3).store(to.add(column));
            }
        });
    }
}
