use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{batch_method, coloured, elements, half_log_determinant, joint, known, split, whitened, with};
use crate::distributions::draws::standard_normal;
use crate::distributions::{Distribution, HALF_LN_2PI, Support};

/// The normal distribution of vectors of n numbers, with a mean and a covariance Σ = L Lᵀ.
///
/// ln p(x) = −½ |L⁻¹ (x − μ)|² − Σ ln Lᵢᵢ − n/2 · ln 2π
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, MvNormal};
/// use bayeux_tensor::Tensor;
/// let covariance = Expr::constant(Tensor::new([2, 2], vec![2.0, 0.6, 0.6, 1.0]));
/// let normal = MvNormal::<f64>::covariance(Expr::zeros([2]), covariance);
/// let density = normal.log_prob(&Expr::zeros([2]));
/// let expected = -(2.0 * std::f64::consts::PI).ln() - 0.5 * (2.0f64 - 0.36).ln();
/// assert!((interpret(&[density], &[], 0)?[0].item() - expected).abs() < 1e-14);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MvNormal<T: Float = f32> {
    mean: Expr<T>,
    lower: Expr<T>,
    batch: Shape,
    len: Dim,
}

impl<T: Float> MvNormal<T> {
    /// With means `[…, n]` and Cholesky factors L `[…, n, n]` of covariances: what is above the diagonal is not read, and the diagonal
    /// has to be positive.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn cholesky(mean: impl Into<Expr<T>>, lower: impl Into<Expr<T>>) -> Self {
        let (mean, lower) = (mean.into(), lower.into().tril(0));
        let (batch, len) = split("MvNormal", "a mean", mean.shape(), 1);
        let (of_factor, square) = split("MvNormal", "a factor", lower.shape(), 2);
        assert!(
            square[0] == len[0] && square[1] == len[0],
            "MvNormal: means of shape {} and factors of shape {} do not fit",
            mean.shape(),
            lower.shape()
        );
        let batch = joint::<T>(&batch, &of_factor);
        MvNormal { mean, lower, batch, len: len[0].clone() }
    }

    /// With means `[…, n]` and covariances `[…, n, n]`. One that is not positive definite makes the function that computes the density
    /// fail with [`Error::Matrix`](bayeux_autodiff::Error::Matrix).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn covariance(mean: impl Into<Expr<T>>, covariance: impl Into<Expr<T>>) -> Self {
        MvNormal::cholesky(mean, covariance.into().cholesky())
    }

    /// With means `[…, n]` and precisions, the inverses of covariances, `[…, n, n]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn precision(mean: impl Into<Expr<T>>, precision: impl Into<Expr<T>>) -> Self {
        // With the order of the axes turned around, P = U Uᵀ with U upper triangular; then Σ = U⁻ᵀ U⁻¹, and U⁻ᵀ is lower.
        let precision = precision.into();
        let turned = |x: &Expr<T>| x.flip(x.rank() - 1).flip(x.rank() - 2);
        let upper = turned(&turned(&precision).cholesky());
        let n = known("MvNormal", &precision.dim(precision.rank() - 1));
        let identity = Expr::eye(n).broadcast_to(precision.shape());
        let lower = upper.t().solve_triangular(&identity, bayeux_autodiff::Triangle::Lower);
        MvNormal::cholesky(mean, lower)
    }

    batch_method!();
}

impl<T: Float> Distribution<T> for MvNormal<T> {
    fn name(&self) -> &'static str {
        "MvNormal"
    }

    /// The mean and the covariance's Cholesky factor.
    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.mean.clone(), self.lower.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.len.clone()].into_iter().collect()
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let standard = whitened(&self.lower, &(x - &self.mean));
        let last = standard.rank() - 1;
        let count = Expr::size(self.len.clone()) * HALF_LN_2PI;
        standard.square().sum(last) * -0.5 - half_log_determinant(&self.lower) - count
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.mean.broadcast_to(with(&self.batch, [self.len.clone()])))
    }

    /// The diagonal of L Lᵀ.
    fn variance(&self) -> Option<Expr<T>> {
        let squares = self.lower.square();
        Some(squares.sum(squares.rank() - 1).broadcast_to(with(&self.batch, [self.len.clone()])))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let standard = noise.normal(with(&self.batch, [self.len.clone()]));
        Some(&self.mean + coloured(&self.lower, &standard))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw(&parameters[0], &parameters[1], shape, rng, |_| 1.0)
    }
}

/// μ + s · L ε, with a factor s for each vector.
pub(super) fn draw<T: Float>(
    mean: &Tensor<T>,
    lower: &Tensor<T>,
    shape: &[usize],
    rng: &mut dyn Rng,
    mut factor: impl FnMut(&mut dyn Rng) -> f64,
) -> Tensor<T> {
    let n = shape[shape.len() - 1];
    let mean = elements(mean, shape);
    let lower = elements(lower, &[shape, &[n]].concat());
    let mut drawn = Vec::with_capacity(mean.len());
    for (mean, lower) in mean.chunks_exact(n.max(1)).zip(lower.chunks_exact((n * n).max(1))) {
        let standard: Vec<f64> = (0..n).map(|_| standard_normal(rng)).collect();
        let factor = factor(rng);
        for (i, mean) in mean.iter().enumerate() {
            let row = &lower[i * n..=i * n + i];
            let sum: f64 = row.iter().zip(&standard).map(|(l, e)| l * e).sum();
            let valid = if row[i] > 0.0 { 1.0 } else { f64::NAN };
            drawn.push(T::from_f64((mean + factor * sum) * valid));
        }
    }
    Tensor::new(shape, drawn)
}
