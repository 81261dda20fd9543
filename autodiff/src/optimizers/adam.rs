//! Adam and its relatives: running means of the gradient and of its size, freed of their bias towards 0.
//!
//! Adam and AMSGrad add ε to √v̂, whose bias has been corrected, as algorithm 1 of the paper and PyTorch do. Written with √v it is
//! ε √(1 − β₂ᵗ). At the end of its section 2 the paper has a form that adds a constant ε̂ to √v: see `epsilon_hat`.

use bayeux_tensor::Float;

use super::optimizer::each;
use super::rate::Clock;
use super::{Optimizer, Rate};
use crate::{Expr, Shared, Updates};

macro_rules! adam_like {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $name<T: Float = f32> {
            rate: Rate<T>,
            beta1: f64,
            beta2: f64,
            epsilon: Epsilon,
        }

        impl<T: Float> $name<T> {
            /// A learning rate; β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
            pub fn new(rate: impl Into<Rate<T>>) -> Self {
                $name { rate: rate.into(), beta1: 0.9, beta2: 0.999, epsilon: Epsilon::After(1e-8) }
            }

            /// Other β₁ and β₂: how much of the running means remains after a step.
            ///
            /// # Panics
            /// If one is not between 0 and 1, both excluded.
            #[track_caller]
            pub fn betas(self, beta1: f64, beta2: f64) -> Self {
                let inside = |beta: f64| 0.0 < beta && beta < 1.0;
                assert!(inside(beta1) && inside(beta2), "betas {beta1} and {beta2}: must be between 0 and 1");
                $name { beta1, beta2, ..self }
            }

            /// Another ε.
            pub fn epsilon(self, epsilon: f64) -> Self {
                $name { epsilon: Epsilon::After(epsilon), ..self }
            }
        }
    };
}

/// What keeps the divisor from 0: added after the bias has been corrected, or before.
#[derive(Clone, Copy, Debug)]
enum Epsilon {
    After(f64),
    Before(f64),
}

macro_rules! epsilon_hat {
    ($name:ident) => {
        impl<T: Float> $name<T> {
            /// The paper's ε̂, added to √v before the bias is corrected, in place of ε.
            pub fn epsilon_hat(self, epsilon: f64) -> Self {
                $name { epsilon: Epsilon::Before(epsilon), ..self }
            }

            /// What is added to √v, given 1 − β₂ᵗ.
            fn added(&self, corrects: &Expr<T>) -> Expr<T> {
                match self.epsilon {
                    Epsilon::After(epsilon) => corrects.sqrt() * epsilon,
                    Epsilon::Before(epsilon) => Expr::scalar(epsilon),
                }
            }
        }
    };
}

epsilon_hat!(Adam);
epsilon_hat!(Amsgrad);

adam_like! {
    /// Adam (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).
    ///
    /// m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²,   θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε √(1 − β₂ᵗ))
    ///
    /// that is, η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
    Adam
}

adam_like! {
    /// Adamax (the same paper, algorithm 2): the size is a decaying maximum, which needs no correction.
    ///
    /// m ← β₁ m + (1 − β₁) g,   u ← max(β₂ u, |g| + ε),   θ ← θ − η / (1 − β₁ᵗ) · m / u
    Adamax
}

adam_like! {
    /// AMSGrad (Reddi, Kale & Kumar 2018, "On the convergence of Adam and beyond"): Adam whose rates never grow.
    ///
    /// m and v as [`Adam`]'s,   w ← max(w, v),   θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√w + ε √(1 − β₂ᵗ))
    Amsgrad
}

/// β a + (1 − β) b
fn blend<T: Float>(beta: f64, a: Expr<T>, b: &Expr<T>) -> Expr<T> {
    a * beta + b * (1.0 - beta)
}

impl<T: Float> Optimizer<T> for Adam<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("adam");
        let square = clock.one_minus_power(self.beta2);
        let rate = self.rate.now(&mut clock) * (square.sqrt() / clock.one_minus_power(self.beta1));
        let epsilon = self.added(&square);
        let mut updates = each("adam", gradients, parameters, |step| {
            let ((mean, m), (mean_square, v)) = (step.state("m"), step.state("v"));
            let m = blend(self.beta1, m, step.gradient);
            let v = blend(self.beta2, v, &step.gradient.square());
            let value = &step.theta - &rate * &m / (v.sqrt() + &epsilon);
            (value, vec![(mean, m), (mean_square, v)])
        });
        updates.extend(clock.tick());
        updates
    }
}

impl<T: Float> Optimizer<T> for Adamax<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("adamax");
        let rate = self.rate.now(&mut clock) / clock.one_minus_power(self.beta1);
        let (Epsilon::After(epsilon) | Epsilon::Before(epsilon)) = self.epsilon;
        let mut updates = each("adamax", gradients, parameters, |step| {
            let ((mean, m), (largest, u)) = (step.state("m"), step.state("u"));
            let m = blend(self.beta1, m, step.gradient);
            let u = (u * self.beta2).maximum(&(step.gradient.abs() + epsilon));
            (&step.theta - &rate * &m / &u, vec![(mean, m), (largest, u)])
        });
        updates.extend(clock.tick());
        updates
    }
}

impl<T: Float> Optimizer<T> for Amsgrad<T> {
    #[track_caller]
    fn updates(&self, gradients: &[Expr<T>], parameters: &[Shared<T>]) -> Updates<T> {
        let mut clock = Clock::new("amsgrad");
        let square = clock.one_minus_power(self.beta2);
        let rate = self.rate.now(&mut clock) * (square.sqrt() / clock.one_minus_power(self.beta1));
        let epsilon = self.added(&square);
        let mut updates = each("amsgrad", gradients, parameters, |step| {
            let ((mean, m), (mean_square, v)) = (step.state("m"), step.state("v"));
            let (largest, w) = step.state("w");
            let m = blend(self.beta1, m, step.gradient);
            let v = blend(self.beta2, v, &step.gradient.square());
            let w = w.maximum(&v);
            let value = &step.theta - &rate * &m / (w.sqrt() + &epsilon);
            (value, vec![(mean, m), (mean_square, v), (largest, w)])
        });
        updates.extend(clock.tick());
        updates
    }
}
