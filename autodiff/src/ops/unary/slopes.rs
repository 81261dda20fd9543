//! Slopes that take more than a line, and the arctangent's tests.

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

use crate::{AnyExpr, Expr};

/// 1/√(2π).
pub(super) const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// g / (1 + x²), which for |x| > 1, where x² may be infinite, is g/x/x / (1 + 1/x²). Each side of 1 sees its own formula only, so that
/// slopes of slopes are those of the function, at 1 too.
pub(super) fn atan(g: &AnyExpr, x: &AnyExpr) -> AnyExpr {
    let one = x.number_like(1.0);
    let far = x.abs().gt(&one);
    let divisor = Expr::select(&far, x, &one);
    let inside = Expr::select(&far, &divisor.recip(), x);
    g / &divisor / divisor / (inside.square() + 1.0)
}

/// c₀ + c₁ x + c₂ x² + …
fn polynomial(x: &AnyExpr, coefficients: impl DoubleEndedIterator<Item = f64>) -> AnyExpr {
    let sum = coefficients.rev().fold(None, |sum: Option<AnyExpr>, c| {
        Some(match sum {
            None => x.number_like(c).broadcast_to(x.shape()),
            Some(sum) => sum * x + c,
        })
    });
    sum.expect("at least one coefficient")
}

/// (cos πx − y)/x, and near 0, where that cancels, −π j₁(πx) by the power series of the spherical Bessel function,
/// z/3 Σ (−z²/2)ᵏ/(k! 5 · 7 ⋯ (2k + 3)) (DLMF 10.53.1). Multiples of 2 are taken off x before it is multiplied by π.
pub(super) fn sinc(x: &AnyExpr, y: &AnyExpr) -> AnyExpr {
    let near = x.abs().lt(&x.number_like(0.5));
    let zero = x.zeros_like();
    let inside = Expr::select(&near, x, &zero);
    let mut c = -PI * PI / 3.0;
    let coefficients = (1..12).map(|k| {
        let this = c;
        c *= -0.5 * PI * PI / (f64::from(k) * f64::from(2 * k + 3));
        this
    });
    let series = &inside * polynomial(&inside.square(), coefficients.collect::<Vec<_>>().into_iter());
    let outside = Expr::select(&near, &x.ones_like(), x);
    let turn = &outside - (&outside * 0.5).round() * 2.0;
    Expr::select(&near, &series, &(((turn * PI).cos() - y) / outside))
}

/// 2 x y − 2/√π, and far out, where that cancels, the derivative of the asymptotic series,
/// −1/(√π x²) Σ (−1)ᵏ (2k + 1)!!/(2x²)ᵏ (DLMF 7.12.1).
pub(super) fn erfcx(x: &AnyExpr, y: &AnyExpr) -> AnyExpr {
    let far = x.gt(&x.number_like(12.0));
    let outside = Expr::select(&far, x, &x.number_like(12.0).broadcast_to(x.shape())).recip();
    let mut c = -0.5 * FRAC_2_SQRT_PI;
    let coefficients = (0..12).map(|k| {
        let this = c;
        c *= -0.5 * f64::from(2 * k + 3);
        this
    });
    let square = outside.square();
    let series = &square * polynomial(&square, coefficients.collect::<Vec<_>>().into_iter());
    Expr::select(&far, &series, &(x * y * 2.0 - FRAC_2_SQRT_PI))
}

/// From here on by asymptotic series.
const BESSEL_FAR: f64 = 30.0;

