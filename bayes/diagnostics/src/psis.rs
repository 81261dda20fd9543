//! Pareto-smoothed importance sampling.

use crate::Error;
use crate::error::all_finite;
use crate::pareto::Pareto;
use crate::sums::log_sum_exp;

/// Log weights after smoothing, and how heavy their tail is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Psis {
    /// Log weights in the order of the input, normalised: their exponentials add up to 1.
    pub log_weights: Vec<f64>,
    /// k̂, the shape of a generalised Pareto distribution fitted to the largest weights. Moments of the weights up to
    /// order 1/k̂ exist; above [`khat_threshold`] estimates are not to be relied on. Infinite, and nothing smoothed, if
    /// less than five weights are in the tail or the fit fails (where ArviZ gives NaN for a failed fit, and R's `loo`
    /// infinity too).
    pub khat: f64,
}

impl Psis {
    /// Whether k̂ is at most [`khat_threshold`] for this many draws.
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        self.khat <= khat_threshold(self.log_weights.len())
    }

    /// Effective sample size of independent draws with these weights: 1/Σ w².
    #[must_use]
    pub fn ess(&self) -> f64 {
        1.0 / crate::sums::sum_of(&self.log_weights, |l| libm::exp(2.0 * l))
    }

    /// Σ w f: the expectation under the target, given f at each draw.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] unless there is one value per weight.
    pub fn expectation(&self, f: &[f64]) -> Result<f64, Error> {
        if f.len() != self.log_weights.len() {
            return Err(Error::Length {
                what: "values",
                index: 0,
                expected: self.log_weights.len(),
                found: f.len(),
            });
        }
        Ok(crate::sums::sum_of_pairs(&self.log_weights, f, |l, f| libm::exp(l) * f))
    }
}

/// The k̂ above which S draws are too few: min(1 - 1/log₁₀ S, 0.7).
///
/// Vehtari, Simpson, Gelman, Yao and Gabry (2024), "Pareto smoothed importance sampling".
#[must_use]
pub fn khat_threshold(draws: usize) -> f64 {
    (1.0 - 1.0 / libm::log10(draws as f64)).min(0.7)
}

/// Smooths importance weights, given their logarithms up to a constant: log target less log proposal at each draw.
///
/// The largest ⌈min(S/5, 3√(S/r))⌉ weights are replaced by quantiles of a generalised Pareto distribution fitted to
/// them, and none is left greater than the greatest was. `relative_efficiency` r is the effective sample size over S: 1
/// for independent draws, such as those of a variational fit, whose k̂ this is (Yao et al., 2018). As ArviZ's `psislw`.
/// Among equal weights the one that came first gets the lesser value.
///
/// ```
/// use bayeux_diagnostics::{khat_threshold, psis};
///
/// // Exponential draws by a proposal that is too narrow: log weights x/3 + constant.
/// let draws: Vec<f64> = (0..1000).map(|i| -(1.0 - (f64::from(i) + 0.5) / 1000.0f64).ln()).collect();
/// let log_weights: Vec<f64> = draws.iter().map(|x| x / 3.0).collect();
/// let smooth = psis(&log_weights, 1.0)?;
/// assert!((smooth.khat - 1.0 / 3.0).abs() < 0.1);
/// assert!(smooth.khat < khat_threshold(1000) && smooth.is_reliable());
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooFew`] below two weights, [`Error::NotFinite`] for NaN and for infinities (but weights of 0, -∞, may be
/// among others), [`Error::OutOfRange`] unless the efficiency is positive and finite.
pub fn psis(log_weights: &[f64], relative_efficiency: f64) -> Result<Psis, Error> {
    if log_weights.len() < 2 {
        return Err(Error::TooFew { what: "weights", needed: 2, found: log_weights.len() });
    }
    if let Some(index) = log_weights.iter().position(|&w| w.is_nan() || w == f64::INFINITY) {
        return Err(Error::NotFinite { what: "log weights", index, value: log_weights[index] });
    }
    check_efficiency(relative_efficiency)?;
    if log_weights.iter().all(|&w| w == f64::NEG_INFINITY) {
        all_finite("log weights", log_weights)?;
    }
    Ok(smooth(log_weights.to_vec(), relative_efficiency))
}

pub(crate) fn check_efficiency(value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::OutOfRange { what: "relative efficiency", value, range: "(0, ∞)" })
    }
}

/// `psis` of weights that have been checked.
pub(crate) fn smooth(mut weights: Vec<f64>, relative_efficiency: f64) -> Psis {
    let n = weights.len();
    let top = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    weights.iter_mut().for_each(|w| *w -= top);

    let size = n as f64;
    let tail = (size / 5.0).min(3.0 * (size / relative_efficiency).sqrt()).ceil() as usize;
    // The greatest weight that is not in the tail; equal ones are not either. At least the least normal number.
    let cutoff = {
        let mut scratch = weights.clone();
        let (_, &mut at, _) = scratch.select_nth_unstable_by((n - 1).saturating_sub(tail), f64::total_cmp);
        at.max(libm::log(f64::MIN_POSITIVE))
    };
    let mut places: Vec<usize> = (0..n).filter(|&i| weights[i] > cutoff).collect();
    places.sort_by(|&a, &b| weights[a].total_cmp(&weights[b]));

    let mut khat = f64::INFINITY;
    if places.len() > 4 {
        let base = libm::exp(cutoff);
        let exceedances: Vec<f64> = places.iter().map(|&i| libm::exp(weights[i]) - base).collect();
        let pareto = Pareto::fit(&exceedances);
        if pareto.k.is_finite() && pareto.sigma.is_finite() {
            khat = pareto.k;
            for (rank, &i) in places.iter().enumerate() {
                let p = (rank as f64 + 0.5) / places.len() as f64;
                weights[i] = libm::log(pareto.quantile(p) + base).min(0.0);
            }
        }
    }
    let total = log_sum_exp(&weights);
    weights.iter_mut().for_each(|w| *w -= total);
    Psis { log_weights: weights, khat }
}
