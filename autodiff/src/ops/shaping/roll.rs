//! An axis that is rolled over.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, with_type};
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// Each element so many places on along an axis; what goes over its end comes in at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Roll {
    axis: usize,
    by: i64,
}

impl Operation for Roll {
    fn name(&self) -> String {
        format!("roll {} along axis {}", self.by, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(inputs.to_vec(), &[self.axis])?;
        Ok(inputs.to_vec())
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn of<T: Element>(op: Roll, x: &View<'_>, y: &mut [T]) {
            let Lanes { length, inner, .. } = Lanes::new(x.shape, op.axis);
            if y.is_empty() {
                return;
            }
            let kept = (length - op.by.rem_euclid(length as i64) as usize) * inner;
            let slab = length * inner;
            for (x, y) in x.elements::<T>().chunks(slab).zip(y.chunks_mut(slab)) {
                y[slab - kept..].copy_from_slice(&x[..kept]);
                y[..slab - kept].copy_from_slice(&x[kept..]);
            }
        }
        with_type!(inputs[0].data.element_type(), T => {
            of::<T>(*self, &inputs[0], outputs[0].reborrow().get());
        });
        Ok(())
    }

    fn only_moves(&self) -> bool {
        true
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Roll { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.roll(self.axis, -self.by))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (x, axis) = (&inputs[0], self.axis);
        let length = x.of().shape[axis];
        if length == 0 {
            return Some(inputs.to_vec());
        }
        let kept = length - self.by.rem_euclid(length as i64) as usize;
        let (first, rest) = (hlo.slice(x, axis, 0, kept, 1), hlo.slice(x, axis, kept, length, 1));
        Some(vec![hlo.concatenate(&[&rest, &first], axis)])
    }
}

impl<T: Kind> Expr<T> {
    /// Each element `by` places on along an axis, or back if that is negative; what goes over one end comes in at the other. NumPy's
    /// `roll`.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn roll(&self, axis: impl Axes, by: i64) -> Self {
        let axis = self.axis_of("roll", axis);
        AnyExpr::values_of(Arc::new(Roll { axis, by }), vec![self.untyped()]).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("roll", &[&[2, 5]], -1.0..1.0, |x| x[0].roll(-1, 2).tanh()).and(&[&[1, 1]]).and(&[&[2, 0]]),
        example("roll of rows", &[&[4, 2]], -1.0..1.0, |x| x[0].roll(0, -5).tanh()),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    #[test]
    fn the_direction_is_numpys() {
        let x = Expr::<i64>::arange(5);
        let f = Function::new([], [x.roll(0, 2), x.roll(0, -1), x.roll(0, 12)]).unwrap();
        let found: Vec<_> = f.call(&[]).unwrap().iter().map(Tensor::to_vec).collect();
        assert_eq!(found, [[3, 4, 0, 1, 2], [1, 2, 3, 4, 0], [3, 4, 0, 1, 2]]);
    }
}
