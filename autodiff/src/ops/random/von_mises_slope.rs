//! The slope of von Mises' angles in their concentration at a fixed probability.

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::ops::special::numbers::{each, elementwise_methods, of_broadcast};
use crate::{AnyExpr, Error, Rows, ValueType};

/// κ, x → −(∂F/∂κ)/p of the distribution function F and the density p at x: dx/dκ at a fixed F; or −(∂²F/∂κ²)/p.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct VonMisesSlope {
    pub order: u8,
}

impl Operation for VonMisesSlope {
    fn name(&self) -> String {
        format!("{}slope of von_mises", if self.order == 1 { "" } else { "second " })
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        each(inputs, &mut outputs[0], |[concentration, x]| slope(self.order, concentration, x))
    }

    /// With ln p = κ cos x − ln 2πI₀(κ), of slopes cos x − A in κ and −κ sin x in x, and S = −F_κ/p:
    /// ∂S/∂κ = −F_κκ/p − S (cos x − A), and ∂S/∂x = −(cos x − A) + S κ sin x. A is I₁/I₀.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (kappa, x) = (&inputs[0], &inputs[1]);
        assert!(self.order < 2, "{}: there are no third derivatives", self.name());
        let of_density = x.cos() - kappa.i1e() / kappa.i0e();
        let by_kappa = of_broadcast(VonMisesSlope { order: 2 }, &[kappa, x]) - output * &of_density;
        let by_x = output * kappa * x.sin() - of_density;
        vec![Some(g * by_kappa), Some(g * by_x)]
    }
}

/// With A = I₁(κ)/I₀(κ) it is −∂F/∂κ/p = −∫ (cos t − A) e^(κ (cos t − cos x)) dt from 0 to x, or from −π: the whole from 0 to π is 0.
/// Where cos x > A the former is taken, in which nothing cancels, else minus that from x to π, in which the exponents are negative.
/// The second derivative has (cos t − A)² − A′ in place of cos t − A.
fn slope(order: u8, kappa: f64, x: f64) -> f64 {
    use std::f64::consts::PI;
    if !(0.0..f64::INFINITY).contains(&kappa) || x.is_nan() || x.abs() > 3.2 {
        return f64::NAN;
    }
    let (ratio, rest) = bessel_ratio(kappa);
    let at = x.abs().min(PI);
    let deviation = |t: f64| {
        let half = libm::sin(0.5 * t);
        rest - 2.0 * half * half
    };
    // A′ = 1 − A/κ − A²
    let variance = if kappa < 1e-8 { 0.5 } else { rest * (1.0 + ratio) - ratio / kappa };
    let integrand = |t: f64| {
        let of_density = deviation(t);
        let factor = if order == 1 { of_density } else { of_density * of_density - variance };
        factor * libm::exp(2.0 * kappa * libm::sin(0.5 * (at + t)) * libm::sin(0.5 * (at - t)))
    };
    let inside = deviation(at) > 0.0;
    let value = if inside {
        -integral(0.0, at, integrand)
    } else {
        // Up to where the exponent is −40.
        let half = libm::sin(0.5 * at);
        let end = (half * half + 20.0 / kappa).sqrt();
        integral(at, if end < 1.0 { 2.0 * libm::asin(end) } else { PI }, integrand)
    };
    if x < 0.0 { -value } else { value }
}

