//! The two numbers next to a quantile, without sorting all.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, Float};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::keys::{is_short, key};
use super::radix::{Item, nth};
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::elementwise::of_floats;
use crate::ops::operation::Operation;
use crate::ops::order::back_to_places;
use crate::{AnyExpr, Dim, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// x → of each row along the last axis the numbers of ranks ⌊q (n − 1)⌋ and the next, and where they stand. Both are the first NaN if
/// there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Neighbours {
    /// q, as bits.
    quantile: u64,
}

impl Neighbours {
    fn low(self, n: usize) -> usize {
        (f64::from_bits(self.quantile) * (n - 1) as f64) as usize
    }
}

impl Operation for Neighbours {
    fn name(&self) -> String {
        format!("neighbours of the quantile {}", f64::from_bits(self.quantile))
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ValueType { element, shape } = &of_floats(inputs)?[0];
        match shape.dims().last().map(Dim::size) {
            None => Err("a scalar has no last axis".into()),
            Some(Some(0)) => Err(format!("there is nothing along the last axis of {shape}")),
            _ => {
                let shape = shape.with(shape.rank() - 1, Dim::from(2));
                Ok(vec![ValueType::new(*element, &shape), ValueType::new(ElementType::I64, shape)])
            }
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn places<T: Element, I: Item>(x: &[T], low: usize) -> [usize; 2] {
            let item = |place: usize| I::new(key(x[place], false), place);
            let is_nan = |x: &T| x.partial_cmp(x).is_none();
            if let Some(nan) = x.iter().position(is_nan) {
                return [nan; 2];
            }
            let high = (low + 1).min(x.len() - 1);
            [low, high].map(|rank| nth(x.len(), item, rank).place())
        }
        fn run<T: Float, I: Item>(x: &[T], n: usize, low: usize, values: &mut [T], to: &mut [i64]) {
            let rows = x.par_chunks(n).zip(values.par_chunks_mut(2)).zip(to.par_chunks_mut(2));
            rows.with_min_len((1usize << 12).div_ceil(n)).for_each(|((x, values), to)| {
                for ((value, to), place) in values.iter_mut().zip(to).zip(places::<T, I>(x, low)) {
                    (*value, *to) = (x[place], place as i64);
                }
            });
        }
        let x = &inputs[0];
        let n = x.shape.last().copied().unwrap_or(1);
        if n == 0 {
            let what = format!("there is nothing along the last axis of {:?}", x.shape);
            return Err(Error::Size { op: self.name(), what });
        }
        let low = self.low(n);
        let [values, places] = outputs else { unreachable!("it has two values") };
        let places = places.reborrow().get();
        let is_short = is_short(x.data.element_type()) && u32::try_from(n).is_ok();
        match values.reborrow() {
            AnySliceMut::F32(values) if is_short => run::<f32, u64>(x.elements(), n, low, values, places),
            AnySliceMut::F32(values) => run::<f32, (u64, u64)>(x.elements(), n, low, values, places),
            values => run::<f64, (u64, u64)>(x.elements(), n, low, values.get(), places),
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[inputs[0].rank() - 1], false)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        back_to_places(adjoints, inputs, outputs)
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (x, last) = (&inputs[0], outputs[0].rank() - 1);
        let length = x.of().shape[last];
        let low = self.low(length);
        let sorted = hlo.sort(x, last, false);
        let end = hlo.slice(&sorted[0], last, length - 1, length, 1);
        let [values, places] = sorted.map(|value| {
            let [first, second] =
                [low, (low + 1).min(length - 1)].map(|at| hlo.slice(&value, last, at, at + 1, 1));
            hlo.concatenate(&[&first, &second], last)
        });
        // Beside a NaN, which comes last, both are.
        let axes: Vec<usize> = (0..=last).collect();
        let end = hlo.broadcast(&end, &axes, &outputs[0]);
        let defined = hlo.compare("EQ", &end, &end);
        Some(vec![hlo.select(&defined, &values, &end), places])
    }
}

impl<T: Real> Expr<T> {
    /// The numbers along the last axis between which the q-quantile is, without that axis.
    #[track_caller]
    pub(in crate::ops) fn neighbours_of_quantile(&self, q: f64) -> [Self; 2] {
        let op = Neighbours { quantile: q.to_bits() };
        let values: Self = AnyExpr::values_of(Arc::new(op), vec![self.untyped()]).remove(0).typed();
        let last = self.rank() - 1;
        [0, 1].map(|i| values.slice(last, i..i + 1).squeeze(last))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let both = |x: &[AnyExpr]| x[0].neighbours_of_quantile(0.4);
    vec![example("neighbours of a quantile", &[&[3, 5]], -1.0..1.0, both).and(&[&[1]]).and(&[&[0, 4]])]
}
