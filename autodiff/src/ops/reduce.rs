//! Sums and maxima along axes.

use bayeux_tensor::{Float, Tensor};

use super::{Axes, Rule};
use crate::{Error, Expr};

/// The sum along some axes, which disappear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sum(pub Vec<usize>);

impl<T: Float> Rule<T> for Sum {
    fn name(&self) -> String {
        format!("sum {:?}", self.0)
    }

    fn forward(&self, inputs: &[Tensor<T>], _shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].sum(&self.0))
    }

    /// Every addend gets the sum's adjoint.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![Some(restore(g, &inputs[0], &self.0))]
    }
}

/// The largest along some axes, which disappear. Ties share the adjoint evenly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Max(pub Vec<usize>);

impl<T: Float> Rule<T> for Max {
    fn name(&self) -> String {
        format!("max {:?}", self.0)
    }

    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        // The largest of nothing is −∞.
        Ok(if inputs[0].is_empty() { Tensor::full(shape, T::NEG_INFINITY) } else { inputs[0].max(&self.0) })
    }

    /// g where x = max x, divided by how often that is.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let x = &inputs[0];
        let wins = x.eq(&restore(output, x, &self.0));
        let share = g / wins.sum(self.0.as_slice());
        vec![Some(Expr::select(&wins, &restore(&share, x, &self.0), &Expr::scalar(0.0)))]
    }
}

/// A reduced expression, repeated along the axes it was reduced over.
fn restore<T: Float>(reduced: &Expr<T>, like: &Expr<T>, axes: &[usize]) -> Expr<T> {
    reduced.reshape(like.shape().with_ones(axes)).broadcast_to(like.shape())
}

impl<T: Float> Expr<T> {
    /// The sum along `axes`, which disappear from the shape.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Self {
        let axes = axes.resolve(self.rank());
        if axes.is_empty() {
            return self.clone();
        }
        let shape = self.shape().without(&axes);
        Expr::new(Sum(axes), vec![self.clone()], shape)
    }

    /// The sum along `axes`, which stay with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_keep(&self, axes: impl Axes) -> Self {
        let axes = axes.resolve(self.rank());
        self.sum(axes.as_slice()).reshape(self.shape().with_ones(&axes))
    }

    /// The sum of all elements.
    pub fn sum_all(&self) -> Self {
        self.sum((0..self.rank()).collect::<Vec<_>>())
    }

    /// The mean along `axes`, which disappear from the shape.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Self {
        let axes = axes.resolve(self.rank());
        axes.iter().fold(self.sum(axes.as_slice()), |sum, &axis| sum / Expr::size(self.dim(axis)))
    }

    /// The mean of all elements.
    pub fn mean_all(&self) -> Self {
        self.mean((0..self.rank()).collect::<Vec<_>>())
    }

    /// The largest along `axes`, which disappear from the shape. Ties share the gradient evenly.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Self {
        let axes = axes.resolve(self.rank());
        if axes.is_empty() {
            return self.clone();
        }
        let shape = self.shape().without(&axes);
        Expr::new(Max(axes), vec![self.clone()], shape)
    }

    /// The largest of all elements.
    pub fn max_all(&self) -> Self {
        self.max((0..self.rank()).collect::<Vec<_>>())
    }
}
