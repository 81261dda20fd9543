use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams, Shape};
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

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Domain::Finite.holds(&self.location), Domain::Positive.holds(&self.scale)])
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
        self.valid(density)
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.location.clone())
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(lower(&((x - &self.location) / &self.scale))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(lower(&((&self.location - x) / &self.scale))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid(self.location.clone()).broadcast_to(&self.batch))
    }

    /// 2 b²
    fn variance(&self) -> Option<Expr<T>> {
        Some(self.valid(self.scale.square() * 2.0).broadcast_to(&self.batch))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.location + &self.scale * noise.laplace(&self.batch)))
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

/// The logarithm of the standard distribution function: ½ eᶻ up to 0, 1 − ½ e⁻ᶻ from there on.
fn lower<T: Float>(z: &Expr<T>) -> Expr<T> {
    let zero = Expr::scalar(0.0);
    let left = z.lt(&zero);
    let tail = Expr::select(&left, z, &zero) - LN_2;
    let body = (Expr::select(&left, &zero, &-z).exp() * -0.5).log1p();
    Expr::select(&left, &tail, &body)
}
