//! The joint density, whole and in parts.

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::{Model, Variable};
use crate::{Error, Transform};

/// One summand of a model's log density.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Term<T: Float> {
    /// The name of the variable, observation or potential.
    pub name: String,
    /// Where it comes from.
    pub kind: TermKind,
    /// The summand: a scalar.
    pub log_prob: Expr<T>,
}

/// Where a summand of the log density comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TermKind {
    /// The prior of a free variable, with the Jacobian of its transform.
    Prior,
    /// The likelihood of observed values, scaled to all rows.
    Likelihood,
    /// A potential.
    Potential,
}

impl std::fmt::Display for TermKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TermKind::Prior => "log prior",
            TermKind::Likelihood => "log-likelihood",
            TermKind::Potential => "potential",
        })
    }
}

impl<T: Float> Model<T> {
    /// The summands of [`log_prob`](Self::log_prob), each a scalar: priors, then likelihoods, then potentials.
    ///
    /// # Errors
    /// The model's first error.
    pub fn terms(&self) -> Result<Vec<Term<T>>, Error> {
        let parts = self.lock();
        parts.check()?;
        let priors = parts.variables.iter().map(|variable| Term {
            name: variable.name.clone(),
            kind: TermKind::Prior,
            log_prob: variable.log_prior(),
        });
        let likelihoods = parts.observations.iter().map(|observation| Term {
            name: observation.name.clone(),
            kind: TermKind::Likelihood,
            log_prob: observation.log_likelihood(),
        });
        let potentials = parts.potentials.iter().map(|potential| Term {
            name: potential.name.clone(),
            kind: TermKind::Potential,
            log_prob: potential.log_prob(),
        });
        Ok(priors.chain(likelihoods).chain(potentials).collect())
    }

    /// The logarithm of the joint density of the unconstrained variables and the data, up to the data's normalising
    /// constant: the priors with the Jacobians of their transforms, the likelihoods scaled to all rows, the potentials.
    ///
    /// A scalar expression of the data's inputs and of each variable's [`unconstrained`](Variable::unconstrained) leaf.
    ///
    /// # Errors
    /// The model's first error.
    pub fn log_prob(&self) -> Result<Expr<T>, Error> {
        let terms = self.terms()?.into_iter().map(|term| term.log_prob);
        Ok(terms.reduce(|sum, term| sum + term).unwrap_or_else(|| Expr::scalar(0.0)))
    }
}

impl<T: Float> Variable<T> {
    /// ln p(f(z)) + ln f′(z), summed over the elements.
    fn log_prior(&self) -> Expr<T> {
        let density = self.prior.log_prob(&self.value);
        if let Transform::Identity = self.transform {
            return density.sum_all();
        }
        let log_jacobian = self.transform.log_jacobian(&self.unconstrained);
        match density.shape() == log_jacobian.shape() {
            true => (density + log_jacobian).sum_all(),
            // One of them takes more numbers together.
            false => density.sum_all() + log_jacobian.sum_all(),
        }
    }
}
