use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::standard_normal;
use super::elementwise::{draw_valid, family, parameters};
use super::logs::{ln_share, ln_sum_of_squares};
use super::tails::ln_beta_shares;
use super::{Distribution, Support};

family! {
    /// Student's t distribution with ν > 0 degrees of freedom, location μ and scale σ > 0, on all reals.
    ///
    /// ln p(x) = ln Γ((ν + 1)/2) − ln Γ(ν/2) − ½ ln νπ − ln σ − (ν + 1)/2 ln (1 + ((x − μ)/σ)²/ν)
    ///
    /// A normal distribution with heavier tails: the mean is μ for ν > 1, the variance σ² ν/(ν − 2) for ν > 2. From some 10⁶ degrees of
    /// freedom on, the tails of the distribution function lose digits.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// use bayeux_bayes::{Distribution, StudentT};
    /// let t = StudentT::<f64>::new(1.0, 0.0, 1.0); // Cauchy's
    /// let p = t.log_cdf(&Expr::scalar(1.0)).expect("has one").exp();
    /// assert!((interpret(&[p], &[], 0)?[0].item() - 0.75).abs() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    StudentT:
    /// With degrees of freedom, a location and a scale.
    df is Positive: "the number of degrees of freedom", location is Finite: "the location", scale is Positive: "the scale"
}

impl<T: Float> StudentT<T> {
    /// (x − μ)/(σ √ν)
    fn scaled(&self, x: &Expr<T>) -> Expr<T> {
        (x - &self.location) / &self.scale * self.df.rsqrt()
    }
}

impl<T: Float> Distribution<T> for StudentT<T> {
    parameters!("StudentT": df, location, scale);

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        self.valid(log_density(&self.df, &self.scaled(x)) - self.scale.ln())
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(log_lower(&self.df.cast(), &self.scaled(x).cast()).cast()))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.valid(log_lower(&self.df.cast(), &-self.scaled(x).cast::<f64>()).cast()))
    }

    fn mean(&self) -> Option<Expr<T>> {
        let has_one = self.df.gt(&Expr::scalar(1.0));
        self.moment(Expr::select(&has_one, &self.location, &Expr::scalar(f64::NAN)))
    }

    fn variance(&self) -> Option<Expr<T>> {
        self.moment(variance(&self.df) * self.scale.square())
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.location.clone())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        Some(self.valid(&self.location + &self.scale * noise.student_t(&self.df, &self.batch)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[df, location, scale]| {
            location + scale * standard_draw(df, rng)
        })
    }
}

/// A normal over √(χ²/ν), by logarithms.
pub(super) fn standard_draw(df: f64, rng: &mut dyn Rng) -> f64 {
    let log_square = super::draws::log_gamma(0.5 * df, rng) - libm::log(0.5 * df);
    standard_normal(rng) * libm::exp(-0.5 * log_square).min(f64::MAX)
}

/// The log density of scale 1, of t = z/√ν. Where z² has digits beside ν, so has t² beside 1.
pub(super) fn log_density<T: Float>(df: &Expr<T>, t: &Expr<T>) -> Expr<T> {
    let constant = df.ln() * -0.5 - (df * 0.5).betaln(&Expr::scalar(0.5));
    constant - (df + 1.0) * 0.5 * ln_sum_of_squares(t, &Expr::scalar(1.0))
}

/// Of scale 1: ν/(ν − 2); infinite up to ν = 2 and NaN up to 1.
pub(super) fn variance<T: Float>(df: &Expr<T>) -> Expr<T> {
    let [one, two, infinity, nan] = [1.0, 2.0, f64::INFINITY, f64::NAN].map(Expr::scalar);
    let has_one = df.gt(&two);
    let safe = Expr::select(&has_one, df, &Expr::scalar(3.0));
    let without = Expr::select(&df.gt(&one), &infinity, &nan);
    Expr::select(&has_one, &(&safe / (&safe - 2.0)), &without)
}

/// The logarithm of the distribution function at t = z/√ν.
pub(super) fn log_lower(df: &Expr<f64>, t: &Expr<f64>) -> Expr<f64> {
    let t = t.clip(-1e150, 1e150);
    let negative = t.lt(&Expr::scalar(0.0));
    let [centre, tail] = shares(df, &t);
    let lower = Expr::select(&negative, &tail, &(&centre + 0.5));
    let upper = Expr::select(&negative, &(0.5 - &centre), &tail);
    // Far out, where the tail is half of I_w(ν/2, ½).
    let far = t.lt(&Expr::scalar(0.0)) & lower.lt(&Expr::scalar(1e-5));
    let [half, one] = [0.5, 1.0].map(Expr::scalar);
    let safe = Expr::select(&far, &t, &one);
    let [log_tail, _] = ln_beta_shares(&(df * 0.5), &half, &(safe.square() + 1.0).recip());
    Expr::select(&far, &(log_tail - LN_2), &ln_share(&Expr::select(&far, &half, &lower), &upper))
}

/// The probability between 0 and t, with its sign, and that beyond |t|.
pub(super) fn shares(df: &Expr<f64>, t: &Expr<f64>) -> [Expr<f64>; 2] {
    let (half, a, p) = (Expr::scalar(0.5), df * 0.5, (df + 1.0) * 0.5);
    // Next to 0 the integral of (1 + t²)⁻ᵖ/B(½, ν/2) by its series: slopes of the square would be infinite there.
    let square = t.square();
    let small = (&p * &square).lt(&Expr::scalar(1e-4));
    let y = Expr::select(&small, &square, &Expr::scalar(0.0));
    let (p1, p2) = (&p + 1.0, &p + 2.0);
    let third = p1 * (0.1 - p2 * &y * (1.0 / 42.0));
    let series = t * (1.0 - &p * &y * (1.0 / 3.0 - &y * third)) * (-a.betaln(&half)).exp();
    let v = Expr::select(&small, &Expr::scalar(1.0), &square);
    let w = (&v + 1.0).recip();
    let body = half.betainc(&a, &(&v * &w)) * 0.5;
    let signed = Expr::select(&t.lt(&Expr::scalar(0.0)), &-&body, &body);
    let centre = Expr::select(&small, &series, &signed);
    let near = centre.abs().lt(&Expr::scalar(0.25));
    let tail = Expr::select(&near, &(0.5 - centre.abs()), &(a.betainc(&half, &w) * 0.5));
    [centre, tail]
}
