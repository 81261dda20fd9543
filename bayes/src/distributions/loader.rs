//! Logarithms of factorials and of what is made of them, without large terms that cancel.
//!
//! By Loader (2000, "Fast and accurate computation of binomial probabilities"): what Stirling's formula says is taken out of each
//! factorial, and put together by hand with the powers that it nearly cancels with. What is left are the errors δ of that formula,
//! and the deviances D of counts from their means.

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::HALF_LN_2PI;

/// From here on Stirling's series holds.
const LARGE: f64 = 8.0;

/// B₂ₖ/(2k (2k − 1)) for k = 1, 2, …
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// δ(α) = ln Γ(α) − (α − ½) ln α + α − ½ ln 2π = ln α! − (α + ½) ln α + α − ½ ln 2π: what Stirling's formula lacks, for α > 0.
pub(super) fn stirling_error<T: Float>(a: &Expr<T>) -> Expr<T> {
    let large = Expr::scalar(LARGE);
    let is_large = a.ge(&large);
    let w = Expr::select(&is_large, a, &large).recip();
    let z = w.square();
    let series = STIRLING.iter().rev().fold(Expr::scalar(0.0), |sum, &coefficient| sum * &z + coefficient);
    let small = Expr::select(&is_large, &large, a);
    let direct = small.lgamma() - (((&small - 0.5) * small.ln() - &small) + HALF_LN_2PI);
    Expr::select(&is_large, &(w * series), &direct)
}

/// D = x ln (x/m) + m − x ≥ 0 for x > 0 and m ≥ 0, of the difference d = x − m and of ln (m/x), which counts where m is not near x.
///
/// Near it, with v = d/(x + m), ln (x/m) = 2 artanh v gives D = d v + 2 x (v³/3 + v⁵/5 + …), whose first term is nearly all.
pub(super) fn deviance<T: Float>(x: &Expr<T>, d: &Expr<T>, ln_ratio: &Expr<T>) -> Expr<T> {
    let sum = x * 2.0 - d;
    // From m = x/2 to 2 x.
    let near = (d.abs() * 3.0).lt(&sum);
    let d_near = Expr::select(&near, d, &Expr::scalar(0.0));
    let v = &d_near / Expr::select(&near, &sum, &Expr::scalar(1.0));
    let z = v.square();
    // (1/3)²ᵏ⁻¹/(2k + 1) is below the type's ε then.
    let terms = if T::EPSILON.to_f64() < 1e-10 { 17 } else { 8 };
    let series = (1..=terms).rev().fold(Expr::scalar(0.0), |sum, k| sum * &z + 1.0 / f64::from(2 * k + 1));
    let close = &v * (d_near + x * z * series * 2.0);
    let far = -d - x * ln_ratio;
    Expr::select(&near, &close, &far)
}

/// ln Γ(k + r)/(Γ(r) k!) pʳ qᵏ for k ≥ 1, r > 0 and p + q = 1, of the difference d = k p − r q = k − (k + r) q = (k + r) p − r.
pub(super) fn negative_binomial<T: Float>(
    k: &Expr<T>,
    r: &Expr<T>,
    d: &Expr<T>,
    ln_p: &Expr<T>,
    ln_q: &Expr<T>,
) -> Expr<T> {
    let n = k + r;
    let ln_n = n.ln();
    let ln_n_over_r = ln_1_plus_ratio(k, r);
    let deviances = deviance(k, d, &(ln_q + &ln_n - k.ln())) + deviance(r, &-d, &(ln_p + &ln_n_over_r));
    without_deviances(k, r, &n, &ln_n_over_r) - deviances
}

/// The same where d is 0, so that p = r/(k + r).
pub(super) fn negative_binomial_at_mean<T: Float>(k: &Expr<T>, r: &Expr<T>) -> Expr<T> {
    without_deviances(k, r, &(k + r), &ln_1_plus_ratio(k, r))
}

fn without_deviances<T: Float>(k: &Expr<T>, r: &Expr<T>, n: &Expr<T>, ln_n_over_r: &Expr<T>) -> Expr<T> {
    let errors = (stirling_error(n) - stirling_error(r)) - stirling_error(k);
    errors - (ln_n_over_r + k.ln()) * 0.5 - HALF_LN_2PI
}

/// ln (1 + k/r), where k/r may overflow.
fn ln_1_plus_ratio<T: Float>(k: &Expr<T>, r: &Expr<T>) -> Expr<T> {
    let small = k.lt(r);
    let ratio = Expr::select(&small, k, r) / r;
    Expr::select(&small, &ratio.log1p(), &((k + r).ln() - r.ln()))
}
