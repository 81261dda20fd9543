//! The halves of WebAssembly's vectors.
//!
//! SIMD128 has no fused multiply-add: many instructions do it, as for portable vectors, so that the bits are the same as elsewhere.
//! (Of the relaxed instructions there is one, but whether it rounds once or twice is the host's choice.)

use std::arch::wasm32::*;

use super::pair::{Half, Pair};
use crate::simd::real::Real;

/// Four numbers.
#[derive(Clone, Copy, Debug)]
pub struct F32x4(v128);

/// Two numbers.
#[derive(Clone, Copy, Debug)]
pub struct F64x2(v128);

/// a · b + c in one rounding for the lower two of four numbers, still as f64: see `simd::fma::mul_add_f32`.
#[inline(always)]
fn mul_add_low(a: v128, b: v128, c: v128) -> v128 {
    let [a, b, c] = [a, b, c].map(|x| f64x2_promote_low_f32x4(x));
    let p = f64x2_mul(a, b);
    let sum = f64x2_add(p, c);
    let part = f64x2_sub(sum, p);
    let error = f64x2_add(f64x2_sub(p, f64x2_sub(sum, part)), f64x2_sub(c, part));
    // Where there is an error and the last bit is even: by one unit towards the error.
    let (one, zero) = (i64x2_splat(1), i64x2_splat(0));
    let away = i64x2_lt(v128_xor(error, sum), zero);
    let odd = i64x2_add(sum, v128_or(away, one));
    let is_inexact = f64x2_gt(f64x2_abs(error), zero);
    let is_even = i64x2_eq(v128_and(sum, one), zero);
    v128_bitselect(odd, sum, v128_and(is_inexact, is_even))
}

impl Half for F32x4 {
    type T = f32;
    const N: usize = 4;
    const ROWS: usize = 3;
    type Square = [Pair<Self>; 8];
    #[inline(always)]
    unsafe fn splat(v: f32) -> Self {
        F32x4(f32x4_splat(v))
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { F32x4(v128_load(p.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { v128_store(p.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        let upper = |x: v128| i64x2_shuffle::<1, 1>(x, x);
        let low = mul_add_low(a.0, b.0, self.0);
        let high = mul_add_low(upper(a.0), upper(b.0), upper(self.0));
        let [low, high] = [low, high].map(|x| f32x4_demote_f64x2_zero(x));
        F32x4(i64x2_shuffle::<0, 2>(low, high))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        F32x4(f32x4_add(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        F32x4(f32x4_sub(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let two = f32x4_add(self.0, i64x2_shuffle::<1, 1>(self.0, self.0));
        f32x4_extract_lane::<0>(two) + f32x4_extract_lane::<1>(two)
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        [i32x4_shuffle::<0, 2, 4, 6>(first.0, second.0), i32x4_shuffle::<1, 3, 5, 7>(first.0, second.0)]
            .map(F32x4)
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        [i32x4_shuffle::<0, 4, 1, 5>(even.0, odd.0), i32x4_shuffle::<2, 6, 3, 7>(even.0, odd.0)].map(F32x4)
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // Not smaller or equal, which NaN is not, and the best is a number.
        F32x4(v128_andnot(f32x4_eq(best.0, best.0), f32x4_le(self.0, best.0)))
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        F32x4(v128_bitselect(yes.0, no.0, mask.0))
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        F32x4(f32x4_pmax(other.0, self.0))
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        F32x4(f32x4_pmin(other.0, self.0))
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        F32x4(v128_bitselect(self.0, f32x4_splat(f32::NAN), v128_and(f32x4_eq(a.0, a.0), f32x4_eq(b.0, b.0))))
    }
    #[inline(always)]
    fn square(pair: Pair<Self>) -> Self::Square {
        [pair; 8]
    }
    #[inline(always)]
    unsafe fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        // Pairs of neighbours, then halves.
        let [low_ab, low_cd] = [(a, b), (c, d)].map(|(x, y)| i32x4_shuffle::<0, 4, 1, 5>(x.0, y.0));
        let [high_ab, high_cd] = [(a, b), (c, d)].map(|(x, y)| i32x4_shuffle::<2, 6, 3, 7>(x.0, y.0));
        [
            i64x2_shuffle::<0, 2>(low_ab, low_cd),
            i64x2_shuffle::<1, 3>(low_ab, low_cd),
            i64x2_shuffle::<0, 2>(high_ab, high_cd),
            i64x2_shuffle::<1, 3>(high_ab, high_cd),
        ]
        .map(F32x4)
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; four bytes are read.
        let bytes = unsafe { v128_load32_zero(p.cast()) };
        F32x4(f32x4_convert_u32x4(u32x4_extend_low_u16x8(u16x8_extend_low_u8x16(bytes))))
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        let whole = i32x4_trunc_sat_f32x4(self.0);
        let words = i16x8_narrow_i32x4(whole, whole);
        // SAFETY: as the trait says; four bytes are written.
        unsafe { v128_store32_lane::<0>(u8x16_narrow_i16x8(words, words), p.cast()) }
    }
}

impl Half for F64x2 {
    type T = f64;
    const N: usize = 2;
    const ROWS: usize = 3;
    type Square = [Pair<Self>; 4];
    #[inline(always)]
    unsafe fn splat(v: f64) -> Self {
        F64x2(f64x2_splat(v))
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { F64x2(v128_load(p.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: as the trait says.
        unsafe { v128_store(p.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        let [a, b, c] = [a, b, self].map(|x| [f64x2_extract_lane::<0>(x.0), f64x2_extract_lane::<1>(x.0)]);
        let [first, second] = [0, 1].map(|i| f64::emulated_mul_add(a[i], b[i], c[i]));
        F64x2(f64x2(first, second))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        F64x2(f64x2_add(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        F64x2(f64x2_sub(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f64 {
        f64x2_extract_lane::<0>(self.0) + f64x2_extract_lane::<1>(self.0)
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        [i64x2_shuffle::<0, 2>(first.0, second.0), i64x2_shuffle::<1, 3>(first.0, second.0)].map(F64x2)
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        [i64x2_shuffle::<0, 2>(even.0, odd.0), i64x2_shuffle::<1, 3>(even.0, odd.0)].map(F64x2)
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        F64x2(v128_andnot(f64x2_eq(best.0, best.0), f64x2_le(self.0, best.0)))
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        F64x2(v128_bitselect(yes.0, no.0, mask.0))
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        F64x2(f64x2_pmax(other.0, self.0))
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        F64x2(f64x2_pmin(other.0, self.0))
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        F64x2(v128_bitselect(self.0, f64x2_splat(f64::NAN), v128_and(f64x2_eq(a.0, a.0), f64x2_eq(b.0, b.0))))
    }
    #[inline(always)]
    fn square(pair: Pair<Self>) -> Self::Square {
        [pair; 4]
    }
    #[inline(always)]
    unsafe fn transpose([a, b, ..]: [Self; 4]) -> [Self; 4] {
        let (first, second) = (i64x2_shuffle::<0, 2>(a.0, b.0), i64x2_shuffle::<1, 3>(a.0, b.0));
        [first, second, first, second].map(F64x2)
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; two bytes are read.
        let [first, second] = unsafe { p.cast::<[u8; 2]>().read() };
        F64x2(f64x2(first.into(), second.into()))
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        let bytes = [f64x2_extract_lane::<0>(self.0) as u8, f64x2_extract_lane::<1>(self.0) as u8];
        // SAFETY: as the trait says; two bytes are written.
        unsafe { p.cast::<[u8; 2]>().write(bytes) }
    }
}
