//! Distributions that others are made of.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};

use super::whole::Tails;
use super::{Distribution, Support};

/// A distribution that another is made of.
#[derive(Clone)]
pub(super) struct Part<T: Float>(Arc<dyn Distribution<T>>);

impl<T: Float> Part<T> {
    pub(super) fn new(distribution: impl Distribution<T> + 'static) -> Self {
        Part(Arc::new(distribution))
    }

    /// Whether its draws are whole numbers.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.support(), Support::Whole)
    }

    /// Refuses what is no distribution of whole numbers.
    #[track_caller]
    pub(super) fn require_whole(&self, what: &str) {
        assert!(self.is_whole(), "{what}: {} is not a distribution of whole numbers", self.name());
    }

    /// Refuses what is no distribution of numbers with a distribution function.
    #[track_caller]
    pub(super) fn require_cdf(&self, what: &str) {
        let has_one = self.event_shape().rank() == 0 && self.log_cdf(&Expr::scalar(0.0)).is_some();
        assert!(has_one, "{what}: {} has no distribution function", self.name());
    }

    /// ln P(X ≤ x) and ln P(X > x), of a distribution that has them.
    pub(super) fn tails(&self, x: &Expr<T>) -> Option<Tails<T>> {
        Some(Tails { lower: self.log_cdf(x)?, upper: self.log_survival(x)? })
    }

    /// Its sample, if that has the batch's shape: one of a smaller shape would be the same number over and over.
    pub(super) fn sample_of(&self, noise: &RandomStreams, batch: &Shape) -> Option<Expr<T>> {
        if self.batch_shape() == batch { self.sample(noise) } else { None }
    }

    /// Its parameters' values, which come first, and what follows them.
    pub(super) fn own<'a>(&self, parameters: &'a [Tensor<T>]) -> (&'a [Tensor<T>], &'a [Tensor<T>]) {
        parameters.split_at(self.parameters().len())
    }
}

impl<T: Float> Deref for Part<T> {
    type Target = dyn Distribution<T>;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl<T: Float> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.name(), self.parameters())
    }
}

/// The shape of these broadcast together.
#[track_caller]
pub(super) fn broadcast_shapes<T: Float>(shapes: &[&Shape]) -> Shape {
    let zeros = shapes.iter().map(|&shape| Expr::<T>::zeros(shape));
    zeros.reduce(|a, b| a + b).map(|sum| sum.shape().clone()).unwrap_or_default()
}
