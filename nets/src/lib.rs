//! Neural-network layers whose parameters are any expression.
//!
//! A layer needs weights of some shape. Where they come from is the user's affair: an initialiser, a tensor, a variable
//! shared with another layer, an expression of other weights, or a function from the shape to an expression, which is
//! what a prior is. A [`Net`] is a chain of layers seen from its last one; it computes nothing, it is a way of writing
//! an [`Expr`](bayeux_autodiff::Expr).
//!
//! ```
//! use bayeux_autodiff::{Expr, Function, batch};
//! use bayeux_nets::activations::tanh;
//! use bayeux_nets::losses::cross_entropy_logits;
//! use bayeux_nets::optimizers::{Adam, Optimizer};
//! use bayeux_nets::{Conv2d, Dense, Input, MaxPool2d};
//! use bayeux_tensor::Tensor;
//!
//! let images = Expr::<f32>::input("images", (batch(), 1, 8, 8));
//! let labels = Expr::input("labels", [batch()]);
//! let net = Input::new(&images)
//!     .then(Conv2d::new(4, [3, 3]).activation(tanh))
//!     .then(MaxPool2d::new([2, 2]))
//!     .then(Dense::new(16).activation(tanh))
//!     .then(Dense::new(10));
//!
//! let loss = cross_entropy_logits(&net.output(), &labels).mean_all();
//! let updates = Adam::new(1e-2).updates_for(&loss, &net.trainable());
//! let step = Function::builder().inputs([&images, &labels]).outputs([&loss]).updates(updates).build()?;
//!
//! let batch = [Tensor::ones([5, 1, 8, 8]), Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0, 4.0])];
//! let first = step.call(&[&batch[0], &batch[1]])?[0].item();
//! let second = step.call(&[&batch[0], &batch[1]])?[0].item();
//! assert!(second < first);
//! # Ok::<(), bayeux_autodiff::Error>(())
//! ```
//!
//! [`IntoParameter`] lists what a layer takes as weights; [`Layer`] is how to write one of your own.

#![forbid(unsafe_code)]

pub mod activations;
pub mod init;
mod layer;
mod layers;
pub mod losses;
mod net;
mod parameter;
pub mod regularization;

pub use bayeux_autodiff::optimizers;
pub use layer::{Flow, Layer, Scope};
pub use layers::{AvgPool2d, Conv2d, Dense, Dropout, Flatten, MaxPool2d, Padding, Reshape};
pub use net::{Input, Net};
pub use parameter::{IntoParameter, Parameter, Request, Source, kind, tags};
