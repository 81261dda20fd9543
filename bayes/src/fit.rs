//! The result of a fit.

use bayeux_tensor::Float;

use crate::guide::FittedGuide;
use crate::{Error, Gaussian, Model, Predictive, Summary, Variable, summary};

/// A fitted approximation of a model's posterior, and how it was reached.
#[derive(Clone, Debug)]
pub struct Fit<T: Float = f32> {
    pub(crate) model: Model<T>,
    pub(crate) variables: Vec<Variable<T>>,
    pub(crate) posterior: FittedGuide<T>,
    pub(crate) elbo: Vec<f64>,
    pub(crate) seed: u64,
    pub(crate) build_seconds: f64,
    pub(crate) seconds: f64,
    pub(crate) stop: Stop,
}

/// Why a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// All iterations were done.
    Iterations,
    /// The ELBO had settled within the tolerance.
    Converged,
    /// The callback ended it.
    Callback,
}

impl<T: Float> Fit<T> {
    /// The estimates of the ELBO, one for each iteration.
    #[must_use]
    pub fn elbo(&self) -> &[f64] {
        &self.elbo
    }

    /// The mean of the last estimates of the ELBO: over the last 5 % of the iterations, at least one. NaN if there was
    /// none.
    #[must_use]
    pub fn final_elbo(&self) -> f64 {
        let last = &self.elbo[self.elbo.len() - self.elbo.len().div_ceil(20)..];
        last.iter().sum::<f64>() / last.len() as f64
    }

    /// How many iterations were done.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.elbo.len()
    }

    /// Why the fit ended.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop
    }

    /// How long the iterations took.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// How long it took to build and compile the function of one iteration.
    #[must_use]
    pub fn build_seconds(&self) -> f64 {
        self.build_seconds
    }

    /// Means and standard deviations of an unconstrained variable.
    ///
    /// # Errors
    /// [`Error::Unknown`] if no free variable bears the name.
    pub fn unconstrained(&self, name: &str) -> Result<Gaussian<T>, Error> {
        let found = self.variables.iter().position(|variable| variable.name() == name);
        found.map(|i| self.posterior.marginals().swap_remove(i)).ok_or_else(|| Error::Unknown {
            kind: "free variable",
            name: name.into(),
            known: String::new(),
        })
    }

    /// A number of draws from the fitted posterior, to look at or to predict with.
    pub fn posterior(&self, draws: usize) -> Predictive<T> {
        Predictive::posterior(self, draws)
    }

    /// A table of the free variables and of those deterministic quantities that need no data.
    ///
    /// # Errors
    /// If a deterministic quantity cannot be computed.
    pub fn summary(&self) -> Result<Summary, Error> {
        summary::summarise(self, summary::ELEMENTS)
    }

    /// The same, with a row for each element of variables of up to `most` elements.
    ///
    /// # Errors
    /// As [`summary`](Self::summary).
    pub fn summary_of_elements(&self, most: usize) -> Result<Summary, Error> {
        summary::summarise(self, most)
    }
}
