//! Reductions of numbers that lie one after the other: seen as `outer` × `count` × `inner`, along the middle.
//!
//! Memory is what takes the time, so it is asked for some KiB before it is read (`AHEAD`). Every result is a tree of a form that
//! the extent alone decides: the same for all instruction sets and any number of threads, and bushy, so that rounding errors stay
//! small.

mod columns;
mod combine;
mod moments;
mod places;
mod rows;
mod short;
#[cfg(test)]
mod tests;

pub(crate) use combine::CombineLanes;
use combine::{AHEAD, TASK};
pub use combine::{Combine, Extent, Kind, Largest, Smallest, Sum};
pub(crate) use moments::along as moments_along;
pub use moments::{MomentsShape, moments};
pub(crate) use places::places;

use crate::Float;

/// The elements of working space that [`reduce`] needs; 0 for more than memory could hold.
#[must_use]
pub fn room(extent: Extent) -> usize {
    match extent {
        _ if extent.lengths().is_none_or(|[len, _]| len == 0) => 0,
        Extent { inner: 1, .. } => rows::room(extent),
        _ => columns::room(extent),
    }
}

/// Reduces along the middle.
///
/// # Panics
/// If `x`, the results or the scratch have not as many elements as the extent and [`room`] say.
pub fn reduce<T: Float>(kind: Kind, x: &[T], extent: Extent, results: &mut [T], scratch: &mut [T]) {
    T::reduce(kind, x, extent, results, scratch);
}

/// The places along the middle of the largest, from 0 to `count` − 1: the first of several, and the first NaN if there is one.
///
/// # Panics
/// If `x` or the results have not as many elements as the extent says.
pub fn argmax<T: Float>(x: &[T], extent: Extent, results: &mut [T]) {
    T::places(x, extent, results);
}

/// Reduces along the middle.
pub(crate) fn along<T: Float>(kind: Kind, x: &[T], extent: Extent, results: &mut [T], scratch: &mut [T]) {
    match kind {
        Kind::Sum => by::<T, Sum>(x, extent, results, scratch),
        Kind::Max => by::<T, Largest>(x, extent, results, scratch),
        Kind::Min => by::<T, Smallest>(x, extent, results, scratch),
    }
}

fn by<T: Float, C: CombineLanes>(x: &[T], extent: Extent, results: &mut [T], scratch: &mut [T]) {
    extent.check(x.len(), results.len());
    match extent {
        _ if x.is_empty() => results.fill(C::neutral()),
        Extent { count: 1, .. } => results.copy_from_slice(x),
        Extent { inner: 1, count, .. } if count <= short::MOST => short::reduce::<T, C>(x, count, results),
        Extent { inner: 1, count, .. } => rows::reduce::<T, C>(x, count, results, scratch),
        _ => columns::reduce::<T, C>(x, extent, results, scratch),
    }
}
