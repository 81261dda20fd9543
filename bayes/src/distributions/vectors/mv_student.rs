use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::mv_normal::draw;
use super::{MvNormal, coloured, half_log_determinant, joint, whitened, with};
use crate::distributions::domain::{Domain, valid};
use crate::distributions::{Distribution, Support};

/// Student's t distribution of vectors of n numbers, with ν > 0 degrees of freedom, a location and a scale matrix L Lᵀ: a normal whose
/// covariance is divided by a χ² number over ν.
///
/// ln p(x) = ln Γ((ν + n)/2) − ln Γ(ν/2) − n/2 · ln πν − Σ ln Lᵢᵢ − (ν + n)/2 · ln(1 + |L⁻¹ (x − μ)|²/ν)
#[derive(Clone, Debug)]
#[must_use]
pub struct MvStudentT<T: Float = f32> {
    df: Expr<T>,
    normal: MvNormal<T>,
    batch: Shape,
}

impl<T: Float> MvStudentT<T> {
    /// With degrees of freedom for each vector, and the normal distribution that it is for many of them.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn new(df: impl Into<Expr<T>>, normal: MvNormal<T>) -> Self {
        let df = df.into();
        Domain::Positive.check(&df, "MvStudentT: the degrees of freedom");
        let batch = joint::<T>(df.shape(), normal.batch_shape());
        MvStudentT { df, normal, batch }
    }

    super::batch_method!();

    fn full(&self) -> Shape {
        with(&self.batch, self.normal.event_shape().dims().iter().cloned())
    }
}

impl<T: Float> Distribution<T> for MvStudentT<T> {
    fn name(&self) -> &'static str {
        "MvStudentT"
    }

    /// The degrees of freedom, the location and the scale's Cholesky factor.
    fn parameters(&self) -> Vec<Expr<T>> {
        [vec![self.df.clone()], self.normal.parameters()].concat()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        self.normal.event_shape()
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let [mean, lower] = &self.normal.parameters()[..] else {
            unreachable!("a normal has two parameters")
        };
        let standard = whitened(lower, &(x - mean));
        let square = standard.square().sum(standard.rank() - 1);
        let n = Expr::size(self.normal.event_shape()[0].clone());
        let half = (&self.df + &n) * 0.5;
        let constant = half.lgamma()
            - (&self.df * 0.5).lgamma()
            - n * 0.5 * (&self.df * std::f64::consts::PI).ln()
            - half_log_determinant(lower);
        let density = constant - half * (square / &self.df).log1p();
        valid(density, [Domain::Positive.holds(&self.df)])
    }

    /// The location, for more than one degree of freedom.
    fn mean(&self) -> Option<Expr<T>> {
        let mean = self.normal.mean()?.broadcast_to(self.full());
        Some(Expr::select(
            &self.df.insert_axis(self.df.rank()).gt(&Expr::scalar(1.0)),
            &mean,
            &Expr::scalar(f64::NAN),
        ))
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(self.normal.mean()?.broadcast_to(self.full()))
    }

    /// ν/(ν − 2) times the scale matrix's diagonal for ν > 2, infinite for 1 < ν ≤ 2.
    fn variance(&self) -> Option<Expr<T>> {
        let df = self.df.insert_axis(self.df.rank());
        let two = Expr::scalar(2.0);
        let beyond = Expr::select(&df.gt(&two), &df, &Expr::scalar(4.0));
        let finite = self.normal.variance()?.broadcast_to(self.full()) * (&beyond / (&beyond - 2.0));
        let otherwise =
            Expr::select(&df.gt(&Expr::scalar(1.0)), &Expr::scalar(f64::INFINITY), &Expr::scalar(f64::NAN));
        Some(Expr::select(&df.gt(&two), &finite, &otherwise))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [mean, lower] = &self.normal.parameters()[..] else { return None };
        let standard = noise.normal(with(&self.batch, self.normal.event_shape().dims().iter().cloned()));
        let wide = (&self.df / noise.chi_square(&self.df, &self.batch)).sqrt();
        Some(mean + coloured(lower, &standard) * wide.insert_axis(wide.rank()))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let dfs = super::elements(&parameters[0], &shape[..shape.len() - 1]);
        let mut next = dfs.iter();
        draw(&parameters[1], &parameters[2], shape, rng, |rng| {
            let df = next.next().copied().unwrap_or(f64::NAN);
            let gamma = rand_distr::Gamma::new(Domain::Positive.or_nan(df) / 2.0, 2.0 / df);
            let shared = gamma.map_or(f64::NAN, |gamma| rand_distr::Distribution::sample(&gamma, rng));
            shared.max(f64::MIN_POSITIVE).sqrt().recip()
        })
    }
}
