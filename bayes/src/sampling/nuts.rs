//! The sampler's settings, and how its chains run.

use std::collections::HashMap;

use bayeux_autodiff::Expr;
use bayeux_tensor::random::Philox4x32;
use bayeux_tensor::{Float, Tensor};
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LowRankNutsSettings, Settings,
};
use rand::RngExt;
use rayon::prelude::*;

use super::Chains;
use crate::guide::{Start, initial};
use crate::random::{Purpose, generator};
use crate::{Error, Fit, LogDensity, Model};

/// Attempts to find a place where the density is positive.
const ATTEMPTS: usize = 100;

/// What of the posterior's shape the sampler learns while it is tuned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MassMatrix {
    /// The scale of each number.
    #[default]
    Diagonal,
    /// The scales, and the directions in which numbers move together.
    LowRank,
}

/// The settings of the no-U-turn sampler (Hoffman & Gelman 2014, "The No-U-turn sampler"). See the [module](super) for an example.
///
/// Starts with four chains of 1,000 draws each after 500 that tune, seed 0, and no data.
#[must_use]
pub struct Nuts<T: Float = f32> {
    model: Model<T>,
    data: Vec<(Expr<T>, Tensor<T>)>,
    start: Option<Fit<T>>,
    chains: usize,
    tune: usize,
    draws: usize,
    seed: u64,
    target_accept: f64,
    max_depth: usize,
    mass_matrix: MassMatrix,
}

impl<T: Float> std::fmt::Debug for Nuts<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nuts")
            .field("model", &self.model)
            .field("chains", &self.chains)
            .field("tune", &self.tune)
            .field("draws", &self.draws)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<T: Float> Nuts<T> {
    /// For a model.
    pub fn new(model: &Model<T>) -> Self {
        Nuts {
            model: model.clone(),
            data: Vec::new(),
            start: None,
            chains: 4,
            tune: 500,
            draws: 1_000,
            seed: 0,
            target_accept: 0.8,
            max_depth: 10,
            mass_matrix: MassMatrix::default(),
        }
    }

    /// Data for the model's inputs.
    pub fn data<'d>(mut self, data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>) -> Self {
        self.data = data.into_iter().map(|(input, tensor)| (input.clone(), tensor.contiguous())).collect();
        self
    }

    /// Chains that begin at draws of a fit, rather than around the centres of the priors.
    pub fn start_from(self, fit: &Fit<T>) -> Self {
        Nuts { start: Some(fit.clone()), ..self }
    }

    /// How many chains, each from another start; they share the threads of the pool.
    pub fn chains(self, chains: usize) -> Self {
        Nuts { chains, ..self }
    }

    /// How many draws of each chain tune the sampler, and are dropped.
    pub fn tune(self, tune: usize) -> Self {
        Nuts { tune, ..self }
    }

    /// How many draws of each chain are kept.
    pub fn draws(self, draws: usize) -> Self {
        Nuts { draws, ..self }
    }

    /// The seed. The same seed gives the same draws, on any number of threads.
    pub fn seed(self, seed: u64) -> Self {
        Nuts { seed, ..self }
    }

    /// The share of proposals that steps are tuned to have accepted: more makes steps smaller, which posteriors of changing curvature
    /// need. 0.8 by default.
    pub fn target_accept(self, target_accept: f64) -> Self {
        Nuts { target_accept, ..self }
    }

    /// A draw takes fewer than 2 to this power steps; 10 by default.
    pub fn max_depth(self, max_depth: usize) -> Self {
        Nuts { max_depth, ..self }
    }

    /// What the sampler learns of the posterior's shape.
    pub fn mass_matrix(self, mass_matrix: MassMatrix) -> Self {
        Nuts { mass_matrix, ..self }
    }

    /// Draws.
    ///
    /// # Errors
    /// What [`Model::log_density`] refuses; a setting out of its range; [`Error::Sampling`] where no start has a positive density, or
    /// where the density cannot be computed.
    pub fn run(self) -> Result<Chains<T>, Error> {
        self.check()?;
        let begun = bayeux_tensor::time::Instant::now();
        self.model.check_data(&self.data)?;
        let variables = self.model.variables()?;
        let all: Vec<Result<Run, Error>> =
            (0..self.chains).into_par_iter().map(|chain| self.chain(chain)).collect();
        let runs = all.into_iter().collect::<Result<Vec<Run>, Error>>()?;
        Ok(Chains::new(self.model, variables, runs, self.seed, begun.elapsed().as_secs_f64()))
    }

    fn check(&self) -> Result<(), Error> {
        let at_least_one = [("the number of chains", self.chains), ("the number of draws", self.draws)];
        for (setting, found) in at_least_one {
            if found == 0 {
                return Err(Error::Setting { setting, range: "at least 1", found: 0.0 });
            }
        }
        let found = self.target_accept;
        if !(found > 0.0 && found < 1.0) {
            return Err(Error::Setting {
                setting: "the target of accepted proposals",
                range: "between 0 and 1",
                found,
            });
        }
        if !(1..=20).contains(&self.max_depth) {
            let found = self.max_depth as f64;
            return Err(Error::Setting { setting: "the largest depth", range: "1 to 20", found });
        }
        Ok(())
    }

    fn chain(&self, chain: usize) -> Result<Run, Error> {
        let density = Density::new(LogDensity::new(&self.model, self.data.clone())?);
        // Of two types, whose fields are the same.
        macro_rules! settings {
            ($kind:ident) => {{
                let mut settings = $kind {
                    num_tune: self.tune as u64,
                    num_draws: self.draws as u64,
                    maxdepth: self.max_depth as u64,
                    ..$kind::default()
                };
                settings.adapt_options.step_size_settings.target_accept = self.target_accept;
                settings
            }};
        }
        match self.mass_matrix {
            MassMatrix::Diagonal => self.sample(chain, density, settings!(DiagNutsSettings)),
            MassMatrix::LowRank => self.sample(chain, density, settings!(LowRankNutsSettings)),
        }
    }

    fn sample(&self, chain: usize, mut density: Density<T>, settings: impl Settings) -> Result<Run, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Sampling { chain, what: format!("{error:#}") };
        let mut random = generator(self.seed, Purpose::Chain, chain);
        let start = self.start(chain, &mut density, &mut random)?;
        let mut sampler = settings
            .new_chain(chain as u64, CpuMath::new(density), &mut random)
            .map_err(|error| failed(&error))?;
        sampler.set_position(&start).map_err(|error| failed(&error))?;
        let mut run = Run::default();
        for draw in 0..self.tune + self.draws {
            let (position, progress) = sampler.draw().map_err(|error| failed(&error))?;
            if draw >= self.tune {
                run.draws.extend_from_slice(&position);
                run.diverging.push(progress.diverging);
                run.steps.push(progress.num_steps as usize);
                run.step_size = progress.step_size;
            }
        }
        Ok(run)
    }

    /// A place of positive density: a draw of a fit, or around where a fit would start.
    fn start(
        &self,
        chain: usize,
        density: &mut Density<T>,
        random: &mut Philox4x32,
    ) -> Result<Vec<f64>, Error> {
        let centre = match &self.start {
            Some(fit) => fit.posterior.draw(self.seed, chain),
            None => {
                let start = Start { mean: None, sd: None, seed: self.seed.wrapping_add(chain as u64) };
                let all = initial(&self.model.variables()?, &start)?;
                all.into_iter().map(|initial| initial.mean).collect()
            }
        };
        let centre: Vec<f64> = centre.iter().flat_map(|z| z.to_vec()).map(T::to_f64).collect();
        let mut slope = vec![0.0; centre.len()];
        for attempt in 0..ATTEMPTS {
            // A fit's draw as it is; else spread, and less so the more often that failed.
            let spread = match &self.start {
                Some(_) if attempt == 0 => 0.0,
                _ => 1.0 / (1.0 + attempt as f64 / 10.0),
            };
            let at: Vec<f64> =
                centre.iter().map(|z| z + spread * (2.0 * random.random::<f64>() - 1.0)).collect();
            match density.logp(&at, &mut slope) {
                Ok(_) => return Ok(at),
                Err(Refused::NotFinite) => {}
                Err(Refused::Failed(error)) => return Err(error),
            }
        }
        let what = format!("no start with a positive density and a finite gradient in {ATTEMPTS} attempts");
        Err(Error::Sampling { chain, what })
    }
}

