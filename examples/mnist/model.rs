//! The networks: the page of code that this example is about.

use bayeux::bayes::{Error, Variable};
use bayeux::datasets::Dataset;
use bayeux::nets::init::{Initializer, Stream};
use bayeux::prelude::*;

use crate::options::{ActivationName, ModelName, Options, PriorName};

/// The fixed prior's standard deviation.
pub const FLAT_SD: f64 = 0.1;

/// A network whose weights are random variables, and what it is fed with.
pub struct BayesianNet {
    pub model: Model,
    pub x: Expr,
    pub y: Expr,
    /// Class probabilities `[batch, classes]`.
    pub probabilities: Expr,
}

impl BayesianNet {
    pub fn new(options: &Options, data: &Dataset) -> Result<Self, Error> {
        let [height, width] = data.image_size;
        let activation = match options.activation {
            ActivationName::Tanh => tanh,
            ActivationName::Relu => relu,
        };

        let model = Model::new();
        let x = model.data("x", (batch(), 1, height, width));
        let y = model.data("y", [batch()]);

        // A prior is a function from a shape to an expression; so is what a layer takes for its weights.
        let prior = |name: &str| {
            let scale = match options.prior {
                PriorName::Flat => Expr::scalar(FLAT_SD),
                PriorName::Hierarchical => model.free(format!("{name}.scale"), HalfNormal::new(1.0)),
            };
            model.prior(name, move |shape: &Shape| Normal::new(0.0, &scale).shape(shape))
        };
        let input = Input::new(&x);
        let net = match options.model {
            ModelName::Dense => input
                .then(Dense::new(800).weights(prior("w1")).bias(prior("b1")).activation(activation))
                .then(Dense::new(800).weights(prior("w2")).bias(prior("b2")).activation(activation))
                .then(Dense::new(data.classes).weights(prior("w3")).bias(prior("b3"))),
            ModelName::Conv => {
                // Images too small for two plain 5 × 5 convolutions are padded.
                let padding = if height.min(width) < 16 { Padding::Same } else { Padding::Valid };
                let conv = || Conv2d::new(32, [5, 5]).padding(padding);
                input
                    .then(conv().weights(prior("w1")).bias(prior("b1")).activation(activation))
                    .then(MaxPool2d::new([2, 2]))
                    .then(conv().weights(prior("w2")).bias(prior("b2")).activation(activation))
                    .then(MaxPool2d::new([2, 2]))
                    .then(Dense::new(256).weights(prior("w3")).bias(prior("b3")).activation(activation))
                    .then(Dense::new(data.classes).weights(prior("w4")).bias(prior("b4")))
            }
        };
        let logits = net.output();
        model.observe("label", Categorical::logits(&logits), &y, data.train.len())?;
        Ok(BayesianNet { probabilities: logits.softmax(), model, x, y })
    }

    /// How many numbers are inferred.
    pub fn size(&self) -> Result<usize, Error> {
        Ok(self.model.variables()?.iter().map(Variable::size).sum())
    }
}

/// Where inference starts: weights as in an ordinary network, biases at 0, scales at 0.1.
pub fn initial_mean(variable: &Variable<f32>, seed: u64) -> Tensor<f32> {
    if variable.fan_in().is_some() {
        GlorotNormal::new().sample(variable.shape(), &Stream::new(seed, variable.name()))
    } else if variable.name().ends_with(".scale") {
        Tensor::full(variable.shape(), 0.1f32.ln())
    } else {
        Tensor::zeros(variable.shape())
    }
}
