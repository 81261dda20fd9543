//! R-hat: do the chains agree?

use crate::draws::{Chains, Draws};
use crate::ranks::Ranked;
use crate::sums::{mean, variance};

/// Rank-normalised split R-hat: the greater of [`rhat_bulk`] and [`rhat_folded`]. Below 1.01 is good.
///
/// Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), as ArviZ computes it (`method="rank"`). NaN for a single
/// chain, as in ArviZ, where R's `posterior` compares the chain's halves. NaN if all values are equal, as in both.
/// Infinite if each chain is constant, but not all at one value, where ArviZ divides by a rounding error and may give
/// some large number instead.
///
/// ```
/// use bayeux_diagnostics::{Draws, rhat};
///
/// let apart = Draws::from_chains(&[[1.0, 1.1, 0.9, 1.2], [5.0, 5.2, 4.9, 5.1]])?;
/// assert!(rhat(&apart) > 1.5);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
#[must_use]
pub fn rhat(draws: &Draws<'_>) -> f64 {
    of_halves(draws, |halves| of_ranks(Ranked::of(halves)))
}

/// Split R-hat of normal scores of ranks: do the chains have the same centre?
///
/// NaN and infinities as in [`rhat`]. ArviZ calls this one `z_scale`.
#[must_use]
pub fn rhat_bulk(draws: &Draws<'_>) -> f64 {
    of_halves(draws, |halves| plain(&Ranked::of(halves).normal_scores()))
}

/// Split R-hat of normal scores of the ranks of distances from the median: do the chains have the same spread?
///
/// NaN and infinities as in [`rhat`]; NaN also if all distances are equal.
#[must_use]
pub fn rhat_folded(draws: &Draws<'_>) -> f64 {
    of_halves(draws, |halves| plain(&Ranked::of(halves).folded().normal_scores()))
}

/// Split R-hat of the values themselves, as in Gelman et al., Bayesian Data Analysis (2013), which needs finite
/// variances.
///
/// NaN and infinities as in [`rhat`].
#[must_use]
pub fn rhat_split(draws: &Draws<'_>) -> f64 {
    of_halves(draws, plain)
}

fn of_halves(draws: &Draws<'_>, f: impl Fn(&Chains) -> f64) -> f64 {
    if draws.chains() < 2 { f64::NAN } else { f(&Chains::halves(draws, |x| x)) }
}

/// The greater R-hat.
pub(crate) fn of_ranks(halves: Ranked) -> f64 {
    let bulk = plain(&halves.normal_scores());
    let tail = plain(&halves.folded().normal_scores());
    // Symmetric values of two kinds have no spread around the median: then the bulk's R-hat counts alone.
    if tail > bulk { tail } else { bulk }
}

/// √((B/W + n - 1)/n), with B = n times the variance between means of chains and W the mean of variances within them.
fn plain(chains: &Chains) -> f64 {
    let n = chains.draws as f64;
    let means: Vec<f64> = chains.iter().map(mean).collect();
    let variances: Vec<f64> = chains.iter().map(|c| variance(c, 1)).collect();
    let between = n * variance(&means, 1);
    ((between / mean(&variances) + n - 1.0) / n).sqrt()
}
