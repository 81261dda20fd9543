//! What a compiled instruction runs that is not a fused element-wise loop.

use std::fmt::Debug;

use bayeux_tensor::{Float, Tensor};

use crate::Error;

/// A kernel specialised for concrete shapes: reads views, writes one row-major buffer, allocates nothing.
pub trait Kernel<T: Float>: Debug + Send + Sync {
    /// The number of elements of working space it needs.
    fn scratch(&self) -> usize {
        0
    }

    /// Whether input `i` may be a view with any non-negative strides; otherwise it is handed over row-major.
    fn takes_strides(&self, _i: usize) -> bool {
        false
    }

    /// The floating-point operations of a run, for profiles: by default one for each element of the output.
    fn flops(&self, _inputs: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product()
    }

    /// Computes the output. Its former content is arbitrary.
    ///
    /// # Errors
    /// For data the op cannot take, such as a label out of range.
    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], scratch: &mut [T]) -> Result<(), Error>;
}

/// An input of a kernel: elements, shape and strides.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    /// The elements, and perhaps others between them.
    pub data: &'a [T],
    /// Where in `data` the view's first element stands.
    pub offset: usize,
    /// The sizes of the axes.
    pub shape: &'a [usize],
    /// How far apart neighbours along each axis are, in elements.
    pub strides: &'a [isize],
}

impl<'a, T: Float> View<'a, T> {
    /// A row-major tensor as a view.
    ///
    /// # Panics
    /// If the tensor is not row-major.
    pub fn of(tensor: &'a Tensor<T>) -> Self {
        let data = tensor.as_slice().expect("View::of takes a row-major tensor");
        View { data, offset: 0, shape: tensor.shape(), strides: tensor.strides() }
    }

    /// The elements from the view's first one on.
    pub fn from_first(&self) -> &'a [T] {
        &self.data[self.offset..]
    }
}
