//! Running products, with slopes that are right at zeros.

use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use super::running::{Order, Running, run};
use super::wide::Wide;
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::elementwise::of_numbers;
use crate::ops::operation::Operation;
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// y_i = Π_{j ≤ i} x_j along an axis; over j < i if it is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct CumProd {
    axis: usize,
    exclusive: bool,
}

impl Operation for CumProd {
    fn name(&self) -> String {
        format!("cumprod along axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_numbers(inputs)?;
        reduced(types.clone(), &[self.axis])?;
        Ok(types)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let x = &inputs[0];
        let lanes = Lanes::new(x.shape, self.axis);
        let order = Order { reverse: false, exclusive: self.exclusive };
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => run(&Product(x.elements::<f32>()), lanes, order, y),
            AnySliceMut::F64(y) => run(&Product(x.elements::<f64>()), lanes, order, y),
            AnySliceMut::U8(y) => run(&Product(x.elements::<u8>()), lanes, order, y),
            AnySliceMut::I32(y) => run(&Product(x.elements::<i32>()), lanes, order, y),
            AnySliceMut::I64(y) => run(&Product(x.elements::<i64>()), lanes, order, y),
            AnySliceMut::Bool(_) => unreachable!("truth values have no product"),
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = CumProd { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    /// x̄_i = Σ_{k ≥ i} g_k Π_{j ≤ k, j ≠ i} x_j = p_i c_i, with p_i the product of what stands before i, and c_i = g_i + x_{i+1} c_{i+1}.
    /// Nothing is divided by an element that may be 0. Without its own element the product y_k is that at k + 1.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (x, axis) = (&inputs[0], self.axis);
        let (before, g) = match self.exclusive {
            true => (output.clone(), g.advanced(axis)),
            false => (multiplied(x, axis, true), g.clone()),
        };
        vec![Some(before * AnyExpr::adjoint_recurrence(x, &g, axis))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let mut x = inputs[0].clone();
        if self.exclusive {
            x = hlo.pad(&x, self.axis, [1, -1, 0], 1.0);
        }
        Some(vec![hlo.running("multiply", &x, self.axis, false, 1.0)])
    }
}

#[track_caller]
fn multiplied(x: &AnyExpr, axis: usize, exclusive: bool) -> AnyExpr {
    AnyExpr::values_of(Arc::new(CumProd { axis, exclusive }), vec![x.clone()]).remove(0)
}

/// The product so far: of f32 as f64.
struct Product<'a, T>(&'a [T]);

impl<T: Wide> Running<T> for Product<'_, T> {
    type State = T::Wide;

    fn begin(&self) -> T::Wide {
        <T as Wide>::ONE
    }

    fn push(&self, product: T::Wide, at: usize) -> T::Wide {
        T::times(product, self.0[at].wide())
    }

    fn value(&self, product: T::Wide) -> T {
        T::narrow(product)
    }

    fn join(&self, before: T::Wide, after: T::Wide) -> Option<T::Wide> {
        Some(T::times(before, after))
    }
}

impl<T: Arithmetic> Expr<T> {
    /// The running products along an axis: `y[i] = x[0] · … · x[i]`. Those of whole numbers wrap around. Slopes are right where elements
    /// are 0, too, at every order.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, grad};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::input("x", [4]);
    /// let y = x.cumprod(0);
    /// let slope = grad(&y.sum_all(), &[x.clone()]).remove(0);
    /// let values = Function::new([&x], [&y, &slope])?.call(&[&Tensor::from_slice(&[2.0, 0.0, 3.0, 4.0])])?;
    /// assert_eq!(values[0].to_vec(), [2.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(values[1].to_vec(), [1.0, 2.0 + 6.0 + 24.0, 0.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn cumprod(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("cumprod", axis);
        multiplied(&self.untyped(), axis, false).typed()
    }

    /// The product of all others along an axis, at each element.
    #[track_caller]
    pub(in crate::ops) fn product_of_others(&self, axis: usize) -> Self {
        let before = multiplied(&self.untyped(), axis, true);
        let behind = multiplied(&self.flip(axis).untyped(), axis, true).flip(axis);
        (before * behind).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axis: i32| move |x: &[AnyExpr]| x[0].cumprod(axis);
    // At zeros of the element itself: differences go through 0 there.
    let through_zero = |x: &[AnyExpr]| {
        let at = Expr::<f64>::constant(bayeux_tensor::Tensor::from_slice(&[0.0, 2.0, 0.0, 3.0]));
        (&x[0] + at.untyped().cast_like(&x[0])).cumprod(0)
    };
    vec![
        example("cumprod", &[&[3, 4]], -1.5..1.5, along(1)).and(&[&[1, 1]]).and(&[&[3, 0]]),
        example("cumprod of columns", &[&[4, 3]], -1.5..1.5, along(0)),
        example("cumprod near zeros", &[&[4]], -1e-9..1e-9, through_zero),
        example("products of others", &[&[2, 3]], -1.5..1.5, |x| x[0].product_of_others(1)),
        example("cumprod of whole numbers", &[&[4, 3]], 0.0..1.0, along(0)).whole(0, -9..10),
    ]
}
