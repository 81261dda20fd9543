//! Logarithms of the incomplete gamma and beta functions, also where the functions underflow.

use bayeux_autodiff::Expr;

use super::logs::ln_share;

/// Terms of series and fractions: where the functions underflow, the first few have all digits that the logarithm shows.
const TERMS: u32 = 24;

/// From here on the functions themselves are used.
const LEAST: f64 = 1e-280;

/// ln P(a, y) and ln Q(a, y) of the regularised incomplete gamma functions, for y > 0.
pub(super) fn ln_gamma_shares(a: &Expr<f64>, y: &Expr<f64>) -> [Expr<f64>; 2] {
    let (lower, upper) = (a.gammainc(y), a.gammaincc(y));
    let huge = Expr::scalar(1e300);
    let y = y.minimum(&huge);
    let scale = a * y.ln() - &y - a.lgamma();
    // yᵃ e⁻ʸ/Γ(a + 1) (1 + y/(a + 1) (1 + y/(a + 2) (1 + …))), for small y.
    let small = y.lt(a);
    let near = Expr::select(&small, &y, &(a * 0.5));
    let step = |n: u32| &near / (a + f64::from(n));
    let series = (1..=TERMS).rev().fold(Expr::scalar(1.0), |sum, n| step(n) * sum + 1.0);
    let below = &scale - a.ln() + series.ln();
    // Legendre's fraction, for large y: yᵃ e⁻ʸ/Γ(a)/(y + 1 − a − 1 (1 − a)/(y + 3 − a − 2 (2 − a)/…)).
    let far = Expr::select(&small, &(a * 2.0 + 1.0), &y);
    let rest = (1..=TERMS)
        .rev()
        .map(f64::from)
        .fold(Expr::scalar(0.0), |rest, n| ((a - n) * -n) / (&far - a + (2.0 * n + 1.0) - rest));
    let above = scale - (far - a + 1.0 - rest).ln();
    [ln_or(&lower, &upper, &below), ln_or(&upper, &lower, &above)]
}

/// ln Iₓ(a, b) and ln of the rest, for 0 < x < 1.
pub(super) fn ln_beta_shares(a: &Expr<f64>, b: &Expr<f64>, x: &Expr<f64>) -> [Expr<f64>; 2] {
    let rest = 1.0 - x;
    let (lower, upper) = (a.betainc(b, x), b.betainc(a, &rest));
    let scale = a * x.ln() + b * (-x).log1p() - a.betaln(b);
    // xᵃ (1 − x)ᵇ/(a B(a, b)) (1 + x (a + b)/(a + 1) (1 + x (a + b + 1)/(a + 2) (1 + …)))
    let series = |a: &Expr<f64>, b: &Expr<f64>, x: &Expr<f64>| {
        let ratio = |n: f64| x * ((a + b + (n - 1.0)) / (a + n));
        let sum = (1..=TERMS).rev().map(f64::from).fold(Expr::scalar(1.0), |sum, n| ratio(n) * sum + 1.0);
        &scale - a.ln() + sum.ln()
    };
    [ln_or(&lower, &upper, &series(a, b, x)), ln_or(&upper, &lower, &series(b, a, &rest))]
}

/// ln p, of its own value and that of the rest, and by `tail` where it is too small.
fn ln_or(p: &Expr<f64>, q: &Expr<f64>, tail: &Expr<f64>) -> Expr<f64> {
    let tiny = p.lt(&Expr::scalar(LEAST));
    let safe = Expr::select(&tiny, &Expr::scalar(0.5), p);
    Expr::select(&tiny, tail, &ln_share(&safe, q))
}
