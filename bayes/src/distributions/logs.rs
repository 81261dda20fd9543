//! Logarithms of probabilities, each from the side on which it has digits, and with slopes that are numbers where another case is
//! chosen.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::domain::{outside, supported};

/// ln p, where q = 1 − p and each has its own digits: next to 1 p has those of q.
pub(super) fn ln_share<T: Float>(p: &Expr<T>, q: &Expr<T>) -> Expr<T> {
    let small = p.lt(&Expr::scalar(0.5));
    let direct = Expr::select(&small, p, &Expr::scalar(1.0)).ln();
    let other = (-Expr::select(&small, &Expr::scalar(0.0), q)).log1p();
    Expr::select(&small, &direct, &other)
}

/// ln(1 − eˣ) for x ≤ 0 (Mächler 2012, "Accurately computing log(1 − exp(−|a|))").
pub(super) fn ln_one_minus_exp<T: Float>(x: &Expr<T>) -> Expr<T> {
    let near = x.gt(&Expr::scalar(-LN_2));
    let direct = (-Expr::select(&near, x, &Expr::scalar(-LN_2)).expm1()).ln();
    let far = (-Expr::select(&near, &Expr::scalar(-LN_2), x).exp()).log1p();
    Expr::select(&near, &direct, &far)
}

/// ln(1 − exp(−eᵗ)): t itself where eᵗ is too small to matter, or to be a number.
pub(super) fn ln_one_minus_exp_exp<T: Float>(t: &Expr<T>) -> Expr<T> {
    let least = Expr::scalar(-40.0);
    let tiny = t.lt(&least);
    let direct = ln_one_minus_exp(&-Expr::select(&tiny, &least, t).exp());
    Expr::select(&tiny, t, &direct)
}

/// ln(a² + b²) for b > 0, of which no square overflows; a may have a sign.
pub(super) fn ln_sum_of_squares<T: Float>(a: &Expr<T>, b: &Expr<T>) -> Expr<T> {
    let size = a.abs();
    let beyond = size.gt(b);
    let (larger, smaller) = (Expr::select(&beyond, &size, b), Expr::select(&beyond, b, a));
    (smaller / &larger).square().log1p() + larger.ln() * 2.0
}

/// ln(½ erfcx(x/√2)), which is ln Φ(−x) + ½ x².
pub(super) fn ln_mills<T: Float>(x: &Expr<T>) -> Expr<T> {
    (x * FRAC_1_SQRT_2).erfcx().ln() - LN_2
}

/// The logarithm of a distribution function: −∞ below the support.
pub(super) fn below<T: Float>(x: &Expr<T>, inside: &Expr<bool>, log_cdf: &Expr<T>) -> Expr<T> {
    supported(x, inside, log_cdf)
}

/// The logarithm of the probability of more: 0 below the support; NaN if `x` is NaN.
pub(super) fn above<T: Float>(x: &Expr<T>, inside: &Expr<bool>, log_survival: &Expr<T>) -> Expr<T> {
    Expr::select(inside, log_survival, &outside(x).exp())
}

/// `x` where it is positive, else 1; and whether it is.
pub(super) fn positive<T: Float>(x: &Expr<T>) -> (Expr<T>, Expr<bool>) {
    let inside = x.gt(&Expr::scalar(0.0));
    (Expr::select(&inside, x, &Expr::scalar(1.0)), inside)
}

/// `x` where it is a finite number, else 0; and whether it is one.
pub(super) fn finite<T: Float>(x: &Expr<T>) -> (Expr<T>, Expr<bool>) {
    let inside = x.abs().lt(&Expr::scalar(f64::INFINITY));
    (Expr::select(&inside, x, &Expr::scalar(0.0)), inside)
}

/// A log density next to an edge, where it goes with a power: infinite for exponents below 1, −∞ above 1, and `flat` at 1.
pub(super) fn at_edge<T: Float>(exponent: &Expr<T>, flat: &Expr<T>) -> Expr<T> {
    let [one, infinity] = [1.0, f64::INFINITY].map(Expr::scalar);
    let level = Expr::select(&exponent.eq(&one), flat, &-&infinity);
    Expr::select(&exponent.lt(&one), &infinity, &level)
}
