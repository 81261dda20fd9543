//! Vectors of a fixed number of elements for the linear kernels, and the choice of the instruction set at run time.
//!
//! A kernel is written once, generic over [`Lanes`], as a [`Task`]; [`run`] compiles it twice, with AVX2 and FMA and
//! portably, and picks. All of a kernel's functions below [`Task::run`] must be `#[inline(always)]`, so that they are
//! compiled with the instruction set of the caller.

use crate::Float;

/// A vector of `N` elements.
///
/// # Safety
/// All methods may only be called on a processor with the vector's instruction set ([`run`] sees to it), and pointers
/// must be valid for `N` elements, of any alignment.
pub(crate) trait Lanes: Copy {
    /// The element.
    type T: Float;
    /// How many.
    const N: usize;
    unsafe fn splat(v: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    /// `self + a · b`.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    /// The sum of the lanes: halves onto each other until one is left.
    unsafe fn sum(self) -> Self::T;
}

/// The largest `N` of all vectors; buffers that hold vectors have this much slack.
pub(crate) const MOST_LANES: usize = 8;

/// The vectors of an element type. Both kinds have equally many lanes, so layouts do not depend on the machine.
pub trait Vectors: Copy + Send + Sync {
    #[cfg(target_arch = "x86_64")]
    #[allow(private_bounds)] // the module is private, so is the trait in effect
    type Avx2: Lanes<T = Self>;
    #[allow(private_bounds)]
    type Portable: Lanes<T = Self>;
}

/// A kernel, generic over the kind of vector.
pub(crate) trait Task<T> {
    /// Does the work. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    /// Only on a processor with the instruction set of `V`.
    unsafe fn run<V: Lanes<T = T>>(self);
}

/// Runs the task with the best vectors that this processor has.
pub(crate) fn run<T: Float>(task: impl Task<T>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has just said that it can.
        return unsafe { run_avx2(task) };
    }
    // SAFETY: the portable vectors ask for nothing.
    unsafe { task.run::<T::Portable>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Float>(task: impl Task<T>) {
    // SAFETY: the caller has checked for AVX2 and FMA.
    unsafe { task.run::<T::Avx2>() }
}

impl<T: Float, const N: usize> Lanes for [T; N] {
    type T = T;
    const N: usize = N;
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
    unsafe fn add_product(mut self, a: Self, b: Self) -> Self {
        // Two roundings: a fused product without the instruction would be a function call.
        for i in 0..N {
            self[i] += a[i] * b[i];
        }
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
}

impl Vectors for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    type Portable = [f32; 8];
}

impl Vectors for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    type Portable = [f64; 4];
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::Lanes;
    use std::arch::x86_64::*;

    macro_rules! lanes {
        ($v:ident, $t:ident, $n:expr, $set:ident, $load:ident, $store:ident, $fma:ident, $add:ident, $sum:expr) => {
            // SAFETY (all blocks below): the trait's contract gives the instructions and valid pointers.
            impl Lanes for $v {
                type T = $t;
                const N: usize = $n;
                #[inline(always)]
                unsafe fn splat(v: $t) -> Self {
                    unsafe { $set(v) }
                }
                #[inline(always)]
                unsafe fn load(p: *const $t) -> Self {
                    unsafe { $load(p) }
                }
                #[inline(always)]
                unsafe fn store(self, p: *mut $t) {
                    unsafe { $store(p, self) }
                }
                #[inline(always)]
                unsafe fn add_product(self, a: Self, b: Self) -> Self {
                    unsafe { $fma(a, b, self) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> $t {
                    unsafe { $sum(self) }
                }
            }
        };
    }

    #[inline(always)]
    unsafe fn sum_f32(v: __m256) -> f32 {
        // SAFETY: the caller has AVX.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    unsafe fn sum_f64(v: __m256d) -> f64 {
        // SAFETY: the caller has AVX.
        unsafe {
            let two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }

    lanes!(
        __m256,
        f32,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        sum_f32
    );
    lanes!(
        __m256d,
        f64,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        sum_f64
    );
}

/// The most equal split of `total` items into as few groups of at most `most` as there can be: (first, count) of each.
/// (32 rows by at most 6 make 6, 6, 5, 5, 5, 5, and not five sixes and a slow 2.)
#[inline(always)]
pub(crate) fn groups(total: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = total.div_ceil(most);
    let (small, larger) = (total / count.max(1), total % count.max(1));
    (0..count).map(move |g| (g * small + g.min(larger), small + usize::from(g < larger)))
}
