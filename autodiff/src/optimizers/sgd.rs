//! Plain gradient descent, and with momentum.

use bayeux_tensor::Float;

use super::optimizer::each;
use super::rate::Clock;
use super::{Optimizer, Rate};
use crate::{Expr, Shared, Updates};

/// Stochastic gradient descent.
///
/// θ ← θ − η g
#[derive(Clone, Debug)]
#[must_use]
pub struct Sgd<T: Float = f32> {
    rate: Rate<T>,
}

impl<T: Float> Sgd<T> {
    /// Descent with a learning rate.
    pub fn new(rate: impl Into<Rate<T>>) -> Self {
        Sgd { rate: rate.into() }
    }
}

impl<T: Float> Optimizer<T> for Sgd<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("sgd");
        let rate = self.rate.now(&mut clock);
        let mut updates =
            each("sgd", gradients, parameters, |step| (&step.theta - &rate * step.gradient, Vec::new()));
        updates.extend(clock.tick());
        updates
    }
}

/// Gradient descent with momentum (Polyak 1964, "Some methods of speeding up the convergence of iteration methods").
///
/// v ← μ v + g,   θ ← θ − η v
#[derive(Clone, Debug)]
#[must_use]
pub struct Momentum<T: Float = f32> {
    rate: Rate<T>,
    momentum: f64,
}

impl<T: Float> Momentum<T> {
    /// A learning rate η, and μ: how much of the velocity remains after a step, 0.9 usually.
    pub fn new(rate: impl Into<Rate<T>>, momentum: f64) -> Self {
        Momentum { rate: rate.into(), momentum }
    }
}

impl<T: Float> Optimizer<T> for Momentum<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("momentum");
        let rate = self.rate.now(&mut clock);
        let mut updates = each("momentum", gradients, parameters, |step| {
            let (velocity, v) = step.state("velocity");
            let v = v * self.momentum + step.gradient;
            (&step.theta - &rate * &v, vec![(velocity, v)])
        });
        updates.extend(clock.tick());
        updates
    }
}

/// Gradient descent with Nesterov's momentum, in the form that takes the gradient at θ itself (Sutskever et al. 2013, "On
/// the importance of initialization and momentum in deep learning").
///
/// v ← μ v + g,   θ ← θ − η (g + μ v)
#[derive(Clone, Debug)]
#[must_use]
pub struct Nesterov<T: Float = f32> {
    rate: Rate<T>,
    momentum: f64,
}

impl<T: Float> Nesterov<T> {
    /// A learning rate η, and μ: how much of the velocity remains after a step, 0.9 usually.
    pub fn new(rate: impl Into<Rate<T>>, momentum: f64) -> Self {
        Nesterov { rate: rate.into(), momentum }
    }
}

impl<T: Float> Optimizer<T> for Nesterov<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("nesterov");
        let rate = self.rate.now(&mut clock);
        let mut updates = each("nesterov", gradients, parameters, |step| {
            let (velocity, v) = step.state("velocity");
            let v = v * self.momentum + step.gradient;
            (&step.theta - &rate * (step.gradient + &v * self.momentum), vec![(velocity, v)])
        });
        updates.extend(clock.tick());
        updates
    }
}
