//! Whole numbers as positions.

use bayeux_tensor::Float;

use super::Rule;
use crate::kernel::{Kernel, View};
use crate::{Dim, Error, Expr, Shape};

/// A new last axis of the given length, 1 at the label's position and 0 elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OneHot(pub usize);

impl<T: Float> Rule<T> for OneHot {
    fn name(&self) -> String {
        format!("one_hot {}", self.0)
    }

    fn kernel(&self, _inputs: &[&[usize]], _shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn gradient(&self, _g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        vec![None]
    }
}

impl<T: Float> Kernel<T> for OneHot {
    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], _scratch: &mut [T]) -> Result<(), Error> {
        output.fill(T::ZERO);
        let labels = inputs[0].from_first();
        for (position, (row, label)) in output.chunks_exact_mut(self.0.max(1)).zip(labels).enumerate() {
            let label = label.to_f64();
            if !(0.0..self.0 as f64).contains(&label) || label.fract() != 0.0 {
                let op = Rule::<T>::name(self);
                return Err(Error::Index { op, index: label, position, limit: self.0 });
            }
            row[label as usize] = T::ONE;
        }
        Ok(())
    }
}

impl<T: Float> Expr<T> {
    /// Labels, whole numbers from 0 to `classes` − 1, as rows with a single 1: `[n]` becomes `[n, classes]`. A label out
    /// of range makes the call of the function fail with [`Error::Index`].
    ///
    /// # Panics
    /// If `classes` is 0.
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Self {
        assert!(classes > 0, "one_hot: no classes");
        let shape: Shape = self.shape().dims().iter().cloned().chain([Dim::from(classes)]).collect();
        Expr::new(OneHot(classes), vec![self.clone()], shape)
    }
}
