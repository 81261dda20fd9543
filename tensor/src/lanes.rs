//! Vectors of a fixed number of elements for the linear kernels, and the choice of the instruction set at run time.
//!
//! A kernel is written once, generic over [`Lanes`], as a [`Task`]; [`run`] compiles it twice, with AVX2 and FMA and
//! portably, and picks. All of a kernel's functions below [`Task::run`] must be `#[inline(always)]`, so that they are
//! compiled with the instruction set of the caller.

#[cfg(target_arch = "x86_64")]
mod avx2;

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
    /// The first `count` elements, fewer than `N`; the other lanes are zero and their memory is not touched.
    unsafe fn load_first(p: *const Self::T, count: usize) -> Self;
    /// Asks for the cache line of an address, which need not be valid.
    unsafe fn prefetch(p: *const Self::T);
    /// `self + a · b`.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
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
    /// The transpose of the square of the first N vectors.
    unsafe fn transpose(square: [Self; MOST_LANES]) -> [Self; MOST_LANES];
    /// N bytes as numbers.
    unsafe fn load_bytes(p: *const u8) -> Self;
    /// The lanes, whole numbers from 0 to 255, as N bytes.
    unsafe fn store_bytes(self, p: *mut u8);
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
    unsafe {
        let mut square = [V::splat(V::T::ZERO); MOST_LANES];
        for (i, row) in square[..V::N].iter_mut().enumerate() {
            *row = V::load(from.add(i * step));
        }
        for (j, row) in V::transpose(square)[..V::N].iter().enumerate() {
            row.store(to.add(j * to_step));
        }
    }
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
    unsafe fn load_first(p: *const T, count: usize) -> Self {
        // SAFETY: `count` elements are readable.
        std::array::from_fn(|i| if i < count { unsafe { *p.add(i) } } else { T::ZERO })
    }
    #[inline(always)]
    unsafe fn prefetch(_p: *const T) {}
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
    unsafe fn transpose(square: [Self; MOST_LANES]) -> [Self; MOST_LANES] {
        std::array::from_fn(|k| std::array::from_fn(|l| if k < N { square[l][k] } else { T::ZERO }))
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
mod tests {
    use super::*;

    /// What all operations make of two vectors.
    struct All<T> {
        a: [T; MOST_LANES],
        b: [T; MOST_LANES],
        out: Vec<T>,
    }

    impl<T: Float> Task<T> for &mut All<T> {
        #[inline(always)]
        unsafe fn run<V: Lanes<T = T>>(self) {
            // SAFETY: `super::run` has checked the instructions; all arrays have room for a vector.
            unsafe {
                let (a, b) = (V::load(self.a.as_ptr()), V::load(self.b.as_ptr()));
                let [even, odd] = V::deinterleave(a, b);
                let [first, second] = V::interleave(a, b);
                let chosen = V::choose(a.exceeds(b), a, b);
                let all =
                    [V::splat(self.a[1]), a.add(b), a.add_product(a, b), even, odd, first, second, chosen];
                for v in all {
                    let mut lanes = [T::ZERO; MOST_LANES];
                    v.store(lanes.as_mut_ptr());
                    self.out.extend(&lanes[..V::N]);
                }
                self.out.push(b.sum());
                let mut square = [V::splat(T::ZERO); MOST_LANES];
                for (k, vector) in square[..V::N].iter_mut().enumerate() {
                    let row: [T; MOST_LANES] = std::array::from_fn(|l| T::from_f64((10 * k + l) as f64));
                    *vector = V::load(row.as_ptr());
                }
                for row in &V::transpose(square)[..V::N] {
                    let mut lanes = [T::ZERO; MOST_LANES];
                    row.store(lanes.as_mut_ptr());
                    self.out.extend(&lanes[..V::N]);
                }
                let (mut bytes, mut lanes) = ([0; MOST_LANES], [T::ZERO; MOST_LANES]);
                V::load_bytes([0, 255, 3, 128, 7, 1, 254, 9].as_ptr()).store_bytes(bytes.as_mut_ptr());
                V::load_bytes(bytes.as_ptr()).store(lanes.as_mut_ptr());
                self.out.extend(&lanes[..V::N]);
                for count in 0..V::N {
                    V::load_first(self.b.as_ptr(), count).store(lanes.as_mut_ptr());
                    self.out.extend(&lanes[..V::N]);
                }
                // Of columns that overlap, the later ones stay.
                let matrix: [T; 80] = std::array::from_fn(|i| T::from_f64(i as f64));
                let mut copy = [T::ZERO; 80];
                copy_transposed::<V>(matrix.as_ptr(), V::N + 1, copy.as_mut_ptr(), V::N - 1);
                for (i, &value) in copy[..V::N * (V::N - 1)].iter().enumerate() {
                    assert_eq!(value, matrix[i % (V::N - 1) * (V::N + 1) + i / (V::N - 1)]);
                }
            }
        }
    }

    fn check<T: Float>(lanes: usize) {
        let number = |i: usize| T::from_f64([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0][i]);
        let (mut a, mut b): ([T; 8], [T; 8]) =
            (std::array::from_fn(number), std::array::from_fn(|i| number(7 - i)));
        (a[0], b[1]) = (T::NAN, T::NAN);
        let (mut best, mut portable) = (All { a, b, out: vec![] }, All { a, b, out: vec![] });
        run(&mut best);
        // SAFETY: the portable vectors ask for nothing.
        unsafe { (&mut portable).run::<T::Portable>() };
        let after: Vec<f64> = best.out[8 * lanes + 1..].iter().map(|v| v.to_f64()).collect();
        let (square, bytes) = after.split_at(lanes * lanes);
        assert!((0..lanes * lanes).all(|i| square[i] == (10 * (i % lanes) + i / lanes) as f64), "{square:?}");
        let (bytes, firsts) = bytes.split_at(lanes);
        assert_eq!(*bytes, [0., 255., 3., 128., 7., 1., 254., 9.][..lanes]);
        assert_eq!(firsts[2 * lanes], b[0].to_f64());
        assert_eq!(firsts.len(), lanes * lanes);
        let same = |(x, y): (&T, &T)| x == y || (x.is_nan() && y.is_nan());
        assert!(best.out.iter().zip(&portable.out).all(same), "{:?} is not {:?}", best.out, portable.out);
        // Even places, odd places, taking turns; and the larger, where a NaN in a counts as such, and one in b stays.
        assert_eq!(
            [best.out[3 * lanes + 1], best.out[4 * lanes], best.out[5 * lanes + 1]],
            [a[2], a[1], b[0]]
        );
        let chosen = &best.out[7 * lanes..][..4];
        assert!(
            chosen[0].is_nan()
                && chosen[1].is_nan()
                && chosen[2] == b[2].max(a[2])
                && chosen[3] == b[3].max(a[3])
        );
    }

    #[test]
    fn the_portable_vectors_agree_with_the_best_ones() {
        check::<f32>(8);
        check::<f64>(4);
    }

    #[test]
    fn groups_are_even_and_complete() {
        assert_eq!(groups(32, 6).collect::<Vec<_>>(), [(0, 6), (6, 6), (12, 5), (17, 5), (22, 5), (27, 5)]);
        assert_eq!(groups(6, 6).collect::<Vec<_>>(), [(0, 6)]);
        assert_eq!(groups(0, 6).count(), 0);
    }
}
