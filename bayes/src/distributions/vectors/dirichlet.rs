use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{batch_method, elements, split, with};
use crate::distributions::domain::{Domain, outside, valid};
use crate::distributions::draws::standard_uniform;
use crate::distributions::{Distribution, Support};

/// The Dirichlet distribution of K shares that sum to 1, with concentrations α > 0 along the last axis; its mean is α/Σα.
///
/// ln p(x) = ln Γ(Σ α) − Σ ln Γ(α) + Σ (α − 1) ln x
///
/// The density is that by any K − 1 of the shares. Values whose sum is further from 1 than rounding explains, √ε of the element type,
/// have log density −∞.
#[derive(Clone, Debug)]
#[must_use]
pub struct Dirichlet<T: Float = f32> {
    concentration: Expr<T>,
    batch: Shape,
    len: Dim,
}

impl<T: Float> Dirichlet<T> {
    /// With concentrations `[…, K]`.
    ///
    /// # Panics
    /// If there is no axis, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn new(concentration: impl Into<Expr<T>>) -> Self {
        let concentration = concentration.into();
        Domain::Positive.check(&concentration, "Dirichlet: a concentration");
        let (batch, len) = split("Dirichlet", "a concentration", concentration.shape(), 1);
        Dirichlet { concentration, batch, len: len[0].clone() }
    }

    batch_method!();
}

impl<T: Float> Distribution<T> for Dirichlet<T> {
    fn name(&self) -> &'static str {
        "Dirichlet"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.concentration.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.len.clone()].into_iter().collect()
    }

    fn support(&self) -> Support<T> {
        Support::Simplex
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let a = &self.concentration;
        let last = |x: &Expr<T>| x.rank() - 1;
        let constant = a.sum(last(a)).lgamma() - a.lgamma().sum(last(a));
        let density = constant + (a - 1.0).xlogy(&x.maximum(&Expr::scalar(0.0))).sum(-1);
        let total = x.sum(last(x));
        let near = (&total - 1.0).abs().le(&Expr::scalar(T::EPSILON.to_f64().sqrt()));
        let inside = near & x.ge(&Expr::scalar(0.0)).all(last(x));
        let density = Expr::select(&inside, &density, &outside(&total));
        let holds = Domain::Positive.holds(a).map(|holds| holds.all(last(a)));
        valid(density, [holds])
    }

    fn mean(&self) -> Option<Expr<T>> {
        let a = &self.concentration;
        Some((a / a.sum_keep(a.rank() - 1)).broadcast_to(with(&self.batch, [self.len.clone()])))
    }

    /// m (1 − m)/(Σα + 1) for the mean m.
    fn variance(&self) -> Option<Expr<T>> {
        let (a, mean) = (&self.concentration, self.mean()?);
        Some(&mean * (1.0 - &mean) / (a.sum_keep(a.rank() - 1) + 1.0))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(noise.dirichlet(&self.concentration, &self.batch))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let n = shape[shape.len() - 1];
        let mut drawn = Vec::new();
        for row in elements(&parameters[0], shape).chunks_exact(n.max(1)) {
            // A share of nothing would have no logarithm.
            let shares = shares(row, rng).into_iter().map(|share| share.max(T::MIN_POSITIVE.to_f64()));
            drawn.extend(
                shares.zip(row).map(|(share, a)| T::from_f64(if *a > 0.0 { share } else { f64::NAN })),
            );
        }
        Tensor::new(shape, drawn)
    }
}

/// One draw: gamma numbers over their sum. The logarithms of small ones are drawn, as Γ(α) = Γ(α + 1) U^(1/α).
pub(super) fn shares(concentrations: &[f64], rng: &mut dyn Rng) -> Vec<f64> {
    let log_gamma = |&a: &f64| {
        let gamma = rand_distr::Gamma::new(Domain::Positive.or_nan(a) + 1.0, 1.0);
        let drawn = gamma.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng));
        drawn.ln() + (1.0 - standard_uniform(rng)).ln() / a
    };
    let logs: Vec<f64> = concentrations.iter().map(log_gamma).collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
    let total: f64 = parts.iter().sum();
    parts.into_iter().map(|part| part / total).collect()
}
