//! The same numbers in another order or shape.

use bayeux_tensor::{Float, Tensor, copy_strided};

use super::Rule;
use crate::kernel::{Kernel, View};
use crate::{Dim, Error, Expr, Shape};

/// The elements in row-major order, in another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reshape;

impl<T: Float> Rule<T> for Reshape {
    fn name(&self) -> String {
        "reshape".into()
    }

    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].reshape(shape))
    }

    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![Some(g.reshape(inputs[0].shape()))]
    }
}

/// The axes in another order: axis `i` of the output is axis `permutation[i]` of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Transpose(pub Vec<usize>);

impl<T: Float> Rule<T> for Transpose {
    fn name(&self) -> String {
        format!("transpose {:?}", self.0)
    }

    fn forward(&self, inputs: &[Tensor<T>], _shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].transpose(&self.0))
    }

    /// The adjoint of a permutation is its inverse.
    fn gradient(&self, g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let mut inverse = vec![0; self.0.len()];
        self.0.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        vec![Some(g.transpose(&inverse))]
    }
}

/// One axis backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flip(pub usize);

impl<T: Float> Rule<T> for Flip {
    fn name(&self) -> String {
        format!("flip {}", self.0)
    }

    fn kernel(&self, _inputs: &[&[usize]], shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(Some(Box::new(FlipKernel::new(shape, self.0))))
    }

    /// Backwards twice is forwards.
    fn gradient(&self, g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![Some(g.flip(self.0))]
    }
}

/// Copies to an output whose one axis is walked from its end.
#[derive(Debug)]
struct FlipKernel {
    offset: usize,
    strides: Vec<isize>,
}

impl FlipKernel {
    fn new(shape: &[usize], axis: usize) -> Self {
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i] as isize;
        }
        let offset = shape[axis].saturating_sub(1) * strides[axis].unsigned_abs();
        strides[axis] = -strides[axis];
        FlipKernel { offset, strides }
    }
}

impl<T: Float> Kernel<T> for FlipKernel {
    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], _scratch: &mut [T]) -> Result<(), Error> {
        let View { data, offset, shape, strides } = inputs[0];
        copy_strided(shape, data, offset, strides, output, self.offset, &self.strides);
        Ok(())
    }
}

/// The same elements in a buffer of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy;

impl<T: Float> Rule<T> for Copy {
    fn name(&self) -> String {
        "copy".into()
    }

    fn forward(&self, inputs: &[Tensor<T>], _shape: &[usize]) -> Result<Tensor<T>, Error> {
        Ok(inputs[0].contiguous())
    }

    fn gradient(&self, g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![Some(g.clone())]
    }
}

impl<T: Float> Expr<T> {
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
        assert!(
            self.shape().len() == shape.len(),
            "reshape: {self:?} of shape {} has {} elements, {shape} has {}",
            self.shape(),
            self.shape().len(),
            shape.len()
        );
        Expr::new(Reshape, vec![self.clone()], shape)
    }

    /// All axes from `axis` on as one: `[n, c, h, w]` from axis 1 on becomes `[n, c·h·w]`.
    ///
    /// # Panics
    /// If `axis` is larger than the rank.
    #[track_caller]
    pub fn flatten_from(&self, axis: usize) -> Self {
        assert!(axis <= self.rank(), "flatten_from: axis {axis} of {self:?}, which has rank {}", self.rank());
        let (front, back) = self.shape().dims().split_at(axis);
        let last = back.iter().fold(Dim::from(1usize), |product, dim| product * dim);
        self.reshape(front.iter().cloned().chain([last]).collect::<Shape>())
    }

    /// The same elements with a new axis of size 1 at position `axis`.
    ///
    /// # Panics
    /// If `axis` is larger than the rank.
    #[track_caller]
    pub fn insert_axis(&self, axis: usize) -> Self {
        assert!(axis <= self.rank(), "insert_axis: axis {axis} of {self:?}, which has rank {}", self.rank());
        let mut dims = self.shape().dims().to_vec();
        dims.insert(axis, Dim::from(1usize));
        self.reshape(dims)
    }

    /// The axes in another order: axis `i` of the result is axis `permutation[i]` of this.
    ///
    /// # Panics
    /// If `permutation` does not name every axis once.
    #[track_caller]
    pub fn transpose(&self, permutation: &[usize]) -> Self {
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        assert!(
            sorted.iter().copied().eq(0..self.rank()),
            "transpose: {permutation:?} is not an order of the {} axes of {self:?}",
            self.rank()
        );
        let shape: Shape = permutation.iter().map(|&axis| self.shape()[axis].clone()).collect();
        Expr::new(Transpose(permutation.to_vec()), vec![self.clone()], shape)
    }

    /// The last two axes exchanged.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    pub fn t(&self) -> Self {
        assert!(self.rank() >= 2, "t: {self:?} has rank {}, a transpose needs 2", self.rank());
        let mut permutation: Vec<usize> = (0..self.rank()).collect();
        permutation.swap(self.rank() - 2, self.rank() - 1);
        self.transpose(&permutation)
    }

    /// One axis backwards.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Self {
        assert!(axis < self.rank(), "flip: axis {axis} of {self:?}, which has rank {}", self.rank());
        Expr::new(Flip(axis), vec![self.clone()], self.shape())
    }
}
