//! The forward pass with output channels in the lanes. Blocks of tiles are transposed when they are stored, as the channels
//! of y come first.

use super::block::Outputs;
use super::{VECTORS, tiles};
use crate::lanes::{Lanes, Task, WIDEST, load_square, store_square, unrolled, wide};
use crate::memory::{LINE, fetch};
use crate::{Element, Float};

/// Most outputs that are transposed together.
const BLOCK: usize = 96;

/// `out[o, q] = Σ band[offset of output q + offset of tap t] · weight[o, t]`.
pub(in crate::conv) struct ByChannel<'a, T> {
    pub outputs: Outputs<'a, T>,
    pub panels: &'a [T],
    pub channels: usize,
    /// From one channel of outputs to the next; an output follows the other without a gap.
    pub out_step: usize,
    /// The outputs, from the first on.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for ByChannel<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (outputs, padded) = (&self.outputs, self.channels.next_multiple_of(wide()));
        if outputs.offsets.is_empty() || self.channels == 0 {
            return;
        }
        // What the pointers below reach.
        outputs.check();
        assert!(outputs.taps.len() * padded <= self.panels.len());
        assert!((self.channels - 1) * self.out_step + outputs.offsets.len() <= self.out.len());

        let [mut values, mut partial] = [[T::ZERO; BLOCK * VECTORS * WIDEST]; 2];
        for (first, vectors) in tiles(padded / V::N) {
            let (first, pitch) = (first * V::N, vectors * V::N);
            let panel = self.panels[first * outputs.taps.len()..].as_ptr();
            for (start, count) in self.blocks::<V>() {
                for o in first..self.channels.min(first + pitch) {
                    prefetch(self.out.as_ptr().wrapping_add(o * self.out_step + start), count);
                }
                let (values, partial) = (values.as_mut_ptr(), partial.as_mut_ptr());
                // SAFETY: the assertions above bound what the pointers reach; a block's values have room.
                unsafe {
                    outputs.block::<V>(vectors, panel, start..start + count, [values, partial]);
                    let channels = (self.channels - first.min(self.channels)).min(pitch);
                    let out = self.out.as_mut_ptr().wrapping_add(first * self.out_step + start);
                    to_planes::<V>(values, pitch, [count, channels], out, self.out_step);
                }
            }
        }
    }
}

impl<T: Float> ByChannel<'_, T> {
    /// The outputs that are transposed together: whole rows where tiles lie in them.
    #[inline(always)]
    fn blocks<V: Lanes<T = T>>(&self) -> impl Iterator<Item = (usize, usize)> + use<V, T> {
        let (len, columns) = (self.outputs.offsets.len(), self.outputs.columns);
        let whole = self.outputs.by_rows::<V>() && columns <= BLOCK;
        let size = if whole { BLOCK / columns * columns } else { len.div_ceil(len.div_ceil(BLOCK)) };
        (0..len).step_by(size).map(move |start| (start, size.min(len - start)))
    }
}

/// Copies some outputs, the channels of each one after the other, to the planes of the channels.
///
/// # Safety
/// The processor has the instructions of `V`; the values, whole vectors `pitch` apart, can be read, and the planes written.
#[inline(always)]
pub(in crate::conv) unsafe fn to_planes<V: Lanes>(
    values: *const V::T,
    pitch: usize,
    [outputs, channels]: [usize; 2],
    out: *mut V::T,
    step: usize,
) {
    for o in (0..channels).step_by(V::N) {
        for q in (0..outputs).step_by(V::N) {
            // The last vectors overlap the ones before, if there are any.
            let q = q.min(outputs.saturating_sub(V::N));
            // SAFETY: handed on.
            unsafe {
                let (values, out) = (values.add(q * pitch + o), out.add(o * step + q));
                transposed::<V>(values, pitch, [outputs.min(V::N), (channels - o).min(V::N)], out, step);
            }
        }
    }
}

/// Copies the channels of some outputs, each at most a vector, to rows of channels.
///
/// # Safety
/// The processor has the instructions of `V`; the values, whole vectors `pitch` apart, can be read, and the rows written.
#[inline(always)]
unsafe fn transposed<V: Lanes>(
    values: *const V::T,
    pitch: usize,
    [outputs, channels]: [usize; 2],
    out: *mut V::T,
    step: usize,
) {
    // SAFETY: handed on.
    unsafe {
        let mut square = V::splat(V::T::ZERO).square();
        if outputs == V::N {
            square = V::transpose(load_square::<V>(values, pitch));
            if channels == V::N {
                return store_square::<V>(square, out, step);
            }
        } else {
            unrolled!(k < V::N => if k < outputs {
                square[k] = V::load(values.add(k * pitch));
            });
            square = V::transpose(square);
        }
        unrolled!(k < V::N => if k < channels {
            if outputs == V::N {
                square[k].store(out.add(k * step));
            } else {
                square[k].store_first(out.add(k * step), outputs);
            }
        });
    }
}

/// Asks for the lines of the cache that `count` elements lie in: a first layer waits for its outputs' memory.
#[inline(always)]
fn prefetch<T>(out: *const T, count: usize) {
    for line in (0..count).step_by(LINE / size_of::<T>()) {
        fetch(out.wrapping_add(line));
    }
    fetch(out.wrapping_add(count - 1));
}
