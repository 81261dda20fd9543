//! Probability distributions over expressions.
//!
//! A distribution's parameters are expressions, so a parameter can be a number, a tensor, or another random variable;
//! that last case makes a model hierarchical. Its log density is an expression of the value and the parameters, exact
//! and differentiable to any order:
//!
//! ```
//! use bayeux_autodiff::{Expr, Function, grad};
//! use bayeux_bayes::{Distribution, Normal};
//! use bayeux_tensor::Tensor;
//!
//! let (x, sd) = (Expr::<f64>::input("x", ()), Expr::<f64>::input("sd", ()));
//! let density = Normal::new(0.0, &sd).log_prob(&x);
//! let slope = grad(&density, &[sd.clone()]).remove(0); // x²/sd³ − 1/sd
//! let f = Function::new([&x, &sd], [&density, &slope])?;
//! let values = f.call(&[&Tensor::scalar(3.0), &Tensor::scalar(2.0)])?;
//! assert!((values[1].item() - (9.0 / 8.0 - 0.5)).abs() < 1e-14);
//! # Ok::<(), bayeux_autodiff::Error>(())
//! ```
//!
//! # What is not a number
//!
//! * Parameters outside their domain (a negative scale, a probability above 1, crossed bounds, NaN) are refused by the
//!   constructor where they are constants, with a panic at the caller's line. Where they are other expressions, the log
//!   density is NaN whatever the value, as are draws, and slopes at values inside of the support.
//! * A value outside the support has log density −∞ (and slope 0), a value that is NaN has NaN.
//! * Draws are finite, and those of a distribution of positive numbers lie between the smallest positive normal number of
//!   the element type and its reciprocal: where a draw would underflow or overflow, it becomes the nearer of the two. (Half of
//!   the draws from Gamma(0.001, 1) lie below 10⁻³⁰⁰.) So a draw can always be the scale or the rate of another.

mod asymmetric_laplace;
mod bernoulli;
mod beta;
mod beta_binomial;
mod binomial;
mod categorical;
mod cauchy;
mod censored;
mod chance;
mod chi_squared;
mod discrete_uniform;
mod domain;
mod draws;
mod elementwise;
mod ex_gaussian;
mod exponential;
mod flat;
mod gamma;
mod geometric;
mod gumbel;
mod half_cauchy;
mod half_normal;
mod half_student_t;
mod hurdle;
mod inverse_gamma;
mod inversion;
mod kumaraswamy;
mod laplace;
mod loader;
mod log_normal;
mod logistic;
mod logs;
mod mixture;
mod negative_binomial;
mod normal;
mod ordered_logistic;
mod pareto;
mod part;
mod pointers;
mod poisson;
mod skew_normal;
mod student_t;
mod support;
mod tails;
mod triangular;
mod truncated;
mod truncated_normal;
mod uniform;
mod vectors;
mod von_mises;
mod wald;
mod weibull;
mod whole;
mod zero_inflated;

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use crate::Transform;

pub use asymmetric_laplace::AsymmetricLaplace;
pub use bernoulli::Bernoulli;
pub use beta::Beta;
pub use beta_binomial::BetaBinomial;
pub use binomial::Binomial;
pub use categorical::Categorical;
pub use cauchy::Cauchy;
pub use censored::Censored;
pub use chi_squared::ChiSquared;
pub use discrete_uniform::DiscreteUniform;
pub use ex_gaussian::ExGaussian;
pub use exponential::Exponential;
pub use flat::{Flat, HalfFlat};
pub use gamma::Gamma;
pub use geometric::Geometric;
pub use gumbel::Gumbel;
pub use half_cauchy::HalfCauchy;
pub use half_normal::HalfNormal;
pub use half_student_t::HalfStudentT;
pub use hurdle::Hurdle;
pub use inverse_gamma::InverseGamma;
pub use kumaraswamy::Kumaraswamy;
pub use laplace::Laplace;
pub use log_normal::LogNormal;
pub use logistic::Logistic;
pub use mixture::Mixture;
pub use negative_binomial::NegativeBinomial;
pub use normal::Normal;
pub use ordered_logistic::OrderedLogistic;
pub use pareto::Pareto;
pub use poisson::Poisson;
pub use skew_normal::SkewNormal;
pub use student_t::StudentT;
pub use support::Support;
pub use triangular::Triangular;
pub use truncated::Truncated;
pub use truncated_normal::TruncatedNormal;
pub use uniform::Uniform;
pub use vectors::{
    AutoRegressive, Dirichlet, DirichletMultinomial, GaussianRandomWalk, LkjCholesky, Multinomial, MvNormal,
    MvStudentT,
};
pub use von_mises::VonMises;
pub use wald::Wald;
pub use weibull::Weibull;
pub use zero_inflated::ZeroInflated;

