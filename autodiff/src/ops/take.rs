//! Rows of a table by their positions, and the adjoint: rows added to a table.

mod hlo;
#[cfg(test)]
mod tests;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Batch;
use super::index::all_checked;
use super::operation::{Linearity, Operation};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, Shape, ValueType};

/// x, indices → the parts of x along an axis at these positions. The first so many axes are common to both: each part of such a stack
/// has positions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Take {
    pub axis: usize,
    pub common: usize,
}

/// base, indices, parts → the base with the parts added at these positions along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Scatter {
    pub axis: usize,
    pub common: usize,
}

/// Elements of a task: more are divided between the threads.
const TASK: usize = 1 << 14;

/// Rows of so many elements are worth going through all positions, and so are shorter ones of a table that is in no cache.
const WIDE: usize = 8;
const SMALL: usize = 1 << 18;

/// The type of the parts: with the shape of the indices in place of the axis.
fn parts(x: &ValueType, axis: usize, common: usize, indices: &ValueType) -> Result<ValueType, String> {
    let (dims, places) = (x.shape.dims(), indices.shape.dims());
    let fits = axis < dims.len()
        && common <= axis.min(places.len())
        && indices.element == ElementType::I64
        && dims[..common] == places[..common];
    let (before, after) = (dims.iter().take(axis), dims.iter().skip(axis + 1));
    match fits {
        true => {
            let shape: Shape = before.chain(&places[common..]).chain(after).cloned().collect();
            Ok(ValueType::new(x.element, shape))
        }
        false => Err(format!("positions {indices} along axis {axis} of {x}")),
    }
}

/// Calls `copy(part, row)` for each run of elements that lie together: where it begins among the parts, and in the table.
fn each(x: &[usize], axis: usize, common: usize, indices: &[i64], mut copy: impl FnMut(usize, usize)) {
    let [stack, outer, inner]: [usize; 3] =
        [&x[..common], &x[common..axis], &x[axis + 1..]].map(|sizes| sizes.iter().product());
    let count = indices.len() / stack.max(1);
    for block in 0..stack * outer {
        let first = block / outer * count;
        for (i, &index) in indices[first..first + count].iter().enumerate() {
            copy((block * count + i) * inner, (block * x[axis] + index as usize) * inner);
        }
    }
}

impl Operation for Take {
    fn name(&self) -> String {
        format!("take along axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [x, indices] = inputs else { return Err("takes two inputs".into()) };
        Ok(vec![parts(x, self.axis, self.common, indices)?])
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        let (added, common) = (inputs[1].rank() - self.common, self.common);
        match rows {
            [x, Rows::Free] => x
                .without(&[self.axis], false)
                .moved(|axis| Some(if axis < self.axis { axis } else { axis + added - 1 })),
            [Rows::Free, indices] => {
                indices.moved(|axis| Some(if axis < common { axis } else { self.axis + axis - common }))
            }
            [Rows::Along(a), Rows::Along(b)] if a == b && *a < common => Rows::Along(*a),
            _ => Rows::Mixed,
        }
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let stacks = |axis, common| AnyExpr::values_of(Take { axis, common }, batch.stacks());
        match (batch.is_stacked(0), batch.is_stacked(1)) {
            (true, false) if self.common == 0 => {
                let op = Take { axis: self.axis + 1, common: 0 };
                Some(AnyExpr::values_of(op, vec![batch.given(0).clone(), batch.given(1).clone()]))
            }
            // The axis of the stack is among those of the positions, from where it goes to the front.
            (false, true) if self.common == 0 => {
                let taken = batch.given(0).take(self.axis, &batch.given(1).typed());
                let others = (0..taken.rank()).filter(|&axis| axis != self.axis);
                Some(vec![taken.transpose(&[self.axis].into_iter().chain(others).collect::<Vec<_>>())])
            }
            _ => Some(stacks(self.axis + 1, self.common + 1)),
        }
    }

    /// The parts' adjoints are added where the parts come from.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let scatter = Scatter { axis: self.axis, common: self.common };
        let inputs = vec![inputs[0].zeros_like(), inputs[1].clone(), g.clone()];
        let shape = inputs[0].shape().clone();
        vec![Some(Expr::new(scatter, inputs, shape)), None]
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![self.hlo(hlo, inputs, &outputs[0])])
    }
}

