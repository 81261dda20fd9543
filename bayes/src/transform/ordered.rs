use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

use super::Bijector;

/// Ascending numbers along the last axis: x₁ = z₁, xₖ = xₖ₋₁ + exp zₖ.
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

impl<T: Float> Bijector<T> for Ordered {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        let (first, steps) = split(z);
        Expr::concat(&[first, steps.exp()], z.rank() - 1).cumsum(-1)
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        let last = x.rank() - 1;
        let (first, rest) = split(x);
        Expr::concat(&[first, (rest - x.slice(last, ..-1)).ln()], last)
    }

    /// Σ zₖ over k > 1.
    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        split(z).1.sum(-1)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        assert!(shape.rank() > 0, "Ordered: a single number");
        shape.clone()
    }
}

/// The first along the last axis, and the others.
fn split<T: Float>(x: &Expr<T>) -> (Expr<T>, Expr<T>) {
    let last = x.rank() - 1;
    (x.slice(last, ..1usize), x.slice(last, 1usize..))
}
