//! Running sums of numbers whose logarithms are given.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use serde::{Deserialize, Serialize};

use super::running::{Order, Running, run};
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::elementwise::of_floats;
use crate::ops::operation::Operation;
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// y_i = ln Σ_{j ≤ i} exp x_j along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct LogCumSumExp(usize);

impl Operation for LogCumSumExp {
    fn name(&self) -> String {
        format!("logcumsumexp along axis {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_floats(inputs)?;
        reduced(types.clone(), &[self.0])?;
        Ok(types)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let x = &inputs[0];
        let lanes = Lanes::new(x.shape, self.0);
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => run(&Logarithms(x.elements::<f32>()), lanes, Order::default(), y),
            y => run(&Logarithms(x.elements::<f64>()), lanes, Order::default(), y.get::<f64>()),
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(LogCumSumExp(self.0 + 1)), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.0], false)
    }

    /// x̄_i = Σ_{k ≥ i} g_k exp(x_i − y_k) = exp(x_i − y_i) c_i with c_i = g_i + exp(y_i − y_{i+1}) c_{i+1}, in which no exponent is
    /// above 0. Where all so far are −∞ there is no slope.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (x, axis) = (&inputs[0], self.0);
        let lowest = x.number_like(f64::NEG_INFINITY);
        let is_nothing = y.eq(&lowest.broadcast_to(y.shape()));
        let share = Expr::select(&is_nothing, &lowest, &(x - y)).exp();
        let before = y.delayed(axis);
        let is_first = Expr::<i64>::arange(x.dim(axis)).eq(&Expr::zeros(()));
        let is_first = (axis + 1..x.rank()).fold(is_first, |first, _| first.insert_axis(first.rank()));
        let decay = Expr::select(&(is_nothing | is_first), &lowest, &(before - y)).exp();
        vec![Some(share * AnyExpr::adjoint_recurrence(&decay, g, axis))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        // All of them for each, behind it with nothing.
        let (x, axis) = (&inputs[0], self.0);
        let mut of = x.of().clone();
        of.shape.insert(axis, of.shape[axis]);
        let all = hlo.restore(x, &[axis], &of);
        let places = HloType { element: ElementType::I64, ..of.clone() };
        let (to, from) = (hlo.iota(&places, axis), hlo.iota(&places, axis + 1));
        let (counts, nothing) = (hlo.compare("GE", &to, &from), hlo.full(&of, f64::NEG_INFINITY));
        let all = hlo.select(&counts, &all, &nothing);
        let largest = hlo.reduce("maximum", &all, &[axis + 1], f64::NEG_INFINITY);
        let (lowest, zero) = (hlo.full(x.of(), f64::NEG_INFINITY), hlo.full(x.of(), 0.0));
        let none = hlo.compare("EQ", &largest, &lowest);
        let shift = hlo.select(&none, &zero, &largest);
        let shifts = hlo.restore(&shift, &[axis + 1], &of);
        let shifted = hlo.binary("subtract", &all, &shifts);
        let powers = hlo.unary("exponential", &shifted);
        let sum = hlo.reduce("add", &powers, &[axis + 1], 0.0);
        let logarithm = hlo.unary("log", &sum);
        Some(vec![hlo.binary("add", &shift, &logarithm)])
    }
}

/// The largest so far, and the sum of what the others are as parts of it.
struct Logarithms<'a, T>(&'a [T]);

impl<T: Float> Running<T> for Logarithms<'_, T> {
    type State = (f64, f64);

    fn begin(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, 0.0)
    }

    fn push(&self, state: (f64, f64), at: usize) -> (f64, f64) {
        joined(state, (self.0[at].to_f64(), 1.0))
    }

    fn value(&self, (largest, sum): (f64, f64)) -> T {
        match sum == 0.0 {
            true => T::NEG_INFINITY,
            false => T::from_f64(largest + libm::log(sum)),
        }
    }

    fn join(&self, before: (f64, f64), after: (f64, f64)) -> Option<(f64, f64)> {
        Some(joined(before, after))
    }
}

fn joined((a, p): (f64, f64), (b, q): (f64, f64)) -> (f64, f64) {
    if a == b {
        return (a, p + q); // also where both are infinite
    }
    // A NaN is neither larger nor smaller, and stays.
    if a > b { (a, p + q * libm::exp(b - a)) } else { (b, p * libm::exp(a - b) + q) }
}

impl<T: Real> Expr<T> {
    /// The running log-sum-exp along an axis: y_i = ln (exp x_0 + … + exp x_i), without overflow.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn logcumsumexp(&self, axis: impl Axes) -> Self {
        let axis = self.axis_of("logcumsumexp", axis);
        AnyExpr::values_of(Arc::new(LogCumSumExp(axis)), vec![self.untyped()]).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let along = |axis: i32| move |x: &[AnyExpr]| x[0].logcumsumexp(axis);
    vec![
        example("logcumsumexp", &[&[3, 4]], -3.0..3.0, along(1)).and(&[&[1, 1]]).and(&[&[3, 0]]),
        example("logcumsumexp of columns", &[&[4, 3]], -3.0..3.0, along(0)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    const LOWEST: f64 = f64::NEG_INFINITY;

    /// Values and slopes of what e^x would overflow or vanish in.
    #[test]
    fn large_numbers_and_nothing_at_all() {
        let x = Expr::<f64>::input("x", [5]);
        let y = x.logcumsumexp(0);
        let last = y.slice(0, 4..5).sum_all();
        let slope = grad(&last, std::slice::from_ref(&x)).remove(0);
        let f = Function::new([&x], [&y, &slope]).unwrap();
        let values = f.call(&[&Tensor::from_slice(&[LOWEST, LOWEST, 1000.0, 1000.0, 1050.0])]).unwrap();
        let ln2 = std::f64::consts::LN_2;
        assert_eq!(values[0].to_vec(), [LOWEST, LOWEST, 1000.0, 1000.0 + ln2, 1050.0]);
        let small = (-50f64).exp();
        for (found, exact) in values[1].to_vec().into_iter().zip([0.0, 0.0, small, small, 1.0]) {
            assert!((found - exact).abs() <= 1e-12 * exact, "{found} {exact}");
        }
        let values = f.call(&[&Tensor::from_slice(&[1.0, f64::INFINITY, 2.0, f64::NAN, 3.0])]).unwrap();
        let values = values[0].to_vec();
        assert_eq!(values[..3], [1.0, f64::INFINITY, f64::INFINITY]);
        assert!(values[3].is_nan() && values[4].is_nan(), "{values:?}");
    }
}