impl Kernel for Take {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element>(op: &Take, x: &View<'_>, indices: &[i64], y: &mut [T]) -> Result<(), Error> {
            let table = x.elements::<T>();
            let (n, stack): (usize, usize) = (x.shape[op.axis], x.shape[..op.common].iter().product());
            let outer: usize = x.shape[op.common..op.axis].iter().product();
            all_checked(op, indices, n)?;
            let (inner, count) =
                (x.shape[op.axis + 1..].iter().product::<usize>(), indices.len() / stack.max(1));
            if y.is_empty() {
                return Ok(());
            }
            let parts = (TASK / inner).max(1);
            let task = |(task, y): (usize, &mut [T])| {
                let (mut block, mut i) = (task * parts / count, task * parts % count);
                let mut row = || {
                    let row = (block * n + indices[block / outer * count + i] as usize) * inner;
                    i += 1;
                    if i == count {
                        (block, i) = (block + 1, 0);
                    }
                    row
                };
                match inner {
                    1 => y.iter_mut().for_each(|y| *y = table[row()]),
                    _ => y.chunks_mut(inner).for_each(|y| y.copy_from_slice(&table[row()..][..inner])),
                }
            };
            match y.len() <= TASK {
                true => y.chunks_mut(parts * inner).enumerate().for_each(task),
                false => y.par_chunks_mut(parts * inner).enumerate().for_each(task),
            }
            Ok(())
        }
        let [x, indices] = [&inputs[0], &inputs[1]];
        with_type!(x.data.element_type(), T => {
            run::<T>(self, x, indices.elements(), outputs[0].reborrow().get())
        })
    }
}

impl Operation for Scatter {
    fn name(&self) -> String {
        format!("scatter_add along axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [base, indices, given] = inputs else { return Err("takes three inputs".into()) };
        let wanted = parts(base, self.axis, self.common, indices)?;
        match *given == wanted && base.element != ElementType::Bool {
            true => Ok(vec![base.clone()]),
            false => Err(format!("parts of type {given}, not {wanted}")),
        }
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let mut inputs = batch.stacks();
        let mut common = self.common + 1;
        if common == 1 && !batch.is_stacked(1) {
            (inputs[1], common) = (batch.given(1).clone(), 0);
        }
        Some(AnyExpr::values_of(Scatter { axis: self.axis + 1, common }, inputs))
    }

    /// The base's adjoint is the output's; a part's is what is read at its place.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let op = Take { axis: self.axis, common: self.common };
        let taken = AnyExpr::values_of(op, vec![g.clone(), inputs[1].clone()]);
        vec![Some(g.clone()), None, taken.into_iter().next()]
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn writes_over(&self) -> Option<usize> {
        Some(0)
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![self.hlo(hlo, inputs)])
    }
}

