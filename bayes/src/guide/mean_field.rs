use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shared};
use bayeux_tensor::{Float, Tensor};

use super::{Factor, Family, Fitted, Gaussian, Initial, Noise};
use crate::distributions::HALF_LN_2PI;

/// Every element of every unconstrained variable is an independent normal.
///
/// The parameters of a variable are a mean and a ρ in its own unconstrained shape, named `x.mean` and `x.rho`; the standard deviation is
/// softplus ρ. A draw is z = mean + sd · ε with standard normal ε, so it can be differentiated by the parameters (Kingma & Welling
/// 2014, "Auto-encoding variational Bayes"; Kucukelbir et al. 2017, "Automatic differentiation variational inference").
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanField;

impl<T: Float> Family<T> for MeanField {
    fn factor(&self, initial: &[Initial<T>]) -> Box<dyn Factor<T>> {
        let normal = |initial: &Initial<T>| {
            let (name, shape) = (initial.variable.name(), initial.mean.shape());
            let rho = Tensor::full(shape, T::from_f64(softplus_inverse(initial.sd)));
            Normal {
                mean: Shared::new(format!("{name}.mean"), initial.mean.clone()),
                rho: Shared::new(format!("{name}.rho"), rho),
            }
        };
        Box::new(Normals(initial.iter().map(normal).collect()))
    }

    fn is_separable(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Normals<T: Float>(Vec<Normal<T>>);

#[derive(Debug)]
struct Normal<T: Float> {
    mean: Shared<T>,
    rho: Shared<T>,
}

impl<T: Float> Factor<T> for Normals<T> {
    fn parameters(&self) -> Vec<Shared<T>> {
        self.0.iter().flat_map(|normal| [normal.mean.clone(), normal.rho.clone()]).collect()
    }

    fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>> {
        let draw = |n: &Normal<T>| n.mean.expr() + n.rho.expr().softplus() * noise.normal(n.mean.shape());
        self.0.iter().map(draw).collect()
    }

    /// Σ ln sd + n/2 · ln 2πe over all n elements.
    fn entropy(&self) -> Expr<T> {
        let count: usize = self.0.iter().map(|normal| normal.mean.shape().iter().product::<usize>()).sum();
        super::total(self.0.iter().map(|normal| normal.rho.expr().softplus().ln().sum_all()))
            + count as f64 * (HALF_LN_2PI + 0.5)
    }

    fn log_prob(&self, z: &[Expr<T>]) -> Expr<T> {
        super::total(self.0.iter().zip(z).map(|(normal, z)| {
            let sd = normal.rho.expr().softplus();
            let standard = (z - normal.mean.expr()) / &sd;
            (standard.square() * -0.5 - sd.ln() - HALF_LN_2PI).sum_all()
        }))
    }

    fn fitted(&self) -> Arc<dyn Fitted<T>> {
        let sd = |rho: T| T::from_f64(softplus(rho.to_f64()));
        Arc::new(FittedNormals(
            self.0.iter().map(|n| Gaussian { mean: n.mean.get(), sd: n.rho.get().map(sd) }).collect(),
        ))
    }
}

#[derive(Debug)]
struct FittedNormals<T: Float>(Vec<Gaussian<T>>);

impl<T: Float> Fitted<T> for FittedNormals<T> {
    fn draw(&self, noise: &Noise<'_>) -> Vec<Tensor<T>> {
        let draw = |(i, Gaussian { mean, sd }): (usize, &Gaussian<T>)| {
            mean + &(sd * &Tensor::new(mean.shape(), noise.normal(i, mean.len())))
        };
        self.0.iter().enumerate().map(draw).collect()
    }

    fn marginals(&self) -> Vec<Gaussian<T>> {
        self.0.clone()
    }
}

/// ln (1 + eʳ).
pub(super) fn softplus(r: f64) -> f64 {
    r.max(0.0) + libm::log1p(libm::exp(-r.abs()))
}

/// The r with ln (1 + eʳ) = y > 0:  r = y + ln (1 − e⁻ʸ).
pub(super) fn softplus_inverse(y: f64) -> f64 {
    y + libm::log(-libm::expm1(-y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softplus_inverts() {
        for y in [1e-12, 0.02, 0.7, 3.0, 40.0, 800.0] {
            assert!((softplus(softplus_inverse(y)) / y - 1.0).abs() < 1e-12, "{y}");
        }
    }
}
