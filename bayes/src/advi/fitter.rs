//! A compiled fit, run step by step.

mod keeping;

use std::time::Duration;

use bayeux_autodiff::{Expr, Function, Shared};
use bayeux_tensor::time::Instant;
use bayeux_tensor::{Float, Tensor};
use smallvec::SmallVec;

use super::checkpoint::Checkpoints;
use super::minibatch::Minibatches;
use super::progress::Bar;
use super::snapshot::Snapshot;
use super::{Control, Progress, diagnosis};
use crate::fit::{Fit, Stop};
use crate::{Error, FitError, Guide, Model, Variable};

/// How many iterations lie between two copies of the state.
const SNAPSHOT_EVERY: usize = 64;

/// How many iterations the mean ELBO of a [`Progress`] looks back.
const RECENT: usize = 100;

/// A fit that is compiled and ready: the function of one iteration with the state it works on.
///
/// ```
/// use bayeux_bayes::{Advi, Model, Normal};
/// let model: Model<f64> = Model::new();
/// model.free("x", Normal::new(3.0, 1.0));
/// let mut fitter = Advi::mean_field(&model).compile()?;
/// let first = fitter.step()?;
/// let second = fitter.step()?;
/// assert_ne!(first, second); // another draw, other parameters
/// assert_eq!(fitter.elbo(), [first, second]);
/// # Ok::<(), bayeux_bayes::Error>(())
/// ```
pub struct Fitter<'a, T: Float = f32> {
    model: Model<T>,
    variables: Vec<Variable<T>>,
    guide: Guide<T>,
    /// For each draw the expressions of all variables.
    draws: Vec<Vec<Expr<T>>>,
    batches: Minibatches<T>,
    step: Function<T>,
    /// All that a step changes: parameters and the optimiser's state.
    state: Vec<Shared<T>>,
    control: Control<'a>,
    seed: u64,
    elbo: Vec<f64>,
    /// How many steps the state has seen: as many as the trace is long, except while a failure is looked into.
    steps: usize,
    good: Snapshot<T>,
    candidate: Snapshot<T>,
    build_seconds: f64,
    elapsed: Duration,
    /// Where the state is kept, and by what description it is known again.
    checkpoints: Option<(Checkpoints, String)>,
}

