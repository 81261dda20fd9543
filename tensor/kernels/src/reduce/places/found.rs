//! Which of two elements is the one that is sought.

use crate::Float;

/// Whether the first takes the place of the other.
#[inline(always)]
pub(super) fn exceeds<T: Float>(x: T, best: T) -> bool {
    (x > best) | (x.is_nan() & !best.is_nan())
}

/// A largest element and its place.
pub(super) type Found<T> = (T, usize);

/// The better of two, whatever their order.
pub(super) fn better<T: Float>(a: Found<T>, b: Found<T>) -> Found<T> {
    let takes = exceeds(b.0, a.0) || !exceeds(a.0, b.0) && b.1 < a.1;
    if takes { b } else { a }
}
