//! Monte Carlo standard errors: how far may an estimate from these draws be off?

use crate::Error;
use crate::draws::Draws;
use crate::error::inner_probability;
use crate::special::beta_quantile;
use crate::sums::{mean, sorted, sum_of, variance};
use crate::{ess, ess_mean, ess_sd};

/// Standard error of the mean: the standard deviation of all draws over √[`ess_mean`].
///
/// ```
/// use bayeux_diagnostics::{Draws, mcse_mean};
///
/// let draws: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 1000) / 1000.0).collect();
/// let error = mcse_mean(&Draws::new(&draws, 4)?);
/// assert!(error > 0.0 && error < 0.02);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
#[must_use]
pub fn mcse_mean(draws: &Draws<'_>) -> f64 {
    (variance(draws.values(), 1) / ess_mean(draws)).sqrt()
}

/// Standard error of the standard deviation, by the delta method: √((E d⁴ - (E d²)²)/(4 ESS E d²)), where d is the
/// distance from the mean and ESS is [`ess_sd`].
///
/// Kenney and Keeping (1951, page 141), as ArviZ and `posterior` compute it. NaN if all values are equal.
#[must_use]
pub fn mcse_sd(draws: &Draws<'_>) -> f64 {
    mcse_sd_with(draws, ess_sd(draws))
}

pub(crate) fn mcse_sd_with(draws: &Draws<'_>, ess: f64) -> f64 {
    let values = draws.values();
    let (n, mean) = (values.len() as f64, mean(values));
    let square = |v: f64| (v - mean) * (v - mean);
    let second = sum_of(values, square) / n;
    let fourth = sum_of(values, |v| square(v) * square(v)) / n;
    ((fourth - second * second) / ess / second / 4.0).sqrt()
}

/// Standard error of the quantile at `probability` p: half the distance between the values whose ranks are the quantiles
/// at Φ(±1) of Beta(ESS p + 1, ESS (1 - p) + 1), where ESS is [`ess_quantile`](crate::ess_quantile).
///
/// Vehtari et al. (2021), as ArviZ computes it.
///
/// # Errors
///
/// [`Error::OutOfRange`] for a probability outside (0, 1).
pub fn mcse_quantile(draws: &Draws<'_>, probability: f64) -> Result<f64, Error> {
    inner_probability("probability", probability)?;
    let sorted = sorted(draws.values());
    let ess = ess::quantile_of(draws, &sorted, probability);
    if ess.is_nan() {
        return Ok(f64::NAN);
    }
    let (a, b) = (ess * probability + 1.0, ess * (1.0 - probability) + 1.0);
    // ArviZ has Φ(±1) to seven digits.
    let rank = |p: f64| beta_quantile(a, b, p) * sorted.len() as f64 - 1.0;
    let low = rank(0.158_655_3).max(0.0).floor() as usize;
    let high = rank(0.841_344_7).min((sorted.len() - 1) as f64).ceil() as usize;
    Ok((sorted[high] - sorted[low]) / 2.0)
}
