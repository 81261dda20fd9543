//! What distributions of whole numbers have in common: which values count, and both tails of a distribution function.

use std::f64::consts::LN_2;

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::domain::outside;
use super::logs::ln_share;

/// Whether a value is one of 0, 1, 2, …, and the value, or 0 where it is not.
pub(super) fn count<T: Float>(x: &Expr<T>) -> (Expr<bool>, Expr<T>) {
    let [zero, infinity] = [0.0, f64::INFINITY].map(Expr::scalar);
    let inside = x.eq(&x.floor()) & x.ge(&zero) & x.lt(&infinity);
    let safe = Expr::select(&inside, x, &zero);
    (inside, safe)
}

/// The logarithms of the probabilities up to a number and above it.
pub(super) struct Tails<T: Float> {
    pub(super) lower: Expr<T>,
    pub(super) upper: Expr<T>,
}

impl<T: Float> Tails<T> {
    /// Of the two probabilities, each with all its digits where it is the smaller one. They are in f64, as a tail that f32 cannot
    /// hold has a logarithm that it can.
    pub(super) fn of_probabilities(lower: &Expr<f64>, upper: &Expr<f64>) -> Self {
        Tails { lower: ln_share(lower, upper).cast(), upper: ln_share(upper, lower).cast() }
    }

    /// Of the two logarithms, each right where it is the smaller one.
    pub(super) fn of_logarithms(lower: &Expr<T>, upper: &Expr<T>) -> Self {
        let half = Expr::scalar(-LN_2);
        let better = |one: &Expr<T>, other: &Expr<T>| {
            let small = one.lt(&half);
            let of_large = (-Expr::select(&small, &half, other).exp()).log1p();
            Expr::select(&small, one, &of_large)
        };
        Tails { lower: better(lower, upper), upper: better(upper, lower) }
    }

    /// These where `inside` holds; elsewhere nothing lies up to x, where x is `below`, or all does. NaN where `x` is.
    pub(super) fn within(self, x: &Expr<T>, inside: &Expr<bool>, below: &Expr<bool>) -> Self {
        let nothing = outside(x);
        let all = nothing.exp();
        let [lower, upper] = [(self.lower, &nothing, &all), (self.upper, &all, &nothing)]
            .map(|(tail, first, second)| Expr::select(inside, &tail, &Expr::select(below, first, second)));
        Tails { lower, upper }
    }

    /// [`within`](Self::within) x ≥ 0.
    pub(super) fn above_zero(self, x: &Expr<T>) -> Self {
        let [zero, infinity] = [0.0, f64::INFINITY].map(Expr::scalar);
        self.within(x, &(x.ge(&zero) & x.lt(&infinity)), &x.lt(&zero))
    }
}

/// ⌊x⌋ where 0 ≤ x < ∞, elsewhere 0.
pub(super) fn floor_count<T: Float>(x: &Expr<T>) -> Expr<T> {
    let [zero, infinity] = [0.0, f64::INFINITY].map(Expr::scalar);
    Expr::select(&(x.ge(&zero) & x.lt(&infinity)), &x.floor(), &zero)
}
