//! The functions of one number by name, for loops that are compiled.

use super::dispatch::ScalarFormula;
use super::fma::Instruction;
use super::number::Number;
use super::{error_function, exponential, gamma, trigonometric, unary};
use crate::Float;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident $slices:ident $kernel:ty;)+) => {
        /// A function of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $($(#[$doc])* $name),+
        }

        impl Function {
            /// All of them.
            pub const ALL: &[Function] = &[$(Function::$name),+];

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
                    $(Function::$name => super::$slices::<T>),+
                }
            }

            /// The value; and where it is another, which takes so long that it is computed only there, by
            /// [`Function::elsewhere`].
            #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
            pub(crate) fn eval<T: Number>(self, x: T) -> (T, Option<T::Truth>) {
                match self {
                    $(Function::$name => (
                        <$kernel>::eval::<T, Instruction>(x),
                        <$kernel>::HAS_SLOW.then(|| <$kernel>::is_slow(x)),
                    )),+
                }
            }

            #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
            pub(crate) fn elsewhere<T: Float>(self, x: T) -> Option<T> {
                match self {
                    $(Function::$name => <$kernel>::is_slow(x.number()).then(|| <$kernel>::slow(x))),+
                }
            }
        }
    };
}

functions! {
    /// eˣ.
    Exp exp exponential::Exp;
    /// eˣ − 1.
    Expm1 expm1 exponential::Expm1;
    /// ln x.
    Ln ln exponential::Ln;
    /// ln(1 + x).
    Log1p log1p exponential::Log1p;
    /// tanh x.
    Tanh tanh exponential::Tanh;
    /// 1/(1 + e⁻ˣ).
    Sigmoid sigmoid exponential::Sigmoid;
    /// ln(1 + eˣ).
    Softplus softplus exponential::Softplus;
    /// sin x.
    Sin sin trigonometric::Sin;
    /// cos x.
    Cos cos trigonometric::Cos;
    /// erf x.
    Erf erf error_function::Erf;
    /// 1 − erf x.
    Erfc erfc error_function::Erfc;
    /// ln |Γ(x)|.
    Lgamma lgamma gamma::Lgamma;
    /// d ln Γ(x)/dx.
    Digamma digamma gamma::Digamma;
    /// |x|.
    Abs abs unary::Abs;
    /// −1, 0 or 1, as x is negative, zero or positive.
    Sign sign unary::Sign;
    /// ⌊x⌋.
    Floor floor unary::Floor;
}
