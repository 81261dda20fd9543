//! The inner loop of all passes: a tile's sums in registers.

use super::Taps;
use crate::Float;
use crate::lanes::{Lanes, unrolled};

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
            unrolled!(p < P => unrolled!(s < S => total[p][s] = total[p][s].add(sums[p][s])));
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
        unrolled!(s < S => vectors[s] = V::load(panel.add(s * V::N)));
        unrolled!(p < P => {
            let x = V::splat(*x[p].add(offset as usize));
            unrolled!(s < S => sums[p][s] = sums[p][s].add_product(vectors[s], x));
        });
    }
}

/// The expression for a tile of a count of outputs and of vectors, which it knows as constants of these names.
macro_rules! with_tile {
    ($count:expr, $vectors:expr, ($P:ident, $S:ident) => $result:expr) => {
        match $vectors {
            1 => with_tile!(@ $count, $P, $S 1, $result, 1 2 3 4 5 6 7 8),
            2 => with_tile!(@ $count, $P, $S 2, $result, 1 2 3 4 5 6 7 8),
            3 => with_tile!(@ $count, $P, $S 3, $result, 1 2 3 4 5 6 7 8),
            4 => with_tile!(@ $count, $P, $S 4, $result, 1 2 3 4 5 6),
            vectors => unreachable!("a tile of {vectors} vectors"),
        }
    };
    (@ $count:expr, $P:ident, $S:ident $s:literal, $result:expr, $($p:literal)*) => {{
        const $S: usize = $s;
        match $count {
            $($p => {
                const $P: usize = $p;
                if fits::<V>($P, $S) { $result } else { unreachable!("a tile of {} × {}", $P, $S) }
            })*
            count => unreachable!("a tile of {count} outputs"),
        }
    }};
}
pub(super) use with_tile;