/// e^−|x| (I₀(x) − |I₁(x)|). Far out, where that cancels, by the asymptotic series of each, (−1)ᵏ aₖ(ν)/xᵏ times 1/√(2πx), where
/// aₖ(ν) = (4ν² − 1²)(4ν² − 3²) ⋯ (4ν² − (2k − 1)²)/(k! 8ᵏ) (DLMF 10.40.1).
fn bessel_difference(x: &AnyExpr) -> AnyExpr {
    let limit = x.number_like(BESSEL_FAR);
    let a = x.abs();
    let far = a.gt(&limit);
    let outside = Expr::select(&far, &a, &limit.broadcast_to(x.shape()));
    let (mut zeroth, mut first) = (1.0, 1.0);
    let terms: Vec<f64> = (1..20)
        .map(|k| {
            let odd = f64::from((2 * k - 1) * (2 * k - 1));
            zeroth *= odd / f64::from(8 * k);
            first *= (odd - 4.0) / f64::from(8 * k);
            zeroth - first
        })
        .collect();
    let w = outside.recip();
    let series = polynomial(&w, terms.into_iter()) * &w * outside.rsqrt() * FRAC_1_SQRT_2PI;
    Expr::select(&far, &series, &(x.i0e() - x.i1e().abs()))
}

/// −sign(x) e^−|x| (I₀(x) − |I₁(x)|).
pub(super) fn i0e(x: &AnyExpr) -> AnyExpr {
    -(x.sign() * bessel_difference(x))
}

