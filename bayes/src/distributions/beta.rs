use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, outside};
use super::draws::{kept_in_unit, log_gamma};
use super::elementwise::{draw_valid, family, parameters};
use super::gamma::deviance;
use super::loader::stirling_error;
use super::logs::{above, at_edge, below};
use super::tails::ln_beta_shares;
use super::{Distribution, HALF_LN_2PI, Support};

family! {
    /// The beta distribution with α > 0 and β > 0, on 0 ≤ x ≤ 1; its mean is α/(α + β).
    ///
    /// ln p(x) = (α − 1) ln x + (β − 1) ln (1 − x) − ln B(α, β)
    ///
    /// At 0 the density is 0, β or infinite as α is above, at or below 1, and so at 1 with α and β exchanged.
    Beta:
    /// With α and β.
    alpha is Positive: "alpha", beta is Positive: "beta"
}

impl<T: Float> Beta<T> {
    /// With a mean m between 0 and 1 and a concentration c = α + β: α = m c, β = (1 − m) c.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or for a constant that is no mean or no concentration.
    ///
    /// ```
    /// use bayeux_autodiff::interpret;
    /// use bayeux_bayes::{Beta, Distribution};
    /// let share = Beta::<f64>::with_mean(0.25, 12.0); // as after 3 of 12
    /// let variance = share.variance().expect("has one");
    /// assert!((interpret(&[variance], &[], 0)?[0].item() - 0.25 * 0.75 / 13.0).abs() < 1e-16);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn with_mean(mean: impl Into<Expr<T>>, concentration: impl Into<Expr<T>>) -> Self {
        let (mean, concentration) = (mean.into(), concentration.into());
        Domain::Probability.check(&mean, "Beta: the mean");
        Domain::Positive.check(&concentration, "Beta: the concentration");
        Beta::new(&mean * &concentration, (1.0 - mean) * concentration)
    }

    fn log_shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let [a, b, x] = [&self.alpha, &self.beta, x].map(Expr::cast::<f64>);
        ln_beta_shares(&a, &b, &x).map(|ln_p| ln_p.cast())
    }
}

/// `x` where it is between 0 and 1, else ½; and whether it is.
pub(super) fn in_unit<T: Float>(x: &Expr<T>) -> (Expr<T>, Expr<bool>) {
    let inside = x.gt(&Expr::scalar(0.0)) & x.lt(&Expr::scalar(1.0));
    (Expr::select(&inside, x, &Expr::scalar(0.5)), inside)
}

/// The log density at and beyond the edges, where it goes with xᵃ⁻¹ and (1 − x)ᵇ⁻¹.
pub(super) fn at_unit_edges<T: Float>(x: &Expr<T>, a: &Expr<T>, b: &Expr<T>) -> Expr<T> {
    let at_one = Expr::select(&x.eq(&Expr::scalar(1.0)), &at_edge(b, &a.ln()), &outside(x));
    Expr::select(&x.eq(&Expr::scalar(0.0)), &at_edge(a, &b.ln()), &at_one)
}

impl<T: Float> Distribution<T> for Beta<T> {
    parameters!("Beta": alpha, beta);

    fn support(&self) -> Support<T> {
        Support::Between(Expr::scalar(0.0), Expr::scalar(1.0))
    }

    /// As [`Gamma`](crate::Gamma)'s, by deviances D and errors δ of Stirling's formula (Loader 2000): with n = α + β,
    ///
    /// ln p(x) = ½ ln(α β/n) − ½ ln 2π − ln x − ln (1 − x) − δ(α) − δ(β) + δ(n) − D(α, n x) − D(β, n (1 − x))
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (safe, inside) = in_unit(x);
        let (a, b, n) = (&self.alpha, &self.beta, &self.alpha + &self.beta);
        let (ln_x, ln_rest) = (safe.ln(), (-&safe).log1p());
        let constant = (a.ln() + (b / &n).ln()) * 0.5 - HALF_LN_2PI
            + (stirling_error(&n) - stirling_error(a) - stirling_error(b));
        let far = deviance(a, &n, &safe, &ln_x) + deviance(b, &n, &(1.0 - &safe), &ln_rest);
        let density = constant - (far + (ln_x + ln_rest));
        self.valid(Expr::select(&inside, &density, &at_unit_edges(x, a, b)))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = in_unit(x);
        let [lower, _] = self.log_shares(&safe);
        Some(self.valid(above(&-x, &x.lt(&Expr::scalar(1.0)), &below(x, &inside, &lower))))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = in_unit(x);
        let [_, upper] = self.log_shares(&safe);
        Some(self.valid(above(x, &x.gt(&Expr::scalar(0.0)), &below(x, &inside, &upper))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(&self.alpha / (&self.alpha + &self.beta))
    }

    /// α β/((α + β)² (α + β + 1))
    fn variance(&self) -> Option<Expr<T>> {
        let n = &self.alpha + &self.beta;
        self.moment((&self.alpha / &n) * (&self.beta / &n) / (n + 1.0))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(kept_in_unit(&noise.beta(&self.alpha, &self.beta, &self.batch))))
    }

    /// Of two gamma numbers the first's part, by logarithms.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let [least, most] = super::draws::unit_ends::<T>();
        draw_valid(Self::DOMAINS, parameters, shape, |[alpha, beta]| {
            let difference = log_gamma(beta, rng) - log_gamma(alpha, rng);
            (1.0 / (1.0 + libm::exp(difference))).clamp(least, most)
        })
    }
}
