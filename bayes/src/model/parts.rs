//! The parts of a model.

use std::sync::Arc;

use bayeux_autodiff::{Dim, Expr};
use bayeux_tensor::Float;

use crate::{Distribution, Transform};

/// A free variable of a model.
#[derive(Clone)]
pub struct Variable<T: Float> {
    pub(crate) name: String,
    pub(crate) prior: Arc<dyn Distribution<T>>,
    pub(crate) transform: Transform<T>,
    pub(crate) shape: Vec<usize>,
    pub(crate) unconstrained: Expr<T>,
    pub(crate) value: Expr<T>,
}

impl<T: Float> Variable<T> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape of the unconstrained variable, which may have more or fewer elements.
    #[must_use]
    pub fn unconstrained_shape(&self) -> Vec<usize> {
        self.unconstrained.shape().sizes().unwrap_or_default()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The prior.
    #[must_use]
    pub fn prior(&self) -> &dyn Distribution<T> {
        &*self.prior
    }

    /// The map from the unconstrained variable to this one.
    #[must_use]
    pub fn transform(&self) -> &Transform<T> {
        &self.transform
    }

    /// The leaf that holds the unconstrained variable: an input to whatever is computed from the model.
    #[must_use]
    pub fn unconstrained(&self) -> &Expr<T> {
        &self.unconstrained
    }

    /// The variable, as [`Model::free`](crate::Model::free) returned it.
    #[must_use]
    pub fn value(&self) -> &Expr<T> {
        &self.value
    }

    /// The number of inputs of one unit, for a matrix `[inputs, units]` or filters `[units, channels, height, width]`;
    /// `None` for a scalar or a vector.
    #[must_use]
    pub fn fan_in(&self) -> Option<usize> {
        match self.shape.as_slice() {
            [] | [_] => None,
            [inputs, _] => Some(*inputs),
            [_, inputs @ ..] => Some(inputs.iter().product()),
        }
    }
}

impl<T: Float> std::fmt::Debug for Variable<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ~ {} {:?}", self.name, self.prior.name(), self.shape)
    }
}

/// Values that were observed.
#[derive(Clone)]
pub struct Observation<T: Float> {
    pub(crate) name: String,
    pub(crate) distribution: Arc<dyn Distribution<T>>,
    pub(crate) values: Expr<T>,
    pub(crate) total_rows: usize,
}

impl<T: Float> std::fmt::Debug for Observation<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ~ {}, {} rows", self.name, self.distribution.name(), self.total_rows)
    }
}

impl<T: Float> Observation<T> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The log-likelihood of the rows at hand, scaled up to all rows: a scalar.
    pub(crate) fn log_likelihood(&self) -> Expr<T> {
        scaled(&self.distribution.log_prob(&self.values), self.rows(), self.total_rows)
    }

    /// How many rows the values have; one if they are a single draw.
    pub(crate) fn rows(&self) -> Option<Dim> {
        rows(&self.values, &*self.distribution)
    }
}

/// The first axis of values, unless they are a single draw.
pub(super) fn rows<T: Float>(values: &Expr<T>, distribution: &dyn Distribution<T>) -> Option<Dim> {
    (values.rank() > distribution.event_shape().rank()).then(|| values.dim(0))
}

/// The sum of logarithms, scaled from so many rows, or one, to all.
pub(super) fn scaled<T: Float>(logs: &Expr<T>, rows: Option<Dim>, total_rows: usize) -> Expr<T> {
    match rows {
        None => logs.sum_all() * total_rows as f64,
        Some(rows) => logs.sum_all() * (total_rows as f64 / Expr::size(rows)),
    }
}
