//! Parameters: where a layer's weights come from.

use bayeux_autodiff::{Expr, Shape, Shared};
use bayeux_tensor::{Float, Tensor};

use crate::init::{Initializer, Stream};

/// What may be said of a parameter.
pub mod tags {
    /// An optimiser may change it.
    pub const TRAINABLE: &str = "trainable";
    /// A penalty on large weights is meant for it; not on biases.
    pub const REGULARIZABLE: &str = "regularizable";
}

/// A parameter of a layer in a net.
#[derive(Clone, Debug)]
pub struct Parameter<T: Float = f32> {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) expression: Expr<T>,
    pub(crate) tags: Vec<&'static str>,
}

impl<T: Float> Parameter<T> {
    /// Its full name, such as `dense1.w`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name within its layer, such as `w`.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }

    /// What the layer uses: a variable's leaf, or any expression of variables.
    #[must_use]
    pub fn expression(&self) -> &Expr<T> {
        &self.expression
    }

    /// Whether it bears a tag, one of [`tags`] or a layer's own.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.contains(&tag)
    }
}

/// What a layer tells the source of a parameter.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'r> {
    /// The parameter's full name, such as `dense1.w`.
    pub name: &'r str,
    /// The shape it must have.
    pub shape: &'r Shape,
    /// The net's seed.
    pub seed: u64,
}

/// Where one parameter comes from: a function from a request to an expression. See [`IntoParameter`].
#[must_use]
pub struct Source<'a, T: Float = f32>(Box<Give<'a, T>>);

type Give<'a, T> = dyn FnOnce(&Request<'_>) -> Expr<T> + 'a;

impl<'a, T: Float> Source<'a, T> {
    /// A source that is asked once.
    pub fn new(give: impl FnOnce(&Request<'_>) -> Expr<T> + 'a) -> Self {
        Source(Box::new(give))
    }

    pub(crate) fn give(self, request: &Request<'_>) -> Expr<T> {
        (self.0)(request)
    }
}

impl<T: Float> std::fmt::Debug for Source<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source(..)")
    }
}

/// Markers that tell the kinds of [`IntoParameter`] apart; the compiler finds them, nobody writes them.
pub mod kind {
    /// An initialiser.
    #[derive(Clone, Copy, Debug)]
    pub struct Initial;
    /// A tensor.
    #[derive(Clone, Copy, Debug)]
    pub struct Value;
    /// A variable.
    #[derive(Clone, Copy, Debug)]
    pub struct Variable;
    /// An expression.
    #[derive(Clone, Copy, Debug)]
    pub struct Expression;
    /// A function of the shape.
    #[derive(Clone, Copy, Debug)]
    pub struct Function;
}

/// What a layer accepts as weights:
///
/// | given | the parameter is |
/// | --- | --- |
/// | an [`Initializer`] | a new variable with random or constant numbers |
/// | a [`Tensor`] | a new variable that begins with it |
/// | a [`Shared`] | that variable |
/// | an [`Expr`] | that expression, whatever it is made of |
/// | a function from [`&Shape`](Shape) to `Expr` | what it returns for the shape the layer needs |
///
/// ```
/// use bayeux_autodiff::{Expr, Shape, Shared, batch};
/// use bayeux_nets::{Dense, Input, init};
/// use bayeux_tensor::Tensor;
///
/// let x = Input::new(&Expr::<f32>::input("x", (batch(), 3)));
/// let a = x.then(Dense::new(2).weights(init::HeNormal::new()));
/// let b = x.then(Dense::new(2).weights(Tensor::ones([3, 2])));
///
/// let v = Shared::new("v", Tensor::ones([3, 2]));
/// let c = x.then(Dense::new(2).weights(&v));
/// let d = x.then(Dense::new(2).weights(v.expr().exp())); // positive, whatever v is
/// let e = x.then(Dense::new(2).weights(|shape: &Shape| Expr::full(shape, 0.5)));
/// ```
///
/// `Kind` is one of the markers in [`kind`]; it keeps the rows of the table apart for the compiler and is always
/// inferred.
pub trait IntoParameter<'a, T: Float, Kind> {
    /// The source of the parameter.
    fn source(self) -> Source<'a, T>;
}

impl<'a, T: Float, I: Initializer + 'a> IntoParameter<'a, T, kind::Initial> for I {
    fn source(self) -> Source<'a, T> {
        Source::new(move |request| {
            let Some(sizes) = request.shape.sizes() else {
                panic!(
                    "`{}`: no initialiser can fill the shape {}, which has a free dimension",
                    request.name, request.shape
                );
            };
            let value = self.sample(&sizes, &Stream::new(request.seed, request.name));
            Shared::new(request.name, value).expr()
        })
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Value> for Tensor<T> {
    fn source(self) -> Source<'a, T> {
        Source::new(move |request| Shared::new(request.name, self).expr())
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Value> for &Tensor<T> {
    fn source(self) -> Source<'a, T> {
        self.clone().source()
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Variable> for Shared<T> {
    fn source(self) -> Source<'a, T> {
        Source::new(move |_| self.expr())
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Variable> for &Shared<T> {
    fn source(self) -> Source<'a, T> {
        self.clone().source()
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Expression> for Expr<T> {
    fn source(self) -> Source<'a, T> {
        Source::new(move |_| self)
    }
}

impl<'a, T: Float> IntoParameter<'a, T, kind::Expression> for &Expr<T> {
    fn source(self) -> Source<'a, T> {
        self.clone().source()
    }
}

impl<'a, T: Float, F: FnOnce(&Shape) -> Expr<T> + 'a> IntoParameter<'a, T, kind::Function> for F {
    fn source(self) -> Source<'a, T> {
        Source::new(move |request| self(request.shape))
    }
}
