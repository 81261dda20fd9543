use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::log_gamma;
use super::elementwise::{draw_valid_positive, family, parameters};
use super::{Distribution, Gamma, Support};

family! {
    /// The χ² distribution with ν > 0 degrees of freedom, on x ≥ 0: that of the sum of ν squares of standard normals, and
    /// [`Gamma`](crate::Gamma) with shape ν/2 and rate ½.
    ///
    /// ln p(x) = (ν/2 − 1) ln x − x/2 − ν/2 ln 2 − ln Γ(ν/2)
    ChiSquared:
    /// With degrees of freedom.
    df is Positive: "the number of degrees of freedom"
}

impl<T: Float> ChiSquared<T> {
    fn gamma(&self) -> Gamma<T> {
        Gamma::new(&self.df * 0.5, 0.5).shape(&self.batch)
    }
}

impl<T: Float> Distribution<T> for ChiSquared<T> {
    parameters!("ChiSquared": df);

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        self.valid(self.gamma().log_prob(x))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        self.gamma().log_cdf(x)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        self.gamma().log_survival(x)
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(self.df.clone())
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment(&self.df * 2.0)
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        self.gamma().sample(noise)
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[df]| {
            2.0 * libm::exp(log_gamma(0.5 * df, rng))
        })
    }
}
