//! A probability, given as itself or as the logarithm of its odds, of which neither it nor its complement is rounded to 0.

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

/// The probability p of a success.
#[derive(Clone, Debug)]
pub(super) enum Chance<T: Float> {
    Probability(Expr<T>),
    /// ln p/(1 − p)
    Logit(Expr<T>),
}

impl<T: Float> Chance<T> {
    /// The expression that it was given as.
    pub(super) fn given(&self) -> &Expr<T> {
        match self {
            Chance::Probability(given) | Chance::Logit(given) => given,
        }
    }

    /// Another expression, given in the same way.
    pub(super) fn with<U: Float>(&self, given: Expr<U>) -> Chance<U> {
        match self {
            Chance::Probability(_) => Chance::Probability(given),
            Chance::Logit(_) => Chance::Logit(given),
        }
    }

    pub(super) fn p(&self) -> Expr<T> {
        match self {
            Chance::Probability(p) => p.clone(),
            Chance::Logit(logit) => logit.sigmoid(),
        }
    }

    /// 1 − p
    pub(super) fn q(&self) -> Expr<T> {
        match self {
            Chance::Probability(p) => 1.0 - p,
            Chance::Logit(logit) => (-logit).sigmoid(),
        }
    }

    pub(super) fn ln_p(&self) -> Expr<T> {
        match self {
            Chance::Probability(p) => p.ln(),
            Chance::Logit(logit) => -(-logit).softplus(),
        }
    }

    /// ln (1 − p)
    pub(super) fn ln_q(&self) -> Expr<T> {
        match self {
            Chance::Probability(p) => (-p).log1p(),
            Chance::Logit(logit) => -logit.softplus(),
        }
    }

    /// p of a number that was given in this way.
    pub(super) fn p_of(&self, given: f64) -> f64 {
        match self {
            Chance::Probability(_) => given,
            Chance::Logit(_) => 1.0 / (1.0 + libm::exp(-given)),
        }
    }
}
