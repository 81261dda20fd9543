//! Optimisers: from gradients to updates of parameters.
//!
//! An optimiser runs nothing. It takes an expression of the gradient for each parameter and returns, again as
//! expressions, what every parameter and every variable of its own state becomes after one step. Hand that list to a
//! [`Function`](crate::Function) and each call is a step; an [`exclusive`](crate::FunctionBuilder::exclusive) one updates them
//! in place.
//!
//! ```
//! use bayeux_autodiff::optimizers::{Adam, Optimizer, Schedule};
//! use bayeux_autodiff::{Function, Shared};
//! use bayeux_tensor::Tensor;
//!
//! let x = Shared::new("x", Tensor::<f64>::ones([3]));
//! let cost = (x.expr() - 2.0).square().sum_all();
//! let adam = Adam::new(Schedule::cosine(0.1, 200));
//! let updates = adam.updates_for(&cost, &[x.clone()]);
//! let step = Function::builder().outputs([&cost]).updates(updates).build()?;
//! for _ in 0..200 {
//!     step.call(&[])?;
//! }
//! assert!(x.get().iter().all(|x| (x - 2.0).abs() < 1e-2));
//! # Ok::<(), bayeux_autodiff::Error>(())
//! ```
//!
//! State lives in [`Shared`](crate::Shared) variables named after the parameter, the optimiser and the quantity (`w.adam.m`), so it can
//! be read, saved and restored like any other. Each call of [`updates`](Optimizer::updates) makes new state.
//!
//! Formulas write θ for a parameter, g for its gradient, η for the rate and t = 1, 2, … for the step; all operations are
//! element by element. Where implementations differ (where ε stands, how momentum begins), these follow `torch.optim`, whose
//! numbers are the tests' referee.

mod adagrad;
mod adam;
mod clip;
mod optimizer;
mod rate;
mod rmsprop;
mod sgd;
#[cfg(test)]
mod tests;

pub use adagrad::{Adagrad, AdagradWindow};
pub use adam::{Adam, Adamax, Amsgrad};
pub use clip::clip_norm;
pub use optimizer::Optimizer;
pub use rate::{Rate, Schedule};
pub use rmsprop::{Adadelta, RmsProp};
pub use sgd::{Momentum, Nesterov, Sgd};
