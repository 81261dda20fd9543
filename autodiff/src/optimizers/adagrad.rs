//! Rates divided by the size of all gradients so far, or of the last few.

use bayeux_tensor::{Float, Tensor};

use super::optimizer::each;
use super::rate::Clock;
use super::{Optimizer, Rate};
use crate::{Expr, Shared, Updates};

/// Adagrad (Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization").
///
/// s ← s + g²,   θ ← θ − η g / (√s + ε)
#[derive(Clone, Debug)]
#[must_use]
pub struct Adagrad<T: Float = f32> {
    rate: Rate<T>,
    epsilon: f64,
}

impl<T: Float> Adagrad<T> {
    /// A learning rate; ε = 10⁻¹⁰.
    pub fn new(rate: impl Into<Rate<T>>) -> Self {
        Adagrad { rate: rate.into(), epsilon: 1e-10 }
    }

    /// Another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adagrad { epsilon, ..self }
    }
}

impl<T: Float> Optimizer<T> for Adagrad<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("adagrad");
        let rate = self.rate.now(&mut clock);
        let mut updates = each("adagrad", gradients, parameters, |step| {
            let (sum, s) = step.state("sum");
            let s = s + step.gradient.square();
            (&step.theta - &rate * step.gradient / (s.sqrt() + self.epsilon), vec![(sum, s)])
        });
        updates.extend(clock.tick());
        updates
    }
}

/// Adagrad that forgets: only the last few gradients count. PyMC3's default for variational inference in 2016
/// (`adagrad_window`).
///
/// θ ← θ − η g / √(Σ over the last n steps of g² + ε), where ε stands inside of the root and is large.
///
/// The squares of the last n gradients are kept in n variables beside the parameter, the newest in the place of the
/// oldest. A running sum would need as many, since what leaves the window must be known, and it would collect rounding
/// errors. (n variables and not one of shape `[n, …]`: so all is element by element, one loop.)
#[derive(Clone, Debug)]
#[must_use]
pub struct AdagradWindow<T: Float = f32> {
    rate: Rate<T>,
    window: usize,
    epsilon: f64,
}

impl<T: Float> AdagradWindow<T> {
    /// A learning rate; a window of 10 steps and ε = 0.1, as in PyMC3 (whose rate is 0.001).
    pub fn new(rate: impl Into<Rate<T>>) -> Self {
        AdagradWindow { rate: rate.into(), window: 10, epsilon: 0.1 }
    }

    /// Another number of steps that count.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn window(self, window: usize) -> Self {
        assert!(window > 0, "AdagradWindow: the window must hold at least one step");
        AdagradWindow { window, ..self }
    }

    /// Another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdagradWindow { epsilon, ..self }
    }
}

impl<T: Float> Optimizer<T> for AdagradWindow<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let n = self.window;
        let mut clock = Clock::new("adagrad_window");
        let rate = self.rate.now(&mut clock);
        // Where the oldest square stands: 0, 1, …, n − 1, 0, …
        let slot = Shared::new("adagrad_window.slot", Tensor::scalar(T::ZERO));
        let next = slot.expr() + 1.0;
        let oldest: Vec<Expr<bool>> = (0..n).map(|k| slot.expr().eq(&Expr::scalar(k as f64))).collect();
        let mut updates = each("adagrad_window", gradients, parameters, |step| {
            let square = step.gradient.square();
            let mut total = Expr::scalar(self.epsilon);
            let mut state = Vec::with_capacity(n);
            for (k, oldest) in oldest.iter().enumerate() {
                let (variable, kept) = step.state(&format!("square{k}"));
                let kept = Expr::select(oldest, &square, &kept);
                total = total + &kept;
                state.push((variable, kept));
            }
            (&step.theta - &rate * step.gradient / total.sqrt(), state)
        });
        let wrapped = Expr::select(&next.lt(&Expr::scalar(n as f64)), &next, &Expr::scalar(0.0));
        updates.push((slot, wrapped));
        updates.extend(clock.tick());
        updates
    }
}
