//! Distributions of vectors and matrices.

mod autoregressive;
mod counts;
mod dirichlet;
mod lkj;
mod mv_normal;
mod mv_student;
mod random_walk;

use bayeux_autodiff::{Dim, Expr, Shape, Triangle};
use bayeux_tensor::{Float, Tensor};

pub use autoregressive::AutoRegressive;
pub use counts::{DirichletMultinomial, Multinomial};
pub use dirichlet::Dirichlet;
pub use lkj::LkjCholesky;
pub use mv_normal::MvNormal;
pub use mv_student::MvStudentT;
pub use random_walk::GaussianRandomWalk;

/// A shape without its last axes, and those.
#[track_caller]
fn split(name: &str, what: &str, x: &Shape, last: usize) -> (Shape, Vec<Dim>) {
    let Some(batch) = x.rank().checked_sub(last) else {
        panic!("{name}: {what} of shape {x} has not {last} axes");
    };
    (x.dims()[..batch].iter().cloned().collect(), x.dims()[batch..].to_vec())
}

/// The number of elements of an axis, which has to be known.
#[track_caller]
fn known(name: &str, dim: &Dim) -> usize {
    dim.size().unwrap_or_else(|| panic!("{name}: {dim} elements, which is not known yet"))
}

/// Batch shapes broadcast together.
#[track_caller]
fn joint<T: Float>(a: &Shape, b: &Shape) -> Shape {
    (Expr::<T>::zeros(a) + Expr::zeros(b)).shape().clone()
}

/// A shape and some axes behind it.
fn with(batch: &Shape, event: impl IntoIterator<Item = Dim>) -> Shape {
    batch.dims().iter().cloned().chain(event).collect()
}

/// L⁻¹ d for vectors d along the last axis and lower triangular matrices L.
fn whitened<T: Float>(lower: &Expr<T>, d: &Expr<T>) -> Expr<T> {
    match (lower.rank(), d.rank()) {
        (2, 1) => lower.solve_triangular(d, Triangle::Lower),
        // One matrix for all vectors, which are the rows of another.
        (2, 2) => lower.t().solve_triangular_right(d, Triangle::Upper),
        (2, rank) => {
            let rows: Dim = d.shape().dims()[..rank - 1].iter().product();
            let flat = d.reshape([rows, d.dim(rank - 1)]);
            whitened(lower, &flat).reshape(d.shape())
        }
        (_, rank) => {
            let solved = lower.solve_triangular(&d.insert_axis(rank), Triangle::Lower);
            solved.squeeze(solved.rank() - 1)
        }
    }
}

/// L e for vectors e along the last axis.
fn coloured<T: Float>(lower: &Expr<T>, e: &Expr<T>) -> Expr<T> {
    let product = lower.matmul(&e.insert_axis(e.rank()));
    product.squeeze(product.rank() - 1)
}

/// Σ ln Lᵢᵢ.
fn half_log_determinant<T: Float>(lower: &Expr<T>) -> Expr<T> {
    let diagonal = lower.diagonal(0);
    diagonal.ln().sum(diagonal.rank() - 1)
}

/// A number for each element, of a tensor that broadcasts to the shape.
fn elements<T: Float>(x: &Tensor<T>, shape: &[usize]) -> Vec<f64> {
    x.broadcast_to(shape).iter().map(T::to_f64).collect()
}

/// The builder method of distributions whose event has axes.
macro_rules! batch_method {
    () => {
        /// The same distribution for every element of a larger batch: the shape does not count the event's axes.
        ///
        /// # Panics
        /// If the parameters do not broadcast to it.
        #[track_caller]
        pub fn shape(mut self, shape: impl Into<Shape>) -> Self {
            let shape = shape.into();
            let _ = Expr::<T>::zeros(&self.batch).broadcast_to(&shape);
            self.batch = shape;
            self
        }
    };
}
use batch_method;
