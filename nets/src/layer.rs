//! What a layer is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

use crate::init::Stream;
use crate::parameter::{Parameter, Request, Source};

/// One layer, before it knows its input.
///
/// Any function from an expression to an expression is a layer without parameters:
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Input, activations::relu};
/// let x = Expr::<f32>::input("x", (batch(), 3));
/// let net = Input::new(&x).then(relu).then(|x: &Expr<f32>| x * 2.0);
/// assert_eq!(net.output().shape(), x.shape());
/// ```
///
/// A layer of your own asks the [`Scope`] for its parameters and builds its output for training and for prediction:
///
/// ```
/// use bayeux_autodiff::{Expr, Shape, batch};
/// use bayeux_nets::{Flow, Input, IntoParameter, Layer, Scope, init, tags};
/// use bayeux_tensor::Float;
///
/// /// Multiplies each column by a number of its own.
/// struct Scale;
///
/// impl<T: Float> Layer<T> for Scale {
///     fn kind(&self) -> &'static str {
///         "scale"
///     }
///     fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
///         let columns = Shape::from([input.shape()[input.shape().rank() - 1].clone()]);
///         let factor = scope.parameter("factor", columns, init::Constant::new(1.0).source(), &[tags::TRAINABLE]);
///         input.map(|x| x * &factor)
///     }
/// }
///
/// let net = Input::new(&Expr::<f64>::input("x", (batch(), 3))).then(Scale);
/// assert_eq!(net.params()[0].name(), "scale1.factor");
/// ```
pub trait Layer<T: Float> {
    /// What the layer is called in a net when it has no name of its own: with `"dense"`, the first is `dense1`.
    fn kind(&self) -> &'static str;

    /// The name given to this layer by its user, if one was.
    fn name(&self) -> Option<&str> {
        None
    }

    /// The output for an input.
    ///
    /// # Panics
    /// If the input's shape or a parameter's does not fit.
    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T>;
}

impl<T: Float, F: Fn(&Expr<T>) -> Expr<T>> Layer<T> for F {
    fn kind(&self) -> &'static str {
        "map"
    }

    fn apply(self, input: &Flow<T>, _scope: &mut Scope<T>) -> Flow<T> {
        input.map(self)
    }
}

/// What runs through a net between two layers: the values in training, which may be noisy, and those in prediction. They
/// are the same expression until a layer such as [`Dropout`](crate::Dropout) sets them apart.
#[derive(Clone, Debug)]
#[must_use]
pub struct Flow<T: Float = f32> {
    training: Expr<T>,
    /// Where it differs from `training`.
    deterministic: Option<Expr<T>>,
}

impl<T: Float> Flow<T> {
    /// Values that are the same in training and prediction.
    pub fn new(value: &Expr<T>) -> Self {
        Flow { training: value.clone(), deterministic: None }
    }

    /// The value in training.
    #[must_use]
    pub fn training(&self) -> &Expr<T> {
        &self.training
    }

    /// The value in prediction.
    #[must_use]
    pub fn deterministic(&self) -> &Expr<T> {
        self.deterministic.as_ref().unwrap_or(&self.training)
    }

    /// The shape, the same for both.
    pub fn shape(&self) -> &Shape {
        self.training.shape()
    }

    /// The same function of both.
    pub fn map(&self, f: impl Fn(&Expr<T>) -> Expr<T>) -> Self {
        Flow { training: f(&self.training), deterministic: self.deterministic.as_ref().map(&f) }
    }

    /// Another value in training; prediction is left alone.
    ///
    /// # Panics
    /// If the function changes the shape.
    #[track_caller]
    pub fn map_training(&self, f: impl Fn(&Expr<T>) -> Expr<T>) -> Self {
        let training = f(&self.training);
        assert!(
            training.shape() == self.shape(),
            "in training the shape is {}, in prediction {}",
            training.shape(),
            self.shape()
        );
        Flow { training, deterministic: Some(self.deterministic().clone()) }
    }
}

/// Where a layer gets its parameters, its name and its randomness while it is being built.
#[derive(Debug)]
pub struct Scope<T: Float = f32> {
    layer: String,
    seed: u64,
    noise: NoiseCounter,
    pub(crate) parameters: Vec<Parameter<T>>,
}

/// How many seeds of noise were asked for so far, by the seed and the layer's name. All nets that began with one input have
/// one counter.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoiseCounter(Arc<Mutex<HashMap<(u64, String), u64>>>);

impl NoiseCounter {
    fn next(&self, seed: u64, layer: &str) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((seed, layer.to_string())).or_default();
        *count += 1;
        *count - 1
    }
}

impl<T: Float> Scope<T> {
    pub(crate) fn new(layer: String, seed: u64, noise: NoiseCounter) -> Self {
        Scope { layer, seed, noise, parameters: Vec::new() }
    }

    /// The layer's name, for messages.
    #[must_use]
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// A number to seed a layer's noise with, another at each call. It depends on the net's seed, the layer's name, and how
    /// often a layer of this name asked before, in this net or in any that branched from the same input: so layers draw
    /// noise of their own wherever they stand, and the same construction gives the same numbers.
    #[must_use]
    pub fn noise_seed(&self) -> u64 {
        let seed = Stream::new(self.seed, &self.layer).noise_seed();
        match self.noise.next(self.seed, &self.layer) {
            0 => seed,
            count => Stream::new(seed, &format!("branch {count}")).noise_seed(),
        }
    }

    /// A parameter of the layer, of exactly this shape. `role` is its name within the layer, such as `w`.
    ///
    /// # Panics
    /// If the source gives an expression of another shape.
    #[track_caller]
    pub fn parameter(
        &mut self,
        role: &str,
        shape: impl Into<Shape>,
        source: Source<'_, T>,
        tags: &[&'static str],
    ) -> Expr<T> {
        let (name, shape) = (format!("{}.{role}", self.layer), shape.into());
        let expression = source.give(&Request { name: &name, shape: &shape, seed: self.seed });
        assert!(
            expression.shape() == &shape,
            "{}: the parameter `{role}` needs shape {shape}, the one given has {}",
            self.layer,
            expression.shape()
        );
        self.parameters.push(Parameter {
            name,
            role: role.into(),
            expression: expression.clone(),
            tags: tags.to_vec(),
        });
        expression
    }
}
