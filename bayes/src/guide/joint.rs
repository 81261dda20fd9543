//! Several variables as one vector.

use bayeux_autodiff::{Expr, Shared};
use bayeux_tensor::{Float, Tensor};

use super::{Gaussian, Initial};

/// The elements of some variables one behind the other, row by row.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    pub name: String,
    shapes: Vec<Vec<usize>>,
}

impl Joint {
    pub fn new<T: Float>(initial: &[Initial<T>]) -> Self {
        let names: Vec<&str> = initial.iter().map(|initial| initial.variable.name()).collect();
        Joint { name: names.join(", "), shapes: initial.iter().map(|of| of.mean.shape().to_vec()).collect() }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.sizes().sum()
    }

    fn sizes(&self) -> impl Iterator<Item = usize> {
        self.shapes.iter().map(|shape| shape.iter().product())
    }

    /// The first means, as a parameter.
    pub fn mean<T: Float>(&self, initial: &[Initial<T>]) -> Shared<T> {
        let all: Vec<T> = initial.iter().flat_map(|initial| initial.mean.to_vec()).collect();
        Shared::new(format!("{}.mean", self.name), Tensor::from_slice(&all))
    }

    /// The first standard deviations.
    pub fn sds<T: Float>(&self, initial: &[Initial<T>]) -> Vec<f64> {
        self.sizes().zip(initial).flat_map(|(len, initial)| std::iter::repeat_n(initial.sd, len)).collect()
    }

    /// The variables of a vector.
    pub fn split<T: Float>(&self, vector: &Expr<T>) -> Vec<Expr<T>> {
        let mut first = 0;
        let part = |(shape, len): (&Vec<usize>, usize)| {
            first += len;
            vector.slice(0, first - len..first).reshape(&shape[..])
        };
        self.shapes.iter().zip(self.sizes()).map(part).collect()
    }

    /// The vector of the variables.
    pub fn join<T: Float>(&self, z: &[Expr<T>]) -> Expr<T> {
        let flat: Vec<Expr<T>> = z.iter().zip(self.sizes()).map(|(z, len)| z.reshape([len])).collect();
        Expr::concat(&flat, 0)
    }

    /// The variables of numbers.
    pub fn tensors<T: Float>(&self, vector: &[T]) -> Vec<Tensor<T>> {
        let mut rest = vector;
        let part = |(shape, len): (&Vec<usize>, usize)| {
            let (part, others) = rest.split_at(len);
            rest = others;
            Tensor::new(&shape[..], part.to_vec())
        };
        self.shapes.iter().zip(self.sizes()).map(part).collect()
    }

    /// Means and standard deviations of the variables, from those of all elements.
    pub fn marginals<T: Float>(&self, mean: &[T], sd: &[T]) -> Vec<Gaussian<T>> {
        let both = self.tensors(mean).into_iter().zip(self.tensors(sd));
        both.map(|(mean, sd)| Gaussian { mean, sd }).collect()
    }
}
