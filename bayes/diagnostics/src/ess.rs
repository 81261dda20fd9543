//! Effective sample sizes: how many independent draws would tell as much?

use crate::Error;
use crate::autocovariance::Autocovariance;
use crate::draws::{Chains, Draws};
use crate::error::inner_probability;
use crate::intervals::quantile_of_sorted;
use crate::ranks::Ranked;
use crate::sums::{mean, sorted, sum_of, variance};

/// Effective sample size of the bulk: that for the mean of normal scores of ranks, which exists also without a variance.
/// At least 100 per chain is the advice of Vehtari et al. (2021), whom this follows, as ArviZ does
/// (`method="bulk"`). If all values are equal it is their number, as in ArviZ; `posterior` gives NA, also for less than
/// six draws per chain. More than the number of draws S is possible for antithetic chains, up to S log₁₀ S.
///
/// All effective sample sizes take time in proportion to the number of draws times that of lags until correlations have
/// died out: at worst, in a chain that never moves back, to the square of its length.
///
/// ```
/// use bayeux_diagnostics::{Draws, ess_bulk};
///
/// let alternating: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } + f64::from(i * 7919 % 400) / 1e3).collect();
/// assert!(ess_bulk(&Draws::new(&alternating, 4)?) > 400.0);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
#[must_use]
pub fn ess_bulk(draws: &Draws<'_>) -> f64 {
    effective(&Ranked::of(&Chains::halves(draws, |x| x)).normal_scores())
}

/// Effective sample size of the tails: the lesser of those for the quantiles at 5 % and 95 %.
///
/// As ArviZ's `method="tail"`; see [`ess_quantile`].
#[must_use]
pub fn ess_tail(draws: &Draws<'_>) -> f64 {
    tail_of_sorted(draws, &sorted(draws.values()))
}

/// Effective sample size for the mean, from the values themselves.
///
/// As ArviZ's `method="mean"`. Constant values as in [`ess_bulk`].
#[must_use]
pub fn ess_mean(draws: &Draws<'_>) -> f64 {
    effective(&Chains::halves(draws, |x| x))
}

/// Effective sample size for the standard deviation: that for the mean of squared distances from the mean.
///
/// As ArviZ's `method="sd"`. R's `posterior` takes the absolute distance in its place.
#[must_use]
pub fn ess_sd(draws: &Draws<'_>) -> f64 {
    let mean = mean(draws.values());
    effective(&Chains::halves(draws, |x| (x - mean) * (x - mean)))
}

/// Effective sample size for the quantile at `probability`: that for the mean of whether a value is at most the quantile.
///
/// As ArviZ's `method="quantile"`.
///
/// # Errors
///
/// [`Error::OutOfRange`] for a probability outside (0, 1).
pub fn ess_quantile(draws: &Draws<'_>, probability: f64) -> Result<f64, Error> {
    inner_probability("probability", probability)?;
    Ok(quantile_of(draws, &sorted(draws.values()), probability))
}

pub(crate) fn tail_of_sorted(draws: &Draws<'_>, sorted: &[f64]) -> f64 {
    quantile_of(draws, sorted, 0.05).min(quantile_of(draws, sorted, 0.95))
}

pub(crate) fn quantile_of(draws: &Draws<'_>, sorted: &[f64], probability: f64) -> f64 {
    let quantile = quantile_of_sorted(sorted, probability);
    effective(&Chains::halves(draws, |x| if x <= quantile { 1.0 } else { 0.0 }))
}

/// S/τ, where τ sums autocorrelations as long as Geyer's initial monotone sequence (1992) goes.
///
/// Correlations are those of all chains together: ρₜ = 1 - (W - mean of autocovariances at lag t)/V, where W is the
/// mean variance within chains and V adds that between them. Pairs ρ₂ₖ + ρ₂ₖ₊₁ are positive and never rise for a
/// reversible chain; the sum ends at the first pair below 0, and a pair that rises is lowered to the one before.
pub(crate) fn effective(chains: &Chains) -> f64 {
    let size = chains.values.len() as f64;
    let (least, greatest) = chains
        .values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), &v| (least.min(v), greatest.max(v)));
    // NumPy's resolution of floats, which ArviZ takes.
    if greatest - least < 1e-15 {
        return size;
    }
    let n = chains.draws;
    let covariances = Autocovariance::new(chains);
    let within = covariances.at(0) * n as f64 / (n as f64 - 1.0);
    let mut total = within * (n as f64 - 1.0) / n as f64;
    if chains.count() > 1 {
        let means: Vec<f64> = chains.iter().map(mean).collect();
        total += variance(&means, 1);
    }
    let correlation = |lag| 1.0 - (within - covariances.at(lag)) / total;

    // Two correlations per pair, from lag 0 on.
    let mut rho = vec![1.0, correlation(1)];
    let (mut even, mut odd) = (rho[0], rho[1]);
    // Lags below this are summed twice.
    let mut end = 0;
    let mut lag = 2;
    while lag + 2 < n && even + odd > 0.0 {
        (even, odd) = (correlation(lag), correlation(lag + 1));
        end = lag;
        rho.extend(if even + odd >= 0.0 { [even, odd] } else { [0.0, 0.0] });
        lag += 2;
    }
    // The last even one is counted once, which lessens the bias of antithetic chains.
    if even > 0.0 {
        rho[end] = even;
    }
    for k in (2..end.saturating_sub(1)).step_by(2) {
        let before = rho[k - 2] + rho[k - 1];
        if rho[k] + rho[k + 1] > before {
            rho[k] = before / 2.0;
            rho[k + 1] = rho[k];
        }
    }
    if rho.iter().any(|r| r.is_nan()) {
        return f64::NAN;
    }
    let tau = -1.0 + 2.0 * sum_of(&rho[..end], |r| r) + rho[end];
    // No better than S log₁₀ S, as Stan has it.
    size / tau.max(1.0 / libm::log10(size))
}
