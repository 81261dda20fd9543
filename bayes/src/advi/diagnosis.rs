//! Where an ELBO that is not finite comes from.

use bayeux_autodiff::{Expr, interpret};
use bayeux_tensor::{Float, Tensor};

use super::at_draw;
use crate::model::TermKind;
use crate::{Error, Gaussian, Term, Variable};

/// The first part of a model that is not finite.
pub(super) struct Culprit {
    /// Its name.
    pub name: String,
    /// What of it.
    pub what: String,
}

impl Culprit {
    fn new(what: &str, name: &str) -> Self {
        Culprit { name: name.into(), what: format!("{what} of `{name}`") }
    }
}

/// Looks at the variables in their order: their variational parameters, their entropy, their draws and priors; then at the
/// likelihoods and potentials. `call` is the number of the failing step, on which the noise depends.
pub(super) fn first_not_finite<T: Float>(
    variables: &[Variable<T>],
    factors: &[Gaussian<T>],
    entropy: &Expr<T>,
    terms: &[Term<T>],
    draws: &[Vec<Expr<T>>],
    data: &[(&Expr<T>, &Tensor<T>)],
    call: u64,
) -> Result<Culprit, Error> {
    let is_finite = |tensor: &Tensor<T>| tensor.iter().all(T::is_finite);
    let log_probs: Vec<Expr<T>> = terms.iter().map(|term| term.log_prob.clone()).collect();
    let mut values = Vec::new();
    for draw in draws {
        let at = at_draw(&log_probs, variables, draw);
        values.push((interpret(draw, &[], call)?, interpret(&at, data, call)?));
    }
    let entropy = interpret(std::slice::from_ref(entropy), &[], call)?.remove(0);
    for (i, (variable, factor)) in variables.iter().zip(factors).enumerate() {
        let culprit = |what| Ok(Culprit::new(what, variable.name()));
        if !is_finite(&factor.mean) {
            return culprit("the variational mean");
        }
        if !is_finite(&factor.sd) {
            return culprit("the variational sd");
        }
        if !is_finite(&entropy) && factor.sd.iter().any(|sd| sd <= T::ZERO) {
            return culprit("the entropy");
        }
        if values.iter().any(|(draws, _)| !is_finite(&draws[i])) {
            return culprit("the draw");
        }
        let prior = terms.iter().position(|t| t.kind == TermKind::Prior && t.name == variable.name());
        if prior.is_some_and(|term| values.iter().any(|(_, terms)| !is_finite(&terms[term]))) {
            return culprit("the log prior");
        }
    }
    let term = (0..terms.len()).find(|&term| values.iter().any(|(_, values)| !is_finite(&values[term])));
    Ok(match term {
        Some(term) => Culprit::new(&format!("the {}", terms[term].kind), &terms[term].name),
        None => Culprit { name: String::new(), what: "the sum of all terms, each of which is finite".into() },
    })
}
