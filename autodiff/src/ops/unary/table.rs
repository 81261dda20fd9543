//! The table of derivatives.
//!
//! To add a function, add it here: its documentation and formula, its kernel, its gradient, whether it is increasing (then it
//! commutes with a maximum), and where its tests may draw points. The methods of `Expr`, the printer, the interpreter,
//! the compiler and the gradient tests follow from this table.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, LOG2_E, LOG10_E};

use bayeux_tensor::Float;

use super::slopes;
use crate::{AnyExpr, Arithmetic, Expr, Real};

unary! {
    /// −x.   dy/dx = −1
    Neg neg { integers }, on -3.0..3.0, |g, x, y| Some(-g);

    /// |x|.   dy/dx = sign x, and 0 at 0
    Abs abs { integers }, on 0.1..3.0, |g, x, y| Some(g * x.sign());

    /// −1, 0 or 1.   dy/dx = 0
    Sign sign { integers increasing }, on 0.1..3.0, |g, x, y| None;

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
    Atan atan { increasing }, on -3.0..3.0, |g, x, y| Some(slopes::atan(g, x));

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
    |g, x, y| Some(g * ((-x.square()).exp() * FRAC_2_SQRT_PI));

    /// 1 − erf x, accurate for large x.   dy/dx = −2/√π exp(−x²)
    Erfc erfc, on -2.0..2.0,
    |g, x, y| Some(g * ((-x.square()).exp() * -FRAC_2_SQRT_PI));

    /// ln |Γ(x)|.   dy/dx = digamma x
    Lgamma lgamma, on 0.3..6.0, |g, x, y| Some(g * x.digamma());

    /// ψ(x) = d/dx ln Γ(x).   dy/dx = ψ′(x), the [`polygamma`](Expr::polygamma) of order 1
    Digamma digamma, on 0.3..6.0, |g, x, y| Some(g * x.polygamma(1));

    /// 2ˣ.   dy/dx = y ln 2
    Exp2 exp2 { increasing }, on -3.0..3.0, |g, x, y| Some(g * y * LN_2);

    /// 10ˣ.   dy/dx = y ln 10
    Exp10 exp10 { increasing }, on -1.0..1.0, |g, x, y| Some(g * y * LN_10);

    /// The logarithm to base 2.   dy/dx = 1 / (x ln 2)
    Log2 log2, on 0.2..4.0, |g, x, y| Some(g / x * LOG2_E);

    /// The logarithm to base 10.   dy/dx = 1 / (x ln 10)
    Log10 log10, on 0.2..4.0, |g, x, y| Some(g / x * LOG10_E);

    /// The cube root, of negative numbers too.   dy/dx = 1 / 3y²
    Cbrt cbrt { increasing }, on 0.3..3.0, |g, x, y| Some(g / (y.square() * 3.0));

    /// 1/√x.   dy/dx = −y / 2x
    Rsqrt rsqrt, on 0.3..3.0, |g, x, y| Some(g * (y / x * -0.5));

    /// The smallest whole number not below x.   dy/dx = 0
    Ceil ceil { increasing }, on 0.1..0.9, |g, x, y| None;

    /// The nearest whole number; half-way between two the even one, as in NumPy.   dy/dx = 0
    Round round { increasing }, on 0.6..1.4, |g, x, y| None;

    /// x without what is behind the point.   dy/dx = 0
    Trunc trunc { increasing }, on 0.1..0.9, |g, x, y| None;

    /// Tangent.   dy/dx = 1 + y²
    Tan tan, on -1.2..1.2, |g, x, y| Some(g * (y.square() + 1.0));

    /// The angle between −π/2 and π/2 whose sine is x; NaN beyond ±1.   dy/dx = 1 / √(1 − x²)
    Asin asin, on -0.8..0.8, |g, x, y| Some(g * ((1.0 - x) * (x + 1.0)).rsqrt());

    /// The angle between 0 and π whose cosine is x; NaN beyond ±1.   dy/dx = −1 / √(1 − x²)
    Acos acos, on -0.8..0.8, |g, x, y| Some(-(g * ((1.0 - x) * (x + 1.0)).rsqrt()));

    /// Hyperbolic sine.   dy/dx = cosh x
    Sinh sinh { increasing }, on -2.0..2.0, |g, x, y| Some(g * x.cosh());

    /// Hyperbolic cosine.   dy/dx = sinh x
    Cosh cosh, on -2.0..2.0, |g, x, y| Some(g * x.sinh());

    /// The number whose hyperbolic sine is x.   dy/dx = 1 / √(1 + x²)
    Asinh asinh { increasing }, on -3.0..3.0, |g, x, y| Some(g / x.hypot(&x.ones_like()));

    /// The number from 0 on whose hyperbolic cosine is x; NaN below 1.   dy/dx = 1 / √(x² − 1)
    Acosh acosh, on 1.2..4.0, |g, x, y| Some(g / ((x - 1.0).sqrt() * (x + 1.0).sqrt()));

    /// The number whose hyperbolic tangent is x; NaN beyond ±1.   dy/dx = 1 / (1 − x²)
    Atanh atanh, on -0.8..0.8, |g, x, y| Some(g / ((1.0 - x) * (x + 1.0)));

    /// sin πx / πx, and 1 at 0, as in NumPy.   dy/dx = (cos πx − y) / x
    Sinc sinc, on -2.3..2.3, |g, x, y| Some(g * slopes::sinc(x, y));

    /// exp(x²) erfc x, which neither vanishes nor overflows for positive x.   dy/dx = 2 x y − 2/√π
    Erfcx erfcx, on -1.5..3.0, |g, x, y| Some(g * slopes::erfcx(x, y));

    /// The number whose erf is x; ±∞ at ±1, NaN beyond.   dy/dx = √π/2 exp(y²)
    Erfinv erfinv, on -0.8..0.8, |g, x, y| Some(g * (y.square().exp() * (1.0 / FRAC_2_SQRT_PI)));

    /// The distribution function Φ of the standard normal distribution, with all digits in its lower tail.   dy/dx = exp(−x²/2)/√(2π)
    Ndtr ndtr { increasing }, on -2.0..2.0, |g, x, y| Some(g * ((x.square() * -0.5).exp() * slopes::FRAC_1_SQRT_2PI));

    /// ln Φ(x), also where Φ(x) is too small a number.   dy/dx = √(2/π) / erfcx(−x/√2)
    LogNdtr log_ndtr { increasing }, on -3.0..2.0,
    |g, x, y| Some(g * (FRAC_2_SQRT_PI * FRAC_1_SQRT_2) / (x * -FRAC_1_SQRT_2).erfcx());

    /// The quantile Φ⁻¹(x) of the standard normal distribution; ∓∞ at 0 and 1, NaN beyond.   dy/dx = √(2π) exp(y²/2)
    Ndtri ndtri, on 0.1..0.9, |g, x, y| Some(g * ((y.square() * 0.5).exp() * (1.0 / slopes::FRAC_1_SQRT_2PI)));

    /// e^−|x| I₀(x), of the modified Bessel function of order 0.   dy/dx = i1e x − y sign x
    I0e i0e, on 0.3..6.0, |g, x, y| Some(g * slopes::i0e(x));

    /// e^−|x| I₁(x), of order 1.   dy/dx = (i0e x + ive₂ x)/2 − y sign x
    I1e i1e, on 0.3..6.0, |g, x, y| Some(g * slopes::i1e(x, y));

    /// x / (1 + |x|).   dy/dx = 1 / (1 + |x|)²
    Softsign softsign { increasing }, on 0.1..3.0, |g, x, y| Some(g / (x.abs() + 1.0).square());
}

/// The vector functions by the names of the table.
mod vector {
    pub(super) use bayeux_tensor::simd::*;
    use bayeux_tensor::{Float, simd};

    /// x / (1 + |x|).
    pub(super) fn softsign<T: Float>(x: &[T], y: &mut [T]) {
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = x / (T::ONE + x.abs()));
    }

    /// 4 e / (1 + e)², with e = exp(−2|x|).
    pub(super) fn sech_squared<T: Float>(x: &[T], y: &mut [T]) {
        let two = T::from_f64(2.0);
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = -(two * x.abs()));
        simd::exp_inplace(y);
        y.iter_mut().for_each(|y| *y = T::from_f64(4.0) * *y / ((T::ONE + *y) * (T::ONE + *y)));
    }
}
