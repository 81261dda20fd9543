//! The forward pass with output channels in the lanes. Blocks of tiles are transposed when they are stored, as the channels
//! of y come first.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

use super::sums::{sums, with_count, with_few};
use super::{OUTPUTS, Taps, VECTORS, outputs_beside, tiles};
use crate::Float;
use crate::lanes::{Lanes, NARROW, Task, groups};

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Most outputs that are transposed together.
const BLOCK: usize = 96;

/// `out[o, q] = Σ band[offset of output q + offset of tap t] · weight[o, t]`.
pub(in crate::conv) struct ByChannel<'a, T> {
    pub taps: Taps<'a>,
    pub panels: &'a [T],
    pub channels: usize,
    pub band: &'a [T],
    /// The offsets of the outputs in the band.
    pub outputs: &'a [u32],
    /// From one channel of outputs to the next; an output follows the other without a gap.
    pub out_step: usize,
    /// The outputs, from the first on.
    pub out: &'a mut [T],
}

impl<T: Float> Task<T> for ByChannel<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<T = T>>(self) {
        let (taps, padded) = (self.taps, self.channels.next_multiple_of(NARROW));
        let Some(&far) = self.outputs.iter().max() else { return };
        if self.channels == 0 {
            return;
        }
        // What the pointers below reach.
        assert!(taps.len() == 0 || far as usize + taps.reach < self.band.len());
        assert!(taps.len() * padded <= self.panels.len());
        assert!((self.channels - 1) * self.out_step + self.outputs.len() <= self.out.len());

        let mut values = [T::ZERO; BLOCK * VECTORS * NARROW];
        for (first, vectors) in tiles(padded / V::N) {
            let (first, pitch) = (first * V::N, vectors * V::N);
            let panel = self.panels[first * taps.len()..].as_ptr();
            for (start, count) in groups(self.outputs.len(), BLOCK) {
                for o in first..self.channels.min(first + pitch) {
                    // SAFETY: as below, and a prefetch may be of any address.
                    unsafe {
                        prefetch::<V>(self.out.as_ptr().wrapping_add(o * self.out_step + start), count)
                    };
                }
                for (at, size) in groups(count, outputs_beside(vectors)) {
                    let mut x = [self.band.as_ptr(); OUTPUTS];
                    for k in 0..size {
                        x[k] = x[k].wrapping_add(self.outputs[start + at + k] as usize);
                    }
                    // SAFETY: the assertions above bound what the pointers reach; a block's values have room.
                    unsafe {
                        let values = values.as_mut_ptr().add(at * pitch);
                        match vectors {
                            1 => with_count!(size, P => tile::<V, P, 1>(taps, panel, x, values)),
                            2 => with_count!(size, P => tile::<V, P, 2>(taps, panel, x, values)),
                            _ => with_few!(size, P => tile::<V, P, 3>(taps, panel, x, values)),
                        }
                    }
                }
                for s in 0..vectors {
                    let o = first + s * V::N;
                    if o >= self.channels {
                        continue;
                    }
                    let channels = (self.channels - o).min(V::N);
                    let whole = if count >= V::N { count } else { 0 };
                    for q in (0..whole).step_by(V::N) {
                        // The last vectors overlap the ones before.
                        let q = q.min(whole - V::N);
                        // SAFETY: as above.
                        unsafe {
                            let mut square = V::splat(T::ZERO).square();
                            for k in 0..V::N {
                                square[k] = V::load(values.as_ptr().add((q + k) * pitch + s * V::N));
                            }
                            let square = V::transpose(square);
                            let out = self.out.as_mut_ptr().add(o * self.out_step + start + q);
                            for k in 0..V::N {
                                if k < channels {
                                    square[k].store(out.add(k * self.out_step));
                                }
                            }
                        }
                    }
                    for k in if whole > 0 { 0..0 } else { 0..channels } {
                        for q in 0..count {
                            self.out[(o + k) * self.out_step + start + q] = values[q * pitch + s * V::N + k];
                        }
                    }
                }
            }
        }
    }
}

/// Stores the sums of the first `P` outputs, for `S` vectors of channels.
#[inline(always)]
unsafe fn tile<V: Lanes, const P: usize, const S: usize>(
    taps: Taps,
    panel: *const V::T,
    x: [*const V::T; OUTPUTS],
    values: *mut V::T,
) {
    // SAFETY: handed on.
    unsafe {
        let mut first = [x[0]; P];
        first.copy_from_slice(&x[..P]);
        let sums = sums::<V, P, S>(taps, panel, first);
        for p in 0..P {
            for s in 0..S {
                sums[p][s].store(values.add((p * S + s) * V::N));
            }
        }
    }
}

/// Asks for the lines of the cache that `count` elements lie in: a first layer waits for its outputs' memory.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn prefetch<V: Lanes>(out: *const V::T, count: usize) {
    // SAFETY: handed on.
    unsafe {
        for line in (0..count).step_by(LINE / size_of::<V::T>()) {
            V::prefetch(out.wrapping_add(line));
        }
        V::prefetch(out.wrapping_add(count - 1));
    }
}
