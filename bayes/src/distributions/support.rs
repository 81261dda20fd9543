use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use crate::{CholeskyCorrelation, CholeskyCovariance, Ordered, Simplex, Transform};

/// Where a distribution's draws lie, up to the edges.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Support<T: Float> {
    /// All reals.
    Reals,
    /// Positive numbers.
    Positive,
    /// Numbers above one.
    Above(Expr<T>),
    /// Numbers below one.
    Below(Expr<T>),
    /// Numbers between two.
    Between(Expr<T>, Expr<T>),
    /// Whole numbers: of a discrete distribution.
    Whole,
    /// Ascending numbers along the last axis.
    Ordered,
    /// Positive numbers along the last axis that sum to 1.
    Simplex,
    /// Lower triangular matrices with a positive diagonal.
    CholeskyCovariance,
    /// Lower triangular matrices with a positive diagonal and rows of length 1.
    CholeskyCorrelation,
    /// What only this map reaches.
    Through(Transform<T>),
}

impl<T: Float> Support<T> {
    /// The map from unconstrained numbers; `None` for whole numbers.
    #[must_use]
    pub fn transform(&self) -> Option<Transform<T>> {
        Some(match self {
            Support::Reals => Transform::Identity,
            Support::Positive => Transform::Exp,
            Support::Above(low) => Transform::above(low),
            Support::Below(high) => Transform::below(high),
            Support::Between(low, high) => Transform::Interval { low: low.clone(), high: high.clone() },
            Support::Whole => return None,
            Support::Ordered => Transform::of(Ordered),
            Support::Simplex => Transform::of(Simplex),
            Support::CholeskyCovariance => Transform::of(CholeskyCovariance),
            Support::CholeskyCorrelation => Transform::of(CholeskyCorrelation),
            Support::Through(transform) => transform.clone(),
        })
    }
}
