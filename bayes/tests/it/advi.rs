//! Fits: known posteriors, determinism, and everything that can go wrong.

mod checkpoints;
mod failures;
mod guides;
mod posteriors;
mod runs;

use bayeux_autodiff::optimizers::{Adam, Schedule};
use bayeux_autodiff::{Expr, batch};
use bayeux_bayes::{Categorical, HalfNormal, Model, Normal};
use bayeux_tensor::Tensor;

fn constant(values: &[f64]) -> Expr<f64> {
    Expr::constant(Tensor::from_slice(values))
}

fn adam(rate: f64, steps: usize) -> Adam<f64> {
    Adam::new(Schedule::cosine(rate, steps))
}

/// A sample whose mean and variance are not special.
fn sample(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.7 + ((i * 37 % n) as f64 / n as f64 - 0.5) * 3.0).collect()
}

/// A small Bayesian network in f32, with everything that runs in parallel.
fn network(n: usize) -> (Model, [Expr; 2], [Tensor<f32>; 2], Expr) {
    let xs = Tensor::from_fn([n, 24], |i| ((i[0] * 31 + i[1] * 17) % 29) as f32 / 29.0 - 0.5);
    let ys = Tensor::from_fn([n], |i| (i[0] % 3) as f32);
    let model = Model::new();
    let (x, y) = (model.data("x", (batch(), 24)), model.data("y", [batch()]));
    let layer = |name: &str, shape: [usize; 2]| {
        let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
        model.free(name, Normal::new(0.0, &scale).shape(shape))
    };
    let hidden = x.matmul(&layer("w1", [24, 130])).tanh();
    let logits = hidden.matmul(&layer("w2", [130, 3]));
    model.observe("label", Categorical::logits(&logits), &y, n).expect("is right");
    (model, [x, y], [xs, ys], logits)
}
