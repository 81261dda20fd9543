//! Where the largest and the smallest stand.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::axes::Lanes;
use super::operation::Operation;
use crate::kernel::View;
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// The position of the first of the largest, or the smallest, along an axis, which disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Extreme {
    axis: usize,
    largest: bool,
}

/// Elements of a task.
const PART: usize = 1 << 14;

/// So many lanes side by side are one task.
const STRIP: usize = 256;

/// So many elements at once are compared with as many.
const WIDTH: usize = 16;

fn is_nan<T: Element>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

fn above<T: Element>(x: T, y: T) -> bool {
    x > y
}

fn below<T: Element>(x: T, y: T) -> bool {
    x < y
}

/// `y[row] = f(row)`, where that takes a time that grows with the length of the rows.
fn fill_rows(y: &mut [i64], length: usize, f: impl Fn(usize) -> i64 + Sync) {
    match y.len() * length <= PART {
        true => y.iter_mut().enumerate().for_each(|(row, y)| *y = f(row)),
        false => {
            let rows = y.par_iter_mut().enumerate().with_min_len(PART.div_ceil(length));
            rows.for_each(|(row, y)| *y = f(row));
        }
    }
}

impl Operation for Extreme {
    fn name(&self) -> String {
        format!("{} along axis {}", if self.largest { "argmax" } else { "argmin" }, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let shape = &inputs[0].shape;
        if self.axis >= shape.rank() {
            return Err(format!("no axis {} in {shape}", self.axis));
        }
        if shape[self.axis].size() == Some(0) {
            return Err(format!("there is nothing along axis {} of {shape}", self.axis));
        }
        Ok(vec![ValueType::new(ElementType::I64, shape.without(&[self.axis]))])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        /// The place of the extreme among those that lie together.
        fn among<T: Element>(x: &[T], wins: impl Fn(T, T) -> bool) -> usize {
            // Two passes that need not remember where are faster than one that does.
            let (mut best, mut has_nan) = ([x[0]; WIDTH], [false; WIDTH]);
            for part in x.chunks(WIDTH) {
                for ((best, has_nan), &x) in best.iter_mut().zip(&mut has_nan).zip(part) {
                    *best = if wins(x, *best) { x } else { *best };
                    *has_nan |= is_nan(x);
                }
            }
            let best = best.into_iter().fold(x[0], |best, x| if wins(x, best) { x } else { best });
            let any_nan = has_nan.contains(&true);
            x.iter().position(|&x| if any_nan { is_nan(x) } else { x == best }).unwrap_or(0)
        }
        fn run<T: Element>(x: &[T], lanes: Lanes, y: &mut [i64], wins: impl Fn(T, T) -> bool + Copy + Sync) {
            let Lanes { length, inner, .. } = lanes;
            // A NaN is what a maximum gives, so it is where it stands.
            let better = |x: T, best: T| !is_nan(best) && (is_nan(x) || wins(x, best));
            if inner == 1 {
                return fill_rows(y, length, |row| {
                    let x = &x[row * length..][..length];
                    let place = |(i, part): (usize, &[T])| i * PART + among(part, wins);
                    let places: Vec<usize> = match length <= PART {
                        true => return among(x, wins) as i64,
                        false => x.par_chunks(PART).enumerate().map(place).collect(),
                    };
                    let first = |best: usize, i: usize| if better(x[i], x[best]) { i } else { best };
                    places.into_iter().reduce(first).unwrap_or(0) as i64
                });
            }
            let slabs = y.par_chunks_mut(inner).zip(x.par_chunks(length * inner));
            slabs.with_min_len(PART.div_ceil(length * inner)).for_each(|(y, x)| {
                y.par_chunks_mut(STRIP).enumerate().for_each(|(strip, y)| {
                    let first = strip * STRIP;
                    let mut best: Vec<T> = x[first..first + y.len()].to_vec();
                    y.fill(0);
                    for (i, row) in x.chunks(inner).enumerate().skip(1) {
                        for ((y, best), &x) in y.iter_mut().zip(&mut best).zip(&row[first..]) {
                            if better(x, *best) {
                                (*best, *y) = (x, i as i64);
                            }
                        }
                    }
                });
            });
        }
        let x = &inputs[0];
        let lanes = Lanes::new(x.shape, self.axis);
        if lanes.length == 0 {
            let what = format!("there is nothing along axis {} of {:?}", self.axis, x.shape);
            return Err(Error::Size { op: self.name(), what });
        }
        let y = outputs[0].reborrow().get::<i64>();
        if !y.is_empty() {
            with_type!(x.data.element_type(), T => match self.largest {
                true => run::<T>(x.elements(), lanes, y, above),
                false => run::<T>(x.elements(), lanes, y, below),
            });
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Extreme { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], true)
    }

    /// Places do not move with small changes.
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (x, axis) = (&inputs[0], [self.axis]);
        let (name, from) =
            if self.largest { ("maximum", f64::NEG_INFINITY) } else { ("minimum", f64::INFINITY) };
        let extreme = hlo.reduce(name, x, &axis, from);
        let all = hlo.restore(&extreme, &axis, x.of());
        let (equal, undefined) = (hlo.compare("EQ", x, &all), hlo.compare("NE", x, x));
        let wins = hlo.binary("or", &equal, &undefined);
        let of = HloType { element: ElementType::I64, ..x.of().clone() };
        let (places, behind) = (hlo.iota(&of, self.axis), hlo.full(&of, x.of().shape[self.axis] as f64));
        let places = hlo.select(&wins, &places, &behind);
        Some(vec![hlo.reduce("minimum", &places, &axis, i64::MAX as f64)])
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn extreme(&self, axis: i32, largest: bool) -> Expr<i64> {
        let axis = self.axis_of(if largest { "argmax" } else { "argmin" }, axis);
        AnyExpr::values_of(Arc::new(Extreme { axis, largest }), vec![self.untyped()]).remove(0).typed()
    }

    /// The position of the largest along an axis, which disappears; of several the first; of a NaN, if there is one. A negative
    /// axis is counted from the back.
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmax(&self, axis: i32) -> Expr<i64> {
        self.extreme(axis, true)
    }

    /// The position of the smallest along an axis, see [`argmax`](Self::argmax).
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmin(&self, axis: i32) -> Expr<i64> {
        self.extreme(axis, false)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let sets = |name: &str, of: fn(&AnyExpr) -> Expr<i64>| {
        example(name, &[&[3, 4]], -1.0..1.0, move |x| of(&x[0])).and(&[&[1, 1]]).and(&[&[3, 0]])
    };
    vec![
        sets("argmax", |x| x.argmax(0)),
        sets("argmin", |x| x.argmin(-2)),
        example("argmax of whole numbers", &[&[3, 9]], 0.0..1.0, |x| x[0].argmax(-1)).whole(0, 0..4),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    /// Ties and NaNs in rows and columns of several lengths, against the definition.
    #[test]
    fn the_first_of_the_extremes_or_of_the_nans() {
        for [rows, columns] in [[1, 5], [3, 40], [40, 3], [1, 40_000], [300, 700]] {
            for nans in [0, 997] {
                let number = |i: usize| match nans > 0 && i % nans == nans - 1 {
                    true => f32::NAN,
                    false => ((i * 7919) % 101) as f32,
                };
                let data: Vec<f32> = (0..rows * columns).map(number).collect();
                let x = Expr::<f32>::input("x", [rows, columns]);
                let f = Function::<crate::Untyped>::new(
                    [&x.untyped()],
                    [x.argmax(1).untyped(), x.argmin(1).untyped(), x.argmax(0).untyped()],
                );
                let found = f.unwrap().call(&[&Tensor::new([rows, columns], data.clone()).into()]).unwrap();
                let first = |lane: Vec<f32>, sign: f32| {
                    let best = lane.iter().map(|x| x * sign).fold(f32::NEG_INFINITY, f32::max) * sign;
                    let nan = lane.iter().position(|x| x.is_nan());
                    nan.or_else(|| lane.iter().position(|&x| x == best)).expect("some") as i64
                };
                let row = |i: usize| data[i * columns..][..columns].to_vec();
                let column = |j: usize| (0..rows).map(|i| data[i * columns + j]).collect();
                let wanted = [
                    (0..rows).map(|i| first(row(i), 1.0)).collect::<Vec<_>>(),
                    (0..rows).map(|i| first(row(i), -1.0)).collect(),
                    (0..columns).map(|j| first(column(j), 1.0)).collect(),
                ];
                for (found, wanted) in found.iter().zip(wanted) {
                    assert_eq!(found.get::<i64>().to_vec(), wanted, "{rows} × {columns}, {nans}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "axes [-3] of a tensor of rank 2")]
    fn an_axis_that_is_none_is_named_as_given() {
        let _ = Expr::<f64>::zeros([2, 3]).argmin(-3);
    }
}
