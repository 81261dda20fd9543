use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, valid};
use super::draws::{draw_each, standard_exponential, standard_uniform};
use super::{Distribution, Support, joint_shape, shape_method};

/// The Laplace distribution on all reals, with location μ, which is its mean and median, and scale b > 0: |x − μ| is exponential
/// with mean b, and the variance is 2 b².
///
/// ln p(x) = −|x − μ|/b − ln 2b
///
/// As a prior it pulls small weights to 0 as an L1 penalty does. At x = μ, where the density has a kink, slopes are 0 for x and μ.
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_bayes::{Distribution, Laplace};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", [2]);
/// let density = Laplace::new(1.0, 0.5).log_prob(&x);
/// let values = Function::new([&x], [&density])?.call(&[&Tensor::from_slice(&[1.0, -1.0])])?;
/// assert_eq!(values[0].to_vec(), [0.0, -4.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Laplace<T: Float = f32> {
    location: Expr<T>,
    scale: Expr<T>,
    batch: Shape,
}

impl<T: Float> Laplace<T> {
    /// With a location and a scale.
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for a constant that is not finite or a scale that is not positive.
    #[track_caller]
    pub fn new(location: impl Into<Expr<T>>, scale: impl Into<Expr<T>>) -> Self {
        let (location, scale) = (location.into(), scale.into());
        Domain::Finite.check(&location, "Laplace: the location");
        Domain::Positive.check(&scale, "Laplace: the scale");
        let batch = joint_shape(&location, &scale);
        Laplace { location, scale, batch }
    }

    shape_method!();
}

impl<T: Float> Distribution<T> for Laplace<T> {
    fn name(&self) -> &'static str {
        "Laplace"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.location.clone(), self.scale.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    /// Divided by b, of which the reciprocal loses digits where it is large; and ln b + ln 2, since 2b may be infinite.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let density = -((x - &self.location).abs() / &self.scale) - (self.scale.ln() + LN_2);
        valid(density, [Domain::Finite.holds(&self.location), Domain::Positive.holds(&self.scale)])
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.location.clone())
    }

    /// An exponential draw to either side.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[location, scale]| {
            let sign = if standard_uniform(rng) < 0.5 { -1.0 } else { 1.0 };
            Domain::Finite.or_nan(location)
                + Domain::Positive.or_nan(scale) * sign * standard_exponential(rng)
        })
    }
}
