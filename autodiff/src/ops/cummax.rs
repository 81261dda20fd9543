//! The running maximum and minimum along the last axis, with the positions where they were attained.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::Operation;
use super::order::back_to_places;
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// x → for each element the largest along the last axis up to it, or the smallest, and where that stands: of equal ones the latest, as
/// in PyTorch. After a NaN all are NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Running {
    Max,
    Min,
}

impl Operation for Running {
    fn name(&self) -> String {
        match self {
            Running::Max => "cummax",
            Running::Min => "cummin",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ValueType { element, shape } = &inputs[0];
        match shape.rank() {
            0 => Err("a scalar has no last axis".into()),
            _ => Ok(vec![ValueType::new(*element, shape), ValueType::new(ElementType::I64, shape)]),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn run<T: Element>(op: Running, x: &[T], n: usize, values: &mut [T], places: &mut [i64]) {
            let is_nan = |x: T| x.partial_cmp(&x).is_none();
            let rows = x.par_chunks(n).zip(values.par_chunks_mut(n)).zip(places.par_chunks_mut(n));
            rows.for_each(|((x, values), places)| {
                let (mut extreme, mut at) = (x[0], 0);
                for (i, ((&x, value), place)) in x.iter().zip(values).zip(places).enumerate() {
                    let is_next = if op == Running::Max { x >= extreme } else { x <= extreme };
                    if is_next || is_nan(x) {
                        (extreme, at) = (x, i as i64);
                    }
                    (*value, *place) = (extreme, at);
                }
            });
        }
        let x = &inputs[0];
        let [values, places] = outputs else { unreachable!("it has two values") };
        let n = x.shape.last().copied().unwrap_or(1);
        if n > 0 {
            with_type!(x.data.element_type(), T => {
                run::<T>(*self, x.elements(), n, values.reborrow().get(), places.reborrow().get());
            });
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

    /// Each extreme's adjoint goes back to where it came from; one that stands for long gets several.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        back_to_places(adjoints, inputs, outputs)
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let x = &inputs[0];
        let axis = x.of().rank() - 1;
        let (name, from) = match self {
            Running::Max => ("maximum", f64::NEG_INFINITY),
            Running::Min => ("minimum", f64::INFINITY),
        };
        // The place of each that is an extreme so far, and −1 of the others.
        let extreme = hlo.running(name, x, axis, false, from);
        let (equal, undefined) = (hlo.compare("EQ", x, &extreme), hlo.compare("NE", x, x));
        let wins = hlo.binary("or", &equal, &undefined);
        let (places, none) = (hlo.iota(&outputs[1], axis), hlo.full(&outputs[1], -1.0));
        let places = hlo.select(&wins, &places, &none);
        let places = hlo.running("maximum", &places, axis, false, -1.0);
        Some(vec![hlo.take_along(x, &places, axis), places])
    }
}

impl<T: Arithmetic> Expr<T> {
    /// The running maximum along the last axis, and the positions where it was attained: two values of the shape of `self`. Of equal
    /// elements the latest counts, and all that follow a NaN are NaN, with the position of the latest one. Gradients go back to where
    /// the maxima came from.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, Untyped};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[1.0, 3.0, 2.0, 3.0, 5.0]));
    /// let (largest, places) = x.cummax();
    /// let values = Function::<Untyped>::new([], [largest.untyped(), places.untyped()])?.call(())?;
    /// assert_eq!(values[0].get::<f32>().to_vec(), [1.0, 3.0, 3.0, 3.0, 5.0]);
    /// assert_eq!(values[1].get::<i64>().to_vec(), [0, 1, 1, 3, 4]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn cummax(&self) -> (Self, Expr<i64>) {
        self.running(Running::Max)
    }

    /// The running minimum along the last axis, and the positions where it was attained, see [`cummax`](Self::cummax).
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn cummin(&self) -> (Self, Expr<i64>) {
        self.running(Running::Min)
    }

    #[track_caller]
    fn running(&self, op: Running) -> (Self, Expr<i64>) {
        let values = AnyExpr::values_of(Arc::new(op), vec![self.untyped()]);
        (values[0].typed(), values[1].typed())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let alone = |x: &[AnyExpr]| x[0].cummax().0.tanh();
    vec![
        example("cummax", &[&[3, 7]], -1.0..1.0, |x| x[0].cummax())
            .and(&[&[1]])
            .and(&[&[3, 0]])
            .and(&[&[0, 3]]),
        example("cummin", &[&[3, 7]], -1.0..1.0, |x| x[0].cummin()).and(&[&[1]]).and(&[&[3, 0]]),
        example("maxima alone", &[&[2, 3, 5]], -1.0..1.0, alone).and(&[&[2, 1]]),
        example("places alone", &[&[3, 7]], -1.0..1.0, |x| x[0].cummax().1),
        example("of whole numbers", &[&[4, 9]], 0.0..1.0, |x| x[0].cummax()).whole(0, -2..3),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Element, Tensor};

    use crate::{Arithmetic, Dim, Expr, Function, Shape, Untyped, batch, grad};

    const NAN: f64 = f64::NAN;

    fn found<T: Arithmetic + Element>(x: &Tensor<T>) -> (Vec<f64>, Vec<i64>) {
        let leaf = Expr::<T>::input("x", x.shape());
        let (largest, places) = leaf.cummax();
        let f = Function::<Untyped>::new([&leaf.untyped()], [largest.untyped(), places.untyped()])
            .expect("builds");
        let values = f.call(&[&AnyTensor::from(x.clone())]).expect("runs");
        (values[0].cast::<f64>().to_vec(), values[1].get::<i64>().to_vec())
    }

    /// What `torch.cummax` says, by its documented loop: ties move the position on, NaNs stay and move it on, too.
    #[test]
    fn ties_and_nans_are_those_of_pytorch() {
        let x = Tensor::new(
            [4, 5],
            vec![
                1.0,
                3.0,
                3.0,
                2.0,
                3.0, //
                -0.0,
                0.0,
                -0.0,
                -1.0,
                -2.0, //
                2.0,
                NAN,
                5.0,
                NAN,
                1.0, //
                NAN,
                1.0,
                f64::INFINITY,
                0.0,
                0.0,
            ],
        );
        let (largest, places) = found(&x);
        assert_eq!(largest[..5], [1.0, 3.0, 3.0, 3.0, 3.0]);
        assert_eq!(largest[5..10], [0.0; 5]);
        assert!(largest[10] == 2.0 && largest[11..].iter().all(|x| x.is_nan()), "{largest:?}");
        assert_eq!(places, [0, 1, 2, 2, 4, 0, 1, 2, 2, 2, 0, 1, 1, 3, 3, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn whole_numbers_have_maxima_too() {
        let (largest, places) = found(&Tensor::new([2, 3], vec![i32::MIN, i32::MIN, -1, 7, 6, i32::MAX]));
        assert_eq!(largest, [i32::MIN, i32::MIN, -1, 7, 7, i32::MAX].map(f64::from));
        assert_eq!(places, [0, 1, 2, 0, 0, 2]);
    }

    /// Long rows against the plain definition, in f32.
    #[test]
    fn rows_are_apart() {
        let mut data = vec![0.0f32; 3 * 1000];
        bayeux_tensor::random::fill_uniform(3, 0, 0, &mut data);
        let (largest, places) = found(&Tensor::new([3, 1000], data.clone()));
        for (i, (largest, place)) in largest.iter().zip(places).enumerate() {
            let row = &data[i / 1000 * 1000..=i];
            let expected = row.iter().copied().fold(f32::MIN, f32::max);
            assert_eq!((*largest as f32, row[place as usize]), (expected, expected), "{i}");
        }
    }

    #[test]
    fn the_smallest_so_far() {
        let x = Expr::<f64>::constant(Tensor::from_slice(&[3.0, 5.0, 3.0, 1.0, NAN, 0.0]));
        let (smallest, places) = x.cummin();
        let f = Function::<Untyped>::new([], [smallest.untyped(), places.untyped()]).expect("builds");
        let values = f.call(()).expect("runs");
        assert_eq!(values[0].get::<f64>().to_vec()[..4], [3.0, 3.0, 3.0, 1.0]);
        assert!(values[0].get::<f64>().to_vec()[4..].iter().all(|x| x.is_nan()));
        assert_eq!(values[1].get::<i64>().to_vec(), [0, 0, 2, 3, 4, 4]);
    }

    /// At a tie the latest gets all of it, and an element that several maxima come from gets their sum.
    #[test]
    fn adjoints_go_where_the_maxima_came_from() {
        let x = Expr::<f64>::input("x", [5]);
        let weights = Expr::constant(Tensor::from_slice(&[1.0, 10.0, 100.0, 1e3, 1e4]));
        let slope = grad(&(x.cummax().0 * weights).sum_all(), std::slice::from_ref(&x)).remove(0);
        let at = Tensor::from_slice(&[2.0, 1.0, 2.0, 3.0, 0.0]);
        let found = Function::new([&x], [&slope]).expect("builds").call(&[&at]).expect("runs").remove(0);
        assert_eq!(found.to_vec(), [11.0, 0.0, 100.0, 11e3, 0.0]);
    }

    #[test]
    fn sizes_may_be_free() {
        let x = Expr::<f32>::input("x", (batch(), Dim::symbol("n")));
        let f = Function::new([&x], [x.cummax().0]).expect("builds");
        for shape in [[2, 3], [0, 3], [2, 0]] {
            assert_eq!(
                f.call(&[&Tensor::ones(shape)]).expect("runs")[0].to_vec(),
                vec![1.0; shape[0] * shape[1]]
            );
        }
    }

    /// Not where they are what the maximum runs along.
    #[test]
    fn rows_of_data_are_apart() {
        let largest = |shape: Shape| Expr::<f32>::input("x", shape).cummax().0;
        assert!(largest((batch(), 3).into()).is_by_rows(&batch()));
        assert!(!largest([batch()].into()).is_by_rows(&batch()));
    }

    #[test]
    #[should_panic(expected = "cummax: a scalar has no last axis")]
    fn a_scalar_has_none() {
        let _ = Expr::<f32>::input("x", ()).cummax();
    }
}
