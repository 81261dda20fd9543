//! The categorical distribution: positions, by their weights.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::draws::{unit, without_slopes};
use crate::kernel::{Kernel, Scratch, View};
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::{AnyExpr, ArrayType, Error, Expr, RandomStreams, Rows, Shape, ValueType};

/// bits `[…]`, weights `[…, n]` or their logarithms → positions `[…]` along the weights' last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Categorical {
    logarithms: bool,
}

/// Weights that a task looks at: more are divided between the threads.
const TASK: usize = 1 << 14;

impl Operation for Categorical {
    fn name(&self) -> String {
        if self.logarithms { "categorical" } else { "weighted_choice" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [bits, weights] = inputs else { return Err("takes bits and weights".into()) };
        let fits = bits.element == ElementType::I64
            && weights.element.is_float()
            && weights.shape.rank() == bits.shape.rank() + 1
            && weights.shape.dims().starts_with(bits.shape.dims());
        match fits {
            true => Ok(vec![bits.clone()]),
            false => Err(format!("bits {bits} and weights {weights}")),
        }
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(&[rows[0], rows[1].without(&[inputs[1].rank() - 1], false)])
    }

    without_slopes!();
}

impl Categorical {
    /// The running sums of a row's weights, up to a factor, or what cannot be a weight.
    fn sums(self, row: impl Iterator<Item = f64> + Clone, sums: &mut Vec<f64>) -> Result<(), f64> {
        let largest = row.clone().fold(f64::NEG_INFINITY, f64::max);
        let fits = |x: f64| !x.is_nan() && x < f64::INFINITY && (self.logarithms || x >= 0.0);
        if let Some(bad) = row.clone().find(|&x| !fits(x)) {
            return Err(bad);
        }
        sums.clear();
        let mut sum = 0.0;
        sums.extend(row.map(|x| {
            sum += if self.logarithms { libm::exp(x - largest) } else { x };
            sum
        }));
        match sum > 0.0 && sum < f64::INFINITY {
            true => Ok(()),
            false => Err(largest),
        }
    }

    fn draw<T: Float>(self, bits: &[i64], weights: &View<'_>, positions: &mut [i64]) -> Result<(), Error> {
        let weights = weights.typed::<T>();
        let (&n, outer) = weights.shape.split_last().expect("one axis more");
        let (&step, strides) = weights.strides.split_last().expect("one axis more");
        // Where a row begins.
        let begin = |mut row: usize| {
            let axes = outer.iter().zip(strides).rev();
            axes.fold(weights.offset, |at, (&size, &stride)| {
                let place = row % size;
                row /= size;
                at + place * stride as usize
            })
        };
        let rows = (TASK / n.max(1)).max(1);
        let task = |(task, positions): (usize, &mut [i64])| {
            let (mut sums, mut last) = (Vec::with_capacity(n), None);
            for (i, position) in positions.iter_mut().enumerate() {
                let row = task * rows + i;
                let first = begin(row);
                // Draws of the same row share its sums.
                if last != Some(first) {
                    let row_of = (0..n).map(|k| weights.data[first + k * step as usize].to_f64());
                    self.sums(row_of, &mut sums).map_err(|bad| (row, bad))?;
                    last = Some(first);
                }
                let bits = bits[row] as u64;
                let wanted = unit((bits >> 32) as u32, bits as u32) * sums[n - 1];
                // The product may be rounded up to the whole; then it is the last that has a weight.
                let found = sums.partition_point(|&sum| sum <= wanted);
                *position = match found < n {
                    true => found,
                    false => sums.partition_point(|&sum| sum < sums[n - 1]),
                } as i64;
            }
            Ok(())
        };
        let failed = match positions.len() <= rows {
            true => positions.chunks_mut(rows).enumerate().find_map(|of| task(of).err()),
            // The first, whichever task finds one before the others.
            false => {
                let tasks = positions.par_chunks_mut(rows).enumerate();
                tasks.filter_map(|of| task(of).err()).min_by_key(|&(row, _): &(usize, f64)| row)
            }
        };
        let name = if self.logarithms { "logit" } else { "weight" };
        match failed {
            None => Ok(()),
            Some((position, value)) => Err(Error::Parameter { op: self.name(), name, value, position }),
        }
    }
}

impl Kernel for Categorical {
    fn takes_strides(&self, i: usize) -> bool {
        i == 1
    }