/// One chain's draws after tuning, one behind the other, and how they came about.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub draws: Vec<f64>,
    pub diverging: Vec<bool>,
    pub steps: Vec<usize>,
    pub step_size: f64,
}

/// The log density as the sampler's crate wants it.
struct Density<T: Float> {
    density: LogDensity<T>,
    z: Vec<T>,
    gradient: Vec<T>,
}

impl<T: Float> Density<T> {
    fn new(density: LogDensity<T>) -> Self {
        let zeros = vec![T::ZERO; density.len()];
        Density { density, z: zeros.clone(), gradient: zeros }
    }
}

/// Why there is no log density at a place.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// The trajectory diverges there.
    #[error("the log density or its gradient is not finite")]
    NotFinite,
    #[error("{0}")]
    Failed(Error),
}

impl nuts_rs::LogpError for Refused {
    fn is_recoverable(&self) -> bool {
        matches!(self, Refused::NotFinite)
    }
}

impl<T: Float> HasDims for Density<T> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_string(), self.density.len() as u64)])
    }
}

impl<T: Float> CpuLogpFunc for Density<T> {
    type LogpError = Refused;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.density.len()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Refused> {
        self.z.iter_mut().zip(position).for_each(|(z, &x)| *z = T::from_f64(x));
        let value = self.density.value_and_gradient(&self.z, &mut self.gradient).map_err(Refused::Failed)?;
        gradient.iter_mut().zip(&self.gradient).for_each(|(to, from)| *to = from.to_f64());
        match value.is_finite() && gradient.iter().all(|slope| slope.is_finite()) {
            true => Ok(value.to_f64()),
            false => Err(Refused::NotFinite),
        }
    }

    fn expand_vector<R: rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        array: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(array.to_vec())
    }
}
