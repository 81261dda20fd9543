//! Repetition along axes, NumPy's way.

use bayeux_tensor::AnyTensor;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::{Linearity, Operation};
use crate::expr::refusal::{broadcast_difference, ensure};
use crate::{AnyExpr, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, Shape, ValueType};

/// Repeats axes of size 1, and adds axes in front, until the input has the output's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Broadcast;

impl Broadcast {
    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        let fits = input.broadcast(output).as_ref() == Some(output);
        fits.then_some(()).ok_or_else(|| format!("shape {input} does not broadcast to {output}"))
    }
}

impl Operation for Broadcast {
    fn name(&self) -> String {
        "broadcast".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].broadcast_to(shape)))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let shape = batch.shape(0);
        let given = batch.given(0);
        // The new axes come behind that of the stack.
        let (first, rest) = given.shape().dims().split_first()?;
        let ones = std::iter::repeat_n(Dim::from(1usize), shape.rank() - given.rank());
        let aligned: Shape = [first.clone()].into_iter().chain(ones).chain(rest.iter().cloned()).collect();
        Some(vec![given.reshape(aligned).broadcast_to(shape)])
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], output: &AnyExpr) -> Rows {
        let added = output.rank() - inputs[0].rank();
        rows[0]
            .moved(|axis| (inputs[0].shape()[axis] == output.shape()[axis + added]).then_some(axis + added))
    }

    /// The adjoint of a repetition is the sum over the repeats.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let input = inputs[0].shape();
        let added = g.rank() - input.rank();
        let repeated =
            |axis: usize| axis < added || (input[axis - added].is_one() && !g.shape()[axis].is_one());
        let axes: Vec<usize> = (0..g.rank()).filter(|&axis| repeated(axis)).collect();
        vec![Some(g.sum(axes).reshape(input))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let added = outputs[0].rank() - inputs[0].of().rank();
        let axes: Vec<usize> = (added..outputs[0].rank()).collect();
        Some(vec![hlo.broadcast(&inputs[0], &axes, &outputs[0])])
    }
}

impl<T: Kind> Expr<T> {
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
        let own = self.shape();
        ensure!(
            own.broadcast(&shape).as_ref() == Some(&shape),
            [self],
            "broadcast_to: {self:?} of shape {own} does not broadcast to {shape}{}",
            broadcast_difference(own, &shape)
        );
        Expr::new(Broadcast, vec![self.untyped()], shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let to = |shape: [usize; 3]| move |x: &[AnyExpr]| x[0].broadcast_to(shape).tanh();
    vec![
        example("broadcast", &[&[3, 1]], -1.0..1.0, to([2, 3, 4])).and(&[&[]]).and(&[&[1, 1]]),
        example("broadcast of nothing", &[&[0, 1]], -1.0..1.0, to([2, 0, 4])),
        example("broadcast to nothing", &[&[3, 1]], -1.0..1.0, to([0, 3, 4])),
    ]
}
