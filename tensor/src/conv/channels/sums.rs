//! The inner loop of all passes: a tile's sums in registers.

#![allow(clippy::needless_range_loop)] // tiles of registers are read more easily by their indices

use super::Taps;
use crate::Float;
use crate::lanes::Lanes;

/// Products of a sum in a turn of the loop: the instructions of the loop itself cost 3 to 9 % with one.
const UNROLL: usize = 4;

/// `Σ panel[t · S + s] · x[p][offset of t]` over all taps t, for each of `P` outputs and `S` vectors of channels, with the
/// bits of [`Correlate`](crate::conv::correlate::Correlate): the sums have the same order.
///
/// # Safety
/// The processor has the instructions of `V`; the panel holds `len() · S` vectors; an element can be read at each x plus
/// each offset of the taps.
#[inline(always)]
pub(in crate::conv) unsafe fn sums<V: Lanes, const P: usize, const S: usize>(
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
pub(super) unsafe fn add_products<V: Lanes, const P: usize, const S: usize>(
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
pub(super) use with_count;

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
pub(super) use with_few;
