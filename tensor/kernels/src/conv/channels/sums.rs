//! The inner loop of all passes: a tile's sums in registers.

use super::Taps;
use crate::Element;
use crate::lanes::{Lanes, unrolled};

/// Products of a sum in a turn of the loop: the instructions of the loop itself cost 3 to 9 % with one, of a small tile.
const UNROLL: usize = 4;

/// A large tile, with as many sums as this, takes one product in a turn.
const LARGE: usize = 16;

/// What the elements of x are that a tile reads for one tap.
pub(in crate::conv) trait Pixels<T>: Copy {
    /// The address of element `p` for a tap of this offset.
    ///
    /// # Safety
    /// It is in reach.
    unsafe fn at(&self, p: usize, offset: usize) -> *const T;
}

/// Anywhere: an address each, so few.
impl<T, const P: usize> Pixels<T> for [*const T; P] {
    #[inline(always)]
    unsafe fn at(&self, p: usize, offset: usize) -> *const T {
        // SAFETY: the caller's.
        unsafe { self[p].add(offset) }
    }
}

/// The first of some addresses.
#[inline(always)]
pub(super) fn first<T, const P: usize>(x: &[*const T]) -> [*const T; P] {
    let mut first = [x[0]; P];
    first.copy_from_slice(&x[..P]);
    first
}

/// Elements that are `STEP` apart: one address.
#[derive(Clone, Copy)]
pub(in crate::conv) struct Row<T, const STEP: usize>(pub *const T);

impl<T: Copy, const STEP: usize> Pixels<T> for Row<T, STEP> {
    #[inline(always)]
    unsafe fn at(&self, p: usize, offset: usize) -> *const T {
        // SAFETY: the caller's.
        unsafe { self.0.add(offset).add(p * STEP) }
    }
}

/// Some rows of `K` elements one after the other: an address for each row.
#[derive(Clone, Copy)]
pub(in crate::conv) struct Rows<T, const G: usize, const K: usize>(pub [*const T; G]);

impl<T: Copy, const G: usize, const K: usize> Pixels<T> for Rows<T, G, K> {
    #[inline(always)]
    unsafe fn at(&self, p: usize, offset: usize) -> *const T {
        // SAFETY: the caller's.
        unsafe { self.0[p / K].add(offset).add(p % K) }
    }
}

/// `Σ panel[t · S + s] · x[p, offset of t]` over all taps t, for each of `P` outputs and `S` vectors of channels, with the
/// bits of [`Correlate`](crate::conv::correlate::Correlate): the sums have the same order.
///
/// # Safety
/// The processor has the instructions of `V`; the panel holds `len() · S` vectors; all elements of x can be read for
/// each offset of the taps.
#[inline(always)]
pub(in crate::conv) unsafe fn sums<V: Lanes, const P: usize, const S: usize>(
    taps: Taps,
    mut panel: *const V::T,
    x: impl Pixels<V::T>,
) -> [[V; S]; P] {
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let zero = [[V::splat(V::T::ZERO); S]; P];
        let mut passes = taps.passes();
        let first = passes.next().unwrap_or_default();
        let mut total = add_products(zero, first, panel, S * V::N, x);
        panel = panel.wrapping_add(first.len() * S * V::N);
        for pass in passes {
            let sums = add_products(zero, pass, panel, S * V::N, x);
            unrolled!(p < P => unrolled!(s < S => total[p][s] = total[p][s].add(sums[p][s])));
            panel = panel.wrapping_add(pass.len() * S * V::N);
        }
        total
    }
}

/// `sums[p][s] + Σ panel[t · step + s] · x[p, offset t]` over some offsets.
///
/// # Safety
/// The processor has the instructions of `V`; `S` vectors can be read at each step of the panel, and all elements of x
/// for each offset.
#[inline(always)]
pub(super) unsafe fn add_products<V: Lanes, const P: usize, const S: usize>(
    mut sums: [[V; S]; P],
    offsets: &[u32],
    mut panel: *const V::T,
    step: usize,
    x: impl Pixels<V::T>,
) -> [[V; S]; P] {
    // SAFETY: the caller promises that all of these are in reach.
    unsafe {
        let (whole, rest) = if P * S < LARGE { offsets.as_chunks::<UNROLL>() } else { (&[][..], offsets) };
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
    x: impl Pixels<V::T>,
) {
    // SAFETY: handed on.
    unsafe {
        let mut vectors = [V::splat(V::T::ZERO); S];
        unrolled!(s < S => vectors[s] = V::load(panel.add(s * V::N)));
        unrolled!(p < P => {
            let x = V::splat(*x.at(p, offset as usize));
            unrolled!(s < S => sums[p][s] = sums[p][s].add_product(vectors[s], x));
        });
    }
}

/// The expression for a tile of a count of elements of x and of vectors, which it knows as constants of these names, if there are
/// at most `$most(vectors)` of them.
macro_rules! with_tile {
    ($count:expr, $vectors:expr, $most:path, ($P:ident, $S:ident) => $result:expr) => {
        match $vectors {
            1 => with_tile!(@ $count, $most, $P, $S 1, $result, 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
            2 => with_tile!(@ $count, $most, $P, $S 2, $result, 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
            3 => with_tile!(@ $count, $most, $P, $S 3, $result, 1 2 3 4 5 6 7 8 9),
            vectors => unreachable!("a tile of {vectors} vectors"),
        }
    };
    (@ $count:expr, $most:path, $P:ident, $S:ident $s:literal, $result:expr, $($p:literal)*) => {{
        const $S: usize = $s;
        match $count {
            $($p if $p <= $most($S) => {
                const $P: usize = $p;
                // Once more, for what is not called shall not be compiled.
                if $P <= $most($S) { $result }
            })*
            count => unreachable!("a tile of {count} × {}", $S),
        }
    }};
}
pub(super) use with_tile;
