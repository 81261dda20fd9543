use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{Distribution, check_positive, draw_each, joint_shape, shape_method, supported};
use crate::Transform;

/// The gamma distribution with shape α > 0 and rate β > 0, on x ≥ 0; its mean is α/β.
///
/// ln p(x) = α ln β − ln Γ(α) + (α − 1) ln x − β x
///
/// At 0 the density is 0, β or infinite as α is above, at or below 1.
#[derive(Clone, Debug)]
pub struct Gamma<T: Float = f32> {
    concentration: Expr<T>,
    rate: Expr<T>,
    event: Shape,
}

impl<T: Float> Gamma<T> {
    /// With the shape α, here called concentration to keep it apart from the shape of a tensor, and the rate β.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn new(concentration: impl Into<Expr<T>>, rate: impl Into<Expr<T>>) -> Self {
        let (concentration, rate) = (concentration.into(), rate.into());
        check_positive(&concentration, "Gamma: the concentration");
        check_positive(&rate, "Gamma: the rate");
        let event = joint_shape(&concentration, &rate);
        Gamma { concentration, rate, event }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Gamma<T> {
    fn name(&self) -> &'static str {
        "Gamma"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.concentration.clone(), self.rate.clone()]
    }

    fn event_shape(&self) -> &Shape {
        &self.event
    }

    fn transform(&self) -> Option<Transform<T>> {
        Some(Transform::Exp)
    }

    /// Away from x > 0 the formula is evaluated at 1, so that no NaN arises to be multiplied by a gradient's 0.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let inside = x.gt(&zero);
        let safe = Expr::select(&inside, x, &one);
        let (a, rate) = (&self.concentration, &self.rate);
        let density = (a - 1.0) * safe.ln() - rate * safe + (a * rate.ln() - a.lgamma());
        let flat = Expr::select(&a.eq(&one), &rate.ln(), &Expr::scalar(f64::NEG_INFINITY));
        let at_zero = Expr::select(&a.lt(&one), &Expr::scalar(f64::INFINITY), &flat);
        let inside = inside & x.lt(&Expr::scalar(f64::INFINITY));
        Expr::select(&inside, &density, &supported(&x.eq(&zero), &at_zero))
    }

    /// The mean; the median has no formula.
    fn centre(&self) -> Option<Expr<T>> {
        Some(&self.concentration / &self.rate)
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[concentration, rate]| {
            let gamma = rand_distr::Gamma::new(concentration, rate.recip());
            gamma.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng))
        })
    }
}
