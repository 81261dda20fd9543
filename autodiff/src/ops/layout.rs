//! The same numbers in another order or shape.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, AnyTensor, Element, copy_strided, with_type};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::{Linearity, Operation};
use crate::expr::refusal::ensure;
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, Shape, ValueType};

/// The elements in row-major order, in another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Reshape;

impl Reshape {
    pub(super) fn fits(&self, input: &Shape, output: &Shape) -> Result<(), String> {
        let (from, to) = (input.len(), output.len());
        (from == to).then_some(()).ok_or_else(|| format!("{input} has {from} elements, {output} has {to}"))
    }
}

impl Operation for Reshape {
    fn name(&self) -> String {
        "reshape".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].reshape(shape)))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.reshape(inputs[0].shape()))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.reshape(&inputs[0], &outputs[0].shape)])
    }
}

/// The axes in another order: axis `i` of the output is axis `permutation[i]` of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Transpose(pub Vec<usize>);

impl Operation for Transpose {
    fn name(&self) -> String {
        format!("transpose {:?}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ValueType { element, shape } = &inputs[0];
        match self.0.len() == shape.rank() && self.0.iter().all(|&axis| axis < shape.rank()) {
            true => Ok(vec![ValueType::new(
                *element,
                self.0.iter().map(|&axis| shape[axis].clone()).collect::<Shape>(),
            )]),
            false => Err(format!("{:?} is not an order of the axes of {shape}", self.0)),
        }
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].transpose(&self.0)))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let axes = [0].into_iter().chain(self.0.iter().map(|axis| axis + 1)).collect();
        Some(vec![AnyExpr::new(Transpose(axes), batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].moved(|axis| self.0.iter().position(|&from| from == axis))
    }

    /// The adjoint of a permutation is its inverse.
    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let mut inverse = vec![0; self.0.len()];
        self.0.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        vec![Some(g.transpose(&inverse))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.transpose(&inputs[0], &self.0)])
    }
}

/// One axis backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Flip(pub usize);

impl Operation for Flip {
    fn name(&self) -> String {
        format!("flip {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn kernel(
        &self,
        _: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(Copying::new(outputs[0].shape, self.0))))
    }

    fn only_moves(&self) -> bool {
        true
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(Flip(self.0 + 1)), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.0], false)
    }

    /// Backwards twice is forwards.
    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.flip(self.0))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.reverse(&inputs[0], &[self.0])])
    }
}

/// Copies to an output, one axis of which may be walked from its end.
#[derive(Debug)]
struct Copying {
    offset: usize,
    strides: Vec<isize>,
}

impl Copying {
    fn new(shape: &[usize], axis: usize) -> Self {
        let mut strides = row_major(shape);
        let offset = shape[axis].saturating_sub(1) * strides[axis].unsigned_abs();
        strides[axis] = -strides[axis];
        Copying { offset, strides }
    }
}

impl Kernel for Copying {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        copy(&inputs[0], outputs[0].reborrow(), self.offset, &self.strides);
        Ok(())
    }
}

/// Copies a view to its place in a buffer.
pub(super) fn copy(from: &View<'_>, to: AnySliceMut<'_>, offset: usize, strides: &[isize]) {
    fn of<T: Element>(from: &View<'_>, to: &mut [T], offset: usize, strides: &[isize]) {
        copy_strided(from.shape, from.data.get(), from.offset, from.strides, to, offset, strides);
    }
    with_type!(to.element_type(), T => of::<T>(from, to.get(), offset, strides))
}

/// The strides of a row-major array.
pub(super) fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i] as isize;
    }
    strides
}

/// The same elements in a buffer of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copy;

impl Operation for Copy {
    fn name(&self) -> String {
        "copy".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn kernel(
        &self,
        _: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        // Loops copy floats.
        let kernel =
            || Box::new(Copying { offset: 0, strides: row_major(outputs[0].shape) }) as Box<dyn Kernel>;
        Ok((!outputs[0].element.is_float()).then(kernel))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].contiguous()))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.clone())]
    }
}

