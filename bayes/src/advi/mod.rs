//! Automatic differentiation variational inference: the fit of a family to a model by stochastic gradients.
//!
//! The evidence lower bound of a family q with parameters θ,
//!
//! > `ELBO(θ) = E_q[ln p(z, data)] + H[q]`,
//!
//! is largest where q is closest to the posterior (in KL(q‖p)). Each iteration estimates it from one draw
//! z = mean + sd · ε and one mini-batch, takes the gradient through z, and hands it to an optimiser (Kucukelbir et al.
//! 2017, "Automatic differentiation variational inference", JMLR 18). Estimate, gradient and updates are one compiled
//! function; an iteration is one call of it.
//!
//! ```
//! use bayeux_autodiff::batch;
//! use bayeux_autodiff::optimizers::{Adam, Schedule};
//! use bayeux_bayes::{Advi, HalfNormal, Model, Normal};
//! use bayeux_tensor::Tensor;
//!
//! // Points on the line y = 2x, with noise of size 0.1.
//! let xs = Tensor::from_fn([200], |i| i[0] as f64 / 100.0 - 1.0);
//! let ys = Tensor::from_fn([200], |i| 2.0 * xs.get(i) + if i[0] % 2 == 0 { 0.1 } else { -0.1 });
//!
//! let model: Model<f64> = Model::new();
//! let (x, y) = (model.data("x", [batch()]), model.data("y", [batch()]));
//! let slope = model.free("slope", Normal::new(0.0, 10.0));
//! let noise = model.free("noise", HalfNormal::new(1.0));
//! model.observe("points", Normal::new(&slope * &x, &noise), &y, 200)?;
//!
//! let fit = Advi::mean_field(&model)
//!     .minibatches(50, [(&x, &xs), (&y, &ys)])
//!     .optimizer(Adam::new(Schedule::cosine(0.05, 1_500)))
//!     .seed(1)
//!     .run(1_500)?;
//! let slopes = fit.posterior(1_000).of("slope")?;
//! assert!((slopes.mean_all() - 2.0).abs() < 0.05);
//! println!("{}", fit.summary()?);
//! # Ok::<(), bayeux_bayes::Error>(())
//! ```

mod checkpoint;
mod diagnosis;
mod estimator;
mod fitter;
mod minibatch;
mod progress;
mod settings;
mod snapshot;

use std::ops::ControlFlow;
use std::path::PathBuf;

use bayeux_autodiff::optimizers::{Adam, Optimizer};
use bayeux_autodiff::{Expr, Function, RandomStreams, Shared, grad};
use bayeux_tensor::random::Philox4x32;
use bayeux_tensor::time::Instant;
use bayeux_tensor::{Float, Tensor};

use crate::guide::{Families, Start};
use crate::{Delta, Error, Family, Fit, FitError, FullRank, Guide, LowRank, MeanField, Model, Variable};

pub use estimator::Estimator;
pub use fitter::Fitter;
pub use progress::Progress;

use checkpoint::Checkpoints;
use minibatch::Minibatches;

/// The settings of a fit by automatic differentiation variational inference. See the [module](self) for an example.
///
/// Nothing is checked before [`compile`](Self::compile) or [`run`](Self::run).
#[must_use]
pub struct Advi<'a, T: Float = f32> {
    model: Model<T>,
    data: Vec<(Expr<T>, Tensor<T>)>,
    batch: Option<usize>,
    optimizer: Box<dyn Optimizer<T> + 'a>,
    draws: usize,
    families: Families<'a, T>,
    estimator: Estimator,
    checkpoints: Option<Checkpoints>,
    start: Start<'a, T>,
    control: Control<'a>,
}

impl<T: Float> std::fmt::Debug for Advi<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Advi")
            .field("model", &self.model)
            .field("batch", &self.batch)
            .field("draws", &self.draws)
            .field("seed", &self.start.seed)
            .finish_non_exhaustive()
    }
}

type Callback<'a> = Box<dyn FnMut(&Progress) -> ControlFlow<()> + 'a>;

/// What watches a fit and may end it.
struct Control<'a> {
    tolerance: Option<f64>,
    window: usize,
    callback: Option<Callback<'a>>,
    progress: bool,
}

impl<'a, T: Float> Advi<'a, T> {
    /// A fit of the mean-field normal family: independent normals for all elements of the unconstrained variables.
    ///
    /// Starts with Adam at a learning rate of 0.01, one draw an iteration, seed 0, and no data.
    pub fn mean_field(model: &Model<T>) -> Self {
        Advi::new(model, MeanField)
    }

    /// A fit of a normal of any covariance for all unconstrained variables together: see [`FullRank`].
    pub fn full_rank(model: &Model<T>) -> Self {
        Advi::new(model, FullRank)
    }

    /// A fit of a normal whose covariance is a diagonal and so many columns: see [`LowRank`].
    pub fn low_rank(model: &Model<T>, rank: usize) -> Self {
        Advi::new(model, LowRank::new(rank))
    }

