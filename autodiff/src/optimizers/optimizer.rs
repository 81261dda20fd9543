//! What every optimiser is, and what each does for all parameters.

use bayeux_tensor::{Float, Tensor};

use crate::{Expr, Shared, Updates, grad};

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

/// One parameter on its way through an optimiser: its leaf, its gradient, and a maker of state beside it.
pub(super) struct Step<'a, T: Float> {
    pub parameter: &'a Shared<T>,
    pub theta: Expr<T>,
    pub gradient: &'a Expr<T>,
    pub optimizer: &'static str,
}

impl<T: Float> Step<'_, T> {
    /// A state variable of the parameter's shape, zero at first, and its leaf.
    pub fn state(&self, quantity: &str) -> (Shared<T>, Expr<T>) {
        let name = format!("{}.{}.{quantity}", self.parameter.name(), self.optimizer);
        let state = Shared::new(name, Tensor::zeros(self.parameter.shape()));
        let leaf = state.expr();
        (state, leaf)
    }
}

/// Checks gradients against parameters and collects what `rule` makes of each pair: the parameter's new value and its
/// state's updates.
#[track_caller]
pub(super) fn each<T: Float>(
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
