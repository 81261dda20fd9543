//! The halves of NEON's vectors, which are part of every aarch64.

use super::pair::{Half, Pair};
use std::arch::aarch64::*;

impl Half for float32x4_t {
    type T = f32;
    const N: usize = 4;
    // 6 × 4 sums, 4 vectors and a factor are 29 of 32 registers.
    const ROWS: usize = 6;
    type Square = [Pair<Self>; 8];
    #[inline(always)]
    unsafe fn splat(v: f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { vdupq_n_f32(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { vld1q_f32(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { vst1q_f32(p, self) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vfmaq_f32(self, a, b) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vaddq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vsubq_f32(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as the trait says.
        unsafe {
            let two = vadd_f32(vget_low_f32(self), vget_high_f32(self));
            vpadds_f32(two)
        }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe { [vuzp1q_f32(first, second), vuzp2q_f32(first, second)] }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe { [vzip1q_f32(even, odd), vzip2q_f32(even, odd)] }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            // Not smaller or equal, which NaN is not, and the best is a number.
            vreinterpretq_f32_u32(vbicq_u32(vceqq_f32(best, best), vcleq_f32(self, best)))
        }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f32(vreinterpretq_u32_f32(mask), yes, no) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f32(vcgtq_f32(self, other), self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f32(vcltq_f32(self, other), self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let numbers = vandq_u32(vceqq_f32(a, a), vceqq_f32(b, b));
            vbslq_f32(numbers, self, vdupq_n_f32(f32::NAN))
        }
    }
    #[inline(always)]
    fn square(pair: Pair<Self>) -> Self::Square {
        [pair; 8]
    }
    #[inline(always)]
    unsafe fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        // SAFETY: as the trait says.
        unsafe {
            // Pairs of neighbours, then halves.
            let [low_ab, high_ab] = [vtrn1q_f32(a, b), vtrn2q_f32(a, b)].map(|v| vreinterpretq_f64_f32(v));
            let [low_cd, high_cd] = [vtrn1q_f32(c, d), vtrn2q_f32(c, d)].map(|v| vreinterpretq_f64_f32(v));
            [
                vzip1q_f64(low_ab, low_cd),
                vzip1q_f64(high_ab, high_cd),
                vzip2q_f64(low_ab, low_cd),
                vzip2q_f64(high_ab, high_cd),
            ]
            .map(|v| vreinterpretq_f32_f64(v))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; four bytes are read.
        unsafe {
            let bytes = p.cast::<u32>().read_unaligned();
            let words = vget_low_u16(vmovl_u8(vcreate_u8(bytes.into())));
            vcvtq_f32_u32(vmovl_u16(words))
        }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; four bytes are written.
        unsafe {
            let words = vmovn_u32(vcvtq_u32_f32(self));
            let bytes = vmovn_u16(vcombine_u16(words, words));
            p.cast::<u32>().write_unaligned(vget_lane_u32::<0>(vreinterpret_u32_u8(bytes)))
        }
    }
}

impl Half for float64x2_t {
    type T = f64;
    const N: usize = 2;
    const ROWS: usize = 6;
    type Square = [Pair<Self>; 4];
    #[inline(always)]
    unsafe fn splat(v: f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { vdupq_n_f64(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { vld1q_f64(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: as the trait says.
        unsafe { vst1q_f64(p, self) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vfmaq_f64(self, a, b) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vaddq_f64(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vsubq_f64(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f64 {
        // SAFETY: as the trait says.
        unsafe { vpaddd_f64(self) }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe { [vzip1q_f64(first, second), vzip2q_f64(first, second)] }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe { [vzip1q_f64(even, odd), vzip2q_f64(even, odd)] }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vreinterpretq_f64_u64(vbicq_u64(vceqq_f64(best, best), vcleq_f64(self, best))) }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f64(vreinterpretq_u64_f64(mask), yes, no) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f64(vcgtq_f64(self, other), self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { vbslq_f64(vcltq_f64(self, other), self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let numbers = vandq_u64(vceqq_f64(a, a), vceqq_f64(b, b));
            vbslq_f64(numbers, self, vdupq_n_f64(f64::NAN))
        }
    }
    #[inline(always)]
    fn square(pair: Pair<Self>) -> Self::Square {
        [pair; 4]
    }
    #[inline(always)]
    unsafe fn transpose([a, b, ..]: [Self; 4]) -> [Self; 4] {
        // SAFETY: as the trait says.
        unsafe {
            let (first, second) = (vzip1q_f64(a, b), vzip2q_f64(a, b));
            [first, second, first, second]
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; two bytes are read.
        unsafe {
            let bytes = p.cast::<u16>().read_unaligned();
            let words = vget_low_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bytes.into())))));
            vcvtq_f64_u64(vmovl_u32(words))
        }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; two bytes are written.
        unsafe {
            let words = vmovn_u64(vcvtq_u64_f64(self));
            let [low, high] = [vget_lane_u32::<0>(words) as u8, vget_lane_u32::<1>(words) as u8];
            p.cast::<[u8; 2]>().write([low, high])
        }
    }
}