    /// The point of the largest posterior density of the unconstrained variables: see [`Delta`].
    pub fn map(model: &Model<T>) -> Self {
        Advi::new(model, Delta)
    }

    /// A fit of any family, with the settings of [`mean_field`](Self::mean_field).
    ///
    /// ```
    /// use bayeux_bayes::{Advi, Delta, FullRank, HalfNormal, MeanField, Model, Normal};
    /// let model: Model<f64> = Model::new();
    /// let scale = model.free("scale", HalfNormal::new(1.0));
    /// let a = model.free("a", Normal::new(0.0, &scale));
    /// let b = model.free("b", Normal::new(&a, 0.1));
    /// // a and b are correlated, and the scale is a number to be tuned.
    /// let fit = Advi::new(&model, MeanField).family(["a", "b"], FullRank).family(["scale"], Delta).run(100)?;
    /// assert_eq!(fit.unconstrained("scale")?.sd.item(), 0.0);
    /// # Ok::<(), bayeux_bayes::Error>(())
    /// ```
    pub fn new(model: &Model<T>, family: impl Family<T> + 'a) -> Self {
        Advi {
            families: Families { others: Box::new(family), named: Vec::new() },
            estimator: Estimator::default(),
            checkpoints: None,
            model: model.clone(),
            data: Vec::new(),
            batch: None,
            optimizer: Box::new(Adam::new(0.01)),
            draws: 1,
            start: Start { mean: None, sd: None, seed: 0 },
            control: Control { tolerance: None, window: 500, callback: None, progress: true },
        }
    }

