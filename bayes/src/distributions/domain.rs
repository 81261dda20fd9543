//! What a parameter may be: refused at once where it is a constant, NaN where it is any other expression.

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

/// The numbers that a parameter may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Domain {
    /// −∞ < x < ∞
    Finite,
    /// 0 < x < ∞
    Positive,
    /// 0 ≤ x < ∞
    Weight,
    /// 0 ≤ x ≤ 1
    Probability,
    /// Any number, also an infinite one.
    Logit,
    /// 0, 1, 2, …
    Count,
    /// …, −1, 0, 1, …
    Whole,
    /// 0 < x ≤ 1
    PositiveProbability,
}

impl Domain {
    fn contains(self, x: f64) -> bool {
        match self {
            Domain::Finite => x.is_finite(),
            Domain::Positive => 0.0 < x && x < f64::INFINITY,
            Domain::Weight => (0.0..f64::INFINITY).contains(&x),
            Domain::Probability => (0.0..=1.0).contains(&x),
            Domain::Logit => !x.is_nan(),
            Domain::Count => x.is_finite() && x >= 0.0 && x == x.floor(),
            Domain::Whole => x.is_finite() && x == x.floor(),
            Domain::PositiveProbability => 0.0 < x && x <= 1.0,
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Domain::Finite => "must be finite",
            Domain::Positive => "must be positive and finite",
            Domain::Weight => "must be finite and not negative",
            Domain::Probability => "must lie between 0 and 1",
            Domain::Logit => "must be a number",
            Domain::Count => "must be a whole number and not negative",
            Domain::Whole => "must be a whole number",
            Domain::PositiveProbability => "must lie above 0 and not above 1",
        }
    }

    /// Refuses a constant outside of the domain; what is not constant is not known yet.
    #[track_caller]
    pub(super) fn check<T: Float>(self, parameter: &Expr<T>, what: &str) {
        if let Some(value) = parameter.as_constant()
            && let Some(bad) = value.iter().map(T::to_f64).find(|&x| !self.contains(x))
        {
            panic!("{what} {}, not {bad}", self.refusal());
        }
    }

    /// Whether a parameter is in the domain; `None` if that is certain, as of a constant that was checked.
    pub(super) fn holds<T: Float>(self, parameter: &Expr<T>) -> Option<Expr<bool>> {
        if parameter.as_constant().is_some() {
            return None;
        }
        let [zero, one, infinity] = [0.0, 1.0, f64::INFINITY].map(Expr::scalar);
        Some(match self {
            // As it is, what is computed of it is NaN where it is.
            Domain::Logit => return None,
            Domain::Finite => parameter.abs().lt(&infinity),
            Domain::Positive => parameter.gt(&zero) & parameter.lt(&infinity),
            Domain::Weight => parameter.ge(&zero) & parameter.lt(&infinity),
            Domain::Probability => parameter.ge(&zero) & parameter.le(&one),
            Domain::Count => parameter.eq(&parameter.floor()) & parameter.ge(&zero) & parameter.lt(&infinity),
            Domain::Whole => parameter.eq(&parameter.floor()) & parameter.abs().lt(&infinity),
            Domain::PositiveProbability => parameter.gt(&zero) & parameter.le(&one),
        })
    }

    /// The parameter where it is in the domain, else something that is: for operations that fail at what is not.
    pub(super) fn or_else<T: Float>(self, parameter: &Expr<T>, other: f64) -> Expr<T> {
        match self.holds(parameter) {
            Some(inside) => Expr::select(&inside, parameter, &Expr::scalar(other)),
            None => parameter.clone(),
        }
    }

    /// The number itself if it is in the domain, else NaN.
    pub(super) fn or_nan(self, x: f64) -> f64 {
        if self.contains(x) { x } else { f64::NAN }
    }
}

/// The expression where all conditions hold, elsewhere NaN, as is its gradient. It is multiplied by 1 or NaN, which
/// leaves its bits alone and lets the rules for ln σ(x) and ln softmax(x) see what a parameter is made of.
pub(super) fn valid<T: Float, const N: usize>(y: Expr<T>, conditions: [Option<Expr<bool>>; N]) -> Expr<T> {
    match conditions.into_iter().flatten().reduce(|a, b| a & b) {
        Some(all) => y * Expr::select(&all, &Expr::scalar(1.0), &Expr::scalar(f64::NAN)),
        None => y,
    }
}

/// `density` where `x` is inside of the support, else −∞; NaN if `x` is NaN.
pub(super) fn supported<T: Float>(x: &Expr<T>, inside: &Expr<bool>, density: &Expr<T>) -> Expr<T> {
    Expr::select(inside, density, &outside(x))
}

/// −∞, or NaN where `x` is NaN.
pub(super) fn outside<T: Float>(x: &Expr<T>) -> Expr<T> {
    x.stop_gradient().minimum(&Expr::scalar(f64::NEG_INFINITY))
}