/// ½ ln 2π.
pub(crate) const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// A family of probability distributions with its parameters filled in.
///
/// A draw has two kinds of axes: the *batch*, along which numbers are independent, and behind it the *event*, along which they belong
/// together; the event of a distribution of single numbers is a scalar. Of what is not required, `None` stands for what has no formula.
/// A distribution of your own:
///
/// ```
/// use bayeux_autodiff::{Expr, RandomStreams, Shape};
/// use bayeux_bayes::{Distribution, Model, Support};
/// use bayeux_tensor::Tensor;
/// use rand::{Rng, RngExt};
///
/// /// On 0 ≤ x ≤ 1 with density 2 x.
/// struct Ramp(Shape);
///
/// impl Distribution<f64> for Ramp {
///     fn name(&self) -> &'static str {
///         "Ramp"
///     }
///     fn parameters(&self) -> Vec<Expr<f64>> {
///         Vec::new()
///     }
///     fn batch_shape(&self) -> &Shape {
///         &self.0
///     }
///     fn support(&self) -> Support<f64> {
///         Support::Between(Expr::scalar(0.0), Expr::scalar(1.0))
///     }
///     fn log_prob(&self, x: &Expr<f64>) -> Expr<f64> {
///         (x * 2.0).ln()
///     }
///     fn draw(&self, _: &[Tensor<f64>], shape: &[usize], mut rng: &mut dyn Rng) -> Tensor<f64> {
///         Tensor::from_fn(shape, |_| rng.random::<f64>().sqrt())
///     }
/// }
///
/// let model: Model<f64> = Model::new();
/// let share = model.free("share", Ramp(Shape::from([3])));
/// assert_eq!(share.shape(), &Shape::from([3]));
/// ```
pub trait Distribution<T: Float>: Send + Sync {
    /// The family's name.
    fn name(&self) -> &'static str;

    /// The parameters, in the constructor's order.
    fn parameters(&self) -> Vec<Expr<T>>;

    /// The axes of independent draws: those of the parameters broadcast together, unless the distribution's `shape` method was
    /// used.
    fn batch_shape(&self) -> &Shape;

    /// The axes of one draw, behind those of the batch: none for a number.
    fn event_shape(&self) -> Shape {
        Shape::default()
    }

    /// Where draws lie.
    fn support(&self) -> Support<T>;

    /// The map from unconstrained numbers to the support; `None` for a discrete distribution.
    fn transform(&self) -> Option<Transform<T>> {
        self.support().transform()
    }

    /// The natural logarithm of the density, or of the probability, of each element of the batch: without the event's axes.
    ///
    /// # Panics
    /// If the parameters' shapes and that of `x` do not broadcast.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T>;

    /// The natural logarithm of the probability of a number up to `x`, of a distribution of numbers.
    fn log_cdf(&self, _x: &Expr<T>) -> Option<Expr<T>> {
        None
    }

    /// The natural logarithm of the probability of a number above `x`: where it has digits of its own it is not computed from
    /// [`log_cdf`](Self::log_cdf).
    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some((1.0 - self.log_cdf(x)?.exp()).ln())
    }

    /// The mean, where there is one; NaN for parameters that have none.
    fn mean(&self) -> Option<Expr<T>> {
        None
    }

    /// The variance of each element, where there is one; infinite or NaN for parameters that have none.
    fn variance(&self) -> Option<Expr<T>> {
        None
    }

    /// A typical value from which a fit may start: the median where it has a simple formula, else the mean. `None` for a
    /// discrete distribution.
    fn centre(&self) -> Option<Expr<T>> {
        self.mean()
    }

    /// Draws as an expression, of the batch's and the event's shape, with slopes by the parameters where draws have them: by
    /// reparameterisation or implicitly (Figurnov, Mohamed & Mnih 2018, "Implicit reparameterization gradients").
    fn sample(&self, _noise: &RandomStreams) -> Option<Expr<T>> {
        None
    }

    /// A draw of a concrete shape, the event's axes included, given the parameters' values in the order of
    /// [`parameters`](Self::parameters). NaN where a parameter is outside its domain, else finite.
    ///
    /// # Panics
    /// If the parameters do not broadcast to the shape.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T>;
}

/// The shape of a draw: the batch, and behind it the event.
pub(crate) fn full_shape<T: Float>(distribution: &dyn Distribution<T>) -> Shape {
    let event = distribution.event_shape();
    distribution.batch_shape().dims().iter().chain(event.dims()).cloned().collect()
}

/// The builder method that all element-wise distributions have.
macro_rules! shape_method {
    () => {
        /// The same distribution for every element of a larger shape.
        ///
        /// # Panics
        /// If the parameters do not broadcast to the shape.
        #[track_caller]
        pub fn shape(mut self, shape: impl Into<bayeux_autodiff::Shape>) -> Self {
            let shape = shape.into();
            for parameter in self.parameters() {
                parameter.broadcast_to(&shape);
            }
            self.batch = shape;
            self
        }
    };
}
pub(crate) use shape_method;

/// The shape of two parameters broadcast together.
#[track_caller]
fn joint_shape<T: Float>(a: &Expr<T>, b: &Expr<T>) -> Shape {
    (a + b).shape().clone()
}

/// −½ z², also where z² would overflow and its half does not.
fn minus_half_square<T: Float>(z: &Expr<T>) -> Expr<T> {
    (z * -0.5) * z
}
