use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::standard_exponential;
use super::elementwise::{draw_valid, family, parameters};
use super::logs::ln_one_minus_exp;
use super::{Distribution, Support};

family! {
    /// The asymmetric Laplace distribution with location μ, its mode, scale b > 0 and asymmetry κ > 0, on all reals.
    ///
    /// ln p(x) = −ln b − ln (κ + 1/κ) − κ z for z ≥ 0, and … + z/κ for z < 0,   z = (x − μ)/b
    ///
    /// At κ = 1 it is [`Laplace`](crate::Laplace)'s. A share κ²/(1 + κ²) lies below μ, so that a fit of μ is one of that quantile. At x = μ,
    /// where the density has a kink, the slope is the one from above.
    AsymmetricLaplace:
    /// With a location, a scale and an asymmetry.
    location is Finite: "the location", scale is Positive: "the scale", asymmetry is Positive: "the asymmetry"
}

impl<T: Float> AsymmetricLaplace<T> {
    /// The logarithms of the shares beyond x on its own side, and whether that is the lower one.
    fn tails(&self, x: &Expr<T>) -> (Expr<T>, Expr<bool>) {
        let (z, k) = ((x - &self.location) / &self.scale, &self.asymmetry);
        let lower = z.lt(&Expr::scalar(0.0));
        let log_square = k.ln() * 2.0;
        let left = &z / k - (-&log_square).softplus();
        let right = -(z * k) - log_square.softplus();
        (Expr::select(&lower, &left, &right), lower)
    }
}

impl<T: Float> Distribution<T> for AsymmetricLaplace<T> {
    parameters!("AsymmetricLaplace": location, scale, asymmetry);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (z, k) = ((x - &self.location) / &self.scale, &self.asymmetry);
        let decay = Expr::select(&z.lt(&Expr::scalar(0.0)), &(&z / k), &-(&z * k));
        self.valid(decay - (self.scale.ln() + k.ln().logaddexp(&-k.ln())))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (tail, lower) = self.tails(x);
        Some(self.valid(Expr::select(&lower, &tail, &ln_one_minus_exp(&tail))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (tail, lower) = self.tails(x);
        Some(self.valid(Expr::select(&lower, &ln_one_minus_exp(&tail), &tail)))
    }

    /// μ + b (1/κ − κ)
    fn mean(&self) -> Option<Expr<T>> {
        let k = &self.asymmetry;
        self.moment(&self.location + &self.scale * (k.recip() - k))
    }

    /// b² (1/κ² + κ²)
    fn variance(&self) -> Option<Expr<T>> {
        let k = &self.asymmetry;
        self.moment((&self.scale / k).square() + (&self.scale * k).square())
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.location.clone())
    }

    /// Of two exponential numbers, one to each side.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [up, down] = [0; 2].map(|_| noise.exponential::<T>(&self.batch));
        let z = up / &self.asymmetry - down * &self.asymmetry;
        Some(self.valid(&self.location + &self.scale * z))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[location, scale, asymmetry]| {
            let [up, down] = [0; 2].map(|_| standard_exponential(rng));
            location + scale * (up / asymmetry - down * asymmetry)
        })
    }
}
