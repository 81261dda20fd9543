//! What all layers with weights, bias and activation have in common.

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

use crate::init::{Constant, GlorotUniform};
use crate::{IntoParameter, Scope, Source, tags};

type Activation<'a, T> = Box<dyn Fn(&Expr<T>) -> Expr<T> + 'a>;

/// The user's wishes for an affine layer, `activation(weights ∘ x + bias)`.
pub(super) struct Affine<'a, T: Float> {
    pub weights: Source<'a, T>,
    pub bias: Option<Source<'a, T>>,
    pub activation: Option<Activation<'a, T>>,
    pub name: Option<String>,
    pub frozen: bool,
}

impl<T: Float> std::fmt::Debug for Affine<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Affine")
            .field("name", &self.name)
            .field("bias", &self.bias.is_some())
            .field("activation", &self.activation.is_some())
            .field("frozen", &self.frozen)
            .finish()
    }
}

/// Its parameters once it is built.
pub(super) struct Built<'a, T: Float> {
    pub weights: Expr<T>,
    pub bias: Option<Expr<T>>,
    activation: Option<Activation<'a, T>>,
}

impl<'a, T: Float> Affine<'a, T> {
    pub(super) fn new() -> Self {
        Affine {
            weights: GlorotUniform::new().source(),
            bias: Some(Constant::new(0.0).source()),
            activation: None,
            name: None,
            frozen: false,
        }
    }

    #[track_caller]
    pub(super) fn build(
        self,
        weights: impl Into<Shape>,
        bias: impl Into<Shape>,
        scope: &mut Scope<T>,
    ) -> Built<'a, T> {
        let tags = |all: &'static [&'static str]| if self.frozen { &all[1..] } else { all };
        let weights =
            scope.parameter("w", weights, self.weights, tags(&[tags::TRAINABLE, tags::REGULARIZABLE]));
        // No closure: it would hide the caller's line from a panic.
        let mut built = Built { weights, bias: None, activation: self.activation };
        if let Some(source) = self.bias {
            built.bias = Some(scope.parameter("b", bias, source, tags(&[tags::TRAINABLE])));
        }
        built
    }
}

impl<T: Float> Built<'_, T> {
    /// The product, plus the bias seen in a shape that broadcasts to it, through the activation.
    pub(super) fn finish(&self, product: Expr<T>, bias_shape: impl Into<Shape>) -> Expr<T> {
        let sum = match &self.bias {
            Some(bias) => product + bias.reshape(bias_shape),
            None => product,
        };
        match &self.activation {
            Some(activation) => activation(&sum),
            None => sum,
        }
    }
}

/// The methods by which a user states the wishes, for a layer with a field `affine`.
macro_rules! affine_methods {
    () => {
        /// Where the weights come from: an initialiser, a tensor, a variable, any expression, or a function from the
        /// shape to an expression. See [`IntoParameter`](crate::IntoParameter). By default
        /// [`GlorotUniform`](crate::init::GlorotUniform).
        pub fn weights<K>(mut self, source: impl $crate::IntoParameter<'a, T, K>) -> Self {
            self.affine.weights = source.source();
            self
        }

        /// Where the bias comes from, as [`weights`](Self::weights). By default zeros.
        pub fn bias<K>(mut self, source: impl $crate::IntoParameter<'a, T, K>) -> Self {
            self.affine.bias = Some(source.source());
            self
        }

        /// No bias.
        pub fn no_bias(mut self) -> Self {
            self.affine.bias = None;
            self
        }

        /// A function for the output, such as [`tanh`](crate::activations::tanh). By default none: a linear layer.
        pub fn activation(mut self, f: impl Fn(&Expr<T>) -> Expr<T> + 'a) -> Self {
            self.affine.activation = Some(Box::new(f));
            self
        }

        /// A name for the layer; its parameters are `name.w` and `name.b`.
        pub fn named(mut self, name: &str) -> Self {
            self.affine.name = Some(name.into());
            self
        }

        /// Takes the tag [`TRAINABLE`](crate::tags::TRAINABLE) from the layer's parameters.
        pub fn frozen(mut self) -> Self {
            self.affine.frozen = true;
            self
        }
    };
}

pub(super) use affine_methods;
