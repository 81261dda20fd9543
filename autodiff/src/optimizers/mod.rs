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
//! State lives in [`Shared`] variables named after the parameter, the optimiser and the quantity (`w.adam.m`), so it can
//! be read, saved and restored like any other. Each call of [`updates`](Optimizer::updates) makes new state.
//!
//! Formulas write θ for a parameter, g for its gradient, η for the rate and t = 1, 2, … for the step; all operations are
//! element by element. Where implementations differ (where ε stands, how momentum begins), these follow `torch.optim`, whose
//! numbers are the tests' referee.

mod adagrad;
mod adam;
mod rate;
mod rmsprop;
mod sgd;
#[cfg(test)]
mod tests;

use bayeux_tensor::{Float, Tensor};

use crate::{Expr, Shared, Updates, grad};

pub use adagrad::{Adagrad, AdagradWindow};
pub use adam::{Adam, Adamax, Amsgrad};
pub use rate::{Rate, Schedule};
pub use rmsprop::{Adadelta, RmsProp};
pub use sgd::{Momentum, Nesterov, Sgd};

/// A rule that turns gradients into updates.
pub trait Optimizer<T: Float> {
    /// One step along the negative gradients: an update for each parameter and for the state kept beside it.
    ///
    /// # Panics
    /// If there are not as many gradients as parameters, or if one differs from its parameter in shape.
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T>;

    /// One step down the gradient of a scalar cost.
    ///
    /// # Panics
    /// If the cost is not a scalar.
    #[track_caller]
    fn updates_for(&self, cost: &Expr<T>, parameters: &[Shared<T>]) -> Updates<T> {
        let leaves: Vec<Expr<T>> = parameters.iter().map(Shared::expr).collect();
        self.updates(&grad(cost, &leaves), parameters)
    }
}

impl<T: Float, O: Optimizer<T> + ?Sized> Optimizer<T> for &O {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        (**self).updates(gradients, parameters)
    }
}

impl<T: Float, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        (**self).updates(gradients, parameters)
    }
}

/// Gradients scaled down together, where needed, so that the Euclidean norm of all of them is at most `limit`
/// (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks").
///
/// ```
/// use bayeux_autodiff::optimizers::clip_norm;
/// use bayeux_autodiff::{Expr, Function};
/// let g = [Expr::<f64>::full([4], 3.0), Expr::full([7], 4.0)]; // norm √(4·9 + 7·16) = √148
/// let clipped = clip_norm(&g, 1.0);
/// let values = Function::new([], [&clipped[0]])?.call(&[])?;
/// assert!((values[0].get(&[0]) - 3.0 / 148f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
pub fn clip_norm<T: Float>(gradients: &[Expr<T>], limit: f64) -> Vec<Expr<T>> {
    // In parts of the largest, whose squares neither overflow nor all vanish.
    let largest = gradients.iter().map(|g| g.abs().max_all()).reduce(|a, b| a.maximum(&b));
    let Some(largest) = largest else { return Vec::new() };
    let largest = largest.maximum(&Expr::scalar(T::MIN_POSITIVE.to_f64()));
    let squares = gradients.iter().map(|g| (g / &largest).square().sum_all());
    let Some(total) = squares.reduce(|a, b| a + b) else { return Vec::new() };
    let scale = (limit / largest / total.sqrt()).minimum(&Expr::scalar(1.0));
    gradients.iter().map(|g| g * &scale).collect()
}

/// One parameter on its way through an optimiser: its leaf, its gradient, and a maker of state beside it.
struct Step<'a, T: Float> {
    parameter: &'a Shared<T>,
    theta: Expr<T>,
    gradient: &'a Expr<T>,
    optimizer: &'static str,
}

impl<T: Float> Step<'_, T> {
    /// A state variable of the parameter's shape, zero at first, and its leaf.
    fn state(&self, quantity: &str) -> (Shared<T>, Expr<T>) {
        let name = format!("{}.{}.{quantity}", self.parameter.name(), self.optimizer);
        let state = Shared::new(name, Tensor::zeros(self.parameter.shape()));
        let leaf = state.expr();
        (state, leaf)
    }
}

/// Checks gradients against parameters and collects what `rule` makes of each pair: the parameter's new value and its
/// state's updates.
#[track_caller]
fn each<T: Float>(
    optimizer: &'static str,
    gradients: &[Expr<T>],
    parameters: &[Shared<T>],
    mut rule: impl FnMut(&Step<'_, T>) -> (Expr<T>, Updates<T>),
) -> Updates<T> {
    assert!(
        gradients.len() == parameters.len(),
        "{optimizer}: {} gradients for {} parameters",
        gradients.len(),
        parameters.len()
    );
    let mut updates = Vec::new();
    for (gradient, parameter) in gradients.iter().zip(parameters) {
        let theta = parameter.expr();
        assert!(
            gradient.shape() == theta.shape(),
            "{optimizer}: the gradient for `{}` has shape {}, the parameter {}",
            parameter.name(),
            gradient.shape(),
            theta.shape()
        );
        let (value, state) = rule(&Step { parameter, theta, gradient, optimizer });
        updates.push((parameter.clone(), value));
        updates.extend(state);
    }
    updates
}
