//! The inner loops of the forward pass with output channels in the lanes: a tile is some outputs × vectors of channels,
//! so narrow rows waste no lanes. Blocks of tiles are transposed when they are stored, as the channels of y come first.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

pub(super) mod input;
pub(super) mod weights;

use super::correlate::{each_tap, pass_channels};
use super::plan::Plan;
use crate::Float;
use crate::lanes::{Lanes, MOST_LANES, Task, groups, split};
use crate::tile::Walk;

/// Most outputs of a tile.
const OUTPUTS: usize = 6;
/// Products of a sum in a turn of the loop: the instructions of the loop itself cost 3 to 9 % with one.
const UNROLL: usize = 4;
/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Most outputs that are transposed together.
const BLOCK: usize = 96;

/// Most vectors of channels of a tile.
pub(super) const VECTORS: usize = 3;

/// The vectors of channels, as tiles take them: two by two, and an odd one with the two before, as the few sums of one
/// vector would wait for each other.
#[inline(always)]
pub(super) fn tiles(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    split(vectors, (vectors / 2).max(vectors.min(1)))
}

/// Most outputs of a tile of so many vectors. The sums of 6 × 2, 2 vectors of weights and a broadcast pixel fill 15 of
/// AVX2's 16 registers. (4 × 3 would fill all, but the compiler takes two for pixels, and puts a sum into memory.)
#[inline(always)]
fn outputs_beside(vectors: usize) -> usize {
    if vectors == VECTORS { 3 } else { OUTPUTS }
}

/// An offset in a band.
///
/// # Panics
/// If it does not fit.
pub(super) fn word(offset: usize) -> u32 {
    u32::try_from(offset).expect("a band of the convolution has fewer than 2³² elements")
}

/// The taps of a kernel: their offsets in a band, in the order of a [`Walk`]. One loop over them costs fewer instructions
/// than loops over channels, rows and columns.
#[derive(Clone, Copy, Default)]
pub(super) struct Taps<'a> {
    offsets: &'a [u32],
    /// The largest offset.
    pub reach: usize,
    /// Taps in a pass; the sums of the passes are added up one after the other.
    pass: usize,
}

impl<'a> Taps<'a> {
    /// The taps of the walk, whose offsets are written to `offsets`.
    pub fn new(walk: &Walk, offsets: &'a mut [u32]) -> Self {
        let offsets = &mut offsets[..walk.len()];
        let (mut next, mut reach) = (offsets.iter_mut(), 0);
        each_tap(walk, |tap| {
            let (row, v) = (tap / walk.elements, tap % walk.elements);
            let places = [row / walk.rows, row % walk.rows, v % walk.phases, v / walk.phases];
            let offset = places.iter().zip(&walk.steps).map(|(n, step)| n * step).sum();
            *next.next().expect("an offset for each tap") = word(offset);
            reach = reach.max(offset);
        });
        let pass = pass_channels(walk) * walk.rows * walk.elements;
        Self { offsets, reach, pass }
    }

    pub fn len(&self) -> usize {
        self.offsets.len()
    }
}

/// Writes the offsets of a band's outputs.
pub(super) fn offsets<'a>(plan: &Plan, outputs: &'a mut [u32]) -> &'a [u32] {
    let ([row_step, step], columns) = (plan.steps(), plan.out_size[1]);
    let outputs = &mut outputs[..plan.band * columns];
    for (q, output) in outputs.iter_mut().enumerate() {
        *output = word(q / columns * row_step + q % columns * step);
    }
    outputs
}

/// Packs weights: group after group of vectors of output channels ([`tiles`]), in each tap after tap in the order
/// of the [`Walk`], in each the group's channels, zero for those that there are none of.
pub(super) fn pack<T: Float>(taps: &Walk, outputs: usize, weights: &[T], panels: &mut [T]) {
    let lanes = <T::Portable as Lanes>::N;
    let mut panels = panels.iter_mut();
    for (first, count) in tiles(outputs.next_multiple_of(MOST_LANES) / lanes) {
        each_tap(taps, |tap| {
            for o in first * lanes..(first + count) * lanes {
                let weight = if o < outputs { weights[o * taps.len() + tap] } else { T::ZERO };
                *panels.next().expect("room for all weights") = weight;
            }
        });
    }
}

