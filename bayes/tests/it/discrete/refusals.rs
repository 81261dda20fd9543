//! What distributions cannot be made of.

use bayeux_autodiff::Expr;
use bayeux_bayes::{Categorical, Censored, Distribution, Mixture, Normal, Poisson, Truncated, ZeroInflated};

#[test]
#[should_panic(expected = "are discrete and not")]
fn mixtures_of_discrete_and_continuous_are_refused() {
    let parts: Vec<Box<dyn Distribution<f64>>> =
        vec![Box::new(Normal::new(0.0, 1.0)), Box::new(Poisson::new(1.0))];
    let _ = Mixture::logits(Expr::zeros([2]), parts);
}

#[test]
#[should_panic(expected = "Mixture: 2 components, but 3 weights")]
fn mixtures_need_a_weight_for_each() {
    let _ = Mixture::logits(Expr::<f64>::zeros([3]), vec![Normal::new(0.0, 1.0), Normal::new(1.0, 1.0)]);
}

#[test]
#[should_panic(expected = "ZeroInflated: Normal is not a distribution of whole numbers")]
fn continuous_numbers_are_not_inflated() {
    let _ = ZeroInflated::new(Normal::<f64>::new(0.0, 1.0), 0.5);
}

#[test]
#[should_panic(expected = "Truncated: the lower bound must lie below the upper")]
fn crossed_bounds_are_refused() {
    let _ = Truncated::between(Normal::<f64>::new(0.0, 1.0), 2.0, 1.0);
}

#[test]
#[should_panic(expected = "Censored: a bound must be a whole number, not 0.5")]
fn counts_are_censored_at_counts() {
    let _ = Censored::below(Categorical::<f64>::logits(Expr::zeros([3])), 0.5);
}
