//! One loop over slices, compiled for several instruction sets; which to run is found out once.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::fma::Instruction;
use super::fma::{Emulated, MulAdd};
use super::number::Number;
use crate::Float;
use crate::level::{Level, level};

/// A function of one number, branch-free, so that a loop over it becomes vector code.
///
/// A short one is `eval` alone. A long one is `prepare` and `finish`, each with a loop of its own: a processor looks only
/// some 75 vector instructions ahead for independent ones, and among shorter chains it finds more.
pub(crate) trait ScalarFormula {
    /// The function.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        Self::finish::<T, M>(x, Self::prepare::<T, M>(x))
    }
    /// Whether there are the two halves.
    const HALVES: bool = false;
    /// The first half: two intermediate values.
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        (x, x)
    }
    /// The second half.
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, _parts: (T, T)) -> T {
        x
    }
    /// Whether some arguments need [`ScalarFormula::slow`].
    const HAS_SLOW: bool = false;
    /// Whether this argument does.
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        x.is_above(T::INFINITY)
    }
    /// The value for rare arguments that `eval` does not cover.
    fn slow<T: Float>(x: T) -> T {
        x
    }
}

/// A function of two numbers.
pub(crate) trait ScalarFormula2 {
    /// Branch-free, so that a loop over it becomes vector code.
    fn eval<T: Number, M: MulAdd>(a: T, b: T) -> T;
    /// Whether some arguments need [`ScalarFormula2::slow`].
    const HAS_SLOW: bool = false;
    /// Whether these arguments do.
    #[inline(always)]
    fn is_slow<T: Number>(a: T, _b: T) -> T::Truth {
        a.is_above(T::INFINITY)
    }
    /// The value for rare arguments that `eval` does not cover.
    fn slow<T: Float>(a: T, _b: T) -> T {
        a
    }
}

/// A loop over slices, to be compiled for each instruction set. `A` holds its arguments.
pub(crate) trait LoopPerLevel<A> {
    fn run<M: MulAdd>(args: A);
}

/// Runs the loop with the best instruction set.
#[inline]
pub(crate) fn run<A, L: LoopPerLevel<A>>(args: A) {
    run_at::<A, L>(level(), args)
}

/// Runs the loop with a given instruction set, which the machine must have.
#[inline]
pub(crate) fn run_at<A, L: LoopPerLevel<A>>(level: Level, args: A) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<A, L: LoopPerLevel<A>>(args: A) {
        L::run::<Instruction>(args)
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
    fn avx512<A, L: LoopPerLevel<A>>(args: A) {
        L::run::<Instruction>(args)
    }
    match level {
        Level::Portable => L::run::<Emulated>(args),
        // SAFETY: [`Level`] says that it is used only where the machine has AVX2 and FMA.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::<A, L>(args) },
        // SAFETY: [`Level`] says that it is used only where the machine has these features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::<A, L>(args) },
        #[cfg(target_arch = "aarch64")]
        Level::Neon => L::run::<Instruction>(args),
        #[cfg(target_feature = "simd128")]
        Level::Simd128 => L::run::<Emulated>(args),
    }
}

/// y ← f(x).
pub(crate) struct MapSlice<K>(std::marker::PhantomData<K>);

/// Elements that a kernel's first half works on before its second half begins.
const BLOCK: usize = 128;

impl<T: Float, K: ScalarFormula> LoopPerLevel<(&[T], &mut [T])> for MapSlice<K> {
    #[inline(always)]
    fn run<M: MulAdd>((x, y): (&[T], &mut [T])) {
        assert_eq!(x.len(), y.len(), "the slices' lengths differ");
        if K::HALVES {
            let mut buffer = [T::ZERO; BLOCK];
            for (x, y) in x.chunks(BLOCK).zip(y.chunks_mut(BLOCK)) {
                for ((y, b), &x) in y.iter_mut().zip(&mut buffer).zip(x) {
                    let (first, second) = K::prepare::<_, M>(x.number());
                    (*y, *b) = (T::element(first), T::element(second));
                }
                for ((y, &b), &x) in y.iter_mut().zip(&buffer).zip(x) {
                    *y = T::element(K::finish::<_, M>(x.number(), (y.number(), b.number())));
                }
            }
        } else {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = T::element(K::eval::<_, M>(x.number()));
            }
        }
        // `|` and not `any`, which would stop early and so not become vector code.
        if K::HAS_SLOW && x.iter().fold(false, |found, &x| found | K::is_slow(x.number())) {
            for (y, &x) in y.iter_mut().zip(x) {
                if K::is_slow(x.number()) {
                    *y = K::slow(x);
                }
            }
        }
    }
}