/// e^−|x| ((I₀(x) + I₂(x))/2 − |I₁(x)|), and far out e^−|x| (I₀(x) − |I₁(x)| − I₁(x)/x).
pub(super) fn i1e(x: &AnyExpr, y: &AnyExpr) -> AnyExpr {
    let limit = x.number_like(BESSEL_FAR);
    let far = x.abs().gt(&limit);
    let outside = Expr::select(&far, x, &limit.broadcast_to(x.shape()));
    let inside = Expr::select(&far, &x.ones_like(), x);
    let near = (inside.i0e() + inside.ive(2)) * 0.5 - inside.i1e().abs();
    Expr::select(&far, &(bessel_difference(&outside) - y / &outside), &near)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use bayeux_tensor::{Float, Tensor};

    use crate::{Expr, Function, grad};

    /// mpmath's `atan`, with 60 digits, rounded. Next to 7/16, 11/16, 19/16 and 39/16 formulas change.
    #[allow(clippy::approx_constant)] // digits, as they were printed
    const EXACT: [(f64, f64); 34] = [
        (5e-324, 5e-324),
        (3e-310, 3e-310),
        (2.2250738585072014e-308, 2.2250738585072014e-308),
        (1e-200, 1e-200),
        (1e-20, 1e-20),
        (1.862645149230957e-09, 1.862645149230957e-09),
        (1e-05, 9.999999999666668e-06),
        (0.1, 0.09966865249116204),
        (0.3, 0.2914567944778671),
        (0.43749999999999994, 0.41241044159738727),
        (0.4375, 0.4124104415973873),
        (0.5, 0.4636476090008061),
        (0.6874999999999999, 0.6022873461349642),
        (0.6875, 0.6022873461349642),
        (0.9, 0.7328151017865066),
        (0.9999999999999999, 0.7853981633974483),
        (1.0, 0.7853981633974483),
        (1.0000000000000002, 0.7853981633974484),
        (1.1874999999999998, 0.8709034570756529),
        (1.1875, 0.870903457075653),
        (1.5, 0.982793723247329),
        (2.0, 1.1071487177940904),
        (2.4374999999999996, 1.1814796049617557),
        (2.4375, 1.1814796049617557),
        (3.7, 1.3068326031691921),
        (10.0, 1.4711276743037347),
        (123.456, 1.5626964520979927),
        (100000.0, 1.570786326794897),
        (100000000.0, 1.5707963167948966),
        (1e+16, 1.5707963267948966),
        (7.3e+19, 1.5707963267948966),
        (1e+30, 1.5707963267948966),
        (1e+200, 1.5707963267948966),
        (1.7976931348623157e+308, 1.5707963267948966),
    ];

    fn found<T: Float>(x: &[T]) -> Vec<T> {
        let leaf = Expr::<T>::input("x", [x.len()]);
        let f = Function::new([&leaf], [leaf.atan()]).expect("builds");
        f.call(&[&Tensor::from_slice(x)]).expect("runs").remove(0).to_vec()
    }

    #[test]
    fn f64_is_within_one_unit_in_the_last_place_of_mpmath() {
        let (x, exact): (Vec<f64>, Vec<f64>) = EXACT.into_iter().unzip();
        let negative: Vec<f64> = x.iter().map(|x| -x).collect();
        for ((x, exact), (y, below)) in x.iter().zip(&exact).zip(found(&x).iter().zip(found(&negative))) {
            assert!(y.to_bits().abs_diff(exact.to_bits()) <= 1, "{x:e}: {y:e}, not {exact:e}");
            assert_eq!(-below, *y, "{x:e}");
        }
    }

    /// Every 4999th number, subnormal ones among them; the referee is the system's library, in double precision.
    #[test]
    fn f32_is_within_one_unit_in_the_last_place() {
        let x: Vec<f32> = (0..f32::INFINITY.to_bits()).step_by(4999).map(f32::from_bits).collect();
        let y = found(&x);
        for (x, y) in x.iter().zip(&y) {
            let exact = f64::from(*x).atan() as f32;
            assert!(y.to_bits().abs_diff(exact.to_bits()) <= 1, "{x:e}: {y:e}, not {exact:e}");
        }
        assert!(y.is_sorted());
    }

    #[test]
    fn it_increases_where_formulas_change() {
        for edge in [1.0 / (1u64 << 27) as f64, 0.4375, 0.6875, 1.0, 1.1875, 2.4375, 2f64.powi(66)] {
            let x: Vec<f64> = (0..2000).map(|i| f64::from_bits(edge.to_bits() - 1000 + i)).collect();
            assert!(found(&x).is_sorted(), "around {edge:e}");
        }
    }

    #[test]
    fn zeros_keep_their_signs_and_infinities_have_right_angles() {
        fn check<T: Float>() {
            let given = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
            let y: Vec<f64> = found(&given.map(T::from_f64)).into_iter().map(T::to_f64).collect();
            let right_angle = T::from_f64(FRAC_PI_2).to_f64();
            assert!(
                y[0] == 0.0 && y[0].is_sign_positive() && y[1] == 0.0 && y[1].is_sign_negative(),
                "{y:?}"
            );
            assert_eq!(y[2..4], [right_angle, -right_angle]);
            assert!(y[4].is_nan());
        }
        check::<f32>();
        check::<f64>();
    }

    /// Where x² is infinite the slope times a large factor is not 0; and slopes of slopes are finite at 1, at 0 and beyond.
    #[test]
    fn slopes_neither_overflow_nor_vanish() {
        let (x, factor) = (Expr::<f32>::input("x", [7]), Expr::<f32>::input("factor", [7]));
        let slope = grad(&(x.atan() * &factor).sum_all(), std::slice::from_ref(&x)).remove(0);
        let second = grad(&slope.sum_all(), std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x, &factor], [&slope, &second]).expect("builds");
        let at = [0.0, 1.0, -1.0, 1e15, -1e20, 3e38, f32::INFINITY];
        let factors = [1.0, 1.0, 1.0, 1.0, 1e38, 1e38, 1.0];
        let values = f.call(&[&Tensor::from_slice(&at), &Tensor::from_slice(&factors)]).expect("runs");
        for i in 0..at.len() {
            let (x, factor) = (f64::from(at[i]), f64::from(factors[i]));
            let exact = factor / (1.0 + x * x);
            // −2 x f/(1 + x²)², of which the square is a number of f64 at none but ∞.
            let twice = if x.is_finite() { -2.0 * (x / (1.0 + x * x)) * exact } else { 0.0 };
            for (found, exact) in [(values[0].get(&[i]), exact), (values[1].get(&[i]), twice)] {
                let error = (f64::from(found) - exact).abs();
                assert!(error <= 1e-6 * exact.abs() + 1e-44, "at {x:e}: {found:e}, not {exact:e}");
            }
        }
    }
}
