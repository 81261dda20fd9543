use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shared};
use bayeux_tensor::{Float, Tensor};

use super::joint::Joint;
use super::{Factor, Family, Fitted, Gaussian, Initial, Noise};
use crate::distributions::HALF_LN_2PI;
use crate::{Bijector, CholeskyCovariance};

/// A normal of any covariance for all elements of its variables together: z = mean + L ε, where L is lower triangular and has the
/// exponentials of its parameters on the diagonal. Its parameters grow with the square of the number of elements.
#[derive(Clone, Copy, Debug, Default)]
pub struct FullRank;

impl<T: Float> Family<T> for FullRank {
    fn factor(&self, initial: &[Initial<T>]) -> Box<dyn Factor<T>> {
        let joint = Joint::new(initial);
        let rows = joint.sds(initial).into_iter().enumerate();
        let row = |(i, sd): (usize, f64)| std::iter::repeat_n(0.0, i).chain([libm::log(sd)]);
        let elements: Vec<T> = rows.flat_map(row).map(T::from_f64).collect();
        Box::new(Normal {
            mean: joint.mean(initial),
            factor: Shared::new(format!("{}.factor", joint.name), Tensor::from_slice(&elements)),
            joint,
        })
    }
}

#[derive(Debug)]
struct Normal<T: Float> {
    joint: Joint,
    mean: Shared<T>,
    /// The rows of L up to the diagonal, on which it has logarithms.
    factor: Shared<T>,
}

impl<T: Float> Normal<T> {
    fn lower(&self) -> Expr<T> {
        CholeskyCovariance.forward(&self.factor.expr())
    }
}

impl<T: Float> Factor<T> for Normal<T> {
    fn parameters(&self) -> Vec<Shared<T>> {
        vec![self.mean.clone(), self.factor.clone()]
    }

    fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>> {
        let noise = noise.normal([self.joint.len()]);
        self.joint.split(&(self.mean.expr() + self.lower().matmul(&noise)))
    }

    /// Σ ln Lᵢᵢ + n/2 · ln 2πe.
    fn entropy(&self) -> Expr<T> {
        CholeskyCovariance.log_jacobian(&self.factor.expr()) + self.joint.len() as f64 * (HALF_LN_2PI + 0.5)
    }

    fn log_prob(&self, z: &[Expr<T>]) -> Expr<T> {
        let deviation = self.joint.join(z) - self.mean.expr();
        let standard = self.lower().solve_triangular(&deviation, bayeux_autodiff::Triangle::Lower);
        standard.square().sum_all() * -0.5
            - CholeskyCovariance.log_jacobian(&self.factor.expr())
            - self.joint.len() as f64 * HALF_LN_2PI
    }

    fn fitted(&self) -> Arc<dyn Fitted<T>> {
        let (n, packed) = (self.joint.len(), self.factor.get().to_vec());
        let mut at = 0;
        let row = |i: usize| {
            let row = &packed[at..=at + i];
            at += i + 1;
            row.iter()
                .enumerate()
                .map(|(j, &x)| if j == i { T::from_f64(libm::exp(x.to_f64())) } else { x })
                .collect()
        };
        let rows = (0..n).map(row).collect();
        Arc::new(FittedNormal { joint: self.joint.clone(), mean: self.mean.get().to_vec(), rows })
    }
}

#[derive(Debug)]
struct FittedNormal<T: Float> {
    joint: Joint,
    mean: Vec<T>,
    /// Of L, up to the diagonal.
    rows: Vec<Vec<T>>,
}

impl<T: Float> Fitted<T> for FittedNormal<T> {
    fn draw(&self, noise: &Noise<'_>) -> Vec<Tensor<T>> {
        let noise: Vec<T> = noise.normal(0, self.mean.len());
        let element = |(mean, row): (&T, &Vec<T>)| {
            row.iter().zip(&noise).fold(*mean, |sum, (&l, &noise)| sum + l * noise)
        };
        self.joint.tensors(&self.mean.iter().zip(&self.rows).map(element).collect::<Vec<_>>())
    }

    fn marginals(&self) -> Vec<Gaussian<T>> {
        let sd = |row: &Vec<T>| T::from_f64(row.iter().map(|l| l.to_f64().powi(2)).sum::<f64>().sqrt());
        self.joint.marginals(&self.mean, &self.rows.iter().map(sd).collect::<Vec<_>>())
    }
}
