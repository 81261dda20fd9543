//! The vectors of AVX-512 (F, BW, DQ and VL).

use super::{Lanes, Task};
use std::arch::x86_64::*;

/// A mask of the first lanes.
#[inline(always)]
fn first(count: usize) -> u32 {
    (1 << count) - 1
}

impl Lanes for __m512 {
    type T = f32;
    const N: usize = 16;
    const ROWS: usize = 12;
    type Square = [Self; 16];
    #[inline(always)]
    unsafe fn call(task: impl Task<f32>) {
        // SAFETY: as the trait says.
        unsafe { super::run_avx512(task) }
    }
    #[inline(always)]
    unsafe fn splat(v: f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_set1_ps(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { _mm512_storeu_ps(p, self) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f32, count: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe { _mm512_maskz_loadu_ps(first(count) as __mmask16, p) }
    }
    #[inline(always)]
    unsafe fn load_between(p: *const f32, from: usize, to: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe { _mm512_maskz_loadu_ps((first(to) & !first(from)) as __mmask16, p) }
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, count: usize) {
        // SAFETY: as the trait says; lanes that the mask leaves out are not written.
        unsafe { _mm512_mask_storeu_ps(p, first(count) as __mmask16, self) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as the trait says, of the halves' vectors.
        unsafe { (_mm512_castps512_ps256(self).add(_mm512_extractf32x8_ps::<1>(self))).sum() }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            [_mm512_permutex2var_ps(first, even, second), _mm512_permutex2var_ps(first, odd, second)]
        }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
            [_mm512_permutex2var_ps(even, low, odd), _mm512_permutex2var_ps(even, high, odd)]
        }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let numbers = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(best, best);
            _mm512_castsi512_ps(_mm512_movm_epi32(_mm512_mask_cmp_ps_mask::<_CMP_NLE_UQ>(
                numbers, self, best,
            )))
        }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(mask)), no, yes) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_max_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_min_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, b), self, _mm512_set1_ps(f32::NAN))
        }
    }
    #[inline(always)]
    unsafe fn square(self) -> Self::Square {
        [self; 16]
    }
    #[inline(always)]
    unsafe fn transpose(square: Self::Square) -> Self::Square {
        // SAFETY: as the trait says.
        unsafe {
            // Pairs of neighbours, then fours, then the quarters of fours: each step on all vectors before the next.
            let [mut pairs, mut fours, mut columns] = [square; 3];
            unrolled!(k < 16 => {
                let (a, b) = (square[k / 2 * 2], square[k / 2 * 2 + 1]);
                pairs[k] = if k.is_multiple_of(2) { _mm512_unpacklo_ps(a, b) } else { _mm512_unpackhi_ps(a, b) };
            });
            unrolled!(k < 16 => {
                let first = k / 4 * 4 + k % 4 / 2;
                let (a, b) = (_mm512_castps_pd(pairs[first]), _mm512_castps_pd(pairs[first + 2]));
                fours[k] =
                    _mm512_castpd_ps(if k.is_multiple_of(2) { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) });
            });
            unrolled!(k < 4 => {
                let [a, b, c, d] = [fours[k], fours[4 + k], fours[8 + k], fours[12 + k]];
                let (front, back) = (_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0x44>(c, d));
                columns[k] = _mm512_shuffle_f32x4::<0x88>(front, back);
                columns[4 + k] = _mm512_shuffle_f32x4::<0xDD>(front, back);
                let (front, back) = (_mm512_shuffle_f32x4::<0xEE>(a, b), _mm512_shuffle_f32x4::<0xEE>(c, d));
                columns[8 + k] = _mm512_shuffle_f32x4::<0x88>(front, back);
                columns[12 + k] = _mm512_shuffle_f32x4::<0xDD>(front, back);
            });
            columns
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; N bytes are read.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; N bytes are written.
        unsafe { _mm_storeu_si128(p.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self))) }
    }
}

impl Lanes for __m512d {
    type T = f64;
    const N: usize = 8;
    const ROWS: usize = 12;
    type Square = [Self; 8];
    #[inline(always)]
    unsafe fn call(task: impl Task<f64>) {
        // SAFETY: as the trait says.
        unsafe { super::run_avx512(task) }
    }
    #[inline(always)]
    unsafe fn splat(v: f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_set1_pd(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: as the trait says.
        unsafe { _mm512_storeu_pd(p, self) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f64, count: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe { _mm512_maskz_loadu_pd(first(count) as __mmask8, p) }
    }
    #[inline(always)]
    unsafe fn load_between(p: *const f64, from: usize, to: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe { _mm512_maskz_loadu_pd((first(to) & !first(from)) as __mmask8, p) }
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f64, count: usize) {
        // SAFETY: as the trait says; lanes that the mask leaves out are not written.
        unsafe { _mm512_mask_storeu_pd(p, first(count) as __mmask8, self) }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_fmadd_pd(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_add_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_sub_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f64 {
        // SAFETY: as the trait says, of the halves' vectors.
        unsafe { (_mm512_castpd512_pd256(self).add(_mm512_extractf64x4_pd::<1>(self))).sum() }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
            let odd = _mm512_add_epi64(even, _mm512_set1_epi64(1));
            [_mm512_permutex2var_pd(first, even, second), _mm512_permutex2var_pd(first, odd, second)]
        }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
            let high = _mm512_add_epi64(low, _mm512_set1_epi64(4));
            [_mm512_permutex2var_pd(even, low, odd), _mm512_permutex2var_pd(even, high, odd)]
        }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let numbers = _mm512_cmp_pd_mask::<_CMP_ORD_Q>(best, best);
            _mm512_castsi512_pd(_mm512_movm_epi64(_mm512_mask_cmp_pd_mask::<_CMP_NLE_UQ>(
                numbers, self, best,
            )))
        }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_mask_blend_pd(_mm512_movepi64_mask(_mm512_castpd_si512(mask)), no, yes) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_max_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm512_min_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_UNORD_Q>(a, b), self, _mm512_set1_pd(f64::NAN))
        }
    }
    #[inline(always)]
    unsafe fn square(self) -> Self::Square {
        [self; 8]
    }
    #[inline(always)]
    unsafe fn transpose(square: Self::Square) -> Self::Square {
        // SAFETY: as the trait says.
        unsafe {
            // Pairs of neighbours, then the quarters of pairs.
            let [mut pairs, mut columns] = [square; 2];
            unrolled!(k < 8 => {
                let (a, b) = (square[k / 2 * 2], square[k / 2 * 2 + 1]);
                pairs[k] = if k.is_multiple_of(2) { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) };
            });
            unrolled!(k < 2 => {
                let [a, b, c, d] = [pairs[k], pairs[2 + k], pairs[4 + k], pairs[6 + k]];
                let (front, back) = (_mm512_shuffle_f64x2::<0x44>(a, b), _mm512_shuffle_f64x2::<0x44>(c, d));
                columns[k] = _mm512_shuffle_f64x2::<0x88>(front, back);
                columns[2 + k] = _mm512_shuffle_f64x2::<0xDD>(front, back);
                let (front, back) = (_mm512_shuffle_f64x2::<0xEE>(a, b), _mm512_shuffle_f64x2::<0xEE>(c, d));
                columns[4 + k] = _mm512_shuffle_f64x2::<0x88>(front, back);
                columns[6 + k] = _mm512_shuffle_f64x2::<0xDD>(front, back);
            });
            columns
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; N bytes are read.
        unsafe { _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; N bytes are written.
        unsafe { _mm_storel_epi64(p.cast(), _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(self))) }
    }
}
