//! Functions of one number: the table of derivatives.
//!
//! To add one, add it here: its documentation and formula, its kernel, its gradient, whether it is increasing (then it
//! commutes with a maximum), and where its tests may draw points. The methods of `Expr`, the printer, the interpreter,
//! the compiler and the gradient tests follow from this table.

mod arctangent;

use bayeux_tensor::{AnyTensor, ElementType, Float, Tensor};

use super::Batch;
use super::elementwise::{self, Elementwise};
use super::operation::Operation;
use crate::kernel::Kernel;
use crate::{AnyExpr, Arithmetic, ArrayType, Error, Expr, Real, Rows, ValueType};

macro_rules! unary {
    ($($(#[$doc:meta])* $variant:ident $method:ident
        $({ $($note:ident)+ })?, on $low:literal .. $high:literal,
        |$g:ident, $x:ident, $y:ident| $gradient:expr;)+) => {
        /// A function of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Unary {
            $($variant),+
        }

        impl Unary {
            /// Every one, with the interval from which tests draw their points.
            #[cfg(test)]
            pub(crate) const ALL: &[(Unary, std::ops::Range<f64>)] = &[$((Unary::$variant, $low..$high)),+];

            pub(crate) fn method(self) -> &'static str {
                match self {
                    $(Unary::$variant => stringify!($method)),+
                }
            }

            /// The vector function: `y[i] = f(x[i])`.
            pub(crate) fn vector<T: Float>(self) -> fn(&[T], &mut [T]) {
                match self {
                    $(Unary::$variant => vector::$method::<T>),+
                }
            }

            /// Whether x ≤ x′ implies f(x) ≤ f(x′) for all numbers. Not so for what is undefined somewhere.
            pub(crate) fn is_increasing(self) -> bool {
                match self {
                    $(Unary::$variant => unary!(@increasing $($($note)+)?)),+
                }
            }
        }

        impl Unary {
            fn slope(self, g: &AnyExpr, x: &AnyExpr, y: &AnyExpr) -> Option<AnyExpr> {
                match self {
                    $(Unary::$variant => {
                        #[allow(unused_variables)] // a rule may need the input, the output, both or none
                        let ($g, $x, $y) = (g, x, y);
                        $gradient
                    }),+
                }
            }
        }

        $(unary!(@method $(#[$doc])* $variant $method $($($note)+)?);)+
    };
    (@method $(#[$doc:meta])* $variant:ident $method:ident integers) => {
        impl<T: Arithmetic> Expr<T> {
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self) -> Self {
                self.unary(Unary::$variant)
            }
        }
    };
    (@method $(#[$doc:meta])* $variant:ident $method:ident $($note:ident)*) => {
        impl<T: Real> Expr<T> {
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self) -> Self {
                self.unary(Unary::$variant)
            }
        }
    };
    (@increasing increasing) => { true };
    (@increasing $($note:ident)?) => { false };
}

unary! {
    /// −x.   dy/dx = −1
    Neg neg { integers }, on -3.0..3.0, |g, x, y| Some(-g);

    /// |x|.   dy/dx = sign x, and 0 at 0
    Abs abs { integers }, on 0.1..3.0, |g, x, y| Some(g * x.sign());

    /// −1, 0 or 1.   dy/dx = 0
    Sign sign { increasing }, on 0.1..3.0, |g, x, y| None;

    /// The largest whole number not above x.   dy/dx = 0
    Floor floor { increasing }, on 0.1..0.9, |g, x, y| None;

    /// x².   dy/dx = 2x
    Square square { integers }, on -3.0..3.0, |g, x, y| Some(g * (x * 2.0));

    /// √x.   dy/dx = 1 / 2y
    Sqrt sqrt, on 0.2..4.0, |g, x, y| Some(g / (y * 2.0));

    /// 1/x.   dy/dx = −y²
    Recip recip, on 0.3..3.0, |g, x, y| Some(-(g * y.square()));

    /// eˣ.   dy/dx = y
    Exp exp { increasing }, on -3.0..3.0, |g, x, y| Some(g * y);

    /// eˣ − 1, accurate near 0.   dy/dx = eˣ
    Expm1 expm1 { increasing }, on -2.0..2.0, |g, x, y| Some(g * x.exp());

    /// The natural logarithm.   dy/dx = 1/x
    Ln ln, on 0.2..4.0, |g, x, y| Some(g / x);

    /// ln(1 + x), accurate near 0.   dy/dx = 1 / (1 + x)
    Log1p log1p, on -0.7..3.0, |g, x, y| Some(g / (x + 1.0));

    /// Sine.   dy/dx = cos x
    Sin sin, on -3.0..3.0, |g, x, y| Some(g * x.cos());

    /// Cosine.   dy/dx = −sin x
    Cos cos, on -3.0..3.0, |g, x, y| Some(-(g * x.sin()));

    /// The arctangent: the angle between −π/2 and π/2 whose tangent is x.   dy/dx = 1 / (1 + x²)
    Atan atan { increasing }, on -3.0..3.0, |g, x, y| Some(arctangent::slope(g, x));

    /// Hyperbolic tangent.   dy/dx = sech² x, which 1 − y² is no more where y is rounded to 1
    Tanh tanh { increasing }, on -3.0..3.0, |g, x, y| Some(g * x.sech_squared());

    /// The slope of tanh, 1 / cosh² x, to full relative accuracy.   dy/dx = −2 y tanh x
    SechSquared sech_squared, on -3.0..3.0, |g, x, y| Some(g * (y * (x.tanh() * -2.0)));

    /// The logistic function 1 / (1 + e⁻ˣ).   dy/dx = sech²(x/2) / 4, which y (1 − y) is no more where y is rounded to 1
    Sigmoid sigmoid { increasing }, on -4.0..4.0, |g, x, y| Some(g * ((x * 0.5).sech_squared() * 0.25));

    /// ln(1 + eˣ).   dy/dx = sigmoid x
    Softplus softplus { increasing }, on -4.0..4.0, |g, x, y| Some(g * x.sigmoid());

    /// max(x, 0).   dy/dx = 1 where x > 0, else 0, also at 0
    Relu relu { increasing }, on 0.1..3.0, |g, x, y| Some(g * x.gt(&x.zeros_like()).cast_like(g));

    /// The error function 2/√π ∫₀ˣ exp(−t²) dt.   dy/dx = 2/√π exp(−x²)
    Erf erf { increasing }, on -2.0..2.0,
    |g, x, y| Some(g * ((-x.square()).exp() * std::f64::consts::FRAC_2_SQRT_PI));

    /// 1 − erf x, accurate for large x.   dy/dx = −2/√π exp(−x²)
    Erfc erfc, on -2.0..2.0,
    |g, x, y| Some(g * ((-x.square()).exp() * -std::f64::consts::FRAC_2_SQRT_PI));

    /// ln |Γ(x)|.   dy/dx = digamma x
    Lgamma lgamma, on 0.3..6.0, |g, x, y| Some(g * x.digamma());

    /// ψ(x) = d/dx ln Γ(x).   dy/dx = ψ′(x), the [`polygamma`](Expr::polygamma) of order 1
    Digamma digamma, on 0.3..6.0, |g, x, y| Some(g * x.polygamma(1));
}

/// The vector functions by the names of the table.
mod vector {
    pub(super) use super::arctangent::atan;
    pub(super) use bayeux_tensor::simd::*;
    use bayeux_tensor::{Float, simd};

    /// 4 e / (1 + e)², with e = exp(−2|x|).
    pub(super) fn sech_squared<T: Float>(x: &[T], y: &mut [T]) {
        let two = T::from_f64(2.0);
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = -(two * x.abs()));
        simd::exp_inplace(y);
        y.iter_mut().for_each(|y| *y = T::from_f64(4.0) * *y / ((T::ONE + *y) * (T::ONE + *y)));
    }
}

impl Operation for Unary {
    fn name(&self) -> String {
        self.method().into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        elementwise::of_numbers(inputs)
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Elementwise::of_integers(inputs[0].element, *self))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        fn value<T: Float>(op: Unary, x: &Tensor<T>) -> AnyTensor {
            let mut output = vec![T::ZERO; x.len()];
            op.vector()(&x.to_vec(), &mut output);
            Tensor::new(x.shape(), output).into()
        }
        Ok(match inputs[0].element_type() {
            ElementType::F32 => Some(value::<f32>(*self, inputs[0].get())),
            ElementType::F64 => Some(value::<f64>(*self, inputs[0].get())),
            _ => None,
        })
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![self.slope(g, &inputs[0], output)]
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn unary(&self, op: Unary) -> Self {
        Expr::new(op, vec![self.untyped()], self.shape())
    }
}

impl<T: Arithmetic> std::ops::Neg for &Expr<T> {
    type Output = Expr<T>;
    #[track_caller]
    fn neg(self) -> Expr<T> {
        Expr::neg(self)
    }
}

impl<T: Arithmetic> std::ops::Neg for Expr<T> {
    type Output = Expr<T>;
    #[track_caller]
    fn neg(self) -> Expr<T> {
        Expr::neg(&self)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let on = |op: Unary, interval: std::ops::Range<f64>| {
        example(op.method(), &[&[7]], interval, move |x| AnyExpr::new(op, vec![x[0].clone()], x[0].shape()))
            .and(&[&[0]])
            .and(&[&[1]])
    };
    // Even and odd functions, on the other side as well, where the interval does not cross 0 by itself.
    let is_two_sided =
        |op: Unary| matches!(op, Unary::Abs | Unary::Sign | Unary::Floor | Unary::Relu | Unary::Recip);
    let others = Unary::ALL.iter().filter(|(op, _)| is_two_sided(*op));
    let others = others.map(|(op, interval)| on(*op, -interval.end..-interval.start));
    Unary::ALL.iter().map(|(op, interval)| on(*op, interval.clone())).chain(others).collect()
}
