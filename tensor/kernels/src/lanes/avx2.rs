//! The vectors of AVX2 with FMA.

use super::Lanes;
use std::arch::x86_64::*;

impl Lanes for __m256 {
    type T = f32;
    const N: usize = 8;
    const ROWS: usize = 6;
    type Square = [Self; 8];
    #[inline(always)]
    unsafe fn splat(v: f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_set1_ps(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: as the trait says.
        unsafe { _mm256_storeu_ps(p, self) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f32, count: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes))
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, count: usize) {
        // One by one: a masked store takes dozens of cycles on some processors.
        let mut lanes = [0.0; 8];
        // SAFETY: as the trait says, and the array has room.
        unsafe {
            self.store(lanes.as_mut_ptr());
            (0..count.min(8)).for_each(|i| *p.add(i) = lanes[i]);
        }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_add_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_sub_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as the trait says.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(self), _mm256_extractf128_ps::<1>(self));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(first, second));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_11_01>(first, second));
            let even = _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(even));
            [even, _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(odd))]
        }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
            [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
        }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let larger_or_nan = _mm256_cmp_ps::<_CMP_NLE_UQ>(self, best);
            _mm256_and_ps(larger_or_nan, _mm256_cmp_ps::<_CMP_ORD_Q>(best, best))
        }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_blendv_ps(no, yes, mask) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_max_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_min_ps(self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_or_ps(self, _mm256_cmp_ps::<_CMP_UNORD_Q>(a, b)) }
    }
    #[inline(always)]
    unsafe fn square(self) -> Self::Square {
        [self; 8]
    }
    #[inline(always)]
    unsafe fn transpose(square: Self::Square) -> Self::Square {
        // SAFETY: as the trait says.
        unsafe {
            // Pairs of neighbours, then fours, then halves: each step on all vectors before the next.
            let pairs: [Self; 8] = std::array::from_fn(|k| {
                let (a, b) = (square[k / 2 * 2], square[k / 2 * 2 + 1]);
                if k % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) }
            });
            let fours: [__m256d; 8] = std::array::from_fn(|k| {
                let first = k / 4 * 4 + k % 4 / 2;
                let [a, b] = [pairs[first], pairs[first + 2]].map(|v| _mm256_castps_pd(v));
                if k % 2 == 0 { _mm256_unpacklo_pd(a, b) } else { _mm256_unpackhi_pd(a, b) }
            });
            std::array::from_fn(|k| {
                let [a, b] = [fours[k % 4], fours[k % 4 + 4]].map(|v| _mm256_castpd_ps(v));
                if k < 4 {
                    _mm256_permute2f128_ps::<0x20>(a, b)
                } else {
                    _mm256_permute2f128_ps::<0x31>(a, b)
                }
            })
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; eight bytes are read.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; eight bytes are written.
        unsafe {
            let whole = _mm256_cvtps_epi32(self);
            let (low, high) = (_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            let words = _mm_packs_epi32(low, high);
            _mm_storel_epi64(p.cast(), _mm_packus_epi16(words, words));
        }
    }
}

impl Lanes for __m256d {
    type T = f64;
    const N: usize = 4;
    const ROWS: usize = 6;
    type Square = [Self; 4];
    #[inline(always)]
    unsafe fn splat(v: f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_set1_pd(v) }
    }
    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_loadu_pd(p) }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: as the trait says.
        unsafe { _mm256_storeu_pd(p, self) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const f64, count: usize) -> Self {
        // SAFETY: as the trait says; lanes that the mask leaves out are not read.
        unsafe {
            let lanes = _mm256_setr_epi64x(0, 1, 2, 3);
            _mm256_maskload_pd(p, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), lanes))
        }
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut f64, count: usize) {
        // One by one: a masked store takes dozens of cycles on some processors.
        let mut lanes = [0.0; 4];
        // SAFETY: as the trait says, and the array has room.
        unsafe {
            self.store(lanes.as_mut_ptr());
            (0..count.min(4)).for_each(|i| *p.add(i) = lanes[i]);
        }
    }
    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_fmadd_pd(a, b, self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_add_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_sub_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f64 {
        // SAFETY: as the trait says.
        unsafe {
            let two = _mm_add_pd(_mm256_castpd256_pd128(self), _mm256_extractf128_pd::<1>(self));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let (even, odd) = (_mm256_unpacklo_pd(first, second), _mm256_unpackhi_pd(first, second));
            [_mm256_permute4x64_pd::<0b11_01_10_00>(even), _mm256_permute4x64_pd::<0b11_01_10_00>(odd)]
        }
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        // SAFETY: as the trait says.
        unsafe {
            let (low, high) = (_mm256_unpacklo_pd(even, odd), _mm256_unpackhi_pd(even, odd));
            [_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high)]
        }
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe {
            let larger_or_nan = _mm256_cmp_pd::<_CMP_NLE_UQ>(self, best);
            _mm256_and_pd(larger_or_nan, _mm256_cmp_pd::<_CMP_ORD_Q>(best, best))
        }
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_blendv_pd(no, yes, mask) }
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_max_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_min_pd(self, other) }
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        // SAFETY: as the trait says.
        unsafe { _mm256_or_pd(self, _mm256_cmp_pd::<_CMP_UNORD_Q>(a, b)) }
    }
    #[inline(always)]
    unsafe fn square(self) -> Self::Square {
        [self; 4]
    }
    #[inline(always)]
    unsafe fn transpose(square: Self::Square) -> Self::Square {
        // SAFETY: as the trait says.
        unsafe {
            let pairs: [Self; 4] = std::array::from_fn(|k| {
                let (a, b) = (square[k / 2 * 2], square[k / 2 * 2 + 1]);
                if k % 2 == 0 { _mm256_unpacklo_pd(a, b) } else { _mm256_unpackhi_pd(a, b) }
            });
            std::array::from_fn(|k| {
                let (a, b) = (pairs[k % 2], pairs[k % 2 + 2]);
                if k < 2 {
                    _mm256_permute2f128_pd::<0x20>(a, b)
                } else {
                    _mm256_permute2f128_pd::<0x31>(a, b)
                }
            })
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: as the trait says; four bytes are read.
        unsafe { _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(p.cast::<i32>().read_unaligned()))) }
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: as the trait says; four bytes are written.
        unsafe {
            let whole = _mm256_cvtpd_epi32(self);
            let words = _mm_packs_epi32(whole, whole);
            p.cast::<i32>().write_unaligned(_mm_cvtsi128_si32(_mm_packus_epi16(words, words)));
        }
    }
}
