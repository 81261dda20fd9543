//! Vectors of two halves, where the instruction set's own have 128 bits: as many lanes as those of 256, so that layouts are the
//! same, and two independent instructions for each operation.

use std::ops::IndexMut;

use super::{Lanes, NARROW};
use crate::{Element, Float};

/// A vector of 128 bits: what [`Lanes`] says, for `N` elements.
///
/// # Safety
/// As for [`Lanes`].
pub(crate) trait Half: Copy {
    type T: Float;
    const N: usize;
    /// Most rows of a tile of two pairs' sums.
    const ROWS: usize;
    /// As many pairs as a pair has lanes.
    type Square: Copy + IndexMut<usize, Output = Pair<Self>>;
    unsafe fn splat(v: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn sum(self) -> Self::T;
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2];
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2];
    unsafe fn exceeds(self, best: Self) -> Self;
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self;
    unsafe fn larger(self, other: Self) -> Self;
    unsafe fn smaller(self, other: Self) -> Self;
    unsafe fn or_nan(self, a: Self, b: Self) -> Self;
    fn square(pair: Pair<Self>) -> Self::Square;
    /// The transpose of the square of the first N vectors.
    unsafe fn transpose(square: [Self; 4]) -> [Self; 4];
    unsafe fn load_bytes(p: *const u8) -> Self;
    unsafe fn store_bytes(self, p: *mut u8);
}

/// The lower lanes and the upper ones.
#[derive(Clone, Copy, Debug)]
pub struct Pair<H>([H; 2]);

// SAFETY of all calls: the contracts of the halves are those of the pair, for half as many elements each.
impl<H: Half> Lanes for Pair<H> {
    type T = H::T;
    const N: usize = 2 * H::N;
    const ROWS: usize = H::ROWS;
    type Square = H::Square;
    #[inline(always)]
    unsafe fn splat(v: H::T) -> Self {
        // SAFETY: see above.
        unsafe { Pair([H::splat(v); 2]) }
    }
    #[inline(always)]
    unsafe fn load(p: *const H::T) -> Self {
        // SAFETY: see above.
        unsafe { Pair([H::load(p), H::load(p.add(H::N))]) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut H::T) {
        // SAFETY: see above.
        unsafe {
            self.0[0].store(p);
            self.0[1].store(p.add(H::N));
        }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const H::T, count: usize) -> Self {
        let mut lanes = [H::T::ZERO; NARROW];
        // SAFETY: `count` elements are readable, and the array has room for all lanes.
        unsafe {
            (0..count.min(NARROW)).for_each(|i| lanes[i] = *p.add(i));
            Self::load(lanes.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut H::T, count: usize) {
        let mut lanes = [H::T::ZERO; NARROW];
        // SAFETY: `count` elements are writable, and the array has room for all lanes.
        unsafe {
            self.store(lanes.as_mut_ptr());
            (0..count.min(NARROW)).for_each(|i| *p.add(i) = lanes[i]);
        }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([0, 1].map(|h| self.0[h].add_product(a.0[h], b.0[h]))) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].add(other.0[0]), self.0[1].add(other.0[1])]) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].sub(other.0[0]), self.0[1].sub(other.0[1])]) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> H::T {
        // SAFETY: see above.
        unsafe { self.0[0].add(self.0[1]).sum() }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: see above.
        unsafe {
            let [even, odd] = H::deinterleave(first.0[0], first.0[1]);
            let [more_even, more_odd] = H::deinterleave(second.0[0], second.0[1]);
            [Pair([even, more_even]), Pair([odd, more_odd])]
        }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: see above.
        unsafe { [0, 1].map(|h| Pair(H::interleave(even.0[h], odd.0[h]))) }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].exceeds(best.0[0]), self.0[1].exceeds(best.0[1])]) }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([0, 1].map(|h| H::choose(mask.0[h], yes.0[h], no.0[h]))) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].larger(other.0[0]), self.0[1].larger(other.0[1])]) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].smaller(other.0[0]), self.0[1].smaller(other.0[1])]) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { Pair([self.0[0].or_nan(a.0[0], b.0[0]), self.0[1].or_nan(a.0[1], b.0[1])]) }
    }
    #[inline(always)]
    unsafe fn square(self) -> H::Square {
        H::square(self)
    }
    #[inline(always)]
    unsafe fn transpose(square: H::Square) -> H::Square {
        let mut transposed = square;
        for h in 0..2 {
            for column in 0..2 {
                // A quarter of the square, of which the halves of f64 have two rows.
                let quarter = std::array::from_fn(|row| square[h * H::N + row % H::N].0[column]);
                // SAFETY: see above.
                let quarter = unsafe { H::transpose(quarter) };
                for (row, &half) in quarter[..H::N].iter().enumerate() {
                    transposed[column * H::N + row].0[h] = half;
                }
            }
        }
        transposed
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: see above.
        unsafe { Pair([H::load_bytes(p), H::load_bytes(p.add(H::N))]) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: see above.
        unsafe {
            self.0[0].store_bytes(p);
            self.0[1].store_bytes(p.add(H::N));
        }
    }
}
