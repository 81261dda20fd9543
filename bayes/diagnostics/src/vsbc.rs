//! Simulation-based calibration of variational fits, by the symmetry of p-values.

use crate::Error;
use crate::error::all_probabilities;
use crate::sbc::same_length;
use crate::sums::{mean, sorted};

/// The p-values of one parameter, and whether they are symmetric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Vsbc {
    /// In each replication, the probability under the fit that the parameter is above its true value.
    pub p_values: Vec<f64>,
    /// Their mean. Above 1/2 fits put the parameter too high, below 1/2 too low.
    pub mean: f64,
    /// The greatest distance between the distribution functions of p and 1 - p.
    pub ks: f64,
    /// The probability of such a distance or a greater one for symmetric p-values, by Kolmogorov's limit for two
    /// samples. As p and 1 - p are not independent it is a guide, as in the paper, not an exact level.
    pub p_value: f64,
}

/// Tests p-values of one parameter for symmetry around 1/2: the two-sample Kolmogorov-Smirnov test of p against 1 - p.
///
/// A variational fit is too narrow as a rule, so that its p-values are not uniform. If they are symmetric, its means
/// are still unbiased on average (Yao, Vehtari, Simpson and Gelman, 2018, "Yes, but did it work?").
///
/// ```
/// use bayeux_diagnostics::symmetry;
///
/// let high = symmetry((0..100).map(|i| 0.5 + f64::from(i) / 200.0).collect())?;
/// assert!(high.mean > 0.7 && high.p_value < 1e-6);
/// let narrow = symmetry((0..100).map(|i| if i % 2 == 0 { 0.01 } else { 0.99 }).collect())?;
/// assert!(narrow.p_value > 0.9);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], and [`Error::OutOfRange`] for a value outside [0, 1] or NaN.
pub fn symmetry(p_values: Vec<f64>) -> Result<Vsbc, Error> {
    if p_values.is_empty() {
        return Err(Error::Empty { what: "p-values" });
    }
    all_probabilities("p-value", &p_values)?;
    // To 40 binary places, of which 1 - p has no more: else 0.01 and 1 - 0.99 would not be equal.
    let places = (1u64 << 40) as f64;
    let rounded: Vec<f64> = p_values.iter().map(|p| (p * places).round() / places).collect();
    let p = sorted(&rounded);
    let mirrored: Vec<f64> = p.iter().rev().map(|p| 1.0 - p).collect();
    let n = p.len() as f64;
    // Both distribution functions, at each place where one of them steps.
    let below = |values: &[f64], x: f64| values.partition_point(|&v| v <= x) as f64 / n;
    let ks =
        p.iter().chain(&mirrored).map(|&x| (below(&p, x) - below(&mirrored, x)).abs()).fold(0.0, f64::max);
    let p_value = kolmogorov_above(ks * (n / 2.0).sqrt());
    Ok(Vsbc { mean: mean(&p_values), p_values, ks, p_value })
}

/// 1 less Kolmogorov's distribution function at x: 2 Σ (-1)^(k-1) exp(-2 k² x²), or 1 - √(2π)/x Σ exp(-(2k-1)² π²/(8
/// x²)), which converges quickly for a small x.
fn kolmogorov_above(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x < 0.04 {
        return 1.0; // the second form's sum is below 1e-300
    }
    let above = if x < 1.0 {
        let term = |k: i32| libm::exp(-f64::from((2 * k - 1) * (2 * k - 1)) * PI * PI / (8.0 * x * x));
        1.0 - (2.0 * PI).sqrt() / x * (1..8).map(term).sum::<f64>()
    } else {
        let term = |k: i32| libm::exp(-2.0 * f64::from(k * k) * x * x) * if k % 2 == 1 { 2.0 } else { -2.0 };
        (1..8).map(term).sum()
    };
    above.clamp(0.0, 1.0)
}

/// Runs VSBC: `replications` times a truth is drawn and fitted, and the fit is asked where the truth lies in it.
///
/// `simulate(j)` draws parameters θ from the prior and data given them. `fit(j, &data)` approximates the posterior.
/// `above(&fit, &truth)` gives for each parameter the probability under the fit that it is greater than its true value,
/// exactly or as a part of draws. The result has one entry per parameter, none without replications.
///
/// ```
/// use bayeux_diagnostics::{Error, vsbc};
///
/// // θ uniform on (0, 1), data that say nothing, and a fit that is uniform on (0, 2): too high.
/// let result = vsbc(
///     200,
///     |j| (vec![(j as f64 + 0.5) / 200.0], ()),
///     |_, ()| Ok::<_, Error>(2.0),
///     |upper, truth| vec![1.0 - truth[0] / upper],
/// )?;
/// assert!(result[0].mean > 0.7 && result[0].p_value < 1e-6);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
///
/// What `fit` returns, [`Error::Length`] if truths or probabilities are not as many as in the first replication, and
/// those of [`symmetry`].
pub fn vsbc<T: AsRef<[f64]>, D, Q, E: From<Error>>(
    replications: usize,
    mut simulate: impl FnMut(usize) -> (T, D),
    mut fit: impl FnMut(usize, &D) -> Result<Q, E>,
    mut above: impl FnMut(&Q, &[f64]) -> Vec<f64>,
) -> Result<Vec<Vsbc>, E> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for j in 0..replications {
        let (truth, data) = simulate(j);
        let p = above(&fit(j, &data)?, truth.as_ref());
        if j == 0 {
            columns = vec![Vec::with_capacity(replications); truth.as_ref().len()];
        }
        same_length("truth of replication", j, columns.len(), truth.as_ref().len())?;
        same_length("probabilities of replication", j, columns.len(), p.len())?;
        columns.iter_mut().zip(p).for_each(|(column, p)| column.push(p));
    }
    Ok(columns.into_iter().map(symmetry).collect::<Result<_, _>>()?)
}
