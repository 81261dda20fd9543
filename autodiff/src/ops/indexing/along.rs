//! Elements by positions of their own along an axis: NumPy's `take_along_axis` and `put_along_axis`, ONNX's `GatherElements` and
//! `ScatterElements`.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::put::{How, put};
use crate::expr::refusal::ensure;
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::index::all_checked;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::{Axes, Batch};
use crate::stablehlo::Positions;
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// x, positions along an axis → the elements there; base, positions, parts → the base with the parts added there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Along {
    axis: usize,
    adds: bool,
}

/// Elements of a task.
const TASK: usize = 1 << 14;

/// Positions along the middle of a table seen as so many slabs, of `table` elements each, to which `slab` positions belong.
struct Slabs<'a> {
    places: &'a [i64],
    slab: usize,
    table: usize,
    inner: usize,
}

impl Slabs<'_> {
    /// Calls `f(i, at)` for some of a slab's positions: which it is, and where in the table's slab that is.
    #[inline(always)]
    fn places_of(&self, slab: usize, which: Range<usize>, mut f: impl FnMut(usize, usize)) {
        let places = &self.places[slab * self.slab..][..self.slab];
        if self.inner == 1 {
            return which.for_each(|i| f(i, places[i] as usize));
        }
        let mut column = which.start % self.inner;
        for i in which {
            f(i, places[i] as usize * self.inner + column);
            column = if column + 1 == self.inner { 0 } else { column + 1 };
        }
    }

    /// Calls `f` with each slab of an array.
    fn each<T: Send>(&self, y: &mut [T], slab: usize, f: &(dyn Fn(usize, &mut [T]) + Sync)) {
        match self.places.len() <= TASK && y.len() <= TASK {
            true => y.chunks_mut(slab).enumerate().for_each(|(o, y)| f(o, y)),
            false => {
                let slabs = y.par_chunks_mut(slab).enumerate();
                slabs.with_min_len((TASK / self.slab.max(slab)).max(1)).for_each(|(o, y)| f(o, y));
            }
        }
    }
}

