//! Sums and maxima along axes.

use bayeux_tensor::{AnyTensor, ElementType, Float, Tensor};
use serde::{Deserialize, Serialize};

use super::Axes;
use super::Batch;
use super::elementwise::{of_floats, of_numbers};
use super::integers::Sums;
use super::operation::{Linearity, Operation};
use super::reductions::whole_extreme;
use crate::kernel::Kernel;
use crate::{AnyExpr, Arithmetic, ArrayType, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// The sum along some axes, which disappear.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Sum(pub Vec<usize>);

impl Operation for Sum {
    fn name(&self) -> String {
        format!("sum {:?}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(of_numbers(inputs)?, &self.0)
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let ArrayType { element, shape } = inputs[0];
        Ok((!element.is_float()).then(|| Box::new(Sums::new(shape, &self.0)) as Box<dyn Kernel>))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(match inputs[0].element_type() {
            ElementType::F32 => Some(inputs[0].get::<f32>().sum(&self.0).into()),
            ElementType::F64 => Some(inputs[0].get::<f64>().sum(&self.0).into()),
            _ => None,
        })
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let axes = self.0.iter().map(|axis| axis + 1).collect();
        Some(vec![AnyExpr::new(Sum(axes), batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&self.0, true)
    }

    /// Every addend gets the sum's adjoint.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(restore(g, &inputs[0], &self.0))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.reduce("add", &inputs[0], &self.0, 0.0)])
    }
}

/// The largest along some axes, which disappear. Ties share the adjoint evenly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Max(pub Vec<usize>);

impl Operation for Max {
    fn name(&self) -> String {
        format!("max {:?}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(of_floats(inputs)?, &self.0)
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        fn largest<T: Float>(x: &Tensor<T>, axes: &[usize], shape: &[usize]) -> AnyTensor {
            // The largest of nothing is −∞.
            if x.is_empty() { Tensor::full(shape, T::NEG_INFINITY).into() } else { x.max(axes).into() }
        }
        Ok(match inputs[0].element_type() {
            ElementType::F32 => Some(largest::<f32>(inputs[0].get(), &self.0, shape)),
            _ => Some(largest::<f64>(inputs[0].get(), &self.0, shape)),
        })
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let axes = self.0.iter().map(|axis| axis + 1).collect();
        Some(vec![AnyExpr::new(Max(axes), batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&self.0, true)
    }

    /// g where x = max x, divided by how often that is.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        let wins = x.eq(&restore(output, x, &self.0));
        let share = g / wins.cast_like(g).sum(self.0.as_slice());
        vec![Some(Expr::select(&wins, &restore(&share, x, &self.0), &g.number_like(0.0)))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.reduce("maximum", &inputs[0], &self.0, f64::NEG_INFINITY)])
    }
}

/// The types without some axes.
pub(super) fn reduced(mut types: Vec<ValueType>, axes: &[usize]) -> Result<Vec<ValueType>, String> {
    for ValueType { shape, .. } in &mut types {
        if let Some(axis) = axes.iter().find(|&&axis| axis >= shape.rank()) {
            return Err(format!("no axis {axis} in {shape}"));
        }
        *shape = shape.without(axes);
    }
    Ok(types)
}

/// A reduced expression, repeated along the axes it was reduced over.
pub(super) fn restore(reduced: &AnyExpr, like: &AnyExpr, axes: &[usize]) -> AnyExpr {
    reduced.reshape(like.shape().with_ones(axes)).broadcast_to(like.shape())
}

impl<T: Arithmetic> Expr<T> {
    /// The sum along `axes`, which disappear from the shape. Sums of whole numbers wrap around.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("sum", axes);
        if axes.is_empty() {
            return self.clone();
        }
        let shape = self.shape().without(&axes);
        Expr::new(Sum(axes), vec![self.untyped()], shape)
    }

    /// The sum along `axes`, which stay with size 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_keep(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("sum_keep", axes);
        self.sum(axes.as_slice()).reshape(self.shape().with_ones(&axes))
    }

    /// The sum of all elements.
    #[track_caller]
    #[must_use]
    pub fn sum_all(&self) -> Self {
        self.sum((0..self.rank()).collect::<Vec<_>>())
    }
}

impl<T: Real> Expr<T> {
    /// The mean along `axes`, which disappear from the shape.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("mean", axes);
        axes.iter().fold(self.sum(axes.as_slice()), |sum, &axis| sum / self.size_like(self.dim(axis)))
    }

    /// The mean of all elements.
    #[track_caller]
    #[must_use]
    pub fn mean_all(&self) -> Self {
        self.mean((0..self.rank()).collect::<Vec<_>>())
    }
}

impl<T: Arithmetic> Expr<T> {
    /// The largest along `axes`, which disappear from the shape. Ties share the gradient evenly. The largest of no real numbers is −∞.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or for whole numbers if there are none.
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("max", axes);
        if axes.is_empty() {
            return self.clone();
        }
        if !self.element_type().is_float() {
            return whole_extreme(&self.untyped(), &axes, true).typed();
        }
        let shape = self.shape().without(&axes);
        Expr::new(Max(axes), vec![self.untyped()], shape)
    }

    /// The largest of all elements.
    #[track_caller]
    #[must_use]
    pub fn max_all(&self) -> Self {
        self.max((0..self.rank()).collect::<Vec<_>>())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    vec![
        example("sum", &[&[3, 4, 2]], -1.0..1.0, |x| x[0].tanh().sum([0, 2]))
            .and(&[&[1, 1, 1]])
            .and(&[&[3, 0, 2]]),
        example("sum of all", &[&[3, 4]], -1.0..1.0, |x| x[0].tanh().sum_all()).and(&[&[0]]).and(&[&[]]),
        example("mean", &[&[3, 4]], -1.0..1.0, |x| x[0].tanh().mean(-1)).and(&[&[0, 4]]).and(&[&[1]]),
        example("max", &[&[3, 4, 2]], -1.0..1.0, |x| x[0].max([1, 2]).tanh())
            .and(&[&[1, 1, 1]])
            .and(&[&[0, 4, 2]]),
        example("max of nothing", &[&[3, 0]], -1.0..1.0, |x| x[0].max(1).tanh()),
    ]
}