impl Kernel for Scatter {
    /// What is added or written. The rest of a table is nothing to do where it stands.
    fn flops(&self, inputs: &[ArrayType<'_>], _outputs: &[ArrayType<'_>]) -> usize {
        inputs[2].len()
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element>(
            op: &Scatter,
            [base, indices, given]: [&View<'_>; 3],
            y: &mut [T],
            add: impl Fn(T, T) -> T + Sync,
        ) -> Result<(), Error> {
            let (indices, given) = (indices.elements(), given.elements::<T>());
            let inner: usize = base.shape[op.axis + 1..].iter().product();
            // Refused before anything is written.
            all_checked(op, indices, base.shape[op.axis])?;
            if !base.data.is_empty() {
                y.copy_from_slice(base.elements());
            }
            let add_to = |row: &mut [T], part: usize| {
                row.iter_mut().zip(&given[part..part + inner]).for_each(|(y, x)| *y = add(*y, *x));
            };
            let threads = rayon::current_num_threads();
            if threads == 1 || given.len() <= TASK || (inner < WIDE && y.len() <= SMALL) {
                match inner {
                    1 => each(base.shape, op.axis, op.common, indices, |part, row| {
                        y[row] = add(y[row], given[part])
                    }),
                    _ => each(base.shape, op.axis, op.common, indices, |part, row| {
                        add_to(&mut y[row..row + inner], part);
                    }),
                }
                return Ok(());
            }
            // Each task goes through all positions, and adds what belongs to its rows: in the same order.
            let rows = y.len() / inner;
            let length = rows.div_ceil(threads).max(1) * inner;
            y.par_chunks_mut(length).enumerate().for_each(|(task, y)| {
                let first = task * length;
                each(base.shape, op.axis, op.common, indices, |part, row| {
                    let row = row.wrapping_sub(first);
                    if row < y.len() {
                        add_to(&mut y[row..row + inner], part);
                    }
                });
            });
            Ok(())
        }
        let (inputs, output) = ([&inputs[0], &inputs[1], &inputs[2]], outputs[0].reborrow());
        match output {
            AnySliceMut::F32(y) => run::<f32>(self, inputs, y, |a, b| a + b),
            AnySliceMut::F64(y) => run::<f64>(self, inputs, y, |a, b| a + b),
            AnySliceMut::U8(y) => run::<u8>(self, inputs, y, u8::wrapping_add),
            AnySliceMut::I32(y) => run::<i32>(self, inputs, y, i32::wrapping_add),
            AnySliceMut::I64(y) => run::<i64>(self, inputs, y, i64::wrapping_add),
            AnySliceMut::Bool(_) => unreachable!("truth values are not added"),
        }
    }
}

impl<T: Kind> Expr<T> {
    /// The parts of this along an axis at some positions: `[…, n, …]` and indices of shape `[i, j]` give `[…, i, j, …]`, as NumPy's
    /// `take`. A position that is negative or beyond the axis makes the call of the function fail with [`Error::Index`]; positions
    /// that count from the end are made by [`wrap_negative`](Expr::wrap_negative).
    ///
    /// An embedding is `table.take(0, &words)`. Its gradient is nothing but the rows that were used, and a step of gradient descent in
    /// an [`exclusive`](crate::FunctionBuilder::exclusive) function touches only these.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let table = Expr::<f32>::constant(Tensor::from_fn([3, 2], |i| (10 * i[0] + i[1]) as f32));
    /// let words = Expr::<i64>::constant(Tensor::from_slice(&[2, 0]));
    /// let rows = Function::new([], [table.take(0, &words)])?.call(&[])?;
    /// assert_eq!(rows[0].to_vec(), [20.0, 21.0, 0.0, 1.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn take(&self, axis: usize, indices: &Expr<i64>) -> Self {
        AnyExpr::values_of(Take { axis, common: 0 }, vec![self.untyped(), indices.untyped()])
            .remove(0)
            .typed()
    }

    /// This with parts added at some positions along an axis, in the order of the positions, of which some may be the same: the
    /// adjoint of [`take`](Self::take).
    ///
    /// # Panics
    /// If the parts have not the shape that `take` would give, or for truth values.
    #[track_caller]
    #[must_use]
    pub fn scatter_add(&self, axis: usize, indices: &Expr<i64>, parts: &Expr<T>) -> Self {
        let inputs = vec![self.untyped(), indices.untyped(), parts.untyped()];
        Expr::new(Scatter { axis, common: 0 }, inputs, self.shape())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let take = |axis| move |x: &[AnyExpr]| x[0].take(axis, &x[1].typed()).tanh();
    let add = |axis| move |x: &[AnyExpr]| x[0].scatter_add(axis, &x[1].typed(), &x[2]).tanh();
    vec![
        example("take of rows", &[&[4, 3], &[2, 3]], -1.0..1.0, take(0)).whole(1, 0..4).and(&[&[4, 3], &[0]]),
        example("take of columns", &[&[2, 4], &[5]], -1.0..1.0, take(1)).whole(1, 0..4).and(&[&[0, 4], &[5]]),
        example("take of one", &[&[1], &[]], -1.0..1.0, take(0)).whole(1, 0..1),
        example("scatter_add to rows", &[&[4, 3], &[5], &[5, 3]], -1.0..1.0, add(0)).whole(1, 0..4),
        example("scatter_add to columns", &[&[2, 4], &[3], &[2, 3]], -1.0..1.0, add(1))
            .whole(1, 0..4)
            .and(&[&[2, 4], &[0], &[2, 0]]),
    ]
}
