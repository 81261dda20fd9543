//! Several tensors one behind the other.

use bayeux_tensor::Float;

use super::Rule;
use super::slice::{Placement, Slice};
use crate::kernel::Kernel;
use crate::{Dim, Error, Expr};

/// The inputs one behind the other along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Concat(pub usize);

impl<T: Float> Rule<T> for Concat {
    fn name(&self) -> String {
        format!("concat along axis {}", self.0)
    }

    fn kernel(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        let starts = inputs.iter().scan(0, |next, input| {
            let start = *next;
            *next += input[self.0];
            Some((start, *input))
        });
        Ok(Some(Box::new(Placement::new(shape, self.0, &starts.collect::<Vec<_>>()))))
    }

    /// Each input's adjoint is its part of the output's.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let mut start = 0;
        let part = |input: &Expr<T>| {
            let slice = Slice { axis: self.0, start };
            start += input.shape()[self.0].size().unwrap_or_default();
            Some(Expr::new(slice, vec![g.clone()], input.shape()))
        };
        inputs.iter().map(part).collect()
    }
}

impl<T: Float> Expr<T> {
    /// Tensors one behind the other along an axis in which they may differ.
    ///
    /// # Panics
    /// If there is none, if they differ in another axis or in rank, or if `axis` is a free dimension of one.
    #[track_caller]
    pub fn concat(parts: &[Expr<T>], axis: usize) -> Self {
        let Some(first) = parts.first() else { panic!("concat: nothing to put together") };
        let mut total = 0;
        for part in parts {
            let alike = part.rank() == first.rank()
                && axis < part.rank()
                && part.shape().without(&[axis]) == first.shape().without(&[axis]);
            assert!(alike, "concat: shapes {} and {} along axis {axis}", first.shape(), part.shape());
            let Some(size) = part.shape()[axis].size() else {
                panic!("concat: axis {axis} of {part:?} of shape {} is free", part.shape());
            };
            total += size;
        }
        Expr::new(Concat(axis), parts.to_vec(), first.shape().with(axis, Dim::from(total)))
    }
}
