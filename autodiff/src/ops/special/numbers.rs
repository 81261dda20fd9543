//! What operations have in common whose kernels compute one number at a time, in f64.

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use rayon::prelude::*;

use crate::expr::refusal::{broadcast_difference, refuse_all};
use crate::kernel::View;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Real};

/// `output[i] = f([x[i], …])`, the elements divided between the threads.
pub(in crate::ops) fn each<const N: usize>(
    inputs: &[View<'_>],
    output: &mut AnySliceMut<'_>,
    f: impl Fn([f64; N]) -> f64 + Sync,
) -> Result<(), Error> {
    match output.element_type() {
        ElementType::F32 => {
            let x: [&[f32]; N] = std::array::from_fn(|k| inputs[k].elements());
            fill(output.reborrow().get::<f32>(), |i| f(x.map(|x| x[i].into())) as f32);
        }
        _ => {
            let x: [&[f64]; N] = std::array::from_fn(|k| inputs[k].elements());
            fill(output.reborrow().get::<f64>(), |i| f(x.map(|x| x[i])));
        }
    }
    Ok(())
}

/// Numbers that [`in_blocks`] hands over at once.
pub(super) const BLOCK: usize = 512;

/// As [`each`], by blocks of f64, of which vector code makes the value.
pub(super) fn in_blocks<const N: usize>(
    inputs: &[View<'_>],
    output: &mut AnySliceMut<'_>,
    f: impl Fn([&[f64]; N], &mut [f64]) + Sync,
) {
    fn run<T: Float, const N: usize>(
        x: [&[T]; N],
        y: &mut [T],
        f: &(impl Fn([&[f64]; N], &mut [f64]) + Sync),
    ) {
        let block = |(i, y): (usize, &mut [T])| {
            let (mut wide, mut values) = ([[0.0; BLOCK]; N], [0.0; BLOCK]);
            for (wide, x) in wide.iter_mut().zip(x) {
                wide.iter_mut().zip(&x[i * BLOCK..][..y.len()]).for_each(|(wide, x)| *wide = x.to_f64());
            }
            let values = &mut values[..y.len()];
            f(std::array::from_fn(|k| &wide[k][..y.len()]), values);
            y.iter_mut().zip(values).for_each(|(y, value)| *y = T::from_f64(*value));
        };
        match y.len() <= 4 * BLOCK {
            true => y.chunks_mut(BLOCK).enumerate().for_each(block),
            false => y.par_chunks_mut(BLOCK).enumerate().with_min_len(4).for_each(block),
        }
    }
    match output.element_type() {
        ElementType::F32 => {
            run::<f32, N>(std::array::from_fn(|k| inputs[k].elements()), output.reborrow().get(), &f);
        }
        _ => run::<f64, N>(std::array::from_fn(|k| inputs[k].elements()), output.reborrow().get(), &f),
    }
}

/// The value of an operation on inputs of one shape, to which they are broadcast.
///
/// # Panics
/// If they do not broadcast.
#[track_caller]
pub(in crate::ops) fn of_broadcast<T: Real>(op: impl Operation, inputs: &[&Expr<T>]) -> Expr<T> {
    let mut shape = inputs[0].shape().clone();
    for input in &inputs[1..] {
        let Some(both) = shape.broadcast(input.shape()) else {
            let (op, own) = (op.name(), input.shape());
            let why = broadcast_difference(&shape, own);
            let operands: Vec<AnyExpr> = inputs.iter().map(|input| input.untyped()).collect();
            refuse_all(format_args!("{op}: shapes {shape} and {own} do not broadcast{why}"), &operands);
        };
        shape = both;
    }
    let inputs: Vec<AnyExpr> = inputs.iter().map(|input| input.broadcast_to(&shape).untyped()).collect();
    AnyExpr::values(op, &inputs)[0].typed()
}

/// The methods of an operation that works element by element, on real numbers of one type.
macro_rules! elementwise_methods {
    () => {
        fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
            crate::ops::elementwise::of_floats(inputs)
        }

        fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
            Some(AnyExpr::values_of(std::sync::Arc::new(*self), batch.stacks()))
        }

        fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
            Rows::together(rows)
        }
    };
}
pub(in crate::ops) use elementwise_methods;
