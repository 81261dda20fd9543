//! Vector maths over slices, in f32 and f64.
//!
//! Each function is written once, as branch-free scalar code (`ScalarFormula::eval`), and the loop over a slice is
//! compiled for several instruction sets; the best that the machine has is picked when the program runs (see
//! `dispatch.rs`). The compiler turns the loop into vector code, so there are no intrinsics to read.
//!
//! ```
//! use bayeux_kernels::simd;
//! let mut y = [0.0f32; 3];
//! simd::exp(&[0.0, 1.0, f32::NEG_INFINITY], &mut y);
//! assert_eq!(y, [1.0, std::f32::consts::E, 0.0]);
//! ```
//!
//! An element's result depends only on its arguments, not on where it lies in the slice, nor on the instruction set: where there is
//! no fused multiply-add, other instructions round as it does.
//!
//! Rare arguments, for which the loops' formulas do not hold, are left to the crate `libm`, one by one: never to the system's
//! library, whose results are the system's own.
//!
//! Errors are stated in units in the last place (ULP), largest seen in a dense test over the whole range
//! (`tests/it/simd.rs` measures them again). None panics except for slices whose lengths differ.

mod bases;
mod bessel;
mod binary;
pub(crate) mod coefficients;
pub(crate) mod combined;
pub(crate) mod dispatch;
mod error_function;
pub(crate) mod exponential;
pub(crate) mod fma;
mod gamma;
mod hyperbolic;
mod inverse_trigonometric;
#[cfg(test)]
mod levels_agree;
mod logarithms;
mod normal;
pub(crate) mod number;
mod polygamma;
mod power;
pub(crate) mod real;
mod roots;
mod rounding;
pub(crate) mod trigonometric;
mod unary;

pub use binary::*;
pub use combined::Arithmetic;
pub use polygamma::polygamma;
pub use unary::*;

/// The instruction set in use: `"avx512"`, `"avx2"`, `"neon"`, `"simd128"` or `"portable"`.
#[must_use]
pub fn instruction_set() -> &'static str {
    crate::level::level().name()
}
