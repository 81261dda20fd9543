//! The functions of one argument: a row for each, with its name among the functions of slices, in brackets that of the one that
//! works in place, its formula, and, for those that loops can compile, the variant of [`Function`].

use super::dispatch::{MapSlice, ScalarFormula, in_place, run};
use super::exponential::{self, select};
use super::fma::{Instruction, MulAdd};
use super::number::Number;
use super::{
    bases, bessel, error_function, gamma, hyperbolic, inverse_trigonometric, normal, roots, rounding,
    trigonometric,
};
use crate::Float;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $(($in_place:ident))?: $kernel:ty $(=> $variant:ident)?;)+) => {
        /// The functions for one element type: what makes the compiler generate them here, once, and not again in every
        /// crate that calls them.
        #[doc(hidden)]
        pub trait Unary: Sized {
            $(
                fn $name(x: &[Self], y: &mut [Self]);
                $(fn $in_place(y: &mut [Self]);)?
            )+
        }

        unary!(@impl f32 $($name $(($in_place))?: $kernel;)+);
        unary!(@impl f64 $($name $(($in_place))?: $kernel;)+);

        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the lengths differ.
            pub fn $name<T: Float>(x: &[T], y: &mut [T]) {
                <T as Unary>::$name(x, y);
            }

            $(
                #[doc = concat!("[`", stringify!($name), "`] of each number, in its place.")]
                pub fn $in_place<T: Float>(y: &mut [T]) {
                    <T as Unary>::$in_place(y);
                }
            )?
        )+

        /// A function of one number, for loops that are compiled.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $($(
                #[doc = concat!("The function [`", stringify!($name), "`](", stringify!($name), "()).")]
                $variant,
            )?)+
        }

        impl Function {
            /// All of them.
            pub const ALL: &[Function] = &[$($(Function::$variant,)?)+];

            /// The one that is called so among the functions of slices, if loops can compile it.
            ///
            /// ```
            /// use bayeux_kernels::simd::Function;
            /// assert_eq!(Function::named("floor"), Some(Function::Floor));
            /// ```
            #[must_use]
            pub fn named(name: &str) -> Option<Function> {
                $($(if name == stringify!($name) {
                    return Some(Function::$variant);
                })?)+
                None
            }

            /// The function of slices.
            ///
            /// ```
            /// use bayeux_kernels::simd::Function;
            /// let mut y = [0.0f32; 2];
            /// Function::Floor.of_slices()(&[1.5, -0.5], &mut y);
            /// assert_eq!(y, [1.0, -1.0]);
            /// ```
            pub fn of_slices<T: Float>(self) -> fn(&[T], &mut [T]) {
                match self {
                    $($(Function::$variant => $name::<T>,)?)+
                }
            }

            /// The value; and where it is another, which takes so long that it is computed only there, by
            /// [`Function::elsewhere`].
            #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
            pub(crate) fn eval<T: Number>(self, x: T) -> (T, Option<T::Truth>) {
                match self {
                    $($(Function::$variant => (
                        <$kernel>::eval::<T, Instruction>(x),
                        <$kernel>::HAS_SLOW.then(|| <$kernel>::is_slow(x)),
                    ),)?)+
                }
            }

            #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
            pub(crate) fn elsewhere<T: Float>(self, x: T) -> Option<T> {
                match self {
                    $($(Function::$variant => <$kernel>::is_slow(x.number()).then(|| <$kernel>::slow(x)),)?)+
                }
            }
        }
    };
    (@impl $t:ident $($name:ident $(($in_place:ident))?: $kernel:ty;)+) => {
        impl Unary for $t {
            $(
                fn $name(x: &[Self], y: &mut [Self]) {
                    run::<_, MapSlice<$kernel>>((x, y));
                }
                $(fn $in_place(y: &mut [Self]) {
                    in_place::<Self, $kernel>(y);
                })?
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
    exp(exp_inplace): exponential::Exp => Exp;
    /// y ← eˣ − 1, exact to the last places also near 0. Largest error: 1.5 ULP in f32, 1.4 in f64.
    expm1(expm1_inplace): exponential::Expm1 => Expm1;
    /// y ← ln x; −∞ at 0, NaN below. Largest error: 0.9 ULP in f32, 1.1 in f64.
    ln(ln_inplace): exponential::Ln => Ln;
    /// y ← ln(1 + x), exact to the last places also near 0; −∞ at −1, NaN below. Largest error: 1.5 ULP in f32, 0.9 in f64.
    log1p(log1p_inplace): exponential::Log1p => Log1p;
    /// y ← tanh x, monotone. Largest error: 1.2 ULP in f32, 1.1 in f64.
    tanh(tanh_inplace): exponential::Tanh => Tanh;
    /// y ← 1/(1 + e⁻ˣ). Largest error: 1.7 ULP in f32, 1.5 in f64.
    sigmoid(sigmoid_inplace): exponential::Sigmoid => Sigmoid;
    /// y ← ln(1 + eˣ). Largest error: 2.1 ULP in f32, 1.1 in f64.
    softplus(softplus_inplace): exponential::Softplus => Softplus;
    /// y ← √x, correctly rounded; NaN below 0.
    sqrt(sqrt_inplace): Sqrt;
    /// y ← 1/x, correctly rounded.
    recip(recip_inplace): Recip;
    /// y ← |x|.
    abs(abs_inplace): Abs => Abs;
    /// y ← −x.
    neg(neg_inplace): Neg;
    /// y ← x², correctly rounded.
    square(square_inplace): Square;
    /// y ← max(x, 0); NaN stays.
    relu(relu_inplace): Relu;
    /// y ← −1, 0 or 1 as x is negative, zero or positive; NaN stays.
    sign(sign_inplace): Sign => Sign;
    /// y ← the largest whole number not above x.
    floor(floor_inplace): Floor => Floor;
    /// y ← sin x. Largest error: 2.4 ULP in f32, 1.4 in f64.
    sin(sin_inplace): trigonometric::Sin => Sin;
    /// y ← cos x. Largest error: 2.4 ULP in f32, 1.4 in f64.
    cos(cos_inplace): trigonometric::Cos => Cos;
    /// y ← erf x = 2/√π ∫₀ˣ exp(−t²) dt. Largest error: 1.5 ULP in f32, 1.0 in f64.
    erf(erf_inplace): error_function::Erf => Erf;
    /// y ← erfc x = 1 − erf x, with all digits also where it is small. Largest error: 5.6 ULP in f32, 2.7 in f64.
    erfc(erfc_inplace): error_function::Erfc => Erfc;
    /// y ← ln |Γ(x)|; ∞ at 0 and the negative whole numbers. Largest error for positive x: 5 ULP; for negative x,
    /// 3 · 10⁻¹⁵ (f64) of max(|y|, 0.1), and of |y| next to the roots above −10.
    lgamma(lgamma_inplace): gamma::Lgamma => Lgamma;
    /// y ← ψ(x) = d ln Γ(x)/dx; NaN at the negative whole numbers. Largest error
    /// relative to max(|y|, 1): 2 · 10⁻¹⁵ in f64, 10⁻⁶ in f32; relative to |y| next to the roots above −10.
    digamma(digamma_inplace): gamma::Digamma => Digamma;
    /// y ← 2ˣ, exact for whole x. Largest error: 1.0 ULP in f32, 0.8 in f64.
    exp2: bases::Exp2 => Exp2;
    /// y ← 10ˣ. Largest error: 1.1 ULP in f32, 0.8 in f64.
    exp10: bases::Exp10 => Exp10;
    /// y ← log₂ x; −∞ at 0, NaN below. Largest error: 0.6 ULP.
    log2: bases::Log2 => Log2;
    /// y ← log₁₀ x; −∞ at 0, NaN below. Largest error: 0.6 ULP.
    log10: bases::Log10 => Log10;
    /// y ← ∛x. Largest error: 0.6 ULP.
    cbrt: roots::Cbrt => Cbrt;
    /// y ← 1/√x; ∞ at 0, NaN below. Largest error: 1.5 ULP in f32, 1.2 in f64.
    rsqrt: roots::Rsqrt => Rsqrt;
    /// y ← tan x. Largest error: 3.2 ULP in f32, 1.7 in f64.
    tan: trigonometric::Tan => Tan;
    /// y ← sin πx/πx, 1 at 0. Largest error: 3.2 ULP in f32, 2.0 in f64.
    sinc: trigonometric::Sinc => Sinc;
    /// y ← the angle from −π/2 to π/2 whose sine is x; NaN where there is none. Largest error: 2.2 ULP in f32, 1.6 in f64.
    asin: inverse_trigonometric::Asin => Asin;
    /// y ← the angle from 0 to π whose cosine is x; NaN where there is none. Largest error: 1.2 ULP in f32, 0.9 in f64.
    acos: inverse_trigonometric::Acos => Acos;
    /// y ← the angle from −π/2 to π/2 whose tangent is x. Largest error: 0.9 ULP.
    atan: inverse_trigonometric::Atan => Atan;
    /// y ← sinh x. Largest error: 2.4 ULP in f32, 1.4 in f64.
    sinh: hyperbolic::Sinh => Sinh;
    /// y ← cosh x. Largest error: 1.6 ULP in f32, 1.2 in f64.
    cosh: hyperbolic::Cosh => Cosh;
    /// y ← the number whose sinh is x. Largest error: 2.0 ULP in f32, 1.3 in f64.
    asinh: hyperbolic::Asinh => Asinh;
    /// y ← the number from 0 on whose cosh is x; NaN below 1. Largest error: 1.7 ULP in f32, 1.5 in f64.
    acosh: hyperbolic::Acosh => Acosh;
    /// y ← the number whose tanh is x; NaN beyond ±1. Largest error: 2.0 ULP in f32, 1.3 in f64.
    atanh: hyperbolic::Atanh => Atanh;
    /// y ← the smallest whole number not below x.
    ceil: rounding::Ceil => Ceil;
    /// y ← the nearest whole number; of two the even one, as in NumPy.
    round: rounding::Round => Round;
    /// y ← x without what is behind the point.
    trunc: rounding::Trunc => Trunc;
    /// y ← exp(x²) erfc x, which neither vanishes nor overflows for positive x. Largest error: 3.6 ULP in f32, 2.0 in f64.
    erfcx: normal::Erfcx => Erfcx;
    /// y ← Φ(x) = erfc(−x/√2)/2, the normal distribution's function. Largest error: 4.9 ULP in f32, 2.8 in f64.
    ndtr: normal::Ndtr => Ndtr;
    /// y ← ln Φ(x). Largest error: 5.2 ULP in f32, 2.0 in f64.
    log_ndtr: normal::LogNdtr => LogNdtr;
    /// y ← Φ⁻¹(x); ∓∞ at 0 and 1, NaN beyond. Largest error: 4.4 ULP in f32, 3.0 in f64.
    ndtri: normal::Ndtri;
    /// y ← the number whose erf is x; ±∞ at ±1, NaN beyond. Largest error: 5.0 ULP in f32, 3.6 in f64.
    erfinv: normal::Erfinv;
    /// y ← e^−|x| I₀(x), the modified Bessel function of order 0, scaled. Largest error: 4.6 ULP in f32, 3.2 in f64.
    i0e: bessel::I0e;
    /// y ← e^−|x| I₁(x), of order 1. Largest error: 4.6 ULP in f32, 3.6 in f64.
    i1e: bessel::I1e;
}
