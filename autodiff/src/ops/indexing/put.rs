//! Parts that replace those of a table at some positions, or are combined with them. Those that are added are `scatter_add`.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernel::{Kernel, Scratch, View};
use crate::ops::axes::Lanes;
use crate::ops::index::all_checked;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::{Batch, Scatter, Take};
use crate::stablehlo::Positions;
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Shape, ValueType};

/// What becomes of a part and what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum How {
    /// The part; of several the last.
    Set,
    Max,
    Min,
    Mul,
}

/// base `[s, n, m]`, positions `[s, k]`, parts `[s, k, m]` → the base with the parts at their positions along the second axis. Each of
/// the stack's s has positions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Put(pub How);

/// Parts of so many elements are divided between the threads, if rows have so many elements or the table is in no cache.
const TASK: usize = 1 << 14;
const WIDE: usize = 8;
const SMALL: usize = 1 << 18;

impl Operation for Put {
    fn name(&self) -> String {
        match self.0 {
            How::Set => "scatter_set",
            How::Max => "scatter_max",
            How::Min => "scatter_min",
            How::Mul => "scatter_mul",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [base, places, parts] = inputs else { return Err("takes three inputs".into()) };
        let fits = match (base.shape.dims(), places.shape.dims(), parts.shape.dims()) {
            ([s, _, m], [t, k], [u, l, p]) => s == t && s == u && k == l && m == p,
            _ => false,
        };
        let numbers = self.0 == How::Set || base.element != ElementType::Bool;
        match fits && numbers && places.element == ElementType::I64 && parts.element == base.element {
            true => Ok(vec![base.clone()]),
            false => Err(format!("parts {parts} at positions {places} of {base}")),
        }
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    /// What is set is linear in the base and the parts.
    fn linearity(&self) -> Linearity {
        if self.0 == How::Set { Linearity::Joint } else { Linearity::Unknown }
    }

    /// Stacks of stacks are one.
    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let merged = |x: AnyExpr| {
            let dims = x.shape().dims();
            let first = &dims[0] * &dims[1];
            let shape: Shape = [first].into_iter().chain(dims[2..].iter().cloned()).collect();
            x.reshape(shape)
        };
        let inputs = batch.stacks().into_iter().map(merged).collect();
        let value = AnyExpr::values_of(Arc::new(*self), inputs).remove(0);
        Some(vec![value.reshape(batch.shape(0))])
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let [base, places, parts] = inputs else { unreachable!("it takes three inputs") };
        let zero = g.number_like(0.0);
        let add = |base: &AnyExpr, parts: &AnyExpr| {
            let op = Scatter { axis: 1, common: 1 };
            AnyExpr::values_of(op, vec![base.clone(), places.clone(), parts.clone()]).remove(0)
        };
        let [of_base, of_parts] = match self.0 {
            // Of several at one place the last got there: the one whose number stands there.
            How::Set => {
                let numbers = Expr::<i64>::arange(places.dim(1)).broadcast_to(places.shape()).untyped();
                let numbers = numbers.insert_axis(2);
                let none = AnyExpr::number(ElementType::I64, -1.0).broadcast_to(Shape::from([
                    places.dim(0),
                    base.dim(1),
                    1.into(),
                ]));
                let last = put(How::Set, &none, places, &numbers);
                let won = at(&last, places).eq(&numbers);
                let taken = put(How::Set, g, places, &parts.zeros_like());
                [taken, Expr::select(&won, &at(g, places), &zero)]
            }
            // Ties share the adjoint evenly.
            How::Max | How::Min => {
                let (base_won, parts_won) = (base.eq(y), parts.eq(&at(y, places)));
                let share = g / add(&base_won.cast_like(g), &parts_won.cast_like(g));
                [Expr::select(&base_won, &share, &zero), Expr::select(&parts_won, &at(&share, places), &zero)]
            }
            // The product of all others at its place: that of all that are not 0, unless another one is.
            How::Mul => {
                let one = g.number_like(1.0);
                let is_zero = |x: &AnyExpr| x.eq(&zero.broadcast_to(x.shape()));
                let or_one = |x: &AnyExpr| Expr::select(&is_zero(x), &one, x);
                let product = put(How::Mul, &or_one(base), places, &or_one(parts));
                let zeros = add(&is_zero(base).cast_like(g), &is_zero(parts).cast_like(g));
                let of = |x: &AnyExpr, product: AnyExpr, zeros: AnyExpr, g: AnyExpr| {
                    let others = zeros - is_zero(x).cast_like(&g);
                    g * Expr::select(&is_zero(&others), &(product / or_one(x)), &zero)
                };
                let of_parts = of(parts, at(&product, places), at(&zeros, places), at(g, places));
                [of(base, product, zeros, g.clone()), of_parts]
            }
        };
        vec![Some(of_base), None, Some(of_parts)]
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn writes_over(&self) -> Option<usize> {
        Some(0)
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let axes = Positions::of_parts(1, 3, 1, 2);
        let name = match self.0 {
            How::Set => None,
            How::Max => Some("maximum"),
            How::Min => Some("minimum"),
            How::Mul => Some("multiply"),
        };
        Some(vec![hlo.scatter(name, inputs, &axes)])
    }
}

impl Kernel for Put {
    fn flops(&self, inputs: &[ArrayType<'_>], _outputs: &[ArrayType<'_>]) -> usize {
        inputs[2].len()
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element>(
            op: Put,
            [base, places, parts]: [&View<'_>; 3],
            y: &mut [T],
            combine: impl Fn(T, T) -> T + Sync,
        ) -> Result<(), Error> {
            let Lanes { length, inner, .. } = Lanes::new(base.shape, 1);
            let (places, parts) = (places.elements::<i64>(), parts.elements::<T>());
            // Refused before anything is written.
            all_checked(&op, places, length)?;
            if !base.data.is_empty() {
                y.copy_from_slice(base.elements());
            }
            if inner == 0 {
                return Ok(());
            }
            let count = (parts.len() / inner) / base.shape[0].max(1);
            let threads = rayon::current_num_threads();
            let is_small = parts.len() <= TASK || (inner < WIDE && y.len() <= SMALL);
            // Each task goes through all positions, and takes what belongs to its rows: in the same order.
            let rows = if is_small { y.len() } else { (y.len() / inner).div_ceil(threads) * inner }.max(1);
            let task = |(task, y): (usize, &mut [T])| {
                let first = task * rows;
                for (i, part) in parts.chunks(inner).enumerate() {
                    let row = (i / count * length + places[i] as usize) * inner;
                    let row = row.wrapping_sub(first);
                    if row < y.len() {
                        y[row..row + inner].iter_mut().zip(part).for_each(|(y, x)| *y = combine(*y, *x));
                    }
                }
            };
            match is_small {
                true => y.chunks_mut(rows).enumerate().for_each(task),
                false => y.par_chunks_mut(rows).enumerate().for_each(task),
            }
            Ok(())
        }
        let inputs = [&inputs[0], &inputs[1], &inputs[2]];
        let output = outputs[0].reborrow();
        match self.0 {
            How::Set => {
                with_type!(output.element_type(), T => run::<T>(*self, inputs, output.get(), |_, x| x))
            }
            How::Max => with_type!(output.element_type(), T => {
                run::<T>(*self, inputs, output.get(), larger)
            }),
            How::Min => with_type!(output.element_type(), T => {
                run::<T>(*self, inputs, output.get(), smaller)
            }),
            How::Mul => match output {
                AnySliceMut::F32(y) => run::<f32>(*self, inputs, y, |a, b| a * b),
                AnySliceMut::F64(y) => run::<f64>(*self, inputs, y, |a, b| a * b),
                AnySliceMut::U8(y) => run::<u8>(*self, inputs, y, u8::wrapping_mul),
                AnySliceMut::I32(y) => run::<i32>(*self, inputs, y, i32::wrapping_mul),
                AnySliceMut::I64(y) => run::<i64>(*self, inputs, y, i64::wrapping_mul),
                AnySliceMut::Bool(_) => unreachable!("truth values have no product"),
            },
        }
    }
}

/// The larger, or the NaN.
fn larger<T: Element>(y: T, x: T) -> T {
    if x > y || x.partial_cmp(&x).is_none() { x } else { y }
}

/// The smaller, or the NaN.
fn smaller<T: Element>(y: T, x: T) -> T {
    if x < y || x.partial_cmp(&x).is_none() { x } else { y }
}

#[track_caller]
pub(super) fn put(how: How, base: &AnyExpr, places: &AnyExpr, parts: &AnyExpr) -> AnyExpr {
    let inputs = vec![base.clone(), places.clone(), parts.clone()];
    AnyExpr::values_of(Arc::new(Put(how)), inputs).remove(0)
}

/// What stands at the positions.
#[track_caller]
fn at(x: &AnyExpr, places: &AnyExpr) -> AnyExpr {
    AnyExpr::values_of(Take { axis: 1, common: 1 }, vec![x.clone(), places.clone()]).remove(0)
}
