use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shared};
use bayeux_tensor::{Float, Tensor};

use super::joint::Joint;
use super::mean_field::{softplus, softplus_inverse};
use super::{Factor, Family, Fitted, Gaussian, Initial, Noise};
use crate::distributions::HALF_LN_2PI;

/// A normal for all elements of its variables together, whose covariance is diag(d²) + F Fᵀ with n × r columns F: z = mean + d ε + F η
/// (Ong, Nott & Smith 2018, "Gaussian variational approximation with a factor covariance structure").
#[derive(Clone, Copy, Debug)]
pub struct LowRank {
    rank: usize,
}

impl LowRank {
    /// With so many columns beside the diagonal.
    #[must_use]
    pub fn new(rank: usize) -> Self {
        LowRank { rank }
    }
}

impl<T: Float> Family<T> for LowRank {
    /// The columns start small and different, as equal ones would stay equal.
    fn factor(&self, initial: &[Initial<T>]) -> Box<dyn Factor<T>> {
        let joint = Joint::new(initial);
        let sds = joint.sds(initial);
        let rho: Vec<T> = sds.iter().map(|&sd| T::from_f64(softplus_inverse(sd))).collect();
        let column = |i: &[usize]| {
            let hash = ((i[0] as u64) << 32 | i[1] as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let sign =
                if (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63 == 0 { 1.0 } else { -1.0 };
            T::from_f64(0.1 * sign * sds[i[0]])
        };
        let columns = Tensor::from_fn([joint.len(), self.rank], column);
        Box::new(Normal {
            mean: joint.mean(initial),
            rho: Shared::new(format!("{}.rho", joint.name), Tensor::from_slice(&rho)),
            columns: Shared::new(format!("{}.columns", joint.name), columns),
            joint,
        })
    }
}

#[derive(Debug)]
struct Normal<T: Float> {
    joint: Joint,
    mean: Shared<T>,
    rho: Shared<T>,
    columns: Shared<T>,
}

impl<T: Float> Normal<T> {
    fn rank(&self) -> usize {
        self.columns.shape()[1]
    }

    /// Σ ln d + ½ ln det (I + Gᵀ G) with G = F/d: half the logarithm of the covariance's determinant; and the factor of I + Gᵀ G.
    fn half_log_determinant(&self) -> (Expr<T>, Expr<T>) {
        let d = self.rho.expr().softplus();
        let g = self.columns.expr() / d.insert_axis(1);
        let lower = (Expr::eye(self.rank()) + g.t().matmul(&g)).cholesky();
        (d.ln().sum_all() + lower.diagonal(0).ln().sum_all(), lower)
    }
}

impl<T: Float> Factor<T> for Normal<T> {
    fn parameters(&self) -> Vec<Shared<T>> {
        vec![self.mean.clone(), self.rho.clone(), self.columns.clone()]
    }

    fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>> {
        let own = self.rho.expr().softplus() * noise.normal([self.joint.len()]);
        let shared = self.columns.expr().matmul(&noise.normal([self.rank()]));
        self.joint.split(&(self.mean.expr() + own + shared))
    }

    fn entropy(&self) -> Expr<T> {
        self.half_log_determinant().0 + self.joint.len() as f64 * (HALF_LN_2PI + 0.5)
    }

    /// By Woodbury's formula: with s = (z − mean)/d the square is |s|² − |C⁻¹ Gᵀ s|², C Cᵀ = I + Gᵀ G.
    fn log_prob(&self, z: &[Expr<T>]) -> Expr<T> {
        let d = self.rho.expr().softplus();
        let standard = (self.joint.join(z) - self.mean.expr()) / &d;
        let g = self.columns.expr() / d.insert_axis(1);
        let (half_log, lower) = self.half_log_determinant();
        let along = lower.solve_triangular(&g.t().matmul(&standard), bayeux_autodiff::Triangle::Lower);
        (along.square().sum_all() - standard.square().sum_all()) * 0.5
            - half_log
            - self.joint.len() as f64 * HALF_LN_2PI
    }

    fn fitted(&self) -> Arc<dyn Fitted<T>> {
        let d = |rho: T| T::from_f64(softplus(rho.to_f64()));
        Arc::new(FittedNormal {
            joint: self.joint.clone(),
            mean: self.mean.get().to_vec(),
            d: self.rho.get().map(d).to_vec(),
            columns: self.columns.get(),
        })
    }
}

#[derive(Debug)]
struct FittedNormal<T: Float> {
    joint: Joint,
    mean: Vec<T>,
    d: Vec<T>,
    columns: Tensor<T>,
}

impl<T: Float> Fitted<T> for FittedNormal<T> {
    fn draw(&self, noise: &Noise<'_>) -> Vec<Tensor<T>> {
        let (n, rank) = (self.mean.len(), self.columns.shape()[1]);
        let noise: Vec<T> = noise.normal(0, n + rank);
        let (own, shared) = noise.split_at(n);
        let columns = self.columns.to_vec();
        let element = |i: usize| {
            let row = &columns[i * rank..][..rank];
            row.iter().zip(shared).fold(self.mean[i] + self.d[i] * own[i], |sum, (&f, &x)| sum + f * x)
        };
        self.joint.tensors(&(0..n).map(element).collect::<Vec<_>>())
    }

    fn marginals(&self) -> Vec<Gaussian<T>> {
        let (rank, columns) = (self.columns.shape()[1], self.columns.to_vec());
        let square = |x: &T| x.to_f64().powi(2);
        let sd = |(i, d): (usize, &T)| {
            let row = &columns[i * rank..][..rank];
            T::from_f64((square(d) + row.iter().map(square).sum::<f64>()).sqrt())
        };
        self.joint.marginals(&self.mean, &self.d.iter().enumerate().map(sd).collect::<Vec<_>>())
    }
}
