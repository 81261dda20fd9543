//! What is reduced, and what a reduction does.

use crate::Float;
use crate::lanes::Lanes;
use crate::size::checked_len;

/// Elements that are worth a task of their own.
pub(super) const TASK: usize = 1 << 16;

/// Bytes, about, between what is read and what memory is asked for: what it moves while it answers, and less than a cache holds.
pub(super) const AHEAD: usize = 16 << 10;

/// What a reduction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Adds. Over nothing: 0.
    Sum,
    /// Keeps the largest; NaN wins. Over nothing: −∞.
    Max,
    /// Keeps the smallest; NaN wins. Over nothing: ∞.
    Min,
}

/// An associative operation and its neutral element.
pub trait Combine: Sync + Send {
    /// Which it is.
    const KIND: Kind;
    /// What changes nothing.
    fn neutral<T: Float>() -> T;
    /// Of two numbers.
    fn combine<T: Float>(a: T, b: T) -> T;
}

/// The same for vectors.
pub(crate) trait CombineLanes: Combine {
    /// [`Combine::combine`] for each lane; of two NaN it may give the other.
    ///
    /// # Safety
    /// Only on a processor with the instruction set of `V`.
    unsafe fn vectors<V: Lanes>(a: V, b: V) -> V;
    /// The same for numbers, in one instruction. What it makes of NaN shows only if it is a sum.
    ///
    /// # Safety
    /// Only on a processor with the instruction set of `V`.
    unsafe fn numbers<V: Lanes>(a: V, b: V) -> V;
}

/// [`Kind::Sum`].
#[derive(Debug)]
pub struct Sum;
/// [`Kind::Max`].
#[derive(Debug)]
pub struct Largest;
/// [`Kind::Min`].
#[derive(Debug)]
pub struct Smallest;

impl Combine for Sum {
    const KIND: Kind = Kind::Sum;
    #[inline(always)]
    fn neutral<T: Float>() -> T {
        T::ZERO
    }
    #[inline(always)]
    fn combine<T: Float>(a: T, b: T) -> T {
        a + b
    }
}

impl CombineLanes for Sum {
    #[inline(always)]
    unsafe fn vectors<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { a.add(b) }
    }
    #[inline(always)]
    unsafe fn numbers<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { a.add(b) }
    }
}

// NaN wins over any number, as in NumPy: a broken element must show.
impl Combine for Largest {
    const KIND: Kind = Kind::Max;
    #[inline(always)]
    fn neutral<T: Float>() -> T {
        T::NEG_INFINITY
    }
    #[inline(always)]
    fn combine<T: Float>(a: T, b: T) -> T {
        let kept = if a > b { a } else { b }; // one instruction
        if a.is_nan() { a } else { kept }
    }
}

impl CombineLanes for Largest {
    #[inline(always)]
    unsafe fn vectors<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { V::choose(a.exceeds(b), a, b) }
    }
    #[inline(always)]
    unsafe fn numbers<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { a.larger(b) }
    }
}

impl Combine for Smallest {
    const KIND: Kind = Kind::Min;
    #[inline(always)]
    fn neutral<T: Float>() -> T {
        T::INFINITY
    }
    #[inline(always)]
    fn combine<T: Float>(a: T, b: T) -> T {
        let kept = if a < b { a } else { b }; // one instruction
        if a.is_nan() { a } else { kept }
    }
}

impl CombineLanes for Smallest {
    #[inline(always)]
    unsafe fn vectors<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { a.smaller(b).or_nan(a, b) }
    }
    #[inline(always)]
    unsafe fn numbers<V: Lanes>(a: V, b: V) -> V {
        // SAFETY: the caller's.
        unsafe { a.smaller(b) }
    }
}

/// Numbers seen as `outer` × `count` × `inner`, row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many blocks there are, one after the other.
    pub outer: usize,
    /// How many are reduced to one.
    pub count: usize,
    /// How many lie side by side.
    pub inner: usize,
}

impl Extent {
    /// A shape of which the axes that are `gone` for `count`, if all between the first and the last of them are. It must be one
    /// that memory could hold.
    pub fn of(shape: &[usize], gone: impl Fn(usize) -> bool) -> Option<Self> {
        let is_gone = |axis: &usize| shape[*axis] != 1 && gone(*axis);
        let Some(first) = (0..shape.len()).find(is_gone) else {
            return Some(Extent { outer: 1, count: 1, inner: shape.iter().product() });
        };
        let end = (0..shape.len()).rfind(is_gone).map_or(first, |last| last + 1);
        let whole = (first..end).all(|axis| shape[axis] == 1 || gone(axis));
        let size = |axes: &[usize]| axes.iter().product();
        let extent = Extent {
            outer: size(&shape[..first]),
            count: size(&shape[first..end]),
            inner: size(&shape[end..]),
        };
        whole.then_some(extent)
    }

    /// The number of elements, and of results, if memory could hold them.
    pub(super) fn lengths(self) -> Option<[usize; 2]> {
        let results = checked_len::<u8>(&[self.outer, self.inner])?;
        Some([checked_len::<u8>(&[self.outer, self.count, self.inner])?, results])
    }

    /// Panics unless the slices have as many elements.
    #[track_caller]
    pub(super) fn check(self, x: usize, results: usize) {
        assert!(
            self.lengths() == Some([x, results]),
            "a reduction of {} × {} × {} elements has slices of {x} and {results}",
            self.outer,
            self.count,
            self.inner
        );
    }
}