/// `Σ panel[t · S + s] · x[p][offset of t]` over all taps t, for each of `P` outputs and `S` vectors of channels, with the
/// bits of [`Correlate`](super::correlate::Correlate): the sums have the same order.
///
/// # Safety
/// The processor has the instructions of `V`; the panel holds `len() · S` vectors; an element can be read at each x plus
/// each offset of the taps.
#[inline(always)]
pub(super) unsafe fn sums<V: Lanes, const P: usize, const S: usize>(
    taps: Taps,
    mut panel: *const V::T,
    x: [*const V::T; P],
) -> [[V; S]; P] {
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let (first, rest) = taps.offsets.split_at(taps.pass.min(taps.offsets.len()));
        let zero = [[V::splat(V::T::ZERO); S]; P];
        let mut total = add_products(zero, first, panel, S * V::N, x);
        for pass in rest.chunks(taps.pass) {
            panel = panel.add(taps.pass * S * V::N);
            let sums = add_products(zero, pass, panel, S * V::N, x);
            for p in 0..P {
                for s in 0..S {
                    total[p][s] = total[p][s].add(sums[p][s]);
                }
            }
        }
        total
    }
}

/// `sums[p][s] + Σ panel[t · step + s] · x[p][offset t]` over some offsets.
///
/// # Safety
/// The processor has the instructions of `V`; `S` vectors can be read at each step of the panel, and an element at each x
/// plus each offset.
#[inline(always)]
unsafe fn add_products<V: Lanes, const P: usize, const S: usize>(
    mut sums: [[V; S]; P],
    offsets: &[u32],
    mut panel: *const V::T,
    step: usize,
    x: [*const V::T; P],
) -> [[V; S]; P] {
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let (whole, rest) = offsets.as_chunks::<UNROLL>();
        for offsets in whole {
            for &offset in offsets {
                add_product(&mut sums, offset, panel, x);
                panel = panel.wrapping_add(step);
            }
        }
        for &offset in rest {
            add_product(&mut sums, offset, panel, x);
            panel = panel.wrapping_add(step);
        }
        sums
    }
}

/// One offset of [`add_products`].
///
/// # Safety
/// As for it.
#[inline(always)]
unsafe fn add_product<V: Lanes, const P: usize, const S: usize>(
    sums: &mut [[V; S]; P],
    offset: u32,
    panel: *const V::T,
    x: [*const V::T; P],
) {
    // SAFETY: handed on.
    unsafe {
        let mut vectors = [V::splat(V::T::ZERO); S];
        for s in 0..S {
            vectors[s] = V::load(panel.add(s * V::N));
        }
        for p in 0..P {
            let x = V::splat(*x[p].add(offset as usize));
            for s in 0..S {
                sums[p][s] = sums[p][s].add_product(vectors[s], x);
            }
        }
    }
}

/// The expression for a count from 1 to 6, which it knows as a constant of this name.
macro_rules! with_count {
    ($count:expr, $P:ident => $result:expr) => {
        match $count {
            1 => with_count!(@ $P 1 $result),
            2 => with_count!(@ $P 2 $result),
            3 => with_count!(@ $P 3 $result),
            4 => with_count!(@ $P 4 $result),
            5 => with_count!(@ $P 5 $result),
            6 => with_count!(@ $P 6 $result),
            count => unreachable!("a tile of {count}"),
        }
    };
    (@ $P:ident $count:literal $result:expr) => {{
        const $P: usize = $count;
        $result
    }};
}
use with_count;

/// As [`with_count`], for a count from 1 to 3.
macro_rules! with_few {
    ($count:expr, $P:ident => $result:expr) => {
        match $count {
            1 => with_count!(@ $P 1 $result),
            2 => with_count!(@ $P 2 $result),
            3 => with_count!(@ $P 3 $result),
            count => unreachable!("a tile of {count}"),
        }
    };
}
use with_few;

/// `out[o, q] = Σ band[offset of output q + offset of tap t] · weight[o, t]`.
pub(super) struct ByChannel<'a, T> {
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
        let (taps, padded) = (self.taps, self.channels.next_multiple_of(MOST_LANES));
        let Some(&far) = self.outputs.iter().max() else { return };
        if self.channels == 0 {
            return;
        }
        // What the pointers below reach.
        assert!(taps.len() == 0 || far as usize + taps.reach < self.band.len());
        assert!(taps.len() * padded <= self.panels.len());
        assert!((self.channels - 1) * self.out_step + self.outputs.len() <= self.out.len());

        let mut values = [T::ZERO; BLOCK * VECTORS * MOST_LANES];
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
                            let mut square = [V::splat(T::ZERO); MOST_LANES];
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
