//! The element types, and what is common to values of any of them.

use std::fmt::{self, Debug, Display};

use crate::slices::{AnySlice, AnySliceMut};

mod sealed {
    pub trait Sealed {}
}

/// The type of a tensor's elements, as a value.
///
/// ```
/// use bayeux_kernels::{Element, ElementType};
/// assert_eq!(i64::TYPE, ElementType::I64);
/// assert_eq!(ElementType::F32.to_string(), "f32");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ElementType {
    /// Truth values.
    Bool,
    /// Bytes, such as the pixels of an image.
    U8,
    /// Whole numbers of 32 bits.
    I32,
    /// Whole numbers of 64 bits: labels, positions, counts.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl ElementType {
    /// Whether it is `f32` or `f64`.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, ElementType::F32 | ElementType::F64)
    }

    /// Whether it is `u8`, `i32` or `i64`.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        matches!(self, ElementType::U8 | ElementType::I32 | ElementType::I64)
    }

    /// The bytes of an element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            ElementType::Bool | ElementType::U8 => 1,
            ElementType::I32 | ElementType::F32 => 4,
            ElementType::I64 | ElementType::F64 => 8,
        }
    }
}

impl Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ElementType::Bool => "bool",
            ElementType::U8 => "u8",
            ElementType::I32 => "i32",
            ElementType::I64 => "i64",
            ElementType::F32 => "f32",
            ElementType::F64 => "f64",
        })
    }
}

/// An element of a tensor: `bool`, `u8`, `i32`, `i64`, `f32` or `f64`. Those with functions are [`Float`](crate::Float)s.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + PartialOrd + Debug + Display + Send + Sync + 'static
{
    /// The type, as a value.
    const TYPE: ElementType;
    /// Zero, or false.
    const ZERO: Self;
    /// One, or true.
    const ONE: Self;

    /// The number of this type that stands for an `f64`: the nearest for floats, the next towards zero within the range for
    /// integers (0 for NaN), whether it differs from zero for truth values.
    fn from_f64(value: f64) -> Self;
    /// The same number as an `f64`, rounded if it is a whole number of more than 53 bits.
    fn to_f64(self) -> f64;
    /// The same number as an `i64`, of a whole number or a truth value; of others the next towards zero within the range.
    fn to_i64(self) -> i64;
    /// The last bits of an `i64`, as a whole number of this type; of others the nearest number, and whether it differs from zero.
    fn wrapped(value: i64) -> Self;
    /// The same number as another type: floats rounded to nearest, once; whole numbers cut off towards zero and, beyond their
    /// range, its end (NaN is 0), but from other whole numbers the last bits; truth values 0 or 1, and what is not 0 is true.
    #[inline(always)]
    fn cast<U: Element>(self) -> U {
        match Self::TYPE.is_float() {
            true => U::from_f64(self.to_f64()),
            // Not by way of f64, which has 53 bits.
            false => U::wrapped(self.to_i64()),
        }
    }
    /// The bits, widened to 64; equal bits mean the same number, also for NaN and for −0.
    fn bits(self) -> u64;

    /// A slice whose type is known at run time only, if this is its type.
    fn of_slice(slice: AnySlice<'_>) -> Option<&[Self]>;
    /// A slice as one whose type is known at run time only.
    fn any_slice(slice: &[Self]) -> AnySlice<'_>;
    /// The same as [`of_slice`](Self::of_slice), for writing.
    fn of_slice_mut(slice: AnySliceMut<'_>) -> Option<&mut [Self]>;
    /// The same as [`any_slice`](Self::any_slice), for writing.
    fn any_slice_mut(slice: &mut [Self]) -> AnySliceMut<'_>;
}

/// An element that can be added and multiplied: all but `bool`.
pub trait Numeric: Element {}

impl Numeric for u8 {}
impl Numeric for i32 {}
impl Numeric for i64 {}
impl Numeric for f32 {}
impl Numeric for f64 {}

macro_rules! element {
    ($t:ident $variant:ident, $zero:literal, $one:literal, |$x:ident| $from:expr, $to:expr, $to_i64:expr, $wrapped:expr, $bits:expr) => {
        impl sealed::Sealed for $t {}

        impl Element for $t {
            const TYPE: ElementType = ElementType::$variant;
            const ZERO: Self = $zero;
            const ONE: Self = $one;

            #[inline(always)]
            fn from_f64($x: f64) -> Self {
                $from
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $x = self;
                $to
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                let $x = self;
                $to_i64
            }
            #[inline(always)]
            fn wrapped($x: i64) -> Self {
                $wrapped
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                let $x = self;
                $bits
            }
            #[inline(always)]
            fn of_slice(slice: AnySlice<'_>) -> Option<&[Self]> {
                match slice {
                    AnySlice::$variant(slice) => Some(slice),
                    _ => None,
                }
            }
            #[inline(always)]
            fn any_slice(slice: &[Self]) -> AnySlice<'_> {
                AnySlice::$variant(slice)
            }
            #[inline(always)]
            fn of_slice_mut(slice: AnySliceMut<'_>) -> Option<&mut [Self]> {
                match slice {
                    AnySliceMut::$variant(slice) => Some(slice),
                    _ => None,
                }
            }
            #[inline(always)]
            fn any_slice_mut(slice: &mut [Self]) -> AnySliceMut<'_> {
                AnySliceMut::$variant(slice)
            }
        }
    };
}

element!(bool Bool, false, true, |x| x != 0.0, f64::from(u8::from(x)), i64::from(x), x != 0, u64::from(x));
element!(u8 U8, 0, 1, |x| x as u8, f64::from(x), i64::from(x), x as u8, u64::from(x));
element!(i32 I32, 0, 1, |x| x as i32, f64::from(x), i64::from(x), x as i32, u64::from(x as u32));
element!(i64 I64, 0, 1, |x| x as i64, x as f64, x, x, x as u64);
element!(f32 F32, 0.0, 1.0, |x| x as f32, f64::from(x), x as i64, x as f32, u64::from(x.to_bits()));
element!(f64 F64, 0.0, 1.0, |x| x, x, x as i64, x as f64, x.to_bits());
