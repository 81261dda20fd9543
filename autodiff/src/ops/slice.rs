//! A range of one axis, and its adjoint: zeros around.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo};

use bayeux_tensor::{AnySliceMut, AnyTensor, Element, with_type};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::layout::{copy, row_major};
use super::operation::{Linearity, Operation};
use crate::expr::refusal::ensure;
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, Shape, ValueType};

/// Part of one axis: from `start`, as long as the output's shape says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub axis: usize,
    pub start: Dim,
}

/// A place along an axis, of an op at concrete sizes.
fn number(place: &Dim) -> usize {
    place.size().unwrap_or_else(|| unreachable!("{place} has its size before a program runs"))
}

impl Slice {
    /// Where it begins, at concrete sizes.
    pub fn first(&self) -> usize {
        number(&self.start)
    }

    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        fits_inside(self.axis, &self.start, output, input)
    }
}

/// Whether one shape lies inside another: from `start` on along an axis, and equal along all others.
fn fits_inside(axis: usize, start: &Dim, small: &Shape, large: &Shape) -> Result<(), String> {
    let fits = small.rank() == large.rank()
        && axis < small.rank()
        && small.without(&[axis]) == large.without(&[axis])
        // What is not known here is when the sizes are.
        && large[axis].is_at_least(start + &small[axis]) != Some(false)
        && start.is_at_least(0) != Some(false);
    fits.then_some(()).ok_or_else(|| format!("{small} from {start} along axis {axis} is not within {large}"))
}