/// y ← f(a, b), for slices,
pub(crate) struct Zip<K>(std::marker::PhantomData<K>);

/// with one number on the right,
pub(crate) struct ZipRight<K>(std::marker::PhantomData<K>);

/// and with one number on the left.
pub(crate) struct ZipLeft<K>(std::marker::PhantomData<K>);

#[inline(always)]
fn eval<T: Float, K: ScalarFormula2, M: MulAdd>(a: T, b: T) -> T {
    T::element(K::eval::<_, M>(a.number(), b.number()))
}

#[inline(always)]
fn is_slow<T: Float, K: ScalarFormula2>(a: T, b: T) -> bool {
    K::is_slow(a.number(), b.number())
}

impl<T: Float, K: ScalarFormula2> LoopPerLevel<(&[T], &[T], &mut [T])> for Zip<K> {
    #[inline(always)]
    fn run<M: MulAdd>((a, b, y): (&[T], &[T], &mut [T])) {
        assert!(a.len() == y.len() && b.len() == y.len(), "the slices' lengths differ");
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y = eval::<T, K, M>(a, b);
        }
        if K::HAS_SLOW && a.iter().zip(b).fold(false, |found, (&a, &b)| found | is_slow::<T, K>(a, b)) {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                if is_slow::<T, K>(a, b) {
                    *y = K::slow(a, b);
                }
            }
        }
    }
}

impl<T: Float, K: ScalarFormula2> LoopPerLevel<(&[T], T, &mut [T])> for ZipRight<K> {
    #[inline(always)]
    fn run<M: MulAdd>((a, b, y): (&[T], T, &mut [T])) {
        assert_eq!(a.len(), y.len(), "the slices' lengths differ");
        for (y, &a) in y.iter_mut().zip(a) {
            *y = eval::<T, K, M>(a, b);
        }
        if K::HAS_SLOW && a.iter().fold(false, |found, &a| found | is_slow::<T, K>(a, b)) {
            for (y, &a) in y.iter_mut().zip(a) {
                if is_slow::<T, K>(a, b) {
                    *y = K::slow(a, b);
                }
            }
        }
    }
}

impl<T: Float, K: ScalarFormula2> LoopPerLevel<(T, &[T], &mut [T])> for ZipLeft<K> {
    #[inline(always)]
    fn run<M: MulAdd>((a, b, y): (T, &[T], &mut [T])) {
        assert_eq!(b.len(), y.len(), "the slices' lengths differ");
        for (y, &b) in y.iter_mut().zip(b) {
            *y = eval::<T, K, M>(a, b);
        }
        if K::HAS_SLOW && b.iter().fold(false, |found, &b| found | is_slow::<T, K>(a, b)) {
            for (y, &b) in y.iter_mut().zip(b) {
                if is_slow::<T, K>(a, b) {
                    *y = K::slow(a, b);
                }
            }
        }
    }
}

/// y ← f(y), by way of a small buffer, so that the loop above (whose slices are disjoint) serves here too.
pub(crate) fn in_place<T: Float, K: ScalarFormula>(y: &mut [T]) {
    let mut buffer = [T::ZERO; 256];
    for y in y.chunks_mut(buffer.len()) {
        let x = &mut buffer[..y.len()];
        x.copy_from_slice(y);
        run::<_, MapSlice<K>>((&*x, y));
    }
}
