use bayeux_autodiff::{Dim, Expr, Shape};
use bayeux_tensor::{Float, Tensor};

use super::Bijector;

/// Lower triangular matrices with a positive diagonal, the Cholesky factors of covariances, from the vector of their elements row by
/// row: those of the diagonal are exp z.
#[derive(Clone, Copy, Debug)]
pub struct CholeskyCovariance;

/// Cholesky factors of correlation matrices, whose rows have length 1, from a vector of the elements below the diagonal row by row:
/// the canonical partial correlations are yᵢⱼ = tanh z, and Lᵢⱼ = yᵢⱼ √∏ (1 − yᵢₖ²) over k < j (Lewandowski, Kurowicka & Joe 2009,
/// "Generating random correlation matrices based on vines and extended onion method").
#[derive(Clone, Copy, Debug)]
pub struct CholeskyCorrelation;

/// The size of a square matrix, and the shape without it.
#[track_caller]
fn square(name: &str, shape: &Shape) -> (usize, Vec<Dim>) {
    match shape.dims() {
        [batch @ .., rows, columns] if rows == columns && rows.size().is_some() => {
            (rows.size().unwrap_or_default(), batch.to_vec())
        }
        _ => panic!("{name}: {shape} is not a square matrix of a known size"),
    }
}

/// n of n (n − 1)/2 numbers below the diagonal, and n more if it is part of them.
#[track_caller]
fn size_of(name: &str, count: &Dim, with_diagonal: bool) -> usize {
    let count = count.size().unwrap_or_else(|| panic!("{name}: {count} numbers, which is not known yet"));
    let n =
        (usize::from(!with_diagonal)..).find(|n| triangle(*n, with_diagonal) >= count).unwrap_or_default();
    assert!(triangle(n, with_diagonal) == count, "{name}: {count} numbers are not those of a triangle");
    n
}

fn triangle(n: usize, with_diagonal: bool) -> usize {
    n * n.saturating_sub(1) / 2 + if with_diagonal { n } else { 0 }
}

/// The matrix with the elements of vectors on and below the diagonal, or below it, and zeros elsewhere.
fn filled<T: Float>(z: &Expr<T>, n: usize, with_diagonal: bool) -> Expr<T> {
    let (last, count) = (z.rank() - 1, triangle(n, with_diagonal));
    let place = |i: &[usize]| match i[1] < i[0] + usize::from(with_diagonal) {
        true => (triangle(i[0], with_diagonal) + i[1]) as i64,
        false => count as i64, // the zero behind the last
    };
    z.pad(last, 0, 1).take(last, &Expr::constant(Tensor::from_fn([n, n], place)))
}

/// The elements of [`filled`].
fn taken<T: Float>(x: &Expr<T>, n: usize, with_diagonal: bool) -> Expr<T> {
    let rows = (0..n).flat_map(|i| (0..i + usize::from(with_diagonal)).map(move |j| (i * n + j) as i64));
    let places: Vec<i64> = rows.collect();
    let batch = x.shape().dims()[..x.rank() - 2].iter().cloned();
    let flat = x.reshape(batch.chain([Dim::from(n * n)]).collect::<Vec<_>>());
    flat.take(flat.rank() - 1, &Expr::constant(Tensor::from_slice(&places)))
}

fn is_diagonal(n: usize) -> Expr<bool> {
    Expr::constant(Tensor::from_fn([n, n], |i| i[0] == i[1]))
}

impl<T: Float> Bijector<T> for CholeskyCovariance {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        let n = size_of("CholeskyCovariance", &z.dim(z.rank() - 1), true);
        let matrix = filled(z, n, true);
        Expr::select(&is_diagonal(n), &matrix.exp(), &matrix)
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        let n = square("CholeskyCovariance", x.shape()).0;
        taken(&Expr::select(&is_diagonal(n), &x.ln(), x), n, true)
    }

    /// Σ z over the diagonal.
    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        let n = size_of("CholeskyCovariance", &z.dim(z.rank() - 1), true);
        let diagonal: Vec<i64> = (0..n).map(|i| (triangle(i, true) + i) as i64).collect();
        z.take(z.rank() - 1, &Expr::constant(Tensor::from_slice(&diagonal))).sum(-1)
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        let (n, batch) = square("CholeskyCovariance", shape);
        batch.into_iter().chain([Dim::from(triangle(n, true))]).collect()
    }
}

/// ln (1 − tanh² z) = 2 (ln 2 − |z| − ln (1 + e⁻²ᶻ)).
fn ln_sech_squared<T: Float>(z: &Expr<T>) -> Expr<T> {
    let size = z.abs();
    (std::f64::consts::LN_2 - &size - (&size * -2.0).softplus()) * 2.0
}

impl<T: Float> Bijector<T> for CholeskyCorrelation {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        let n = size_of("CholeskyCorrelation", &z.dim(z.rank() - 1), false);
        // √∏ over k < j of each row; the diagonal is what is left.
        let left = (filled(&ln_sech_squared(z), n, false).cumsum_exclusive(-1) * 0.5).exp();
        (filled(&z.tanh(), n, false) + Expr::eye(n)) * left
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        let n = square("CholeskyCorrelation", x.shape()).0;
        let last = x.rank() - 1;
        // 1 − Σ Lᵢₖ² over k < j is the sum over the others, added up from the end.
        let left = x.square().flip(last).cumsum(-1).flip(last).sqrt();
        (taken(x, n, false) / taken(&left, n, false)).atanh()
    }

    /// Σ ln (1 − yᵢⱼ²) + ½ Σ ln (1 − yᵢₖ²) over k < j.
    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        let n = size_of("CholeskyCorrelation", &z.dim(z.rank() - 1), false);
        let logs = filled(&ln_sech_squared(z), n, false);
        let left = (logs.cumsum_exclusive(-1) * 0.5).tril(-1);
        (logs + left).sum([-2, -1])
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        let (n, batch) = square("CholeskyCorrelation", shape);
        batch.into_iter().chain([Dim::from(triangle(n, false))]).collect()
    }
}
