//! Rates divided by a running mean of the gradients' size.

use bayeux_tensor::Float;

use super::optimizer::each;
use super::rate::Clock;
use super::{Optimizer, Rate};
use crate::{Expr, Shared, Updates};

/// RMSProp (Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning").
///
/// v ← ρ v + (1 − ρ) g²,   θ ← θ − η g / (√v + ε)
#[derive(Clone, Debug)]
#[must_use]
pub struct RmsProp<T: Float = f32> {
    rate: Rate<T>,
    decay: f64,
    epsilon: f64,
}

impl<T: Float> RmsProp<T> {
    /// A learning rate; ρ = 0.99 and ε = 10⁻⁸.
    pub fn new(rate: impl Into<Rate<T>>) -> Self {
        RmsProp { rate: rate.into(), decay: 0.99, epsilon: 1e-8 }
    }

    /// Another ρ: how much of the running mean remains after a step.
    pub fn decay(self, decay: f64) -> Self {
        RmsProp { decay, ..self }
    }

    /// Another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsProp { epsilon, ..self }
    }
}

impl<T: Float> Optimizer<T> for RmsProp<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("rmsprop");
        let rate = self.rate.now(&mut clock);
        let mut updates = each("rmsprop", gradients, parameters, |step| {
            let (mean_square, v) = step.state("mean_square");
            let v = v * self.decay + step.gradient.square() * (1.0 - self.decay);
            (&step.theta - &rate * step.gradient / (v.sqrt() + self.epsilon), vec![(mean_square, v)])
        });
        updates.extend(clock.tick());
        updates
    }
}

/// Adadelta (Zeiler 2012, "ADADELTA: an adaptive learning rate method"): steps in the parameter's own units.
///
/// v ← ρ v + (1 − ρ) g²,   δ = √(d + ε) / √(v + ε) · g,   d ← ρ d + (1 − ρ) δ²,   θ ← θ − η δ
#[derive(Clone, Debug)]
#[must_use]
pub struct Adadelta<T: Float = f32> {
    rate: Rate<T>,
    decay: f64,
    epsilon: f64,
}

impl<T: Float> Adadelta<T> {
    /// A learning rate, 1 usually; ρ = 0.9 and ε = 10⁻⁶.
    pub fn new(rate: impl Into<Rate<T>>) -> Self {
        Adadelta { rate: rate.into(), decay: 0.9, epsilon: 1e-6 }
    }

    /// Another ρ: how much of the running means remains after a step.
    pub fn decay(self, decay: f64) -> Self {
        Adadelta { decay, ..self }
    }

    /// Another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adadelta { epsilon, ..self }
    }
}

impl<T: Float> Optimizer<T> for Adadelta<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("adadelta");
        let rate = self.rate.now(&mut clock);
        let mut updates = each("adadelta", gradients, parameters, |step| {
            let (mean_square, v) = step.state("mean_square");
            let (mean_step, d) = step.state("mean_step");
            let v = v * self.decay + step.gradient.square() * (1.0 - self.decay);
            let delta = (&d + self.epsilon).sqrt() / (&v + self.epsilon).sqrt() * step.gradient;
            let d = d * self.decay + delta.square() * (1.0 - self.decay);
            (&step.theta - &rate * delta, vec![(mean_square, v), (mean_step, d)])
        });
        updates.extend(clock.tick());
        updates
    }
}
