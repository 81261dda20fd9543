//! Products along axes, with slopes that are right at zeros.

use std::any::Any;
use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element};
use serde::{Deserialize, Serialize};

use super::fold::fold;
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::elementwise::of_numbers;
use crate::ops::operation::Operation;
use crate::ops::reduce::{reduced, restore};
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// The product along an axis, which disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Prod(usize);

impl Operation for Prod {
    fn name(&self) -> String {
        format!("prod along axis {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        reduced(of_numbers(inputs)?, &[self.0])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn of<T: Element>(op: Prod, x: &View<'_>, y: &mut [T], times: impl Fn(T, T) -> T + Sync) {
            fold(x.elements(), Lanes::new(x.shape, op.0), y, T::ONE, times);
        }
        let x = &inputs[0];
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => of(*self, x, y, |a, b| a * b),
            AnySliceMut::F64(y) => of(*self, x, y, |a, b| a * b),
            AnySliceMut::U8(y) => of(*self, x, y, u8::wrapping_mul),
            AnySliceMut::I32(y) => of(*self, x, y, i32::wrapping_mul),
            AnySliceMut::I64(y) => of(*self, x, y, i64::wrapping_mul),
            AnySliceMut::Bool(_) => unreachable!("truth values have no product"),
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(Prod(self.0 + 1)), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.0], true)
    }

    /// Each factor gets the product of all others, in which nothing is divided by a factor that may be 0.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        vec![Some(restore(g, x, &[self.0]) * x.product_of_others(self.0))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.reduce("multiply", &inputs[0], &[self.0], 1.0)])
    }
}

/// Along which axis an operation multiplies, if it does.
pub(crate) fn product_axis(op: &dyn Operation) -> Option<usize> {
    let op: &dyn Any = op;
    Some(op.downcast_ref::<Prod>()?.0)
}

impl<T: Arithmetic> Expr<T> {
    /// The product along `axes`, which disappear from the shape; that of nothing is 1. Products of whole numbers wrap around. Slopes are
    /// right where factors are 0, too, at every order.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, grad};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::input("x", [3]);
    /// let slope = grad(&x.prod(0), &[x.clone()]).remove(0);
    /// let f = Function::new([&x], [&slope])?;
    /// assert_eq!(f.call(&[&Tensor::from_slice(&[2.0, 0.0, 3.0])])?[0].to_vec(), [0.0, 6.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn prod(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("prod", axes);
        // Neighbours are one axis.
        if let [first, .., last] = axes[..]
            && last - first + 1 == axes.len()
        {
            let dims = self.shape().dims();
            let merged = dims[first..=last].iter().product();
            let shape: Vec<_> = dims[..first]
                .iter()
                .cloned()
                .chain([merged])
                .chain(dims[last + 1..].iter().cloned())
                .collect();
            return self.reshape(shape).prod(first);
        }
        let mut x = self.untyped();
        for axis in axes.into_iter().rev() {
            x = AnyExpr::values_of(Arc::new(Prod(axis)), vec![x]).remove(0);
        }
        x.typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axes: &'static [usize]| {
        example("prod", &[&[3, 2, 2]], -1.5..1.5, move |x| x[0].prod(axes))
            .and(&[&[1, 1, 1]])
            .and(&[&[3, 0, 2]])
    };
    // Differences go through the zeros.
    let near_zeros = |x: &[AnyExpr]| {
        let at = Expr::<f64>::constant(bayeux_tensor::Tensor::from_slice(&[0.0, 2.0, 0.0, 3.0]));
        (&x[0] + at.untyped().cast_like(&x[0])).prod(0)
    };
    vec![
        along(&[0]),
        along(&[1]),
        along(&[2]),
        along(&[0, 2]),
        along(&[0, 1, 2]),
        example("prod near zeros", &[&[4]], -1e-9..1e-9, near_zeros),
        example("prod of whole numbers", &[&[3, 4]], 0.0..1.0, |x| x[0].prod(1)).whole(0, -9..10),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    /// ∂²(abcd)/∂a∂c = bd, also where a and c are 0.
    #[test]
    fn second_slopes_are_right_at_two_zeros() {
        let x = Expr::<f64>::input("x", [4]);
        let wrt = std::slice::from_ref(&x);
        let first = grad(&x.prod(0), wrt).remove(0);
        let second = grad(&first.slice(0, 0..1).sum_all(), wrt).remove(0);
        let f = Function::new([&x], [first, second]).unwrap();
        let found = f.call(&[&Tensor::from_slice(&[0.0, 2.0, 0.0, 5.0])]).unwrap();
        assert_eq!(found[0].to_vec(), [0.0; 4]);
        assert_eq!(found[1].to_vec(), [0.0, 0.0, 10.0, 0.0]);
    }
}