impl Operation for Along {
    fn name(&self) -> String {
        let name = if self.adds { "add_along" } else { "take_along" };
        format!("{name} axis {}", self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let (x, places) = (&inputs[0], &inputs[1]);
        let alike = self.axis < x.shape.rank()
            && places.shape.rank() == x.shape.rank()
            && x.shape.without(&[self.axis]) == places.shape.without(&[self.axis])
            && places.element == ElementType::I64;
        let parts = ValueType::new(x.element, &places.shape);
        match self.adds {
            false if alike => Ok(vec![parts]),
            true if alike && x.element != ElementType::Bool && inputs[2] == parts => Ok(vec![x.clone()]),
            _ => Err(format!("inputs of types {inputs:?}")),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (x, places) = (&inputs[0], &inputs[1]);
        let from = Lanes::new(x.shape, self.axis);
        let [slab, table] = [places.shape[self.axis] * from.inner, from.length * from.inner];
        let places = places.elements::<i64>();
        all_checked(self, places, from.length)?;
        if slab == 0 || table == 0 {
            if self.adds {
                with_type!(x.data.element_type(), T => outputs[0].reborrow().get::<T>().copy_from_slice(x.elements()));
            }
            return Ok(());
        }
        let slabs = Slabs { places, slab, table, inner: from.inner };
        fn add<T: Element>(
            x: &View<'_>,
            parts: &View<'_>,
            y: &mut [T],
            slabs: &Slabs<'_>,
            sum: impl Fn(T, T) -> T + Sync,
        ) {
            let parts = parts.elements::<T>();
            slabs.each(y, slabs.table, &|o, y| {
                y.copy_from_slice(&x.elements()[o * slabs.table..][..slabs.table]);
                let parts = &parts[o * slabs.slab..][..slabs.slab];
                slabs.places_of(o, 0..slabs.slab, |i, at| y[at] = sum(y[at], parts[i]));
            });
        }
        if !self.adds {
            with_type!(x.data.element_type(), T => {
                let x = x.elements::<T>();
                // A slab may be all there is: it is divided.
                let length = (TASK / slabs.inner).max(1).min(slab / slabs.inner) * slabs.inner;
                let pieces = slab.div_ceil(length);
                let take = |first: usize, o: usize, y: &mut [T]| {
                    let x = &x[o * table..][..table];
                    slabs.places_of(o, first..first + y.len(), |i, at| y[i - first] = x[at]);
                };
                let y = outputs[0].reborrow().get::<T>();
                match pieces {
                    1 => slabs.each(y, slab, &|o, y| take(0, o, y)),
                    _ => y.par_chunks_mut(slab).enumerate().for_each(|(o, y)| {
                        y.par_chunks_mut(length).enumerate().for_each(|(i, y)| take(i * length, o, y));
                    }),
                }
            });
            return Ok(());
        }
        let slabs = &slabs;
        match outputs[0].reborrow() {
            AnySliceMut::F32(y) => add(x, &inputs[2], y, slabs, |a, b| a + b),
            AnySliceMut::F64(y) => add(x, &inputs[2], y, slabs, |a, b| a + b),
            AnySliceMut::U8(y) => add(x, &inputs[2], y, slabs, u8::wrapping_add),
            AnySliceMut::I32(y) => add(x, &inputs[2], y, slabs, i32::wrapping_add),
            AnySliceMut::I64(y) => add(x, &inputs[2], y, slabs, i64::wrapping_add),
            AnySliceMut::Bool(_) => unreachable!("truth values are not added"),
        }
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Along { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let places = inputs[1].typed();
        match self.adds {
            false => vec![Some(inputs[0].zeros_like().added_along(self.axis, &places, g)), None],
            true => vec![Some(g.clone()), None, Some(g.take_along(self.axis, &places))],
        }
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![match self.adds {
            false => hlo.take_along(&inputs[0], &inputs[1], self.axis),
            true => hlo.scatter(Some("add"), inputs, &Positions::along(self.axis, outputs[0].rank())),
        }])
    }
}

impl<T: Kind> Expr<T> {
    /// The elements at positions along an axis, for each lane its own: the positions have this expression's shape but for the axis, and
    /// the result has theirs. NumPy's `take_along_axis`.
    ///
    /// # Panics
    /// If there is no such axis, or if the shapes differ in another.
    #[track_caller]
    pub fn take_along(&self, axis: impl Axes, places: &Expr<i64>) -> Self {
        let axis = self.axis_of("take_along", axis);
        let inputs = vec![self.untyped(), places.untyped()];
        AnyExpr::values_of(Arc::new(Along { axis, adds: false }), inputs).remove(0).typed()
    }

    /// The elements at positions along the last axis, for each row its own: `[…, n]` and `[…, k]` give `[…, k]`.
    ///
    /// # Panics
    /// For a scalar, or if the shapes differ in another axis than the last.
    #[track_caller]
    #[must_use]
    pub fn take_along_last(&self, places: &Expr<i64>) -> Self {
        ensure!(self.rank() > 0, [self], "take_along_last: {self:?} is a scalar");
        self.take_along(-1, places)
    }

    #[track_caller]
    fn added_along(&self, axis: usize, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        let inputs = vec![self.untyped(), places.untyped(), parts.untyped()];
        AnyExpr::values_of(Arc::new(Along { axis, adds: true }), inputs).remove(0).typed()
    }

    #[track_caller]
    pub(in crate::ops) fn put_along_last(&self, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.added_along(self.rank() - 1, places, parts)
    }

    #[track_caller]
    fn combined_along(
        &self,
        op: &str,
        how: How,
        axis: impl Axes,
        places: &Expr<i64>,
        parts: &Expr<T>,
    ) -> Self {
        let axis = self.axis_of(op, axis);
        let alike = places.rank() == self.rank()
            && places.shape().without(&[axis]) == self.shape().without(&[axis])
            && parts.shape() == places.shape();
        ensure!(
            alike,
            [self, places, parts],
            "{op}: parts {parts:?} of shape {} at positions of shape {} along axis {axis} of {self:?} of shape {}",
            parts.shape(),
            places.shape(),
            self.shape()
        );
        let last = self.rank() - 1;
        let lanes = self.shape().without(&[axis]).len();
        let base = self.move_axis(axis, last);
        let moved = base.shape().clone();
        let base = base.reshape([lanes.clone(), self.dim(axis), 1.into()]).untyped();
        let flat = [lanes, places.dim(axis)];
        let places = places.move_axis(axis, last).reshape(flat.clone()).untyped();
        let parts = parts.move_axis(axis, last).reshape(flat).insert_axis(2).untyped();
        put(how, &base, &places, &parts).reshape(moved).move_axis(last, axis).typed()
    }

    /// This with other elements at positions along an axis, for each lane its own: positions and parts have this expression's shape but
    /// for the axis. Of several at one position the last stays, and has the slope. NumPy's `put_along_axis`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let places = Expr::<i64>::constant(Tensor::new([2, 1], vec![2, 0]));
    /// let y = Expr::<f32>::zeros([2, 3]).put_along(1, &places, &Expr::ones([2, 1]));
    /// let y = Function::new([], [y])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the shapes do not fit.
    #[track_caller]
    pub fn put_along(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.combined_along("put_along", How::Set, axis, places, parts)
    }
}

macro_rules! along {
    ($($(#[$doc:meta])* $method:ident $how:ident;)+) => {
        impl<T: Arithmetic> Expr<T> {
            $($(#[$doc])*
            ///
            /// # Panics
            /// If there is no such axis, or if the shapes do not fit.
            #[track_caller]
            pub fn $method(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
                self.combined_along(stringify!($method), How::$how, axis, places, parts)
            })+
        }
    };
}

along! {
    /// The larger of what stands at positions along an axis and the parts there, see [`put_along`](Self::put_along).
    max_along Max;
    /// The smaller of what stands at positions along an axis and the parts there, see [`put_along`](Self::put_along).
    min_along Min;
    /// The product of what stands at positions along an axis and the parts there, see [`put_along`](Self::put_along) and
    /// [`scatter_mul`](Self::scatter_mul).
    mul_along Mul;
}

impl<T: Arithmetic> Expr<T> {
    /// This with elements added at positions along an axis, of which some may be the same: the adjoint of
    /// [`take_along`](Self::take_along).
    ///
    /// # Panics
    /// If there is no such axis, or if the shapes do not fit.
    #[track_caller]
    pub fn add_along(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.added_along(self.axis_of("add_along", axis), places, parts)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let take = |axis: i32| move |x: &[AnyExpr]| x[0].take_along(axis, &x[1].typed()).tanh();
    let add = |axis: i32| move |x: &[AnyExpr]| x[0].add_along(axis, &x[1].typed(), &x[2]).tanh();
    let set = |axis: i32| move |x: &[AnyExpr]| x[0].put_along(axis, &x[1].typed(), &x[2]).tanh();
    let max = |x: &[AnyExpr]| x[0].max_along(1, &x[1].typed(), &x[2]).tanh();
    let min = |x: &[AnyExpr]| x[0].min_along(0, &x[1].typed(), &x[2]).tanh();
    let mul = |x: &[AnyExpr]| x[0].mul_along(1, &x[1].typed(), &x[2]).tanh();
    let three = |name: &str, build: fn(&[AnyExpr]) -> AnyExpr| {
        example(name, &[&[3, 4], &[3, 4], &[3, 4]], -1.0..1.0, build).whole(1, 0..3)
    };
    vec![
        example("take_along", &[&[3, 4], &[3, 2]], -1.0..1.0, take(-1))
            .whole(1, 0..4)
            .and(&[&[0, 4], &[0, 2]]),
        example("take_along the first", &[&[4, 3, 2], &[5, 3, 2]], -1.0..1.0, take(0)).whole(1, 0..4),
        example("take_along one", &[&[1], &[2]], -1.0..1.0, take(0)).whole(1, 0..1),
        example("add_along", &[&[3, 4], &[3, 2], &[3, 2]], -1.0..1.0, add(1)).whole(1, 0..4).and(&[
            &[3, 4],
            &[3, 0],
            &[3, 0],
        ]),
        example("add_along the first", &[&[4, 3], &[5, 3], &[5, 3]], -1.0..1.0, add(0)).whole(1, 0..4),
        example("put_along", &[&[3, 4], &[3, 2], &[3, 2]], -1.0..1.0, set(1)).whole(1, 0..4),
        example("put_along the first", &[&[4, 3], &[5, 3], &[5, 3]], -1.0..1.0, set(0)).whole(1, 0..4),
        three("max_along", max),
        three("min_along", min),
        three("mul_along", mul),
        example("add_along of whole numbers", &[&[4], &[6], &[6]], 0.0..1.0, add_whole)
            .whole(0, 0..9)
            .whole(1, 0..4)
            .whole(2, 0..9),
    ]
}

#[cfg(test)]
fn add_whole(x: &[AnyExpr]) -> AnyExpr {
    x[0].add_along(0, &x[1].typed(), &x[2])
}
