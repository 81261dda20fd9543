use std::f64::consts::LN_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::draws::kept_positive;
use super::elementwise::{draw_valid_positive, family, parameters};
use super::logs::{above, below, ln_share, positive};
use super::student_t::{log_density, log_lower, shares, standard_draw, variance};
use super::{Distribution, Support};

family! {
    /// The half-Student t distribution: |x| of Student's t with ν > 0 degrees of freedom, location 0 and scale σ > 0, on x ≥ 0.
    ///
    /// ln p(x) = ln 2 + ln Γ((ν + 1)/2) − ln Γ(ν/2) − ½ ln νπ − ln σ − (ν + 1)/2 ln (1 + (x/σ)²/ν)
    ///
    /// A prior of scales, between [`HalfCauchy`](crate::HalfCauchy) (ν = 1) and [`HalfNormal`](crate::HalfNormal) (ν = ∞).
    HalfStudentT:
    /// With degrees of freedom and a scale.
    df is Positive: "the number of degrees of freedom", scale is Positive: "the scale"
}

impl<T: Float> HalfStudentT<T> {
    fn scaled(&self, x: &Expr<T>) -> Expr<T> {
        x / &self.scale * self.df.rsqrt()
    }
}

impl<T: Float> Distribution<T> for HalfStudentT<T> {
    parameters!("HalfStudentT": df, scale);

    fn support(&self) -> Support<T> {
        Support::Positive
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let density = log_density(&self.df, &self.scaled(x)) + (LN_2 - self.scale.ln());
        self.valid(below(x, &x.ge(&Expr::scalar(0.0)), &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let [centre, tail] = shares(&self.df.cast(), &self.scaled(&safe).cast::<f64>().clip(0.0, 1e150));
        Some(self.valid(below(x, &inside, &ln_share(&(centre * 2.0), &(tail * 2.0)).cast())))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (safe, inside) = positive(x);
        let (df, t) = (self.df.cast::<f64>(), self.scaled(&safe).cast::<f64>().clip(0.0, 1e150));
        let [centre, _] = shares(&df, &t);
        // Near 0, where it is next to 1, and else of the tail.
        let near = centre.lt(&Expr::scalar(0.1));
        let close = (Expr::select(&near, &centre, &Expr::scalar(0.0)) * -2.0).log1p();
        let survival = Expr::select(&near, &close, &(log_lower(&df, &-t) + LN_2));
        Some(self.valid(above(x, &inside, &survival.cast())))
    }

    /// 2 σ √ν/((ν − 1) B(ν/2, ½)), infinite up to ν = 1.
    fn mean(&self) -> Option<Expr<T>> {
        let has_one = self.df.gt(&Expr::scalar(1.0));
        let df = Expr::select(&has_one, &self.df, &Expr::scalar(2.0));
        let mean = (df.sqrt() * 2.0 / (&df - 1.0)) * (-(&df * 0.5).betaln(&Expr::scalar(0.5))).exp();
        self.moment(Expr::select(&has_one, &(mean * &self.scale), &Expr::scalar(f64::INFINITY)))
    }

    /// σ² ν/(ν − 2) less the mean's square, infinite up to ν = 2.
    fn variance(&self) -> Option<Expr<T>> {
        let has_one = self.df.gt(&Expr::scalar(2.0));
        let safe = HalfStudentT {
            df: Expr::select(&has_one, &self.df, &Expr::scalar(3.0)),
            scale: self.scale.clone(),
            batch: self.batch.clone(),
        };
        let variance = variance(&safe.df) * self.scale.square() - safe.mean()?.square();
        self.moment(Expr::select(&has_one, &variance, &Expr::scalar(f64::INFINITY)))
    }

    /// The scale, as the median has no formula.
    fn centre(&self) -> Option<Expr<T>> {
        Some(self.scale.clone())
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = &self.scale * noise.student_t(&self.df, &self.batch).abs();
        Some(self.valid(kept_positive(&drawn)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid_positive(Self::DOMAINS, parameters, shape, |[df, scale]| {
            scale * standard_draw(df, rng).abs()
        })
    }
}
