//! Layers that only change the shape.

use bayeux_autodiff::Shape;
use bayeux_tensor::Float;

use crate::{Flow, Layer, Scope};

/// All axes but the first as one: `[n, c, h, w]` becomes `[n, c·h·w]`. [`Dense`](crate::Dense) does it by itself.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Flatten, Input};
/// let net = Input::new(&Expr::<f32>::input("x", (batch(), 2, 3, 4))).then(Flatten);
/// assert_eq!(net.shape(), &(batch(), 24).into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the input is a scalar.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Flatten;

impl<T: Float> Layer<T> for Flatten {
    fn kind(&self) -> &'static str {
        "flatten"
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        assert!(input.shape().rank() > 0, "{}: the input is a scalar", scope.layer());
        input.map(|x| x.flatten_from(1))
    }
}

/// The same numbers in row-major order in another shape, the whole of which is given.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Input, Reshape};
/// let net = Input::new(&Expr::<f32>::input("x", (batch(), 64))).then(Reshape::new((batch(), 1, 8, 8)));
/// assert_eq!(net.shape(), &(batch(), 1, 8, 8).into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the number of elements, free dimensions included, differs.
#[derive(Clone, Debug)]
#[must_use]
pub struct Reshape {
    shape: Shape,
}

impl Reshape {
    /// The new shape.
    pub fn new(shape: impl Into<Shape>) -> Self {
        Reshape { shape: shape.into() }
    }
}

impl<T: Float> Layer<T> for Reshape {
    fn kind(&self) -> &'static str {
        "reshape"
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        assert!(
            input.shape().len() == self.shape.len(),
            "{}: the input's shape {} has {} elements, {} has {}",
            scope.layer(),
            input.shape(),
            input.shape().len(),
            self.shape,
            self.shape.len()
        );
        input.map(|x| x.reshape(&self.shape))
    }
}
