//! Repeated tensors and elements.

use crate::expr::refusal::refuse;
use crate::ops::Axes;
use crate::{Dim, Expr, Kind, Shape};

impl<T: Kind> Expr<T> {
    /// The whole tensor so many times along each axis: NumPy's `tile`. Of more numbers than axes, those in front are for new axes.
    ///
    /// # Panics
    /// If there are fewer numbers than axes.
    #[track_caller]
    pub fn tile<D: Clone + Into<Dim>>(&self, times: &[D]) -> Self {
        let Some(added) = times.len().checked_sub(self.rank()) else {
            refuse!(
                [self],
                "tile: {} numbers for the {} axes of {self:?} of shape {}",
                times.len(),
                self.rank(),
                self.shape()
            );
        };
        let times: Vec<Dim> = times.iter().cloned().map(Into::into).collect();
        let one = Dim::from(1usize);
        let dims: Vec<Dim> = (0..added).map(|_| &one).chain(self.shape().dims()).cloned().collect();
        // Each axis behind one of its repeats.
        let pairs = |count: &dyn Fn(usize) -> Dim| -> Shape {
            (0..dims.len()).flat_map(|axis| [count(axis), dims[axis].clone()]).collect()
        };
        let apart = self.reshape(pairs(&|_| one.clone()));
        let repeated = apart.broadcast_to(pairs(&|axis| times[axis].clone()));
        repeated.reshape(times.iter().zip(&dims).map(|(times, dim)| times * dim).collect::<Shape>())
    }

    /// Each element so many times in a row along an axis: NumPy's `repeat`, PyTorch's `repeat_interleave`.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn repeat(&self, axis: impl Axes, times: impl Into<Dim>) -> Self {
        let (axis, times) = (self.axis_of("repeat", axis), times.into());
        let apart = self.insert_axis(axis + 1);
        let repeated = apart.broadcast_to(apart.shape().with(axis + 1, times.clone()));
        repeated.reshape(self.shape().with(axis, &self.shape()[axis] * times))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("tile", &[&[2, 3]], -1.0..1.0, |x| x[0].tile(&[2, 1, 3]).tanh())
            .and(&[&[1, 1]])
            .and(&[&[0, 3]]),
        example("repeat", &[&[2, 3]], -1.0..1.0, |x| x[0].repeat(-1, 2).tanh()),
        example("repeat of none", &[&[2, 3]], -1.0..1.0, |x| x[0].repeat(0, 0).tanh()),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    /// What NumPy gives.
    #[test]
    fn the_order_is_numpys() {
        let x = Expr::constant(Tensor::<i32>::new([2, 2], vec![1, 2, 3, 4]));
        let f = Function::new([], [x.tile(&[1, 2]), x.tile(&[2, 1]), x.repeat(1, 2), x.repeat(0, 2)]);
        let found: Vec<_> = f.unwrap().call(&[]).unwrap().iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1, 2, 1, 2, 3, 4, 3, 4]);
        assert_eq!(found[1], [1, 2, 3, 4, 1, 2, 3, 4]);
        assert_eq!(found[2], [1, 1, 2, 2, 3, 3, 4, 4]);
        assert_eq!(found[3], [1, 2, 1, 2, 3, 4, 3, 4]);
    }
}