/// By Gauss and Legendre's rule of 32 points. It is exact to some 10⁻¹⁵ for an exponential, or half a Gaussian curve, over 40 times what
/// it falls by in a step of e.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    const RULE: [[f64; 2]; 16] = [
        [0.048_307_665_687_738_32, 0.096_540_088_514_727_8],
        [0.144_471_961_582_796_5, 0.095_638_720_079_274_86],
        [0.239_287_362_252_137_07, 0.093_844_399_080_804_57],
        [0.331_868_602_282_127_65, 0.091_173_878_695_763_88],
        [0.421_351_276_130_635_35, 0.087_652_093_004_403_81],
        [0.506_899_908_932_229_4, 0.083_311_924_226_946_76],
        [0.587_715_757_240_762_3, 0.078_193_895_787_070_3],
        [0.663_044_266_930_215_2, 0.072_345_794_108_848_5],
        [0.732_182_118_740_289_7, 0.065_822_222_776_361_85],
        [0.794_483_795_967_942_4, 0.058_684_093_478_535_55],
        [0.849_367_613_732_57, 0.050_998_059_262_376_18],
        [0.896_321_155_766_052_1, 0.042_835_898_022_226_68],
        [0.934_906_075_937_739_7, 0.034_273_862_913_021_43],
        [0.964_762_255_587_506_4, 0.025_392_065_309_262_06],
        [0.985_611_511_545_268_3, 0.016_274_394_730_905_67],
        [0.997_263_861_849_481_6, 0.007_018_610_009_470_097],
    ];
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    RULE.iter().map(|[x, weight]| weight * (f(middle - half * x) + f(middle + half * x))).sum::<f64>() * half
}

/// A = I₁(κ)/I₀(κ), and 1 − A.
fn bessel_ratio(kappa: f64) -> (f64, f64) {
    if kappa < 30.0 {
        // κ/(2 + κ²/(4 + κ²/(6 + …))) (DLMF 10.33.1)
        let steps = 30 + kappa as usize;
        let below = (1..=steps).rev().fold(0.0, |tail, k| kappa * kappa / (2.0 * k as f64 + tail));
        // The first quotient has one factor κ less.
        let ratio = if kappa == 0.0 { 0.0 } else { below / kappa };
        return (ratio, 1.0 - ratio);
    }
    // 1 − A = Σ cₙ κ⁻ⁿ, of which A′ = 1 − A/κ − A² gives 2cₙ = (n − 2) cₙ₋₁ + Σ cᵢ cₙ₋ᵢ, c₁ = ½.
    const SERIES: [f64; 20] = [
        0.5,
        0.125,
        0.125,
        0.195_312_5,
        0.406_25,
        1.047_851_562_5,
        3.218_75,
        11.466_461_181_640_625,
        46.478_515_625,
        211.276_149_749_755_86,
        1_064.678_222_656_25,
        5_892.045_714_616_776,
        35_528.877_441_406_25,
        231_884.635_956_317_2,
        1_628_749.453_247_07,
        12_251_067.632_866_15,
        98_252_781.815_467_83,
        836_956_449.779_976_1,
        7_546_911_569.366_995,
        71_816_112_232.683_27,
    ];
    let rest = SERIES.iter().rev().fold(0.0, |sum, c| (sum + c) / kappa);
    (1.0 - rest, rest)
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    // Slopes are compared with a table of differences below: at order two there are third derivatives in them. The second slope is in
    // the gradient of the first.
    let slope = |x: &[AnyExpr]| of_broadcast(VonMisesSlope { order: 1 }, &[&x[0], &x[1]]);
    vec![
        example("slope", &[&[3, 5], &[3, 5]], 0.0..3.0, slope)
            .without_slopes()
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::random::draws::check_slopes;

    #[test]
    fn slopes_are_differences_of_quantiles() {
        check_slopes("von_mises", |k, x| of_broadcast(VonMisesSlope { order: 1 }, &[k, x]), (1e-12, 1e-9));
    }

    /// Around a flat distribution it is −sin x, and for a large κ that of a normal distribution, −x/2κ.
    #[test]
    fn slopes_at_the_ends() {
        for x in [-3.0, -0.1, 0.0, 1.0, std::f64::consts::PI] {
            assert!((slope(1, 0.0, x) + x.sin()).abs() < 1e-15, "{x}");
        }
        let (kappa, x) = (1e14, 2e-7);
        assert!((slope(1, kappa, x) * -2.0 * kappa / x - 1.0).abs() < 1e-13);
        assert!(slope(1, 1e5, 3.0).is_finite() && slope(1, -1.0, 0.0).is_nan());
        let (ratio, rest) = bessel_ratio(29.999_999_999_999_9);
        let (other_ratio, other_rest) = bessel_ratio(30.0);
        assert!((ratio - other_ratio).abs() < 1e-15 && (rest / other_rest - 1.0).abs() < 2e-14);
    }
}
