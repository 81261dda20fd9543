use bayeux_autodiff::{Dim, Expr, Shape};
use bayeux_tensor::{Float, Tensor};

use super::Bijector;

/// K positive numbers along the last axis that sum to 1, from K − 1: a stick of length 1 is broken K − 1 times, at the share
/// vₖ = σ(zₖ − ln (K − k)) of what is left of it, so that z = 0 gives equal parts (Stan Development Team, Reference Manual, "Unit
/// simplex").
#[derive(Clone, Copy, Debug)]
pub struct Simplex;

/// ln (K − k) for k = 1, …, K − 1.
fn offsets<T: Float>(count: &Dim) -> Expr<T> {
    let breaks = count.size().unwrap_or_else(|| panic!("Simplex: {count} numbers, which is not known yet"));
    Expr::constant(Tensor::from_fn([breaks], |k| T::from_f64(libm::log((breaks - k[0]) as f64))))
}

/// For each break ln vₖ, ln (1 − vₖ), and the logarithm of what is left before it.
fn logs<T: Float>(z: &Expr<T>) -> [Expr<T>; 3] {
    let u = z - offsets(&z.dim(z.rank() - 1));
    let [ln_v, ln_rest] = [-(-&u).softplus(), -u.softplus()];
    let left = ln_rest.cumsum_exclusive(-1);
    [ln_v, ln_rest, left]
}

impl<T: Float> Bijector<T> for Simplex {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        let [ln_v, ln_rest, left] = logs(z);
        let last = ln_rest.sum_keep(-1);
        Expr::concat(&[left + ln_v, last], z.rank() - 1).exp()
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        let last = x.rank() - 1;
        // What is behind each: added up from the end.
        let behind = x.flip(last).cumsum(-1).flip(last).slice(last, 1usize..);
        let u = x.slice(last, ..-1).ln() - behind.ln();
        &u + offsets(&u.dim(u.rank() - 1))
    }

    /// Σ ln vₖ + ln (1 − vₖ) + ln of what is left before: the matrix is triangular.
    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        let [ln_v, ln_rest, left] = logs(z);
        (ln_v + ln_rest + left).sum(-1)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        let (last, batch) = shape.dims().split_last().unwrap_or_else(|| panic!("Simplex: a single number"));
        assert!(last.is_at_least(1) == Some(true), "Simplex: {shape} has no known number of parts");
        batch.iter().cloned().chain([last - 1usize]).collect()
    }
}
