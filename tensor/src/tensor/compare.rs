//! Equality, exact and within a tolerance.

use super::Tensor;
use bayeux_kernels::Element;

/// Same shape and equal elements, as `==` has it (0 = −0, NaN ≠ NaN).
impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape
            && match (self.as_slice(), other.as_slice()) {
                (Some(a), Some(b)) => a == b,
                _ => self.iter().eq(other.iter()),
            }
    }
}

impl<T: Element> Tensor<T> {
    /// Whether the shapes are equal and |a − b| ≤ `atol` + `rtol`·|b| for each pair of elements (`b` is `other`'s).
    /// Equal infinities are close; NaN is close to nothing.
    #[must_use]
    pub fn all_close(&self, other: &Self, rtol: f64, atol: f64) -> bool {
        let close = |a: f64, b: f64| a == b || (b.is_finite() && (a - b).abs() <= atol + rtol * b.abs());
        self.shape == other.shape && self.iter().zip(other.iter()).all(|(a, b)| close(a.to_f64(), b.to_f64()))
    }
}
