//! Vectors of a fixed number of elements for the linear kernels, and the choice of the instruction set at run time.
//!
//! A kernel is written once, generic over [`Lanes`], as a [`Task`]; [`run`] compiles it for each level that there is, and
//! picks. All of a kernel's functions below [`Task::run`] must be `#[inline(always)]`, so that they are compiled with the
//! instruction set of the caller.
//!
//! Vectors are narrow, of 256 bits, or wide, as wide as the processor has them. A kernel whose results or layouts depend on the
//! number of lanes is run with narrow ones ([`run_narrow`]), so that the bits of all results are the same at every level.

/// A loop over `index < count`, at most 16, written out: vectors stay in registers only where all their indices are constants,
/// and compilers do not unroll long loops before they decide that. Nor do they inline closures that are called in one. That an
/// index is too large is known as a constant (`const`), so that what is written out in vain costs no more than to be read.
macro_rules! unrolled {
    ($index:ident < $count:expr => $body:expr) => {
        unrolled!(@ $index < $count => $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $index:ident < $count:expr => $body:expr, $($n:literal)*) => {
        $(if const { $n < $count } {
            // A lint does not see that it is never compiled with too large an index.
            #[allow(unconditional_panic)]
            {
                let $index: usize = $n;
                $body;
            }
        })*
    };
}
pub(crate) use unrolled;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "aarch64", target_feature = "simd128"))]
mod pair;
mod portable;
#[cfg(target_feature = "simd128")]
mod wasm;

use std::ops::IndexMut;

use crate::level::{Level, level};
use crate::{Element, Float};

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
    /// Most rows of a tile of two vectors' sums: what registers there are.
    const ROWS: usize;
    /// N vectors.
    type Square: Copy + IndexMut<usize, Output = Self>;
    /// Runs a task with these vectors. With 512 bits it is a function of its own: a kernel has dozens of tiles, and one function
    /// with all of them would keep a compiler busy for minutes.
    #[inline(always)]
    unsafe fn call(task: impl Task<Self::T>) {
        // SAFETY: handed on.
        unsafe { task.run::<Self>() }
    }
    unsafe fn splat(v: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    /// The first `count` elements, fewer than `N`; the other lanes are zero and their memory is not touched.
    unsafe fn load_first(p: *const Self::T, count: usize) -> Self;
    /// The elements from `from` to before `to`, at most `N`; the other lanes are zero and their memory is not touched.
    #[inline(always)]
    unsafe fn load_between(p: *const Self::T, from: usize, to: usize) -> Self {
        let mut lanes = [Self::T::ZERO; WIDEST];
        // SAFETY: these elements are readable, and the array has room for all lanes.
        unsafe {
            (from..to.min(Self::N)).for_each(|i| lanes[i] = *p.wrapping_add(i));
            Self::load(lanes.as_ptr())
        }
    }
    /// Stores the first `count` elements, fewer than `N`; other memory is not touched.
    unsafe fn store_first(self, p: *mut Self::T, count: usize);
    /// `self + a · b`.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    /// The sum of the lanes: halves onto each other until one is left.
    unsafe fn sum(self) -> Self::T;
    /// The elements of even and of odd place of `first` followed by `second`.
    unsafe fn deinterleave(first: Self, second: Self) -> [Self; 2];
    /// The inverse of [`Lanes::deinterleave`].
    unsafe fn interleave(even: Self, odd: Self) -> [Self; 2];
    /// A mask for [`Lanes::choose`]: where self is larger than `best`, or NaN and `best` is not.
    unsafe fn exceeds(self, best: Self) -> Self;
    /// Lanes of `yes` where the mask is set, of `no` elsewhere.
    unsafe fn choose(mask: Self, yes: Self, no: Self) -> Self;
    /// Lanes of self where it is larger, of the other elsewhere; either may be NaN, where one is.
    unsafe fn larger(self, other: Self) -> Self;
    /// Likewise where it is smaller.
    unsafe fn smaller(self, other: Self) -> Self;
    /// Self, but NaN where `a` or `b` is NaN.
    unsafe fn or_nan(self, a: Self, b: Self) -> Self;
    /// N vectors that are all the same.
    unsafe fn square(self) -> Self::Square;
    /// The transpose.
    unsafe fn transpose(square: Self::Square) -> Self::Square;
    /// N bytes as numbers.
    unsafe fn load_bytes(p: *const u8) -> Self;
    /// The lanes, whole numbers from 0 to 255, as N bytes.
    unsafe fn store_bytes(self, p: *mut u8);
}

/// N vectors that are `step` apart.
///
/// # Safety
/// The processor has the instructions of V, and all of them can be read.
#[inline(always)]
pub(crate) unsafe fn load_square<V: Lanes>(p: *const V::T, step: usize) -> V::Square {
    // SAFETY: handed on.
    unsafe {
        let mut square = V::splat(V::T::ZERO).square();
        unrolled!(k < V::N => square[k] = V::load(p.add(k * step)));
        square
    }
}

/// The inverse of [`load_square`]. Vectors are written in order: they may overlap.
///
/// # Safety
/// As for it, but written.
#[inline(always)]
pub(crate) unsafe fn store_square<V: Lanes>(square: V::Square, p: *mut V::T, step: usize) {
    // SAFETY: handed on.
    unsafe {
        unrolled!(k < V::N => square[k].store(p.add(k * step)));
    }
}

