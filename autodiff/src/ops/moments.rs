//! Mean and variance along axes, together.

use std::sync::Arc;

use bayeux_tensor::reduce::{MomentsShape, moments};
use bayeux_tensor::{AnySliceMut, ElementType};
use serde::{Deserialize, Serialize};

use super::Axes;
use super::Batch;
use super::elementwise::of_floats;
use super::operation::Operation;
use super::reduce::{reduced, restore};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// x → its mean along some axes, which disappear, and its variance there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Moments(Vec<usize>);

impl Operation for Moments {
    fn name(&self) -> String {
        format!("moments {:?}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = reduced(of_floats(inputs)?, &self.0)?;
        Ok([types.as_slice(), &types].concat())
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(MomentsKernel(MomentsShape::new(inputs[0].shape, |axis| self.0.contains(&axis))))))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let axes = self.0.iter().map(|axis| axis + 1).collect();
        Some(AnyExpr::values_of(Arc::new(Moments(axes)), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&self.0, true)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    /// ∂mean = 1/n, ∂variance = 2 (x − mean)/n, in which the mean's own share vanishes because deviations add up to 0.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        let share = |g: &AnyExpr| {
            let share = self.0.iter().fold(g.clone(), |g, &axis| g / x.size_like(x.dim(axis)));
            restore(&share, x, &self.0)
        };
        let of_mean = adjoints[0].as_ref().map(share);
        let deviation = || x - restore(&outputs[0], x, &self.0);
        let of_variance = adjoints[1].as_ref().map(|g| share(g) * deviation() * 2.0);
        vec![of_mean.into_iter().chain(of_variance).reduce(|a, b| a + b)]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let x = &inputs[0];
        let count: usize = self.0.iter().map(|&axis| x.of().shape[axis]).product();
        let count = hlo.full(&outputs[0], count as f64);
        let sum = hlo.reduce("add", x, &self.0, 0.0);
        let mean = hlo.binary("divide", &sum, &count);
        let all = hlo.restore(&mean, &self.0, x.of());
        let deviation = hlo.binary("subtract", x, &all);
        let square = hlo.binary("multiply", &deviation, &deviation);
        let sum = hlo.reduce("add", &square, &self.0, 0.0);
        let variance = hlo.binary("divide", &sum, &count);
        Some(vec![mean, variance])
    }
}

#[derive(Debug)]
struct MomentsKernel(MomentsShape);

impl Kernel for MomentsKernel {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let [mean, variance] = outputs else { unreachable!("it has two values") };
        let (mean, variance) = (mean.reborrow(), variance.reborrow());
        match inputs[0].data.element_type() {
            ElementType::F32 => moments::<f32>(&self.0, inputs[0].elements(), mean.get(), variance.get()),
            _ => moments::<f64>(&self.0, inputs[0].elements(), mean.get(), variance.get()),
        }
        Ok(())
    }
}

impl<T: Real> Expr<T> {
    /// The mean and the variance along `axes`, which disappear from the shape. The variance is the population's, Σ (x − mean)² / n,
    /// as batch normalisation takes it, and keeps its digits however far the numbers are from 0. Of nothing both are NaN.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::new([2, 3], vec![1e6, 2.0, 5.0, 1e6 + 2.0, 4.0, 5.0]));
    /// let (mean, variance) = x.moments(0);
    /// let values = Function::new([], [mean, variance])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [1e6 + 1.0, 3.0, 5.0]);
    /// assert_eq!(values[1].to_vec(), [1.0, 1.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn moments(&self, axes: impl Axes) -> (Self, Self) {
        let op = Moments(self.axes_of("moments", axes));
        let values = AnyExpr::values_of(Arc::new(op), vec![self.untyped()]);
        (values[0].typed(), values[1].typed())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let along = |axes: &'static [usize]| {
        example("moments", &[&[3, 4, 2]], -1.0..1.0, move |x| x[0].moments(axes)).and(&[&[1, 1, 1]])
    };
    vec![
        along(&[0]).and(&[&[3, 0, 2]]),
        along(&[1]).and(&[&[0, 4, 2]]),
        along(&[0, 2]),
        along(&[0, 1, 2]),
        along(&[]),
        example("mean alone", &[&[3, 5]], -1.0..1.0, |x| x[0].moments(-1).0.tanh()),
        example("variance alone", &[&[3, 5]], -1.0..1.0, |x| x[0].moments(0).1.tanh()),
    ]
}
