//! The element types with functions, behind one sealed trait.

use std::fmt::LowerExp;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::element::Numeric;
use crate::random::draw::Draw;
use crate::simd::coefficients::Polynomials;
use crate::simd::real::Real;

mod sealed {
    use crate::compiled::CompiledKernels;
    use crate::lanes::Vectors;
    use crate::simd::combined::Combined;
    use crate::simd::number::Element;
    use crate::simd::{Binary, Unary};

    pub trait Sealed: Vectors + Unary + Binary + Combined + CompiledKernels + Element {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: elements with division and functions.
///
/// The scalar functions here are the standard library's, one element at a time. They are what the slow paths and
/// the tests use; the vector maths used on whole slices is in [`crate::simd`].
pub trait Float:
    sealed::Sealed
    + Numeric
    + Real
    + Draw
    + Polynomials
    + LowerExp
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// The distance from one to the next larger number.
    const EPSILON: Self;
    /// The smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// `self · a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// The larger of two; if one is NaN, the other.
    fn max(self, other: Self) -> Self;
    /// The smaller of two; if one is NAN, the other.
    fn min(self, other: Self) -> Self;
    /// Whether neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Whether NaN.
    fn is_nan(self) -> bool;
    /// The largest whole number not above.
    fn floor(self) -> Self;
}

macro_rules! float {
    ($t:ident) => {
        impl Float for $t {
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const INFINITY: Self = $t::INFINITY;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const NAN: Self = $t::NAN;

            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                match cfg!(target_family = "wasm") {
                    true => Real::emulated_mul_add(self, a, b), // the C library's for f32 is wrong there
                    false => $t::mul_add(self, a, b),
                }
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $t::max(self, other)
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $t::min(self, other)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $t::floor(self)
            }
        }
    };
}

float!(f32);
float!(f64);

/// The bytes of numbers, in the order of the machine: where buffers are all of one element type, one of them can hold
/// the bytes that [`max_pool2d_places`](crate::max_pool2d_places) asks for.
///
/// ```
/// let mut buffer = [0.0_f32; 2];
/// bayeux_kernels::bytes_of_mut(&mut buffer)[5] = 7;
/// assert_eq!(bayeux_kernels::bytes_of(&buffer), [0, 0, 0, 0, 0, 7, 0, 0]);
/// ```
pub fn bytes_of<T: Float>(values: &[T]) -> &[u8] {
    // SAFETY: the trait is sealed; f32 and f64 have no padding, and bytes no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// The bytes of numbers, to be written; see [`bytes_of`].
pub fn bytes_of_mut<T: Float>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as for `bytes_of`, and all bytes make an f32 or f64.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// The memory of numbers, as 32-bit words: room for offsets in a scratch.
pub(crate) fn words<T: Float>(values: &mut [T]) -> &mut [u32] {
    // SAFETY: as for `bytes_of_mut`; f32 and f64 have at least the alignment of u32.
    unsafe {
        std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values) / size_of::<u32>())
    }
}
