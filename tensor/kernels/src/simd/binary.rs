//! The functions of two arguments, each for two slices, a slice and a number, and a number and a slice; and `select`.

use super::dispatch::{LoopPerLevel, ScalarFormula2, Zip, ZipLeft, ZipRight, run};
use super::exponential::select as pick;
use super::fma::MulAdd;
use super::number::Number;
use super::power::Pow;
use super::{inverse_trigonometric, logarithms, rounding};
use crate::Float;

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident $(($right:ident $left:ident))?: $kernel:ty;)+) => {
        /// The functions for one element type, compiled here once: see `Unary`.
        #[doc(hidden)]
        pub trait Binary: Sized {
            $(
                fn $name(a: &[Self], b: &[Self], y: &mut [Self]);
                $(
                    fn $right(a: &[Self], b: Self, y: &mut [Self]);
                    fn $left(a: Self, b: &[Self], y: &mut [Self]);
                )?
            )+
            fn select(c: &[Self], a: &[Self], b: &[Self], y: &mut [Self]);
        }

        binary!(@impl f32 $($name $(($right $left))?: $kernel;)+);
        binary!(@impl f64 $($name $(($right $left))?: $kernel;)+);

        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the lengths differ.
            pub fn $name<T: Float>(a: &[T], b: &[T], y: &mut [T]) {
                <T as Binary>::$name(a, b, y);
            }

            $(
                #[doc = concat!("[`", stringify!($name), "`] with the same number `b` for all.")]
                ///
                /// # Panics
                /// If the lengths differ.
                pub fn $right<T: Float>(a: &[T], b: T, y: &mut [T]) {
                    <T as Binary>::$right(a, b, y);
                }

                #[doc = concat!("[`", stringify!($name), "`] with the same number `a` for all.")]
                ///
                /// # Panics
                /// If the lengths differ.
                pub fn $left<T: Float>(a: T, b: &[T], y: &mut [T]) {
                    <T as Binary>::$left(a, b, y);
                }
            )?
        )+
    };
    (@impl $t:ident $($name:ident $(($right:ident $left:ident))?: $kernel:ty;)+) => {
        impl Binary for $t {
            $(
                fn $name(a: &[Self], b: &[Self], y: &mut [Self]) {
                    run::<_, Zip<$kernel>>((a, b, y));
                }
                $(
                    fn $right(a: &[Self], b: Self, y: &mut [Self]) {
                        run::<_, ZipRight<$kernel>>((a, b, y));
                    }
                    fn $left(a: Self, b: &[Self], y: &mut [Self]) {
                        run::<_, ZipLeft<$kernel>>((a, b, y));
                    }
                )?
            )+
            fn select(c: &[Self], a: &[Self], b: &[Self], y: &mut [Self]) {
                run::<_, Select>((c, a, b, y));
            }
        }
    };
}

macro_rules! simple_kernels {
    ($($name:ident = |$a:ident, $b:ident| $body:expr;)+) => {
        $(
            pub(crate) struct $name;
            impl ScalarFormula2 for $name {
                #[inline(always)]
                fn eval<T: Number, M: MulAdd>($a: T, $b: T) -> T {
                    $body
                }
            }
        )+
    };
}

simple_kernels! {
    Add = |a, b| a + b;
    Sub = |a, b| a - b;
    Mul = |a, b| a * b;
    Div = |a, b| a / b;
    Maximum = |a, b| pick(a.is_above(b) | !a.equals(a), a, b);
    Minimum = |a, b| pick(a.is_below(b) | !a.equals(a), a, b);
    Gt = |a, b| pick(a.is_above(b), T::ONE, T::ZERO);
    Ge = |a, b| pick(a.is_at_least(b), T::ONE, T::ZERO);
    Lt = |a, b| pick(a.is_below(b), T::ONE, T::ZERO);
    Le = |a, b| pick(b.is_at_least(a), T::ONE, T::ZERO);
    Eq = |a, b| pick(a.equals(b), T::ONE, T::ZERO);
    Ne = |a, b| pick(!a.equals(b), T::ONE, T::ZERO);
}

binary! {
    /// y ← a + b.
    add(add_scalar scalar_add): Add;
    /// y ← a − b.
    sub(sub_scalar scalar_sub): Sub;
    /// y ← a b.
    mul(mul_scalar scalar_mul): Mul;
    /// y ← a / b.
    div(div_scalar scalar_div): Div;
    /// y ← aᵇ, with IEEE 754's special cases; NaN for negative a unless b is whole. Largest error: 0.9 ULP.
    pow(pow_scalar scalar_pow): Pow;
    /// y ← the larger of a and b; NaN if either is.
    maximum(maximum_scalar scalar_maximum): Maximum;
    /// y ← the smaller of a and b; NaN if either is.
    minimum(minimum_scalar scalar_minimum): Minimum;
    /// y ← 1 where a > b, 0 elsewhere.
    gt(gt_scalar scalar_gt): Gt;
    /// y ← 1 where a ≥ b, 0 elsewhere.
    ge(ge_scalar scalar_ge): Ge;
    /// y ← 1 where a < b, 0 elsewhere.
    lt(lt_scalar scalar_lt): Lt;
    /// y ← 1 where a ≤ b, 0 elsewhere.
    le(le_scalar scalar_le): Le;
    /// y ← 1 where a = b, 0 elsewhere.
    eq(eq_scalar scalar_eq): Eq;
    /// y ← 1 where a ≠ b (NaN differs from everything), 0 elsewhere.
    ne(ne_scalar scalar_ne): Ne;
    /// y ← what is left of a after division by b, rounded down; with the sign of b, as in Python and NumPy. Exact.
    remainder: rounding::Remainder;
    /// y ← what is left of a after division by b, rounded towards 0; with the sign of a, as in C. Exact.
    fmod: rounding::Fmod;
    /// y ← ⌊a/b⌋ for the exact quotient, as in Python and NumPy; rounded where it has more digits than there are.
    floor_divide: rounding::FloorDivide;
    /// y ← the angle from −π to π of the point (b, a). Largest error: 1.2 ULP.
    atan2: inverse_trigonometric::Atan2;
    /// y ← √(a² + b²), where the squares may over- or underflow. Largest error: 1.0 ULP.
    hypot: logarithms::Hypot;
    /// y ← a ln b, and 0 where a is 0. Largest error: 1.6 ULP.
    xlogy: logarithms::Xlogy;
    /// y ← a ln(1 + b), and 0 where a is 0. Largest error: 1.6 ULP.
    xlog1py: logarithms::Xlog1py;
    /// y ← ln(eᵃ + eᵇ). Largest error: 2.1 ULP in f32, 1.1 in f64, of max(|y|, 1).
    logaddexp: logarithms::LogAddExp;
}

struct Select;

impl<T: Float> LoopPerLevel<(&[T], &[T], &[T], &mut [T])> for Select {
    #[inline(always)]
    fn run<M: MulAdd>((c, a, b, y): (&[T], &[T], &[T], &mut [T])) {
        let n = y.len();
        assert!(c.len() == n && a.len() == n && b.len() == n, "the slices' lengths differ");
        for (((y, &c), &a), &b) in y.iter_mut().zip(c).zip(a).zip(b) {
            *y = if c != T::ZERO { a } else { b };
        }
    }
}

/// y ← a where c is not 0, b where it is.
///
/// # Panics
/// If the lengths differ.
pub fn select<T: Float>(c: &[T], a: &[T], b: &[T], y: &mut [T]) {
    <T as Binary>::select(c, a, b, y);
}
