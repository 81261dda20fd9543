//! Priors, hyperpriors and variational inference over expressions.
//!
//! A random variable is an expression: [`Model::free`] takes a prior and returns a value that goes wherever an expression
//! goes, into another prior's scale or into a network's weights. [`Advi`] fits a normal approximation of the posterior,
//! [`Fit`] holds it, and a [`Predictive`] draws from it.
//!
//! ```
//! use bayeux_autodiff::Expr;
//! use bayeux_autodiff::optimizers::{Adam, Schedule};
//! use bayeux_bayes::{Advi, HalfCauchy, Model, Normal};
//! use bayeux_tensor::Tensor;
//!
//! // The eight schools of Rubin (1981): effects of coaching, each measured with a known error, and a common prior whose
//! // mean and scale are themselves unknown.
//! let effects = Expr::constant(Tensor::from_slice(&[28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]));
//! let errors = Expr::constant(Tensor::from_slice(&[15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]));
//!
//! let model: Model<f64> = Model::new();
//! let mu = model.free("mu", Normal::new(0.0, 5.0));
//! let tau = model.free("tau", HalfCauchy::new(5.0));
//! let standard = model.free("standard", Normal::new(0.0, 1.0).shape([8]));
//! let theta = model.deterministic("theta", &(mu + tau * standard));
//! model.observe("effects", Normal::new(&theta, &errors), &effects, 8)?;
//!
//! let rate = Schedule::cosine(0.05, 2_000);
//! let fit = Advi::mean_field(&model).optimizer(Adam::new(rate)).seed(1).run(2_000)?;
//! let theta = fit.posterior(1_000).of("theta")?; // [1000, 8]
//! let means = theta.mean(&[0]);
//! assert!(means.get(&[0]) > means.get(&[2])); // the first school's effect is the larger one, both are drawn together
//! println!("{}", fit.summary()?);
//! # Ok::<(), bayeux_bayes::Error>(())
//! ```
//!
//! # What goes where
//!
//! * [`distributions`](Distribution): log densities as expressions, and draws.
//! * [`Transform`], [`Bijector`]: how a positive or bounded variable becomes one on the whole real line.
//! * [`Model`]: names, variables, observations, and their joint log density.
//! * [`guide`]: families of approximations: mean-field, full-rank, low-rank, points, and any mixture of them.
//! * [`Advi`], [`Fitter`]: the optimisation of the evidence lower bound.
//! * [`LogDensity`]: the log density as a compiled function of one vector; with the feature `nuts`, [`sampling`].
//! * [`Fit`], [`Summary`], [`Predictive`], [`Predictions`]: what comes of it.

#![forbid(unsafe_code)]

pub mod advi;
mod distributions;
mod error;
mod fit;
pub mod guide;
mod log_density;
mod model;
mod predictive;
mod random;
#[cfg(feature = "nuts")]
pub mod sampling;
mod summary;
mod transform;

pub use advi::{Advi, Estimator, Fitter, Progress};
pub use distributions::{
    AsymmetricLaplace, AutoRegressive, Bernoulli, Beta, BetaBinomial, Binomial, Categorical, Cauchy,
    Censored, ChiSquared, Dirichlet, DirichletMultinomial, DiscreteUniform, Distribution, ExGaussian,
    Exponential, Flat, Gamma, GaussianRandomWalk, Geometric, Gumbel, HalfCauchy, HalfFlat, HalfNormal,
    HalfStudentT, Hurdle, InverseGamma, Kumaraswamy, Laplace, LkjCholesky, LogNormal, Logistic, Mixture,
    Multinomial, MvNormal, MvStudentT, NegativeBinomial, Normal, OrderedLogistic, Pareto, Poisson,
    SkewNormal, StudentT, Support, Triangular, Truncated, TruncatedNormal, Uniform, VonMises, Wald, Weibull,
    ZeroInflated,
};
pub use error::{Error, FitError};
pub use fit::{Fit, Stop};
pub use guide::{Delta, Factor, Family, Fitted, FullRank, Gaussian, Guide, LowRank, MeanField};
pub use log_density::LogDensity;
pub use model::{Model, Observation, Term, TermKind, Variable};
pub use predictive::{Predictions, Predictive};
pub use summary::{Summary, SummaryRow};
pub use transform::{
    Affine, Bijector, Chain, CholeskyCorrelation, CholeskyCovariance, Ordered, Simplex, Transform,
};