impl<T: Float> std::fmt::Debug for Fitter<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fitter")
            .field("model", &self.model)
            .field("variables", &self.variables)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Float> Fitter<'a, T> {
    #[allow(clippy::too_many_arguments)] // called once, by the builder that made all of them
    pub(super) fn new(
        model: Model<T>,
        variables: Vec<Variable<T>>,
        guide: Guide<T>,
        draws: Vec<Vec<Expr<T>>>,
        batches: Minibatches<T>,
        step: Function<T>,
        state: Vec<Shared<T>>,
        control: Control<'a>,
        seed: u64,
        build_seconds: f64,
    ) -> Self {
        let (good, candidate) = (Snapshot::of(&state), Snapshot::of(&state));
        Fitter {
            model,
            variables,
            guide,
            draws,
            batches,
            step,
            state,
            control,
            seed,
            elbo: Vec::new(),
            steps: 0,
            good,
            candidate,
            build_seconds,
            elapsed: Duration::ZERO,
            checkpoints: None,
        }
    }

    /// One iteration: gathers a mini-batch, estimates the ELBO and its gradient, updates the parameters. Returns the
    /// estimate, which belongs to the parameters before the update.
    ///
    /// # Errors
    /// See [`Advi::run`](super::Advi::run).
    pub fn step(&mut self) -> Result<f64, FitError<T>> {
        let begun = Instant::now();
        let snapshot = self.steps.is_multiple_of(SNAPSHOT_EVERY);
        if snapshot {
            self.candidate.take(self.steps, &self.state);
        }
        let elbo = match self.advance() {
            Ok(elbo) => elbo,
            Err(error) if self.elbo.is_empty() => return Err(error.into()),
            Err(error) => return Err(FitError::new(error, self.fit())),
        };
        if !elbo.is_finite() {
            return Err(self.failure(elbo)?);
        }
        if snapshot {
            std::mem::swap(&mut self.good, &mut self.candidate);
        }
        self.elbo.push(elbo);
        self.elapsed += begun.elapsed();
        Ok(elbo)
    }

    /// Runs a number of further iterations, with the callback, the progress bar and the test for convergence.
    ///
    /// # Errors
    /// See [`Advi::run`](super::Advi::run).
    pub fn run(mut self, iterations: usize) -> Result<Fit<T>, FitError<T>> {
        let before = self.elbo.len();
        let iterations = before + iterations;
        let mut bar = Bar::new(iterations, self.control.progress);
        self.elbo.reserve(iterations);
        let mut stop = Stop::Iterations;
        if self.has_settled() {
            // Before it went on from a file.
            return Ok(Fit { stop: Stop::Converged, ..self.fit() });
        }
        for done in before + 1..=iterations {
            let elbo = self.step().inspect_err(|_| bar.end())?;
            if let Err(error) = self.checkpoint(false) {
                bar.end();
                return Err(FitError::new(error, self.fit()));
            }
            let progress = Progress {
                iteration: done,
                iterations,
                elbo,
                mean_elbo: mean(&self.elbo[self.elbo.len().saturating_sub(RECENT)..]),
                elapsed: self.elapsed,
            };
            bar.show(&progress);
            if self.control.callback.as_mut().is_some_and(|callback| callback(&progress).is_break()) {
                stop = Stop::Callback;
                break;
            }
            if self.has_settled() {
                stop = Stop::Converged;
                break;
            }
        }
        bar.end();
        match self.checkpoint(true) {
            Ok(()) => Ok(Fit { stop, ..self.fit() }),
            Err(error) => Err(FitError::new(error, self.fit())),
        }
    }

    /// The fit as it stands now.
    pub fn fit(&self) -> Fit<T> {
        Fit {
            model: self.model.clone(),
            variables: self.variables.clone(),
            posterior: self.guide.fitted(),
            elbo: self.elbo.clone(),
            seed: self.seed,
            build_seconds: self.build_seconds,
            seconds: self.elapsed.as_secs_f64(),
            stop: Stop::Iterations,
        }
    }

    /// The estimates of the ELBO so far, one for each iteration.
    pub fn elbo(&self) -> &[f64] {
        &self.elbo
    }

    /// The approximation. Its parameters live on while the fit runs; setting one between two steps changes where it goes on.
    /// During a step, which updates them in place, only threads outside rayon's pools may read them; see
    /// [`exclusive`](bayeux_autodiff::FunctionBuilder::exclusive).
    pub fn guide(&self) -> &Guide<T> {
        &self.guide
    }

    /// All variables that a step changes: the variational parameters and the optimiser's state.
    pub fn state(&self) -> &[Shared<T>] {
        &self.state
    }

    /// The compiled function of one iteration: to look at its program. Its noise depends on the number of calls, and its
    /// updates are the fit's.
    pub fn function(&self) -> &Function<T> {
        &self.step
    }

    /// What the compiler makes of an iteration: see [`Function::explain`]. It is compiled anew for this, and the fit stays as it is.
    ///
    /// # Errors
    /// What compiling may report; a fit that has been compiled has passed it.
    ///
    /// ```
    /// use bayeux_bayes::{Advi, Model, Normal};
    /// let model: Model<f64> = Model::new();
    /// model.free("x", Normal::new(3.0, 1.0));
    /// let page = Advi::mean_field(&model).compile()?.explain()?;
    /// assert!(page.contains("after simplify"));
    /// # Ok::<(), bayeux_bayes::Error>(())
    /// ```
    pub fn explain(&self) -> Result<String, Error> {
        Ok(self.step.explain(&self.batches.tensors().collect::<Vec<_>>())?)
    }

    /// Whether to take the time of every instruction from now on; see [`Function::profile`].
    pub fn set_profiling(&mut self, on: bool) {
        self.step.set_profiling(on);
    }

    /// How long it took to build and compile the function of one iteration.
    pub fn build_seconds(&self) -> f64 {
        self.build_seconds
    }

    /// One step of the state, whatever comes of it. Its noise and its rows depend on the number of steps before it, so a
    /// step can be repeated from a copy of the state.
    fn advance(&mut self) -> Result<f64, Error> {
        self.batches.gather(self.steps);
        let inputs: SmallVec<[&Tensor<T>; 8]> = self.batches.tensors().collect(); // without allocating
        self.step.set_call(self.steps as u64);
        self.step.run(&inputs[..])?;
        self.steps += 1;
        Ok(self.step.output(0).item().to_f64())
    }

    /// Looks into a step whose ELBO was not finite: keeps the parameters of the last finite one, and finds the part of the
    /// model in which it began.
    fn failure(&mut self, elbo: f64) -> Result<FitError<T>, Error> {
        let mut after = Snapshot::of(&self.state);
        after.take(self.steps, &self.state);
        let fit = self.return_to_last_good()?;
        if !self.advance_to(self.elbo.len())? {
            // Someone changed a variable meanwhile, and the steps cannot be repeated: see what the failure left.
            after.restore(&self.state);
            self.steps = self.elbo.len();
        }
        self.batches.gather(self.steps);
        let inputs = self.batches.inputs();
        let data: Vec<(&Expr<T>, &Tensor<T>)> = inputs.iter().zip(self.batches.tensors()).collect();
        let factors = self.guide.fitted().marginals();
        let entropy = self.guide.entropy();
        let terms = self.model.terms()?;
        let call = self.steps as u64;
        let culprit = diagnosis::first_not_finite(
            &self.variables,
            &factors,
            &entropy,
            &terms,
            &self.draws,
            &data,
            call,
        )?;
        let error = Error::NonFiniteElbo {
            iteration: self.elbo.len() + 1,
            elbo,
            variable: culprit.name,
            culprit: culprit.what,
        };
        Ok(match fit {
            Some(fit) => FitError::new(error, fit),
            None => error.into(),
        })
    }

    /// The fit with the parameters of the last finite ELBO: the last copy of the state, and from there the same steps
    /// again. `None` if there was no finite ELBO; then the state is that of the beginning.
    fn return_to_last_good(&mut self) -> Result<Option<Fit<T>>, Error> {
        let Some(last) = self.elbo.len().checked_sub(1) else {
            self.candidate.restore(&self.state);
            self.steps = 0;
            return Ok(None);
        };
        self.good.restore(&self.state);
        self.steps = self.good.steps;
        if !self.advance_to(last)? {
            self.good.restore(&self.state);
            self.steps = self.good.steps;
        }
        Ok(Some(self.fit()))
    }

    /// Repeats steps up to a number of them. False if one of them came out differently than the first time.
    fn advance_to(&mut self, steps: usize) -> Result<bool, Error> {
        while self.steps < steps {
            let step = self.steps;
            if self.advance()?.to_bits() != self.elbo[step].to_bits() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compares the last two windows of the trace, each time a window is full.
    fn has_settled(&self) -> bool {
        let (Some(tolerance), window) = (self.control.tolerance, self.control.window) else { return false };
        let count = self.elbo.len();
        if count < 2 * window || !count.is_multiple_of(window) {
            return false;
        }
        let (before, last) = self.elbo[count - 2 * window..].split_at(window);
        (mean(last) - mean(before)).abs() < tolerance * mean(before).abs()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
