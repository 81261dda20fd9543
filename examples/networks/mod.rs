//! The networks whose training steps are timed and tested, with random data for them: for `examples/advi_step.rs`,
//! `benches/steps.rs` and `tests/steps.rs`.

use bayeux::bayes::{Error, Fitter};
use bayeux::prelude::*;
use bayeux::tensor::random;
use clap::ValueEnum;

/// A network for images of 1×28×28 and ten classes, tanh everywhere.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Network {
    /// 784-800-800-10
    Dense,
    /// Two convolutions of 32 filters 5×5, each with 2×2 max-pooling, then 256 and 10
    Conv,
    /// Convolutions of 24 and 48 filters 3×3 with stride 2 and padding 1, then 120 and 10
    Strided,
}

/// Where a parameter comes from: a function from its shape.
pub type Weights = Box<dyn Fn(&Shape) -> Expr>;

impl Network {
    /// What the last layer says of images `x`; `weights` gives a source for each of w1, b1, w2, b2 and so on.
    pub fn logits(self, x: &Expr, weights: impl Fn(&str) -> Weights) -> Expr {
        let (w, b) = (|i: usize| weights(&format!("w{i}")), |i: usize| weights(&format!("b{i}")));
        let dense = |units, i| Dense::new(units).weights(w(i)).bias(b(i));
        let conv =
            |filters, size, i| Conv2d::new(filters, [size; 2]).weights(w(i)).bias(b(i)).activation(tanh);
        let halving = |filters, i| conv(filters, 3, i).padding(1).stride([2, 2]);
        let input = Input::new(x);
        let net = match self {
            Network::Dense => input
                .then(dense(800, 1).activation(tanh))
                .then(dense(800, 2).activation(tanh))
                .then(dense(10, 3)),
            Network::Conv => input
                .then(conv(32, 5, 1))
                .then(MaxPool2d::new([2, 2]))
                .then(conv(32, 5, 2))
                .then(MaxPool2d::new([2, 2]))
                .then(dense(256, 3).activation(tanh))
                .then(dense(10, 4)),
            Network::Strided => input
                .then(halving(24, 1))
                .then(halving(48, 2))
                .then(dense(120, 3).activation(tanh))
                .then(dense(10, 4)),
        };
        net.output()
    }

    /// Hierarchical ADVI with Adam: weights and biases are normal, each tensor with a scale of its own, which is half
    /// normal.
    pub fn advi(self, batch_size: usize, (images, labels): &Digits) -> Result<Fitter<'static, f32>, Error> {
        let model = Model::new();
        let x = model.data("x", (batch(), 1, 28, 28));
        let y = model.data("y", [batch()]);
        let logits = self.logits(&x, |name| {
            let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
            Box::new(model.prior(name, move |shape: &Shape| Normal::new(0.0, &scale).shape(shape)))
        });
        model.observe("label", Categorical::logits(&logits), &y, images.shape()[0])?;
        Advi::mean_field(&model)
            .minibatches(batch_size, [(&x, images), (&y, labels)])
            .optimizer(Adam::new(1e-3))
            .progress(false)
            .compile()
    }
}

/// Images `[rows, 1, 28, 28]` and labels `[rows]`.
pub type Digits = (Tensor<f32>, Tensor<f32>);

/// Uniform pixels, and labels from 0 to 9.
pub fn digits(rows: usize) -> Digits {
    let mut pixels = vec![0.0; rows * 784];
    random::fill_uniform(1, 0, 0, &mut pixels);
    let labels = Tensor::from_fn([rows], |i| (i[0] * 7919 % 10) as f32);
    (Tensor::new([rows, 1, 28, 28], pixels), labels)
}
