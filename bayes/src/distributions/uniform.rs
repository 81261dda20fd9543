use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{
    Distribution, check_finite, draw_each, joint_shape, positive, shape_method, standard_uniform, supported,
};
use crate::Transform;

/// The uniform distribution on low ≤ x ≤ high.
///
/// ln p(x) = −ln (high − low)
#[derive(Clone, Debug)]
pub struct Uniform<T: Float = f32> {
    low: Expr<T>,
    high: Expr<T>,
    event: Shape,
}

impl<T: Float> Uniform<T> {
    /// Between two bounds.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for constant bounds that are not finite or not in order.
    #[track_caller]
    pub fn new(low: impl Into<Expr<T>>, high: impl Into<Expr<T>>) -> Self {
        let (low, high) = (low.into(), high.into());
        check_finite(&low, "Uniform: the lower bound");
        check_finite(&high, "Uniform: the upper bound");
        if let (Some(low), Some(high)) = (low.as_constant(), high.as_constant()) {
            let width = high - low;
            assert!(
                width.iter().all(|w| w > T::ZERO),
                "Uniform: the lower bound must lie below the upper, {low:?} {high:?}"
            );
        }
        let event = joint_shape(&low, &high);
        Uniform { low, high, event }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Uniform<T> {
    fn name(&self) -> &'static str {
        "Uniform"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.low.clone(), self.high.clone()]
    }

    fn event_shape(&self) -> &Shape {
        &self.event
    }

    fn transform(&self) -> Option<Transform<T>> {
        Some(Transform::Interval { low: self.low.clone(), high: self.high.clone() })
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.ge(&self.low) & x.le(&self.high);
        supported(&inside, &-(&self.high - &self.low).ln())
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some((&self.low + &self.high) * 0.5)
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[low, high]| low + positive(high - low) * standard_uniform(rng))
    }
}
