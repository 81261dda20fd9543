//! Several tensors one behind the other.

use std::any::Any;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::operation::{Linearity, Operation};
use super::slice::{Placement, Slice};
use super::{Batch, Op};
use crate::kernel::Kernel;
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// The inputs one behind the other along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Concat(pub usize);

impl Concat {
    /// The axis, if an op is one of these.
    pub fn axis(op: &Op) -> Option<usize> {
        let Op::Other(op) = op else { return None };
        let op: &dyn Any = op.operation();
        op.downcast_ref::<Self>().map(|concat| concat.0)
    }
}

impl Operation for Concat {
    fn name(&self) -> String {
        format!("concat along axis {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (axis, first) = (self.0, &inputs[0]);
        let mut total = Dim::from(0usize);
        for input in inputs {
            let alike = input.element == first.element
                && input.shape.rank() == first.shape.rank()
                && axis < first.shape.rank()
                && input.shape.without(&[axis]) == first.shape.without(&[axis]);
            if !alike {
                let (wanted, found) = (first.shape.dims(), input.shape.dims());
                let apart = (0..wanted.len().min(found.len())).find(|&i| i != axis && wanted[i] != found[i]);
                let why = match apart {
                    Some(i) => format!(" (axis {i}: {} is not {})", wanted[i], found[i]),
                    None => String::new(),
                };
                return Err(format!("{first} and {input} do not fit{why}"));
            }
            total += &input.shape[axis];
        }
        Ok(vec![ValueType::new(first.element, first.shape.with(axis, total))])
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let starts = inputs.iter().scan(0, |next, input| {
            let start = *next;
            *next += input.shape[self.0];
            Some((start, input.shape))
        });
        Ok(Some(Box::new(Placement::new(outputs[0].shape, self.0, &starts.collect::<Vec<_>>()))))
    }

    fn only_moves(&self) -> bool {
        true
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(Concat(self.0 + 1)), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[self.0], false)
    }

    /// Each input's adjoint is its part of the output's.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let mut start = Dim::from(0usize);
        let part = |input: &AnyExpr| {
            let slice = Slice { axis: self.0, start: start.clone() };
            start += &input.shape()[self.0];
            Some(Expr::new(slice, vec![g.clone()], input.shape()))
        };
        inputs.iter().map(part).collect()
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let parts: Vec<&HloValue> = inputs.iter().collect();
        Some(vec![hlo.concatenate(&parts, self.0)])
    }
}

impl<T: Kind> Expr<T> {
    /// Tensors one behind the other along an axis in which they may differ.
    ///
    /// # Panics
    /// If there is none, or if they differ in another axis or in rank.
    #[track_caller]
    pub fn concat(parts: &[Expr<T>], axis: usize) -> Self {
        assert!(!parts.is_empty(), "concat: nothing to put together");
        let inputs = parts.iter().map(Expr::untyped).collect();
        AnyExpr::values_of(Arc::new(Concat(axis)), inputs).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let both = |x: &[AnyExpr]| Expr::concat(&[x[0].clone(), x[1].tanh()], 1);
    vec![
        example("concat", &[&[2, 3], &[2, 1]], -1.0..1.0, both)
            .and(&[&[2, 0], &[2, 3]])
            .and(&[&[0, 3], &[0, 2]]),
        example("concat of one", &[&[1]], -1.0..1.0, |x| Expr::concat(&[x[0].clone()], 0)),
        example("concat of whole numbers", &[&[3], &[2]], 0.0..1.0, |x| Expr::concat(x, 0))
            .whole(0, 0..9)
            .whole(1, 0..9),
    ]
}