impl<T: Kind> Expr<T> {
    /// The same elements, in row-major order, in another shape.
    ///
    /// # Panics
    /// If the number of elements, free dimensions included, differs.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        if self.shape() == &shape {
            return self.clone();
        }
        ensure!(
            self.shape().len() == shape.len(),
            [self],
            "reshape: {self:?} of shape {} has {} elements, {shape} has {}",
            self.shape(),
            self.shape().len(),
            shape.len()
        );
        Expr::new(Reshape, vec![self.untyped()], shape)
    }

    /// All axes from `axis` on as one: `[n, c, h, w]` from axis 1 on becomes `[n, c·h·w]`.
    ///
    /// # Panics
    /// If `axis` is larger than the rank.
    #[track_caller]
    #[must_use]
    pub fn flatten_from(&self, axis: usize) -> Self {
        ensure!(
            axis <= self.rank(),
            [self],
            "flatten_from: axis {axis} of {self:?}, which has rank {}",
            self.rank()
        );
        let (front, back) = self.shape().dims().split_at(axis);
        let last = back.iter().fold(Dim::from(1usize), |product, dim| product * dim);
        self.reshape(front.iter().cloned().chain([last]).collect::<Shape>())
    }

    /// The same elements with a new axis of size 1 at position `axis`.
    ///
    /// # Panics
    /// If `axis` is larger than the rank.
    #[track_caller]
    #[must_use]
    pub fn insert_axis(&self, axis: usize) -> Self {
        ensure!(
            axis <= self.rank(),
            [self],
            "insert_axis: axis {axis} of {self:?}, which has rank {}",
            self.rank()
        );
        let mut dims = self.shape().dims().to_vec();
        dims.insert(axis, Dim::from(1usize));
        self.reshape(dims)
    }

    /// The axes in another order: axis `i` of the result is axis `permutation[i]` of this.
    ///
    /// # Panics
    /// If `permutation` does not name every axis once.
    #[track_caller]
    #[must_use]
    pub fn transpose(&self, permutation: &[usize]) -> Self {
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        ensure!(
            sorted.iter().copied().eq(0..self.rank()),
            [self],
            "transpose: {permutation:?} is not an order of the {} axes of {self:?}",
            self.rank()
        );
        let shape: Shape = permutation.iter().map(|&axis| self.shape()[axis].clone()).collect();
        Expr::new(Transpose(permutation.to_vec()), vec![self.untyped()], shape)
    }

    /// The last two axes exchanged.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    #[must_use]
    pub fn t(&self) -> Self {
        ensure!(self.rank() >= 2, [self], "t: {self:?} has rank {}, a transpose needs 2", self.rank());
        let mut permutation: Vec<usize> = (0..self.rank()).collect();
        permutation.swap(self.rank() - 2, self.rank() - 1);
        self.transpose(&permutation)
    }

    /// One axis backwards.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    #[must_use]
    pub fn flip(&self, axis: usize) -> Self {
        ensure!(axis < self.rank(), [self], "flip: axis {axis} of {self:?}, which has rank {}", self.rank());
        Expr::new(Arc::new(Flip(axis)), vec![self.untyped()], self.shape())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    vec![
        example("reshape", &[&[2, 6]], -1.0..1.0, |x| x[0].reshape([3, 4]).tanh()),
        example("reshape of one", &[&[1, 1]], -1.0..1.0, |x| x[0].reshape(()).tanh()),
        example("reshape of nothing", &[&[0, 6]], -1.0..1.0, |x| x[0].reshape([3, 0, 7]).tanh()),
        example("transpose", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].transpose(&[2, 0, 1]).tanh())
            .and(&[&[2, 0, 4]]),
        example("flip", &[&[2, 3]], -1.0..1.0, |x| x[0].flip(1).tanh()).and(&[&[1, 1]]).and(&[&[2, 0]]),
        example("flatten", &[&[2, 3, 2]], -1.0..1.0, |x| x[0].flatten_from(1).insert_axis(1).tanh()),
    ]
}
