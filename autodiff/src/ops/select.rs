//! Choice by a condition, and the end of a gradient's path.

use bayeux_tensor::{Float, Tensor};

use super::Rule;
use crate::{Error, Expr};

/// `a` where the condition is not 0, else `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Select;

impl<T: Float> Rule<T> for Select {
    fn name(&self) -> String {
        "select".into()
    }

    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        let choose = |((c, a), b)| if c != T::ZERO { a } else { b };
        let chosen = inputs[0].iter().zip(inputs[1].iter()).zip(inputs[2].iter()).map(choose);
        Ok(Tensor::new(shape, chosen.collect()))
    }

    /// ∂a = c ? g : 0, ∂b = c ? 0 : g: a value not chosen, even an infinite one, gets exactly 0.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let zero = Expr::zeros(g.shape());
        vec![None, Some(Expr::select(&inputs[0], g, &zero)), Some(Expr::select(&inputs[0], &zero, g))]
    }
}

/// The identity, through which no gradient passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StopGradient;

impl<T: Float> Rule<T> for StopGradient {
    fn name(&self) -> String {
        "stop_gradient".into()
    }

    fn forward(&self, inputs: &[Tensor<T>], _shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].clone())
    }

    fn gradient(&self, _g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![None]
    }
}

impl<T: Float> Expr<T> {
    /// `a` where `condition` is not 0, else `b`. What is not chosen gets a gradient of exactly 0.
    ///
    /// # Panics
    /// If the three shapes do not broadcast.
    #[track_caller]
    pub fn select(condition: &Expr<T>, a: &Expr<T>, b: &Expr<T>) -> Self {
        let joint = a.shape().broadcast(b.shape()).and_then(|shape| shape.broadcast(condition.shape()));
        let Some(shape) = joint else {
            panic!("select: shapes {}, {} and {} do not broadcast", condition.shape(), a.shape(), b.shape());
        };
        let inputs = [condition, a, b].map(|x| x.broadcast_to(&shape));
        Expr::new(Select, inputs.to_vec(), shape)
    }

    /// The same value, taken as a constant by [`grad`](crate::grad).
    pub fn stop_gradient(&self) -> Self {
        Expr::new(StopGradient, vec![self.clone()], self.shape())
    }
}
