//! Running sums.

use std::ops::Range;
use std::sync::Arc;

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use super::running::{Order, Running, run};
use super::wide::Wide;
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::elementwise::of_numbers;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// y_i = Σ_{j ≤ i} x_j along an axis; over j ≥ i in reverse, and without x_i itself if it is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct CumSum {
    axis: usize,
    order: Order,
}

impl Operation for CumSum {
    fn name(&self) -> String {
        format!("cumsum along axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_numbers(inputs)?;
        reduced(types.clone(), &[self.axis])?;
        Ok(types)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let x = &inputs[0];
        let lanes = Lanes::new(x.shape, self.axis);
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => run(&Sum(x.elements::<f32>()), lanes, self.order, y),
            AnySliceMut::F64(y) => run(&Sum(x.elements::<f64>()), lanes, self.order, y),
            AnySliceMut::U8(y) => run(&Sum(x.elements::<u8>()), lanes, self.order, y),
            AnySliceMut::I32(y) => run(&Sum(x.elements::<i32>()), lanes, self.order, y),
            AnySliceMut::I64(y) => run(&Sum(x.elements::<i64>()), lanes, self.order, y),
            AnySliceMut::Bool(_) => unreachable!("truth values have no sum"),
        }
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = CumSum { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    /// Each addend gets the adjoints of all sums that it is in: a running sum from the other end.
    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let order = Order { reverse: !self.order.reverse, ..self.order };
        vec![Some(summed(g, self.axis, order))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let mut x = inputs[0].clone();
        if self.order.exclusive {
            x = hlo.pad(&x, self.axis, if self.order.reverse { [-1, 1, 0] } else { [1, -1, 0] }, 0.0);
        }
        Some(vec![hlo.running("add", &x, self.axis, self.order.reverse, 0.0)])
    }
}

#[track_caller]
fn summed(x: &AnyExpr, axis: usize, order: Order) -> AnyExpr {
    AnyExpr::values_of(Arc::new(CumSum { axis, order }), vec![x.clone()]).remove(0)
}

/// The sum so far: of f32 as f64, so that no digit is lost on the way.
struct Sum<'a, T>(&'a [T]);

impl<T: Wide> Running<T> for Sum<'_, T> {
    type State = T::Wide;

    fn begin(&self) -> T::Wide {
        <T as Wide>::ZERO
    }

    fn push(&self, sum: T::Wide, at: usize) -> T::Wide {
        T::plus(sum, self.0[at].wide())
    }

    fn value(&self, sum: T::Wide) -> T {
        T::narrow(sum)
    }

    fn join(&self, before: T::Wide, after: T::Wide) -> Option<T::Wide> {
        Some(T::plus(before, after))
    }

    /// Several sums side by side, for which the processor need not wait.
    fn stretch(&self, places: Range<usize>, _reverse: bool) -> T::Wide {
        let mut sums = [<T as Wide>::ZERO; 8];
        for part in self.0[places].chunks(8) {
            part.iter().zip(&mut sums).for_each(|(x, sum)| *sum = T::plus(*sum, x.wide()));
        }
        sums.into_iter().fold(<T as Wide>::ZERO, T::plus)
    }
}

impl<T: Arithmetic> Expr<T> {
    /// The running sums along an axis: `y[i] = x[0] + … + x[i]`. Those of f32 are added up in f64; those of whole numbers wrap around.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// let sums = Function::new([], [x.cumsum(1), x.cumsum_exclusive(1)])?.call(&[])?;
    /// assert_eq!(sums[0].to_vec(), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
    /// assert_eq!(sums[1].to_vec(), [0.0, 1.0, 3.0, 0.0, 4.0, 9.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn cumsum(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("cumsum", axis);
        summed(&self.untyped(), axis, Order::default()).typed()
    }

    /// The running sums along an axis of what stands before each element: `y[i] = x[0] + … + x[i − 1]`, and 0 at the first.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn cumsum_exclusive(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("cumsum_exclusive", axis);
        summed(&self.untyped(), axis, Order { exclusive: true, reverse: false }).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axis: i32| {
        example("cumsum", &[&[3, 4, 2]], -1.0..1.0, move |x| x[0].tanh().cumsum(axis))
            .and(&[&[1, 1, 1]])
            .and(&[&[3, 0, 2]])
    };
    vec![
        along(0),
        along(1),
        along(-1),
        example("cumsum_exclusive", &[&[2, 5]], -1.0..1.0, |x| x[0].cumsum_exclusive(1).tanh()),
        example("cumsum of whole numbers", &[&[4, 3]], 0.0..1.0, |x| x[0].cumsum(0)).whole(0, -9..10),
        example("cumsum of bytes", &[&[300]], 0.0..1.0, |x| {
            x[0].cast_to(bayeux_tensor::ElementType::U8).cumsum(0)
        })
        .whole(0, 0..9),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    /// Lanes of each layout, long enough to be cut, against plain sums of whole numbers.
    #[test]
    fn every_layout_gives_the_same_sums() {
        for shape in [[1, 100_000, 1], [3, 40_000, 1], [2, 300, 7], [2, 50, 1500], [40_000, 3, 1]] {
            let x = Tensor::<i64>::from_fn(shape, |at| ((at[0] * 31 + at[1] * 17 + at[2]) % 23) as i64 - 9);
            let input = Expr::<i64>::input("x", shape);
            let reversed = input.flip(1).cumsum(1).flip(1);
            let f = Function::new([&input], [input.cumsum(1), reversed, input.cumsum_exclusive(1)]).unwrap();
            let found: Vec<Vec<i64>> = f.call(&[&x]).unwrap().iter().map(Tensor::to_vec).collect();
            let (x, n, inner) = (x.to_vec(), shape[1], shape[2]);
            for lane in 0..shape[0] * inner {
                let place = |i: usize| (lane / inner * n + i) * inner + lane % inner;
                let total: i64 = (0..n).map(|i| x[place(i)]).sum();
                let mut sum = 0;
                for i in 0..n {
                    assert_eq!(found[2][place(i)], sum, "{shape:?} {lane} {i}");
                    assert_eq!(found[1][place(i)], total - sum, "{shape:?} {lane} {i}");
                    sum += x[place(i)];
                    assert_eq!(found[0][place(i)], sum, "{shape:?} {lane} {i}");
                }
            }
        }
    }

    /// A million tenths in f32, in which a plain sum ends at 100958.34.
    #[test]
    fn no_digits_are_lost_on_a_long_way() {
        let x = Expr::<f32>::input("x", [Dim::symbol("n")]);
        let f = Function::new([&x], [x.cumsum(0)]).unwrap();
        let sums = f.call(&[&Tensor::full([1_000_000], 0.1)]).unwrap().remove(0).to_vec();
        for i in [9, 999, 99_999, 999_999] {
            let exact = f64::from(0.1f32) * (i + 1) as f64;
            assert!((f64::from(sums[i]) / exact - 1.0).abs() < 1e-7, "{i}: {}", sums[i]);
        }
    }

    #[test]
    #[should_panic(expected = "axes [2] of a tensor of rank 2")]
    fn an_axis_that_is_none_is_refused() {
        let _ = Expr::<f64>::zeros([2, 3]).cumsum(2);
    }
}
