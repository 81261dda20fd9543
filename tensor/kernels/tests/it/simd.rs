//! The vector maths against the standard library and exact values: largest errors in ULP over the whole range, special
//! values, monotonicity, in-place and remainder handling.

mod errors;
mod gamma;
mod monotone;
mod slices;
mod specials;

type Unary<T> = fn(&[T], &mut [T]);
type InPlace<T> = fn(&mut [T]);
type Scalar<T> = fn(T) -> T;

/// Every `step`-th of all f32, from −∞ to ∞ and NaN.
fn all_f32(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}
