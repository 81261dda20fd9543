//! The functions of one argument.

use super::dispatch::{MapSlice, ScalarFormula, in_place, run};
use super::exponential::{self, select};
use super::fma::MulAdd;
use super::number::Number;
use super::{error_function, gamma, trigonometric};
use crate::Float;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $in_place:ident $kernel:ty;)+) => {
        /// The functions for one element type: what makes the compiler generate them here, once, and not again in every
        /// crate that calls them.
        #[doc(hidden)]
        pub trait Unary: Sized {
            $(
                fn $name(x: &[Self], y: &mut [Self]);
                fn $in_place(y: &mut [Self]);
            )+
        }

        unary!(@impl f32 $($name $in_place $kernel;)+);
        unary!(@impl f64 $($name $in_place $kernel;)+);

        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the lengths differ.
            pub fn $name<T: Float>(x: &[T], y: &mut [T]) {
                <T as Unary>::$name(x, y);
            }

            #[doc = concat!("[`", stringify!($name), "`] of each number, in its place.")]
            pub fn $in_place<T: Float>(y: &mut [T]) {
                <T as Unary>::$in_place(y);
            }
        )+
    };
    (@impl $t:ident $($name:ident $in_place:ident $kernel:ty;)+) => {
        impl Unary for $t {
            $(
                fn $name(x: &[Self], y: &mut [Self]) {
                    run::<_, MapSlice<$kernel>>((x, y));
                }
                fn $in_place(y: &mut [Self]) {
                    in_place::<Self, $kernel>(y);
                }
            )+
        }
    };
}

macro_rules! simple_kernels {
    ($($name:ident = |$x:ident| $body:expr;)+) => {
        $(
            pub(crate) struct $name;
            impl ScalarFormula for $name {
                #[inline(always)]
                fn eval<T: Number, M: MulAdd>($x: T) -> T {
                    $body
                }
            }
        )+
    };
}

// NaN fails every comparison and so falls through to itself.
simple_kernels! {
    Sqrt = |x| x.sqrt();
    Recip = |x| T::ONE / x;
    Abs = |x| x.abs();
    Neg = |x| -x;
    Square = |x| x * x;
    Relu = |x| select(x.is_below(T::ZERO), T::ZERO, x);
    Sign = |x| select(x.is_above(T::ZERO), T::ONE, select(x.is_below(T::ZERO), -T::ONE, x));
    Floor = |x| x.floor();
}

unary! {
    /// y ← eˣ. Largest error: 1.1 ULP in f32, 0.8 in f64.
    exp exp_inplace exponential::Exp;
    /// y ← eˣ − 1, exact to the last places also near 0. Largest error: 1.5 ULP in f32, 1.4 in f64.
    expm1 expm1_inplace exponential::Expm1;
    /// y ← ln x; −∞ at 0, NaN below. Largest error: 0.9 ULP in f32, 1.1 in f64.
    ln ln_inplace exponential::Ln;
    /// y ← ln(1 + x), exact to the last places also near 0; −∞ at −1, NaN below. Largest error: 1.5 ULP in f32, 0.9 in f64.
    log1p log1p_inplace exponential::Log1p;
    /// y ← tanh x, monotone. Largest error: 1.2 ULP in f32, 1.1 in f64.
    tanh tanh_inplace exponential::Tanh;
    /// y ← 1/(1 + e⁻ˣ). Largest error: 1.7 ULP in f32, 1.5 in f64.
    sigmoid sigmoid_inplace exponential::Sigmoid;
    /// y ← ln(1 + eˣ). Largest error: 2.1 ULP in f32, 1.1 in f64.
    softplus softplus_inplace exponential::Softplus;
    /// y ← √x, correctly rounded; NaN below 0.
    sqrt sqrt_inplace Sqrt;
    /// y ← 1/x, correctly rounded.
    recip recip_inplace Recip;
    /// y ← |x|.
    abs abs_inplace Abs;
    /// y ← −x.
    neg neg_inplace Neg;
    /// y ← x², correctly rounded.
    square square_inplace Square;
    /// y ← max(x, 0); NaN stays.
    relu relu_inplace Relu;
    /// y ← −1, 0 or 1 as x is negative, zero or positive; NaN stays.
    sign sign_inplace Sign;
    /// y ← the largest whole number not above x.
    floor floor_inplace Floor;
    /// y ← sin x. Largest error: 2.4 ULP in f32, 1.4 in f64.
    sin sin_inplace trigonometric::Sin;
    /// y ← cos x. Largest error: 2.4 ULP in f32, 1.4 in f64.
    cos cos_inplace trigonometric::Cos;
    /// y ← erf x = 2/√π ∫₀ˣ exp(−t²) dt. Largest error: 1.5 ULP in f32, 1.0 in f64.
    erf erf_inplace error_function::Erf;
    /// y ← erfc x = 1 − erf x, with all digits also where it is small. Largest error: 5.6 ULP in f32, 2.7 in f64.
    erfc erfc_inplace error_function::Erfc;
    /// y ← ln |Γ(x)|; ∞ at 0 and the negative whole numbers. Largest error for positive x: 5 ULP; for negative x,
    /// 3 · 10⁻¹⁵ (f64) of max(|y|, 0.1), and of |y| next to the roots above −10.
    lgamma lgamma_inplace gamma::Lgamma;
    /// y ← ψ(x) = d ln Γ(x)/dx; NaN at the negative whole numbers. Largest error
    /// relative to max(|y|, 1): 2 · 10⁻¹⁵ in f64, 10⁻⁶ in f32; relative to |y| next to the roots above −10.
    digamma digamma_inplace gamma::Digamma;
}
