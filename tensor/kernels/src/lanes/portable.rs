//! Vectors as arrays, for any processor.

use super::Lanes;
use crate::Float;

impl<T: Float, const N: usize> Lanes for [T; N] {
    type T = T;
    const N: usize = N;
    const ROWS: usize = 6;
    type Square = [Self; N];
    #[inline(always)]
    unsafe fn splat(v: T) -> Self {
        [v; N]
    }
    #[inline(always)]
    unsafe fn load(p: *const T) -> Self {
        // SAFETY: N elements are readable; an array has its element's alignment.
        unsafe { p.cast::<Self>().read() }
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut T) {
        // SAFETY: N elements are writable; an array has its element's alignment.
        unsafe { p.cast::<Self>().write(self) }
    }
    #[inline(always)]
    unsafe fn load_first(p: *const T, count: usize) -> Self {
        // SAFETY: `count` elements are readable.
        std::array::from_fn(|i| if i < count { unsafe { *p.add(i) } } else { T::ZERO })
    }
    #[inline(always)]
    unsafe fn store_first(self, p: *mut T, count: usize) {
        // SAFETY: `count` elements are writable.
        (0..count).for_each(|i| unsafe { *p.add(i) = self[i] });
    }
    #[inline(always)]
    unsafe fn add_product(mut self, a: Self, b: Self) -> Self {
        add_product(&mut self, &a, &b);
        self
    }
    #[inline(always)]
    unsafe fn add(mut self, other: Self) -> Self {
        for i in 0..N {
            self[i] += other[i];
        }
        self
    }
    #[inline(always)]
    unsafe fn sub(mut self, other: Self) -> Self {
        for i in 0..N {
            self[i] -= other[i];
        }
        self
    }
    #[inline(always)]
    unsafe fn sum(mut self) -> T {
        let mut half = N / 2;
        while half > 0 {
            for i in 0..half {
                let other = self[i + half];
                self[i] += other;
            }
            half /= 2;
        }
        self[0]
    }
    #[inline(always)]
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2] {
        let at = |i: usize| if i < N { first[i] } else { second[i - N] };
        [0, 1].map(|odd| std::array::from_fn(|i| at(2 * i + odd)))
    }
    #[inline(always)]
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2] {
        let at = |i: usize| if i.is_multiple_of(2) { even[i / 2] } else { odd[i / 2] };
        [0, N].map(|start| std::array::from_fn(|i| at(start + i)))
    }
    #[inline(always)]
    unsafe fn exceeds(self, best: Self) -> Self {
        let exceeds = |i: usize| (self[i] > best[i]) | (self[i].is_nan() & !best[i].is_nan());
        std::array::from_fn(|i| if exceeds(i) { T::ONE } else { T::ZERO })
    }
    #[inline(always)]
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self {
        std::array::from_fn(|i| if mask[i] == T::ZERO { no[i] } else { yes[i] })
    }
    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        std::array::from_fn(|i| if self[i] > other[i] { self[i] } else { other[i] })
    }
    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        std::array::from_fn(|i| if self[i] < other[i] { self[i] } else { other[i] })
    }
    #[inline(always)]
    unsafe fn or_nan(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|i| if a[i].is_nan() | b[i].is_nan() { T::NAN } else { self[i] })
    }
    #[inline(always)]
    unsafe fn square(self) -> Self::Square {
        [self; N]
    }
    #[inline(always)]
    unsafe fn transpose(square: Self::Square) -> Self::Square {
        std::array::from_fn(|k| std::array::from_fn(|l| square[l][k]))
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> Self {
        // SAFETY: N bytes are readable.
        let bytes = unsafe { p.cast::<[u8; N]>().read() };
        bytes.map(|byte| T::from_f64(f64::from(byte)))
    }
    #[inline(always)]
    unsafe fn store_bytes(self, p: *mut u8) {
        // SAFETY: N bytes are writable.
        unsafe { p.cast::<[u8; N]>().write(self.map(|v| v.to_f64() as u8)) }
    }
}

/// Not inlined: a multiply-add of one rounding is many instructions, and tiles write out hundreds, of which a compiler would make
/// more code than of all else in the crate.
#[inline(never)]
fn add_product<T: Float, const N: usize>(sum: &mut [T; N], a: &[T; N], b: &[T; N]) {
    for i in 0..N {
        sum[i] = T::emulated_mul_add(a[i], b[i], sum[i]);
    }
}
