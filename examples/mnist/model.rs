//! The networks: the page of code that this example is about.

use bayeux::bayes::{Error, Variable};
use bayeux::datasets::Dataset;
use bayeux::prelude::*;

use crate::options::{ActivationName, ModelName, Options, PriorName};

/// The fixed prior's standard deviation.
pub const FLAT_SD: f64 = 0.1;

/// How large the layers are.
struct Sizes {
    /// Hidden units of the dense network.
    hidden: [usize; 2],
    /// Filters of the two convolutions, and their height and width.
    filters: [usize; 2],
    window: usize,
    padding: Padding,
    /// Hidden units behind the convolutions.
    units: usize,
}

impl Sizes {
    /// Those of 2016; smaller ones for small images, of which there are few: a posterior over more weights than the data
    /// can inform would rather ignore the data.
    fn of(data: &Dataset) -> Self {
        if data.image_size.iter().all(|&size| size >= 28) {
            Sizes { hidden: [800, 800], filters: [32, 32], window: 5, padding: Padding::Valid, units: 256 }
        } else {
            Sizes { hidden: [16, 16], filters: [4, 8], window: 5, padding: Padding::Same, units: 32 }
        }
    }
}

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
        let sizes = Sizes::of(data);
        let input = Input::new(&x);
        let net = match options.model {
            ModelName::Dense => input
                .then(
                    Dense::new(sizes.hidden[0]).weights(prior("w1")).bias(prior("b1")).activation(activation),
                )
                .then(
                    Dense::new(sizes.hidden[1]).weights(prior("w2")).bias(prior("b2")).activation(activation),
                )
                .then(Dense::new(data.classes).weights(prior("w3")).bias(prior("b3"))),
            ModelName::Conv => {
                let conv = |i: usize| Conv2d::new(sizes.filters[i], [sizes.window; 2]).padding(sizes.padding);
                input
                    .then(conv(0).weights(prior("w1")).bias(prior("b1")).activation(activation))
                    .then(MaxPool2d::new([2, 2]))
                    .then(conv(1).weights(prior("w2")).bias(prior("b2")).activation(activation))
                    .then(MaxPool2d::new([2, 2]))
                    .then(
                        Dense::new(sizes.units).weights(prior("w3")).bias(prior("b3")).activation(activation),
                    )
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