    /// Data sets for the model's inputs, `rows` rows of them in each iteration, in an order shuffled anew in each epoch.
    pub fn minibatches<'d>(
        self,
        rows: usize,
        data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>,
    ) -> Self {
        Advi { batch: Some(rows), ..self.full_batch(data) }
    }

    /// Data for the model's inputs, all of it in each iteration.
    pub fn full_batch<'d>(mut self, data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>) -> Self {
        self.data = data.into_iter().map(|(input, tensor)| (input.clone(), tensor.clone())).collect();
        Advi { batch: None, ..self }
    }

    /// The optimiser, with its learning rate or schedule of rates.
    pub fn optimizer(self, optimizer: impl Optimizer<T> + 'a) -> Self {
        Advi { optimizer: Box::new(optimizer), ..self }
    }

    /// Another family for some variables, which are taken together.
    ///
    /// [`compile`](Self::compile) refuses a name that no free variable bears, or that has a family already.
    pub fn family<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
        family: impl Family<T> + 'a,
    ) -> Self {
        self.families.named.push((names.into_iter().map(Into::into).collect(), Box::new(family)));
        self
    }

    /// How the ELBO is estimated from draws.
    pub fn estimator(self, estimator: Estimator) -> Self {
        Advi { estimator, ..self }
    }

    /// How many draws of the variables each iteration averages over: at least 1.
    pub fn draws(self, draws: usize) -> Self {
        Advi { draws, ..self }
    }

    /// The seed of all that is random: the first means, the order of the rows, the noise. The same seed gives the same
    /// bits, on any number of threads.
    pub fn seed(mut self, seed: u64) -> Self {
        self.start.seed = seed;
        self
    }

    /// One first standard deviation for all unconstrained variables. By default 0.02 for weights, which are what has a
    /// [`fan_in`](Variable::fan_in), and 0.1 for the rest.
    pub fn initial_sd(mut self, sd: f64) -> Self {
        self.start.sd = Some(sd);
        self
    }

    /// First means of unconstrained variables, where the function returns some. By default weights start at normal
    /// random numbers of standard deviation 1/√fan-in, and the rest at the centre of its prior.
    pub fn initial_mean(
        mut self,
        mean: impl Fn(&Variable<T>, &mut Philox4x32) -> Option<Tensor<T>> + 'a,
    ) -> Self {
        self.start.mean = Some(Box::new(mean));
        self
    }

    /// Stops early once the ELBO has settled: when its mean over one [`window`](Self::window) of iterations differs from
    /// the mean over the window before by less than this, relative to the latter's size.
    pub fn tolerance(mut self, relative: f64) -> Self {
        self.control.tolerance = Some(relative);
        self
    }

    /// How many iterations [`tolerance`](Self::tolerance) compares; 500 by default.
    pub fn window(mut self, iterations: usize) -> Self {
        self.control.window = iterations;
        self
    }

    /// A file in which the fit is kept after every so many iterations, and at its end. If there is one the fit goes on from it, to the
    /// same bits as without a break: [`run`](Self::run) does what is left of its iterations. The file before stays beside it, as
    /// `….before`, and serves if the newest is damaged.
    /// [`compile`](Self::compile) refuses that of another model, seed, optimiser or shape of the data; it cannot tell other data. To
    /// begin anew, remove both files.
    ///
    /// ```
    /// use bayeux_bayes::{Advi, Model, Normal};
    /// let folder = std::env::temp_dir().join(format!("bayeux-doc-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// let model: Model<f64> = Model::new();
    /// model.free("x", Normal::new(3.0, 1.0));
    /// let advi = || Advi::mean_field(&model).progress(false).checkpoint(folder.join("fit"), 10);
    /// advi().run(25)?; // and the program ends
    /// let resumed = advi().run(40)?;
    /// assert_eq!(resumed.elbo(), Advi::mean_field(&model).progress(false).run(40)?.elbo());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(mut self, path: impl Into<PathBuf>, every: usize) -> Self {
        self.checkpoints = Some(Checkpoints { path: path.into(), every });
        self
    }

    /// A function that is called after each iteration and may end the fit with `ControlFlow::Break(())`.
    pub fn callback(mut self, callback: impl FnMut(&Progress) -> ControlFlow<()> + 'a) -> Self {
        self.control.callback = Some(Box::new(callback));
        self
    }

    /// Whether a progress bar is shown where standard error is a terminal: yes by default.
    pub fn progress(mut self, show: bool) -> Self {
        self.control.progress = show;
        self
    }

    /// Builds and compiles the function of one iteration, without running it.
    ///
    /// # Errors
    /// The model's first error; data that is missing, unknown, of the wrong shape, not finite, or of different lengths;
    /// a batch of no rows or of more than there are; a setting out of its range.
    pub fn compile(self) -> Result<Fitter<'a, T>, Error> {
        let begun = Instant::now();
        self.check_settings()?;
        let seed = self.start.seed;
        let variables = self.model.variables()?;
        if variables.is_empty() {
            return Err(Error::NothingFree);
        }
        self.model.check_total_rows(&self.data)?;
        if self.batch.is_some() {
            self.model.check_potentials()?;
        }
        let batches = Minibatches::new(&self.model, self.data, self.batch, seed)?;
        let guide = Guide::new(&variables, &self.families, &self.start)?;

        let noise = RandomStreams::new(seed);
        let draws: Vec<Vec<Expr<T>>> = (0..self.draws).map(|_| guide.draw(&noise)).collect();
        let log_prob = self.model.log_prob()?;
        let at = |draw: &Vec<Expr<T>>| at_draw(std::slice::from_ref(&log_prob), &variables, draw).remove(0);
        let log_probs: Vec<Expr<T>> = draws.iter().map(at).collect();
        let elbo = self.estimator.elbo(&guide, &draws, log_probs);

        let parameters = guide.parameters();
        let leaves: Vec<Expr<T>> = parameters.iter().map(Shared::expr).collect();
        let gradients = grad(&-&elbo, &leaves);
        let updates = self.optimizer.updates(&gradients, &parameters);
        let fingerprint = match &self.checkpoints {
            Some(_) => checkpoint::fingerprint(&batches.inputs(), &elbo, &updates),
            None => String::new(),
        };
        let state = updates.iter().map(|(shared, _)| shared.clone()).collect();
        let inputs = batches.inputs();
        let mut step =
            Function::builder().inputs(inputs).outputs([&elbo]).updates(updates).exclusive().build()?;
        step.specialise(&batches.tensors().collect::<Vec<_>>())?;
        let shapes: Vec<_> = batches.tensors().map(Tensor::shape).collect();
        let description = format!("{}seed {seed}, {shapes:?}, {fingerprint}", self.model);
        let build_seconds = begun.elapsed().as_secs_f64();
        let mut fitter = Fitter::new(
            self.model,
            variables,
            guide,
            draws,
            batches,
            step,
            state,
            self.control,
            seed,
            build_seconds,
        );
        if let Some(checkpoints) = self.checkpoints {
            fitter.keep(checkpoints, description)?;
        }
        Ok(fitter)
    }

    /// Runs a number of iterations, with those of a checkpoint, or fewer if the tolerance is met or the callback ends it.
    ///
    /// # Errors
    /// What [`compile`](Self::compile) refuses; [`Error::NonFiniteElbo`] if the ELBO becomes infinite or NaN; data that an
    /// op cannot take, such as a label out of range. The [`FitError`] holds the last good state.
    pub fn run(self, iterations: usize) -> Result<Fit<T>, FitError<T>> {
        let fitter = self.compile()?;
        let done = fitter.elbo().len();
        fitter.run(iterations.saturating_sub(done))
    }
}

/// Expressions of the unconstrained variables, at a draw of them.
fn at_draw<T: Float>(expressions: &[Expr<T>], variables: &[Variable<T>], draw: &[Expr<T>]) -> Vec<Expr<T>> {
    let pairs: Vec<(&Expr<T>, &Expr<T>)> = variables.iter().map(Variable::unconstrained).zip(draw).collect();
    Expr::substitute(expressions, &pairs)
}
