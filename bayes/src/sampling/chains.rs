//! What a sampler has drawn.

use std::sync::Arc;

use bayeux_tensor::{Float, Tensor};

use super::nuts::Run;
use crate::log_density::ranges;
use crate::predictive::Samples;
use crate::{Error, Model, Predictive, Variable};

/// Draws of a model's free variables in several chains, and how they came about.
#[derive(Clone, Debug)]
pub struct Chains<T: Float = f32> {
    model: Model<T>,
    variables: Vec<Variable<T>>,
    /// Chain after chain, the unconstrained variables of each draw.
    samples: Arc<Samples<T>>,
    chains: usize,
    diverging: Vec<Vec<bool>>,
    steps: Vec<Vec<usize>>,
    step_sizes: Vec<f64>,
    seed: u64,
    seconds: f64,
}

impl<T: Float> Chains<T> {
    pub(super) fn new(
        model: Model<T>,
        variables: Vec<Variable<T>>,
        runs: Vec<Run>,
        seed: u64,
        seconds: f64,
    ) -> Self {
        let shapes: Vec<Vec<usize>> = variables.iter().map(Variable::unconstrained_shape).collect();
        let len = ranges(&variables).last().map_or(0, |range| range.end);
        let tensors = |draw: &[f64]| -> Vec<Tensor<T>> {
            let part = |(range, shape): (std::ops::Range<usize>, &Vec<usize>)| {
                Tensor::new(&shape[..], draw[range].iter().map(|&x| T::from_f64(x)).collect())
            };
            ranges(&variables).zip(&shapes).map(part).collect()
        };
        let samples = runs.iter().flat_map(|run| run.draws.chunks_exact(len.max(1))).map(tensors).collect();
        Chains {
            samples: Arc::new(samples),
            chains: runs.len(),
            step_sizes: runs.iter().map(|run| run.step_size).collect(),
            steps: runs.iter().map(|run| run.steps.clone()).collect(),
            diverging: runs.into_iter().map(|run| run.diverging).collect(),
            model,
            variables,
            seed,
            seconds,
        }
    }

    /// How many chains there are.
    #[must_use]
    pub fn chains(&self) -> usize {
        self.chains
    }

    /// How many draws each has.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.samples.len() / self.chains
    }

    /// The free variables and the deterministic quantities, in the model's order.
    pub(super) fn names(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|variable| variable.name().to_string());
        variables.chain(self.model.deterministic_parts().into_iter().map(|(name, _)| name)).collect()
    }

    /// All draws, one chain behind the other: to look at, or to predict with.
    pub fn posterior(&self) -> Predictive<T> {
        Predictive::of_samples(&self.model, &self.variables, self.samples.clone(), self.seed)
    }

    /// The draws of a free variable or of a deterministic quantity that needs no data: `[chains, draws, …]`.
    ///
    /// # Errors
    /// [`Error::Unknown`], or [`Error::MissingData`] if it needs data.
    pub fn of(&self, name: &str) -> Result<Tensor<T>, Error> {
        let all = self.posterior().of(name)?;
        let shape: Vec<usize> =
            [self.chains, self.draws()].into_iter().chain(all.shape()[1..].iter().copied()).collect();
        Ok(all.reshape(shape))
    }

    /// How many draws ended where the energy was far off. There should be none: where there are, the draws miss a part of the
    /// posterior that is too narrow for the step; take smaller steps ([`target_accept`](super::Nuts::target_accept)), or other
    /// variables.
    #[must_use]
    pub fn divergences(&self) -> usize {
        self.diverging.iter().flatten().filter(|diverging| **diverging).count()
    }

    /// Which draws of each chain diverged.
    #[must_use]
    pub fn diverging(&self) -> &[Vec<bool>] {
        &self.diverging
    }

    /// How many steps each draw of each chain took.
    #[must_use]
    pub fn steps(&self) -> &[Vec<usize>] {
        &self.steps
    }

    /// The length of each chain's steps, as tuned.
    #[must_use]
    pub fn step_sizes(&self) -> &[f64] {
        &self.step_sizes
    }

    /// How long it took, with compiling.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }
}
