//! The fully connected layer.

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::affine::{Affine, affine_methods};
use crate::{Flow, Layer, Scope};

/// A fully connected layer: `activation(x · w + b)`.
///
/// The input is `[n, inputs]`; one with more axes is flattened from axis 1 on. `w` is `[inputs, units]`, `b` is `[units]`,
/// the output `[n, units]`.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Dense, Input, activations::relu, init};
/// let x = Expr::<f32>::input("x", (batch(), 2, 3));
/// let net = Input::new(&x).then(Dense::new(4).weights(init::HeNormal::new()).activation(relu));
/// assert_eq!(net.shape(), &(batch(), 4).into());
/// assert_eq!(net.weights().shape(), &[6, 4].into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the input has fewer than two axes or a free dimension after the first, and if
/// weights or bias have another shape.
#[derive(Debug)]
#[must_use]
pub struct Dense<'a, T: Float = f32> {
    units: usize,
    affine: Affine<'a, T>,
}

impl<'a, T: Float> Dense<'a, T> {
    /// A layer with a number of outputs.
    pub fn new(units: usize) -> Self {
        Dense { units, affine: Affine::new() }
    }

    affine_methods!();
}

impl<T: Float> Layer<T> for Dense<'_, T> {
    fn kind(&self) -> &'static str {
        "dense"
    }

    fn name(&self) -> Option<&str> {
        self.affine.name.as_deref()
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        let sizes: Option<Vec<usize>> = input.shape().dims().iter().skip(1).map(|dim| dim.size()).collect();
        let Some(inputs) =
            sizes.filter(|sizes| !sizes.is_empty()).map(|sizes| sizes.iter().product::<usize>())
        else {
            panic!("{}: the input has shape {}; [n, inputs] is needed", scope.layer(), input.shape());
        };
        let built = self.affine.build([inputs, self.units], [self.units], scope);
        input.map(|x| {
            let rows = if x.rank() == 2 { x.clone() } else { x.flatten_from(1) };
            built.finish(rows.matmul(&built.weights), [self.units])
        })
    }
}