    fn flops(&self, inputs: &[ArrayType<'_>], _outputs: &[ArrayType<'_>]) -> usize {
        inputs[1].len()
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let (bits, positions) = (inputs[0].elements(), outputs[0].reborrow().get());
        match inputs[1].data.element_type() {
            ElementType::F32 => self.draw::<f32>(bits, &inputs[1], positions),
            _ => self.draw::<f64>(bits, &inputs[1], positions),
        }
    }
}

impl RandomStreams {
    /// Positions along the last axis of some logits, k with probability softmax(l)ₖ. `shape` is that of the draws, to which the logits'
    /// axes but the last are broadcast. Whole numbers have no slope.
    ///
    /// By running sums of the probabilities and one number of 52 bits for each draw. A logit that is NaN or ∞, or a row of −∞, makes
    /// the call fail with [`Error::Parameter`].
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams};
    /// use bayeux_tensor::Tensor;
    /// let logits = Expr::<f64>::constant(Tensor::from_slice(&[0.0, f64::NEG_INFINITY, 1.0]));
    /// let draws = RandomStreams::new(7).categorical(&logits, [100]);
    /// let draws = Function::<i64>::new([], [draws])?.call(&[])?;
    /// assert!(draws[0].iter().all(|k| k == 0 || k == 2));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the logits are a scalar or do not broadcast; at too many requests.
    #[track_caller]
    pub fn categorical<T: Float>(&self, logits: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<i64> {
        self.positions(Categorical { logarithms: true }, &logits.into(), &shape.into())
    }

    /// Positions along the last axis of some weights, each with a probability in proportion to its weight, with replacement: NumPy's
    /// `choice` with probabilities. They need not sum to 1. See [`categorical`](Self::categorical), which takes logarithms. A negative
    /// weight, or a row of zeros, makes the call fail with [`Error::Parameter`].
    ///
    /// # Panics
    /// If the weights are a scalar or do not broadcast; at too many requests.
    #[track_caller]
    pub fn weighted_choice<T: Float>(
        &self,
        weights: impl Into<Expr<T>>,
        shape: impl Into<Shape>,
    ) -> Expr<i64> {
        self.positions(Categorical { logarithms: false }, &weights.into(), &shape.into())
    }

    #[track_caller]
    fn positions<T: Float>(&self, op: Categorical, weights: &Expr<T>, shape: &Shape) -> Expr<i64> {
        let Some(last) = weights.shape().dims().last() else {
            panic!("{}: weights of shape () have no last axis", op.name())
        };
        let rows: Shape = shape.dims().iter().chain([last]).cloned().collect();
        let weights = super::draws::fitted(&op.name(), weights, &rows);
        AnyExpr::values(op, &[self.bits(shape).untyped(), weights.untyped()]).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |logarithms| {
        move |x: &[AnyExpr]| AnyExpr::values(Categorical { logarithms }, &[x[1].clone(), x[0].clone()])
    };
    vec![
        example("categorical", &[&[3, 5, 4], &[3, 5]], -2.0..2.0, draw(true))
            .whole(1, -(1 << 52)..1 << 52)
            .and(&[&[0, 4], &[0]])
            .and(&[&[1], &[]]),
        example("categorical of columns", &[&[4, 6], &[6]], -2.0..2.0, move |x| {
            draw(true)(&[x[0].t(), x[1].clone()])
        })
        .whole(1, -(1 << 52)..1 << 52),
        example("weighted_choice", &[&[6, 4], &[6]], 0.0..2.0, draw(false)).whole(1, -(1 << 52)..1 << 52),
    ]
}
