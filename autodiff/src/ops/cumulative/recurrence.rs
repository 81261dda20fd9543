//! The linear recurrence of first order, of which the slopes of running products are made, and the shift by one place.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Float};
use serde::{Deserialize, Serialize};

use super::running::{Order, Running, run};
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::elementwise::of_floats;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// a, b → h with h_i = b_i + a_i h_{i−1} along an axis, of which a_0 has no part. Its adjoint in b, from the other end, is
/// h_i = b_i + a_{i+1} h_{i+1}.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Recurrence {
    axis: usize,
    adjoint: bool,
}

impl Operation for Recurrence {
    fn name(&self) -> String {
        let name = if self.adjoint { "adjoint linear_recurrence" } else { "linear_recurrence" };
        format!("{name} along axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_floats(inputs)?;
        reduced(types.clone(), &[self.axis])?;
        Ok(types)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn of<T: Float>(op: Recurrence, a: &View<'_>, b: &View<'_>, y: &mut [T]) {
            let lanes = Lanes::new(a.shape, op.axis);
            let (a, b) = (a.elements::<T>(), b.elements::<T>());
            let running = Affine { a, b, lanes, adjoint: op.adjoint };
            run(&running, lanes, Order { reverse: op.adjoint, exclusive: false }, y);
        }
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => of::<f32>(*self, &inputs[0], &inputs[1], y),
            y => of::<f64>(*self, &inputs[0], &inputs[1], y.get()),
        }
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Unknown
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Recurrence { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[self.axis], false)
    }

    /// With c the recurrence of g from the other end: b̄ = c and ā_i = c_i h_{i−1}. Of the adjoint, whose values are c and whose
    /// adjoints' recurrence is h, it is the same.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let other = recurrence(&inputs[0], g, Recurrence { adjoint: !self.adjoint, ..*self });
        let (h, c) = if self.adjoint { (&other, output) } else { (output, &other) };
        vec![Some(h.delayed(self.axis) * c), Some(other.clone())]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (mut a, mut b) = (inputs[0].clone(), inputs[1].clone());
        if self.adjoint {
            a = hlo.pad(&a, self.axis, [-1, 1, 0], 0.0);
        }
        // Pairs of a product and a sum, of twice as many elements each time.
        let length = b.of().shape[self.axis];
        let mut apart = 1;
        while apart < length {
            let by = apart as i64;
            let shift = if self.adjoint { [-by, by, 0] } else { [by, -by, 0] };
            let others = hlo.pad(&b, self.axis, shift, 0.0);
            let parts = hlo.binary("multiply", &a, &others);
            b = hlo.binary("add", &b, &parts);
            let others = hlo.pad(&a, self.axis, shift, 0.0);
            a = hlo.binary("multiply", &a, &others);
            apart *= 2;
        }
        Some(vec![b])
    }
}

#[track_caller]
fn recurrence(a: &AnyExpr, b: &AnyExpr, op: Recurrence) -> AnyExpr {
    AnyExpr::values_of(Arc::new(op), vec![a.clone(), b.clone()]).remove(0)
}

impl AnyExpr {
    /// h_i = b_i + a_{i+1} h_{i+1} along an axis.
    #[track_caller]
    pub(super) fn adjoint_recurrence(a: &AnyExpr, b: &AnyExpr, axis: usize) -> AnyExpr {
        recurrence(a, b, Recurrence { axis, adjoint: true })
    }
}

struct Affine<'a, T> {
    a: &'a [T],
    b: &'a [T],
    lanes: Lanes,
    adjoint: bool,
}

impl<T: Float> Running<T> for Affine<'_, T> {
    /// Nothing before the first.
    type State = Option<T>;

    fn begin(&self) -> Option<T> {
        None
    }

    fn push(&self, state: Option<T>, at: usize) -> Option<T> {
        let b = self.b[at];
        // Not 0 · a, which is undefined where a is infinite.
        let factor = if self.adjoint { at + self.lanes.inner } else { at };
        Some(state.map_or(b, |h| b + self.a[factor] * h))
    }

    fn value(&self, state: Option<T>) -> T {
        state.unwrap_or(T::ZERO)
    }
}