impl Operation for Slice {
    fn name(&self) -> String {
        format!("slice {}.. of axis {}", self.start, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        let start = self.first();
        Ok(Some(inputs[0].slice(self.axis, start..start + shape[self.axis])))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Slice { axis: self.axis + 1, start: self.start.clone() };
        Some(vec![AnyExpr::new(op, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let pad = Pad { axis: self.axis, before: self.start.clone() };
        vec![Some(Expr::new(pad, vec![g.clone()], inputs[0].shape()))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let start = self.first();
        Some(vec![hlo.slice(&inputs[0], self.axis, start, start + outputs[0].shape[self.axis], 1)])
    }
}

/// Zeros around one axis: `before` of them in front, and behind as many as the output's shape asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Pad {
    pub axis: usize,
    pub before: Dim,
}

impl Pad {
    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        fits_inside(self.axis, &self.before, input, output)
    }
}

impl Operation for Pad {
    fn name(&self) -> String {
        format!("pad {} before axis {}", self.before, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let part = (number(&self.before), inputs[0].shape);
        Ok(Some(Box::new(Placement::new(outputs[0].shape, self.axis, &[part]))))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Pad { axis: self.axis + 1, before: self.before.clone() };
        Some(vec![AnyExpr::new(op, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let slice = Slice { axis: self.axis, start: self.before.clone() };
        vec![Some(Expr::new(slice, vec![g.clone()], inputs[0].shape()))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let [size, wanted] = [inputs[0].of(), &outputs[0]].map(|of| of.shape[self.axis] as i64);
        let before = number(&self.before) as i64;
        Some(vec![hlo.pad(&inputs[0], self.axis, [before, wanted - size - before, 0], 0.0)])
    }
}

/// Copies each input to its place along one axis of the output, and zeros elsewhere.
#[derive(Debug)]
pub(crate) struct Placement {
    /// The output's strides.
    strides: Vec<isize>,
    /// Where each input's first element goes.
    offsets: Vec<usize>,
    /// Elements along the axis and behind it,
    slab: usize,
    /// and those of them that no input goes to.
    gaps: Vec<Range<usize>>,
}

impl Placement {
    /// `parts`: where along the axis each input begins, and its shape.
    pub(crate) fn new(shape: &[usize], axis: usize, parts: &[(usize, &[usize])]) -> Self {
        let strides = row_major(shape);
        let inner: usize = shape[axis + 1..].iter().product();
        let mut covered: Vec<Range<usize>> =
            parts.iter().map(|(start, part)| start * inner..(start + part[axis]) * inner).collect();
        let offsets = covered.iter().map(|part| part.start).collect();
        covered.sort_unstable_by_key(|part| part.start);
        let slab = shape[axis] * inner;
        let ends = covered.iter().map(|part| part.start).chain([slab]);
        let starts = [0].into_iter().chain(covered.iter().map(|part| part.end));
        let gaps = starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect();
        Placement { offsets, slab, gaps, strides }
    }
}

impl Kernel for Placement {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let output = &mut outputs[0];
        if !self.gaps.is_empty() {
            with_type!(output.element_type(), T => {
                for slab in output.reborrow().get::<T>().chunks_exact_mut(self.slab) {
                    self.gaps.iter().for_each(|gap| slab[gap.clone()].fill(<T as Element>::ZERO));
                }
            });
        }
        for (input, &offset) in inputs.iter().zip(&self.offsets) {
            copy(input, output.reborrow(), offset, &self.strides);
        }
        Ok(())
    }
}

/// A range of an axis: `1..3`, `2..`, `..5`, `..`, where a negative number counts from the end, as in NumPy: `..-1` is all but the
/// last.
pub trait AxisRange {
    /// Where it begins and ends on an axis of a length.
    fn on(self, length: &Dim) -> Range<Dim>;
}

/// A place along an axis, counted from the front or, if negative, from the end.
pub trait Place {
    /// The place on an axis of a length.
    fn on(self, length: &Dim) -> Dim;
}

impl Place for usize {
    fn on(self, _length: &Dim) -> Dim {
        Dim::from(self)
    }
}

impl Place for i32 {
    fn on(self, length: &Dim) -> Dim {
        match usize::try_from(self) {
            Ok(place) => Dim::from(place),
            Err(_) => length - self.unsigned_abs() as usize,
        }
    }
}

impl Place for &Dim {
    fn on(self, _length: &Dim) -> Dim {
        self.clone()
    }
}

impl Place for Dim {
    fn on(self, _length: &Dim) -> Dim {
        self
    }
}

impl<P: Place> AxisRange for Range<P> {
    fn on(self, length: &Dim) -> Range<Dim> {
        self.start.on(length)..self.end.on(length)
    }
}

impl<P: Place + Clone> AxisRange for RangeInclusive<P> {
    fn on(self, length: &Dim) -> Range<Dim> {
        let (start, last) = self.into_inner();
        start.on(length)..last.on(length) + 1
    }
}

impl<P: Place> AxisRange for RangeFrom<P> {
    fn on(self, length: &Dim) -> Range<Dim> {
        self.start.on(length)..length.clone()
    }
}

impl<P: Place> AxisRange for RangeTo<P> {
    fn on(self, length: &Dim) -> Range<Dim> {
        Dim::from(0usize)..self.end.on(length)
    }
}

impl AxisRange for RangeFull {
    fn on(self, length: &Dim) -> Range<Dim> {
        Dim::from(0usize)..length.clone()
    }
}

impl<T: Kind> Expr<T> {
    /// A range of one axis, which may be free.
    ///
    /// ```
    /// use bayeux_autodiff::{Dim, Expr};
    /// let x = Expr::<f32>::input("x", [Dim::symbol("n")]);
    /// let differences = x.slice(0, 1..) - x.slice(0, ..-1);
    /// assert_eq!(differences.shape().to_string(), "[n − 1]");
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the range exceeds it. Where that depends on a free dimension, the call of the function
    /// fails instead.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: impl AxisRange) -> Self {
        let length = self.dim(axis);
        let range = range.on(&length);
        let fits = range.start.is_at_least(0) != Some(false)
            && range.end.is_at_least(&range.start) != Some(false)
            && length.is_at_least(&range.end) != Some(false);
        ensure!(
            fits,
            [self],
            "slice: {}..{} of axis {axis} of {self:?} of shape {}",
            range.start,
            range.end,
            self.shape()
        );
        let shape = self.shape().with(axis, &range.end - &range.start);
        Expr::new(Slice { axis, start: range.start }, vec![self.untyped()], shape)
    }

    /// Zeros before one axis, of which both may be free.
    #[track_caller]
    pub(crate) fn pad_before(&self, axis: usize, before: Dim) -> Self {
        let shape = self.shape().with(axis, self.dim(axis) + &before);
        Expr::new(Pad { axis, before }, vec![self.untyped()], shape)
    }

    /// Zeros before and after one axis, which may be free.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn pad(&self, axis: usize, before: usize, after: usize) -> Self {
        let shape = self.shape().with(axis, self.dim(axis) + before + after);
        Expr::new(Pad { axis, before: before.into() }, vec![self.untyped()], shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    vec![
        example("slice", &[&[4, 5]], -1.0..1.0, |x| x[0].slice(1, 1..4).tanh()).and(&[&[0, 5]]),
        example("slice of nothing", &[&[4, 5]], -1.0..1.0, |x| x[0].slice(0, 2..2).tanh()),
        example("slice of one", &[&[1]], -1.0..1.0, |x| x[0].slice(0, 0..1).tanh()),
        example("pad", &[&[2, 3]], -1.0..1.0, |x| x[0].pad(1, 2, 1).tanh()).and(&[&[2, 0]]).and(&[&[1, 1]]),
    ]
}
