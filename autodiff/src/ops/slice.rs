//! A range of one axis, and its adjoint: zeros around.

use std::ops::Range;

use bayeux_tensor::{AnySliceMut, AnyTensor};

use super::layout::{copy, row_major};
use super::operation::Operation;
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Kind, Shape, ValueType};

/// Part of one axis: from `start`, as long as the output's shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub axis: usize,
    pub start: usize,
}

impl Slice {
    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        fits_inside(self.axis, self.start, output, input)
    }
}

/// Whether one shape lies inside another: from `start` on along an axis, and equal along all others.
fn fits_inside(axis: usize, start: usize, small: &Shape, large: &Shape) -> Result<(), String> {
    let within = |small: Option<usize>, large: Option<usize>| match (small, large) {
        (Some(small), Some(large)) => start + small <= large,
        _ => true, // known when the sizes are
    };
    let fits = small.rank() == large.rank()
        && axis < small.rank()
        && small.without(&[axis]) == large.without(&[axis])
        && within(small[axis].size(), large[axis].size());
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
        Ok(Some(inputs[0].slice(self.axis, self.start..self.start + shape[self.axis])))
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let pad = Pad { axis: self.axis, before: self.start };
        vec![Some(Expr::new(pad, vec![g.clone()], inputs[0].shape()))]
    }
}

/// Zeros around one axis: `before` of them in front, and behind as many as the output's shape asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pad {
    pub axis: usize,
    pub before: usize,
}

impl Pad {
    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        fits_inside(self.axis, self.before, input, output)
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
        Ok(Some(Box::new(Placement::new(outputs[0].shape, self.axis, &[(self.before, inputs[0].shape)]))))
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let slice = Slice { axis: self.axis, start: self.before };
        vec![Some(Expr::new(slice, vec![g.clone()], inputs[0].shape()))]
    }
}

/// Copies each input to its place along one axis of the output, and zeros elsewhere.
#[derive(Debug)]
pub(crate) struct Placement {
    /// The output's strides.
    strides: Vec<isize>,
    /// Where each input's first element goes.
    offsets: Vec<usize>,
    covers: bool,
}

impl Placement {
    /// `parts`: where along the axis each input begins, and its shape.
    pub(crate) fn new(shape: &[usize], axis: usize, parts: &[(usize, &[usize])]) -> Self {
        let strides = row_major(shape);
        let covered: usize = parts.iter().map(|(_, part)| part[axis]).sum();
        Placement {
            offsets: parts.iter().map(|(start, _)| start * strides[axis] as usize).collect(),
            covers: covered == shape[axis],
            strides,
        }
    }
}

impl Kernel for Placement {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let output = &mut outputs[0];
        if !self.covers {
            output.clear();
        }
        for (input, &offset) in inputs.iter().zip(&self.offsets) {
            copy(input, output.reborrow(), offset, &self.strides);
        }
        Ok(())
    }
}

impl<T: Kind> Expr<T> {
    /// A range of one axis.
    ///
    /// # Panics
    /// If there is no such axis, if it is a free dimension, or if the range exceeds it.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Self {
        let fits = range.start <= range.end && self.dim(axis).size().is_some_and(|size| range.end <= size);
        assert!(fits, "slice: {range:?} of axis {axis} of {self:?} of shape {}", self.shape());
        let shape = self.shape().with(axis, Dim::from(range.len()));
        Expr::new(Slice { axis, start: range.start }, vec![self.untyped()], shape)
    }

    /// Zeros before and after one axis.
    ///
    /// # Panics
    /// If there is no such axis, or if it is a free dimension.
    #[track_caller]
    pub fn pad(&self, axis: usize, before: usize, after: usize) -> Self {
        let Some(size) = self.dim(axis).size() else {
            panic!("pad: axis {axis} of {self:?} of shape {} is free", self.shape());
        };
        let shape = self.shape().with(axis, Dim::from(before + size + after));
        Expr::new(Pad { axis, before }, vec![self.untyped()], shape)
    }
}