/// Each element one place on along an axis, or one back, with a 0 where none came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Shift {
    axis: usize,
    back: bool,
}

impl Operation for Shift {
    fn name(&self) -> String {
        format!("shift {} along axis {}", if self.back { "back" } else { "on" }, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_floats(inputs)?;
        reduced(types.clone(), &[self.axis])?;
        Ok(types)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn of<T: Float>(op: Shift, x: &View<'_>, y: &mut [T]) {
            let Lanes { length, inner, .. } = Lanes::new(x.shape, op.axis);
            if y.is_empty() {
                return;
            }
            let rest = (length - 1) * inner;
            for (x, y) in x.elements::<T>().chunks(length * inner).zip(y.chunks_mut(length * inner)) {
                match op.back {
                    false => {
                        y[inner..].copy_from_slice(&x[..rest]);
                        y[..inner].fill(T::ZERO);
                    }
                    true => {
                        y[..rest].copy_from_slice(&x[inner..]);
                        y[rest..].fill(T::ZERO);
                    }
                }
            }
        }
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => of::<f32>(*self, &inputs[0], y),
            y => of::<f64>(*self, &inputs[0], y.get()),
        }
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Shift { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.shifted(Shift { back: !self.back, ..*self }))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let shift = if self.back { [-1, 1, 0] } else { [1, -1, 0] };
        Some(vec![hlo.pad(&inputs[0], self.axis, shift, 0.0)])
    }
}

impl AnyExpr {
    #[track_caller]
    fn shifted(&self, op: Shift) -> AnyExpr {
        AnyExpr::values_of(Arc::new(op), vec![self.clone()]).remove(0)
    }

    /// y_i = x_{i−1}, and 0 at the first.
    #[track_caller]
    pub(super) fn delayed(&self, axis: usize) -> AnyExpr {
        self.shifted(Shift { axis, back: false })
    }

    /// y_i = x_{i+1}, and 0 at the last.
    #[track_caller]
    pub(super) fn advanced(&self, axis: usize) -> AnyExpr {
        self.shifted(Shift { axis, back: true })
    }
}

impl<T: Real> Expr<T> {
    /// The linear recurrence y_i = x_i + a_i y_{i−1} along an axis, which begins with y_0 = x_0, where `decay` is a: exponential
    /// averages, discounted sums, filters of first order. Slopes pass to both.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0]));
    /// let discounted = x.linear_recurrence(&Expr::full([3], 0.5), 0);
    /// let y = Function::new([], [discounted])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [1.0, 2.5, 4.25]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the shapes differ.
    #[track_caller]
    pub fn linear_recurrence(&self, decay: &Expr<T>, axis: impl Axes) -> Self {
        let axis = self.axis_of("linear_recurrence", axis);
        recurrence(&decay.untyped(), &self.untyped(), Recurrence { axis, adjoint: false }).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axis: i32| move |x: &[AnyExpr]| x[0].linear_recurrence(&x[1], axis);
    let back = |axis: usize| move |x: &[AnyExpr]| AnyExpr::adjoint_recurrence(&x[1], &x[0], axis);
    let both = |x: &[AnyExpr]| x[0].delayed(1).tanh() + x[0].advanced(0).square();
    vec![
        example("linear_recurrence", &[&[3, 4], &[3, 4]], -1.0..1.0, along(1))
            .and(&[&[1, 1], &[1, 1]])
            .and(&[&[3, 0], &[3, 0]]),
        example("linear_recurrence of columns", &[&[4, 2], &[4, 2]], -1.0..1.0, along(0)),
        example("adjoint of columns", &[&[4, 2], &[4, 2]], -1.0..1.0, back(0)).and(&[&[0, 2], &[0, 2]]),
        example("adjoint of rows", &[&[2, 4], &[2, 4]], -1.0..1.0, back(1)),
        example("shifts", &[&[3, 4]], -1.0..1.0, both).and(&[&[1, 1]]).and(&[&[0, 2]]),
    ]
}