/// Copies a block of `N` × `N` elements, transposed; rows lie `step` apart in `from`, `to_step` in `to`, where they are
/// written in order (they may overlap).
///
/// # Safety
/// The processor has the instructions of `V`; both blocks are in reach.
#[inline(always)]
pub(crate) unsafe fn copy_transposed<V: Lanes>(
    from: *const V::T,
    step: usize,
    to: *mut V::T,
    to_step: usize,
) {
    // SAFETY: handed on.
    unsafe { store_square::<V>(V::transpose(load_square::<V>(from, step)), to, to_step) }
}

/// The `N` of the widest vectors; buffers that hold vectors have this much slack.
pub(crate) const WIDEST: usize = 16;

/// Lanes of a narrow vector of f32. f64 has half as many, but layouts of both are multiples of this.
pub(crate) const NARROW: usize = 8;

/// Lanes of a wide vector of f32, likewise.
pub(crate) fn wide() -> usize {
    match level() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => 16,
        _ => NARROW,
    }
}

/// Lanes of a wide vector.
pub(crate) fn lanes<T: Float>() -> usize {
    wide() / NARROW * narrow_lanes::<T>()
}

/// Lanes of a narrow vector.
pub(crate) const fn narrow_lanes<T: Float>() -> usize {
    <T::Portable as Lanes>::N
}

/// The vectors of an element type.
pub trait Vectors: Copy + Send + Sync {
    #[cfg(target_arch = "x86_64")]
    #[allow(private_bounds)] // the module is private, so is the trait in effect
    type Avx512: Lanes<T = Self>;
    #[cfg(target_arch = "x86_64")]
    #[allow(private_bounds)]
    type Avx2: Lanes<T = Self>;
    #[cfg(target_arch = "aarch64")]
    #[allow(private_bounds)]
    type Neon: Lanes<T = Self>;
    #[cfg(target_feature = "simd128")]
    #[allow(private_bounds)]
    type Simd128: Lanes<T = Self>;
    #[allow(private_bounds)]
    type Portable: Lanes<T = Self>;
}

impl Vectors for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    #[cfg(target_arch = "aarch64")]
    type Neon = pair::Pair<std::arch::aarch64::float32x4_t>;
    #[cfg(target_feature = "simd128")]
    type Simd128 = pair::Pair<wasm::F32x4>;
    type Portable = [f32; 8];
}

impl Vectors for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    #[cfg(target_arch = "aarch64")]
    type Neon = pair::Pair<std::arch::aarch64::float64x2_t>;
    #[cfg(target_feature = "simd128")]
    type Simd128 = pair::Pair<wasm::F64x2>;
    type Portable = [f64; 4];
}

/// A kernel, generic over the kind of vector.
pub(crate) trait Task<T> {
    /// Does the work. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    /// Only on a processor with the instruction set of `V`.
    unsafe fn run<V: Lanes<T = T>>(self);
}

/// Runs the task with wide vectors, of [`lanes`] lanes.
pub(crate) fn run<T: Float>(task: impl Task<T>) {
    match level() {
        // SAFETY: a level is used only where the processor has its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { run_avx512(task) },
        _ => run_narrow(task),
    }
}

/// Whether there are vectors of 512 bits, and the registers that come with them.
pub(crate) fn has_512_bits() -> bool {
    wide() > NARROW
}

/// Runs the task with vectors of 512 bits, which there are; it is not compiled for others.
pub(crate) fn run_512_bits<T: Float>(task: impl Task<T>) {
    #[cfg(target_arch = "x86_64")]
    if level() == Level::Avx512 {
        // SAFETY: a level is used only where the processor has its instructions.
        return unsafe { run_avx512(task) };
    }
    let _ = task;
    unreachable!("no vectors of 512 bits")
}

/// Runs the task with narrow vectors, of [`narrow_lanes`] lanes.
pub(crate) fn run_narrow<T: Float>(task: impl Task<T>) {
    match level() {
        // SAFETY: a level is used only where the processor has its instructions.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx2 => unsafe { run_avx2(task) },
        // SAFETY: NEON is part of every aarch64.
        #[cfg(target_arch = "aarch64")]
        Level::Neon => unsafe { task.run::<T::Neon>() },
        // SAFETY: a module that has the instructions runs only where the host has them.
        #[cfg(target_feature = "simd128")]
        Level::Simd128 => unsafe { task.run::<T::Simd128>() },
        // SAFETY: the portable vectors ask for nothing.
        Level::Portable => unsafe { task.run::<T::Portable>() },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Float>(task: impl Task<T>) {
    // SAFETY: the caller's.
    unsafe { task.run::<T::Avx2>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
#[inline(never)] // see `Lanes::call`
unsafe fn run_avx512<T: Float>(task: impl Task<T>) {
    // SAFETY: the caller's.
    unsafe { task.run::<T::Avx512>() }
}

/// The most equal split of `total` items into as few groups of at most `most` as there can be: (first, count) of each.
/// (32 rows by at most 6 make 6, 6, 5, 5, 5, 5, and not five sixes and a slow 2.)
#[inline(always)]
pub(crate) fn groups(total: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    split(total, total.div_ceil(most))
}

/// The most equal split of `total` items into so many groups.
#[inline(always)]
pub(crate) fn split(total: usize, count: usize) -> impl Iterator<Item = (usize, usize)> {
    let (small, larger) = (total / count.max(1), total % count.max(1));
    (0..count).map(move |g| (g * small + g.min(larger), small + usize::from(g < larger)))
}

#[cfg(test)]
mod tests;
