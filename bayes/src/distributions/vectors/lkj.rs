use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{batch_method, elements, with};
use crate::distributions::domain::{Domain, valid};
use crate::distributions::draws::standard_normal;
use crate::distributions::{Distribution, Support};

/// Cholesky factors L of n × n correlation matrices, whose density is proportional to det(L Lᵀ)^(η − 1): uniform over correlations for
/// η = 1, and nearer to none for larger η (Lewandowski, Kurowicka & Joe 2009, "Generating random correlation matrices based on vines
/// and extended onion method").
///
/// ln p(L) = Σᵢ₌₂ⁿ (n − i + 2 η − 2) ln Lᵢᵢ − (n − 1)/2 · ln π − Σₖ₌₁ⁿ⁻¹ ln Γ(η + (n − 1 − k)/2) + (n − 1) ln Γ(η + (n − 1)/2) − (n − 1) (n − 2)/4 · ln π
///
/// ```
/// use bayeux_autodiff::{Expr, Shape};
/// use bayeux_bayes::{HalfNormal, LkjCholesky, Model, MvNormal};
/// // A covariance from scales and correlations.
/// let model: Model<f64> = Model::new();
/// let scales = model.free("scales", HalfNormal::new(1.0).shape([3]));
/// let correlations = model.free("correlations", LkjCholesky::new(3, 2.0));
/// let x = model.free("x", MvNormal::cholesky(Expr::zeros([3]), scales.insert_axis(1) * correlations));
/// assert_eq!(x.shape(), &Shape::from([3]));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LkjCholesky<T: Float = f32> {
    n: usize,
    concentration: Expr<T>,
    batch: Shape,
}

impl<T: Float> LkjCholesky<T> {
    /// With the size of the matrices and η > 0.
    ///
    /// # Panics
    /// If n is 0, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn new(n: usize, concentration: impl Into<Expr<T>>) -> Self {
        let concentration = concentration.into();
        assert!(n > 0, "LkjCholesky: a matrix of no rows");
        Domain::Positive.check(&concentration, "LkjCholesky: the concentration");
        LkjCholesky { n, batch: concentration.shape().clone(), concentration }
    }

    batch_method!();
}

impl<T: Float> Distribution<T> for LkjCholesky<T> {
    fn name(&self) -> &'static str {
        "LkjCholesky"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.concentration.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.n, self.n].into()
    }

    fn support(&self) -> Support<T> {
        Support::CholeskyCorrelation
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (n, eta) = (self.n, &self.concentration);
        let logs = x.diagonal(0).ln();
        // n − i for i = 1, …, n, where the first element is 1 and its logarithm 0.
        let fewer = Expr::constant(Tensor::from_fn([n], |i| T::from_f64((n - 1 - i[0]) as f64)));
        let powers = fewer + (eta * 2.0 - 2.0).insert_axis(eta.rank());
        let kernel = (powers * &logs).sum(-1);
        let less = (n - 1) as f64;
        let gammas = (1..n).map(|k| (eta + (less - k as f64) / 2.0).lgamma());
        let gammas = gammas.reduce(|sum, gamma| sum + gamma).unwrap_or_else(|| Expr::scalar(0.0));
        let ln_pi = std::f64::consts::PI.ln() * (less / 2.0 + less * (less - 1.0) / 4.0);
        let constant = (eta + less / 2.0).lgamma() * less - gammas - ln_pi;
        valid(kernel + constant, [Domain::Positive.holds(eta)])
    }

    /// No correlation.
    fn centre(&self) -> Option<Expr<T>> {
        Some(Expr::eye(self.n).broadcast_to(with(&self.batch, self.event_shape().dims().iter().cloned())))
    }

    /// By the onion: the i-th row is a point in a ball of i − 1 dimensions whose squared radius is Beta((i − 1)/2, η + (n − i)/2).
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let n = self.n;
        let mut drawn = Vec::new();
        for eta in elements(&parameters[0], &shape[..shape.len() - 2]) {
            for i in 0..n {
                let direction: Vec<f64> = (0..i).map(|_| standard_normal(rng)).collect();
                let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
                let (a, b) = (i as f64 / 2.0, Domain::Positive.or_nan(eta) + (n - 1 - i) as f64 / 2.0);
                let square = match i {
                    0 => 0.0,
                    _ => rand_distr::Beta::new(a, b)
                        .map_or(f64::NAN, |beta| rand_distr::Distribution::sample(&beta, rng)),
                };
                let valid = if eta > 0.0 { 1.0 } else { f64::NAN };
                let row = direction.iter().map(|x| x / length * square.sqrt());
                let row = row.chain([(1.0 - square).max(T::MIN_POSITIVE.to_f64()).sqrt() * valid]);
                drawn.extend(row.chain(std::iter::repeat_n(0.0, n - 1 - i)).map(T::from_f64));
            }
        }
        Tensor::new(shape, drawn)
    }
}
