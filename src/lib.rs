//! Tensors, a compiled autodiff tape, neural nets and variational Bayes that share one expression language.
//!
//! A prior is a function from a shape to an expression, and so is what a layer takes as its weights. That is the bridge:
//! a random variable can stand wherever a layer expects a matrix, and a Bayesian network is an ordinary network with
//! priors for weights.
//!
//! ```
//! use bayeux::prelude::*;
//!
//! let digits = bayeux::datasets::digits();
//! let model = Model::new();
//! let x = model.data("x", (batch(), 1, 8, 8)); // a free dimension: 100 rows in training, any number in prediction
//! let y = model.data("y", [batch()]);
//!
//! let prior = |name: &str| {
//!     let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
//!     model.prior(name, move |shape: &Shape| Normal::new(0.0, &scale).shape(shape))
//! };
//! let logits = Input::new(&x)
//!     .then(Dense::new(32).weights(prior("w1")).bias(prior("b1")).activation(tanh))
//!     .then(Dense::new(10).weights(prior("w2")).bias(prior("b2")))
//!     .output();
//! model.observe("label", Categorical::logits(&logits), &y, digits.train.len())?;
//!
//! let fit = Advi::mean_field(&model)
//!     .minibatches(100, [(&x, &digits.train.images), (&y, &digits.train.labels)])
//!     .optimizer(Adam::new(Schedule::cosine(0.03, 300).warm_up(50)).betas(0.9, 0.99))
//!     .seed(1)
//!     .run(300)?;
//!
//! let p = fit.posterior(20).predict(&logits.softmax(), [(&x, &digits.test.images)])?;
//! assert!(p.accuracy(&digits.test.labels) > 0.8);
//! # Ok::<(), bayeux::bayes::Error>(())
//! ```
//!
//! | crate | knows | gives |
//! | --- | --- | --- |
//! | [`tensor`] | its kernels | n-d strided arrays of floats, integers and truth values; SIMD maths, convolutions, random numbers |
//! | [`autodiff`] | `tensor` | symbolic expressions, gradients of any order, compiled functions, optimisers |
//! | [`nets`] | `autodiff` | layers whose parameters are any expression |
//! | [`bayes`] | `autodiff`, for samplers `diagnostics` | distributions, models, variational inference, samplers, posteriors |
//! | [`diagnostics`] | nothing | what draws are worth: R̂, effective sample sizes, PSIS, LOO, calibration |
//!
//! `nets` and `bayes` do not know each other. They meet in the expression.

#![forbid(unsafe_code)]

#[cfg(feature = "datasets")]
pub mod datasets;
pub mod metrics;
mod threads;

pub use bayeux_autodiff as autodiff;
pub use bayeux_bayes as bayes;
pub use bayeux_diagnostics as diagnostics;
pub use bayeux_nets as nets;
pub use bayeux_tensor as tensor;
pub use threads::start_threads;

/// What most programs use.
pub mod prelude {
    pub use bayeux_autodiff::optimizers::{
        Adagrad, AdagradWindow, Adam, Momentum, Nesterov, Optimizer, RmsProp, Schedule, Sgd,
    };
    pub use bayeux_autodiff::{
        Dim, Expr, Function, RandomStreams, Shape, Shared, Updates, batch, check_gradient, checkpoint,
        custom_gradient, grad,
    };
    pub use bayeux_bayes::{
        Advi, Bernoulli, Categorical, Distribution, Exponential, Gamma, HalfCauchy, HalfNormal, Laplace,
        LogNormal, Model, Normal, Uniform,
    };
    pub use bayeux_nets::activations::{identity, relu, sigmoid, softplus, tanh};
    pub use bayeux_nets::init::{GlorotNormal, GlorotUniform, HeNormal, HeUniform};
    pub use bayeux_nets::{
        AvgPool2d, Conv2d, Dense, Dropout, Flatten, Input, Layer, MaxPool2d, Net, Padding, Reshape,
    };
    pub use bayeux_tensor::{Float, Tensor};
}

/// The operation of the guide compiles.
#[cfg(doctest)]
#[doc = include_str!("../docs/extending.md")]
struct Extending;

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
