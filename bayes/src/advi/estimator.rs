//! Estimates of the evidence lower bound from draws.

use bayeux_autodiff::{Expr, Shared};
use bayeux_tensor::Float;

use crate::Guide;

/// How the ELBO is estimated from draws z of the approximation q. All have the same mean but the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Estimator {
    /// The mean of ln p(z) and the entropy of q by its formula.
    #[default]
    Entropy,
    /// The mean of ln p(z) − ln q(z), in whose gradient the parameters of q count only through z. Where q is the posterior its gradient
    /// is exactly 0, without noise (Roeder, Wu & Duvenaud 2017, "Sticking the landing").
    StickingTheLanding,
    /// ln of the mean of p(z)/q(z) over the draws, a bound that is closer to the evidence the more draws there are, and an
    /// approximation that covers more of the posterior (Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders"). With one
    /// draw it is the ELBO.
    ImportanceWeighted,
}

impl Estimator {
    /// From draws, and the log density at each.
    pub(super) fn elbo<T: Float>(
        self,
        guide: &Guide<T>,
        draws: &[Vec<Expr<T>>],
        log_probs: Vec<Expr<T>>,
    ) -> Expr<T> {
        let count = draws.len();
        let mean = |terms: Vec<Expr<T>>| {
            let sum = terms.into_iter().reduce(|sum, term| sum + term);
            sum.unwrap_or_else(|| Expr::scalar(0.0)) * (count as f64).recip()
        };
        match self {
            Estimator::Entropy => mean(log_probs) + guide.entropy(),
            Estimator::StickingTheLanding => {
                let log_q = log_densities(guide, draws, |parameter| parameter.stop_gradient());
                mean(log_probs.iter().zip(log_q).map(|(p, q)| p - q).collect())
            }
            Estimator::ImportanceWeighted => {
                let log_q = log_densities(guide, draws, Expr::clone);
                let weights = log_probs.iter().zip(log_q).map(|(p, q)| (p - q).reshape([1]));
                Expr::concat(&weights.collect::<Vec<_>>(), 0).logsumexp() - (count as f64).ln()
            }
        }
    }
}

/// ln q at each draw, with what stands for the parameters there, but not in the draws themselves.
fn log_densities<T: Float>(
    guide: &Guide<T>,
    draws: &[Vec<Expr<T>>],
    parameter: impl Fn(&Expr<T>) -> Expr<T>,
) -> Vec<Expr<T>> {
    let places: Vec<Expr<T>> =
        draws.first().into_iter().flatten().map(|z| Expr::input("z", z.shape())).collect();
    let log_prob = guide.log_prob(&places);
    let leaves: Vec<Expr<T>> = guide.parameters().iter().map(Shared::expr).collect();
    let replaced: Vec<Expr<T>> = leaves.iter().map(parameter).collect();
    let at = |draw: &Vec<Expr<T>>| {
        let pairs: Vec<(&Expr<T>, &Expr<T>)> =
            places.iter().zip(draw).chain(leaves.iter().zip(&replaced)).collect();
        Expr::substitute(std::slice::from_ref(&log_prob), &pairs).remove(0)
    };
    draws.iter().map(at).collect()
}
