//! Penalties on large weights, to be added to a loss.
//!
//! ```
//! use bayeux_autodiff::{Expr, batch};
//! use bayeux_nets::{Dense, Input, regularization::l2, tags};
//! let x = Expr::<f32>::input("x", (batch(), 4));
//! let net = Input::new(&x).then(Dense::new(3));
//! let penalty = l2(&net.parameter_expressions_tagged(tags::REGULARIZABLE)) * 1e-4;
//! assert_eq!(penalty.rank(), 0);
//! ```

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

/// Σ |w| over all elements of all expressions: a scalar, 0 if there are none.
#[must_use]
pub fn l1<T: Float>(weights: &[Expr<T>]) -> Expr<T> {
    total(weights, |w| w.abs())
}

/// Σ w² over all elements of all expressions: a scalar, 0 if there are none.
#[must_use]
pub fn l2<T: Float>(weights: &[Expr<T>]) -> Expr<T> {
    total(weights, |w| w.square())
}

fn total<T: Float>(weights: &[Expr<T>], f: impl Fn(&Expr<T>) -> Expr<T>) -> Expr<T> {
    weights.iter().map(|w| f(w).sum_all()).reduce(|a, b| a + b).unwrap_or_else(|| Expr::scalar(0.0))
}
