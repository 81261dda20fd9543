//! Every so many elements along an axis.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use crate::expr::refusal::ensure;
use crate::kernel::{Kernel, Scratch, View};
use crate::ops::Batch;
use crate::ops::layout::{copy, row_major};
use crate::ops::operation::{Linearity, Operation};
use crate::ops::reduce::reduced;
use crate::ops::slice::AxisRange;
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// The elements 0, s, 2s, … along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Every {
    axis: usize,
    step: usize,
}

/// Its adjoint: elements apart by a step along an axis of a length, and zeros between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Spread {
    axis: usize,
    step: usize,
    length: Dim,
}

impl Operation for Every {
    fn name(&self) -> String {
        format!("every {}. of axis {}", self.step, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(inputs.to_vec(), &[self.axis])?;
        let ValueType { element, shape } = &inputs[0];
        let length = shape[self.axis].div_ceil(self.step);
        Ok(vec![ValueType::new(*element, shape.with(self.axis, length))])
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn only_moves(&self) -> bool {
        true
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Every { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let op = Spread { axis: self.axis, step: self.step, length: inputs[0].dim(self.axis) };
        vec![Some(AnyExpr::values_of(Arc::new(op), vec![g.clone()]).remove(0))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let length = inputs[0].of().shape[self.axis];
        Some(vec![hlo.slice(&inputs[0], self.axis, 0, length, self.step)])
    }
}

impl Kernel for Every {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let (mut shape, mut strides) = (inputs[0].shape.to_vec(), inputs[0].strides.to_vec());
        shape[self.axis] = shape[self.axis].div_ceil(self.step);
        strides[self.axis] *= self.step as isize;
        let parts = View { shape: &shape, strides: &strides, ..inputs[0] };
        copy(&parts, outputs[0].reborrow(), 0, &row_major(&shape));
        Ok(())
    }
}

impl Operation for Spread {
    fn name(&self) -> String {
        format!("spread by {} along axis {}", self.step, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(inputs.to_vec(), &[self.axis])?;
        let ValueType { element, shape } = &inputs[0];
        Ok(vec![ValueType::new(*element, shape.with(self.axis, self.length.clone()))])
    }

    fn kernel(
        &self,
        _: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let mut strides = row_major(outputs[0].shape);
        strides[self.axis] *= self.step as isize;
        Ok(Some(Box::new(Places(strides))))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Spread { axis: self.axis + 1, ..self.clone() };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.every(self.axis, self.step))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let [size, wanted] = [inputs[0].of(), &outputs[0]].map(|of| of.shape[self.axis] as i64);
        let between = self.step as i64 - 1;
        let spread = size + between * (size - 1).max(0);
        Some(vec![hlo.pad(&inputs[0], self.axis, [0, wanted - spread, between], 0.0)])
    }
}

/// Where the elements go: so far apart.
#[derive(Debug)]
struct Places(Vec<isize>);

impl Kernel for Places {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        outputs[0].clear();
        copy(&inputs[0], outputs[0].reborrow(), 0, &self.0);
        Ok(())
    }
}

impl<T: Kind> Expr<T> {
    #[track_caller]
    fn every(&self, axis: usize, step: usize) -> Self {
        match step {
            1 => self.clone(),
            _ => AnyExpr::values_of(Arc::new(Every { axis, step }), vec![self.untyped()]).remove(0).typed(),
        }
    }

    /// Every `step`-th element of a range of one axis: the first of the range, and so on. With a negative step the range is walked from
    /// its last element: NumPy's `x[::-1]` is `slice_step(axis, .., -1)`, and `x[a:b][::s]` is `slice_step(axis, a..b, s)`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// let x = Expr::<i64>::arange(7);
    /// let values = Function::new([], [x.slice_step(0, 1.., 2), x.slice_step(0, ..-1, -2)])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [1, 3, 5]);
    /// assert_eq!(values[1].to_vec(), [5, 3, 1]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, if the range exceeds it, or if the step is 0. Where that depends on a free dimension, the call of the
    /// function fails instead.
    #[track_caller]
    pub fn slice_step(&self, axis: usize, range: impl AxisRange, step: i32) -> Self {
        ensure!(
            step != 0,
            [self],
            "slice_step: a step of 0 along axis {axis} of {self:?} of shape {}",
            self.shape()
        );
        let whole = self.slice(axis, range);
        let walked = if step < 0 { whole.flip(axis) } else { whole };
        walked.every(axis, step.unsigned_abs() as usize)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let stepped = |axis, step| move |x: &[AnyExpr]| x[0].slice_step(axis, .., step).tanh();
    vec![
        example("slice_step", &[&[2, 7]], -1.0..1.0, stepped(1, 3)).and(&[&[1, 1]]).and(&[&[2, 0]]),
        example("slice_step of rows", &[&[6, 2]], -1.0..1.0, stepped(0, 2)),
        example("slice_step backwards", &[&[2, 6]], -1.0..1.0, |x| x[0].slice_step(1, 1.., -2).tanh()),
        example("slice_step of columns", &[&[3, 4]], -1.0..1.0, |x| x[0].t().slice_step(1, .., 2).square()),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function, grad};

    #[test]
    fn free_lengths_are_rounded_up() {
        let x = Expr::<f32>::input("x", [Dim::symbol("n")]);
        let y = x.slice_step(0, .., 3);
        assert_eq!(y.shape().to_string(), "[⌊(n + 2)/3⌋]");
        let slope = grad(&y.square().sum_all(), std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x], [y, slope]).unwrap();
        let values = f.call(&[&Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0])]).unwrap();
        assert_eq!(values[0].to_vec(), [1.0, 4.0]);
        assert_eq!(values[1].to_vec(), [2.0, 0.0, 0.0, 8.0]);
        assert_eq!(f.call(&[&Tensor::zeros([0])]).unwrap()[0].shape(), [0]);
    }

    #[test]
    #[should_panic(expected = "a step of 0 along axis 0 of `x` of shape [3]")]
    fn no_step_at_all_is_refused() {
        let _ = Expr::<f32>::input("x", [3]).slice_step(0, .., 0);
    }
}
