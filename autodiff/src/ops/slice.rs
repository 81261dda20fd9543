//! A range of one axis, and its adjoint: zeros around.

use std::ops::Range;

use bayeux_tensor::{Float, Tensor, copy_strided};

use super::Rule;
use crate::kernel::{Kernel, View};
use crate::{Dim, Error, Expr};

/// Part of one axis: from `start`, as long as the output's shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slice {
    pub axis: usize,
    pub start: usize,
}

impl<T: Float> Rule<T> for Slice {
    fn name(&self) -> String {
        format!("slice {}.. of axis {}", self.start, self.axis)
    }

    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].slice(self.axis, self.start..self.start + shape[self.axis]))
    }

    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
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

impl<T: Float> Rule<T> for Pad {
    fn name(&self) -> String {
        format!("pad {} before axis {}", self.before, self.axis)
    }

    fn kernel(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(Some(Box::new(Placement::new(shape, self.axis, &[(self.before, inputs[0])]))))
    }

    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
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
        let mut strides = vec![1isize; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i] as isize;
        }
        let covered: usize = parts.iter().map(|(_, part)| part[axis]).sum();
        Placement {
            offsets: parts.iter().map(|(start, _)| start * strides[axis] as usize).collect(),
            covers: covered == shape[axis],
            strides,
        }
    }
}

impl<T: Float> Kernel<T> for Placement {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], _scratch: &mut [T]) -> Result<(), Error> {
        if !self.covers {
            output.fill(T::ZERO);
        }
        for (input, &offset) in inputs.iter().zip(&self.offsets) {
            copy_strided(input.shape, input.data, input.offset, input.strides, output, offset, &self.strides);
        }
        Ok(())
    }
}

impl<T: Float> Expr<T> {
    /// A range of one axis.
    ///
    /// # Panics
    /// If there is no such axis, if it is a free dimension, or if the range exceeds it.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Self {
        let fits = range.start <= range.end && self.dim(axis).size().is_some_and(|size| range.end <= size);
        assert!(fits, "slice: {range:?} of axis {axis} of {self:?} of shape {}", self.shape());
        let shape = self.shape().with(axis, Dim::from(range.len()));
        Expr::new(Slice { axis, start: range.start }, vec![self.clone()], shape)
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
        Expr::new(Pad { axis, before }, vec![self.clone()], shape)
    }
}
