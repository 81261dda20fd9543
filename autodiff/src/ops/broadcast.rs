//! Repetition along axes, NumPy's way.

use bayeux_tensor::{Float, Tensor};

use super::Rule;
use crate::{Error, Expr, Shape};

/// Repeats axes of size 1, and adds axes in front, until the input has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Broadcast;

impl<T: Float> Rule<T> for Broadcast {
    fn name(&self) -> String {
        "broadcast".into()
    }

    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].broadcast_to(shape))
    }

    /// The adjoint of a repetition is the sum over the repeats.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let input = inputs[0].shape();
        let added = g.rank() - input.rank();
        let repeated =
            |axis: usize| axis < added || (input[axis - added].is_one() && !g.shape()[axis].is_one());
        let axes: Vec<usize> = (0..g.rank()).filter(|&axis| repeated(axis)).collect();
        vec![Some(g.sum(axes).reshape(input))]
    }
}

impl<T: Float> Expr<T> {
    /// The expression repeated along axes of size 1, and along new axes in front, to a larger shape.
    ///
    /// # Panics
    /// If the shape does not broadcast to the larger one.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if self.shape() == &shape {
            return self.clone();
        }
        let fits = self.shape().broadcast(&shape).as_ref() == Some(&shape);
        assert!(fits, "broadcast_to: {self:?} of shape {} does not broadcast to {shape}", self.shape());
        Expr::new(Broadcast, vec![self.clone()], shape)
    }
}
