//! The expected log pointwise predictive density of new data, estimated by PSIS-LOO and by WAIC.

use crate::likelihood::LogLikelihood;
use crate::psis::{check_efficiency, khat_threshold, smooth};
use crate::sums::{log_sum_exp, sum_of, variance};
use crate::{Draws, Error, Psis};

/// An estimate of the log density that a model gives to new data of the same size. Greater is better; natural logarithms.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Elpd {
    /// The estimate: the sum of `pointwise`.
    pub elpd: f64,
    /// Its standard error, √(N · variance of `pointwise`), where the variance is divided by N as in ArviZ; R's `loo`
    /// divides by N - 1.
    pub se: f64,
    /// The effective number of parameters: by how much the log density of the same data is greater than that of new ones.
    pub p: f64,
    /// One term per observation.
    pub pointwise: Vec<f64>,
}

impl Elpd {
    /// An estimate from terms that were found elsewhere, by K-fold cross-validation or by fits without each observation,
    /// and the effective number of parameters, NaN if unknown.
    ///
    /// ```
    /// use bayeux_diagnostics::{Elpd, compare};
    ///
    /// let (a, b) = (Elpd::new(vec![-1.0, -2.0], f64::NAN)?, Elpd::new(vec![-1.5, -2.5], f64::NAN)?);
    /// assert_eq!(compare(&[&a, &b])?[1].elpd_diff, 1.0);
    /// # Ok::<(), bayeux_diagnostics::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without terms, [`Error::NotFinite`] for a NaN or an infinity among them.
    pub fn new(pointwise: Vec<f64>, p: f64) -> Result<Elpd, Error> {
        if pointwise.is_empty() {
            return Err(Error::Empty { what: "pointwise terms" });
        }
        crate::error::all_finite("pointwise terms", &pointwise)?;
        Ok(Elpd::of(pointwise, p))
    }

    fn of(pointwise: Vec<f64>, p: f64) -> Elpd {
        let se = (pointwise.len() as f64 * variance(&pointwise, 0)).sqrt();
        Elpd { elpd: sum_of(&pointwise, |v| v), se, p, pointwise }
    }
}

/// Leave-one-out cross-validation by importance sampling.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Loo {
    /// The estimate and its terms log p(yᵢ | y₋ᵢ).
    pub elpd: Elpd,
    /// k̂ of each observation: how much leaving it out changes the posterior. See [`Psis::khat`].
    pub khats: Vec<f64>,
    /// Above it a k̂ is too great: [`khat_threshold`] of the number of draws.
    pub threshold: f64,
}

impl Loo {
    /// The observations whose k̂ is above the threshold: their terms are not to be relied on.
    pub fn unreliable(&self) -> impl Iterator<Item = usize> + '_ {
        self.khats.iter().enumerate().filter(|(_, k)| **k > self.threshold).map(|(i, _)| i)
    }
}

/// PSIS-LOO: leave-one-out cross-validation without fitting anew, by importance weights 1/p(yᵢ | θₛ), Pareto-smoothed.
///
/// Vehtari, Gelman and Gabry (2017), with the tail length and k̂ of Vehtari et al. (2024), as ArviZ's `loo`.
/// `relative_efficiency` is that of [`psis`](crate::psis()): 1 for independent draws; for chains ArviZ takes the mean
/// of [`ess_mean`](crate::ess_mean) of all parameters over the number of draws.
///
/// ```
/// use bayeux_diagnostics::{LogLikelihood, loo};
///
/// // Two hundred draws of a mean around 0, and three observations.
/// let y = [0.3, -0.8, 1.1];
/// let rows: Vec<Vec<f64>> = (0..200)
///     .map(|s| (f64::from(s * 77 % 200) + 0.5) / 100.0 - 1.0)
///     .map(|mu| y.iter().map(|y| -0.5 * (y - mu) * (y - mu) - 0.919).collect())
///     .collect();
/// let loo = loo(&LogLikelihood::from_rows(&rows)?, 1.0)?;
/// assert_eq!(loo.elpd.pointwise.len(), 3);
/// assert!(loo.unreliable().count() == 0 && loo.elpd.p > 0.0);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::OutOfRange`] unless the efficiency is positive and finite.
pub fn loo(likelihood: &LogLikelihood<'_>, relative_efficiency: f64) -> Result<Loo, Error> {
    loo_with_efficiencies(likelihood, &vec![relative_efficiency; likelihood.observations()])
}

/// [`loo`] with a relative efficiency for each observation, such as those of [`relative_efficiencies`].
///
/// # Errors
///
/// [`Error::Length`] unless there is one per observation, [`Error::OutOfRange`] unless all are positive and finite.
pub fn loo_with_efficiencies(likelihood: &LogLikelihood<'_>, efficiencies: &[f64]) -> Result<Loo, Error> {
    let n = likelihood.observations();
    if efficiencies.len() != n {
        return Err(Error::Length { what: "efficiencies", index: 0, expected: n, found: efficiencies.len() });
    }
    efficiencies.iter().try_for_each(|&e| check_efficiency(e))?;
    let (mut pointwise, mut same) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut khats = Vec::with_capacity(n);
    for (i, &efficiency) in efficiencies.iter().enumerate() {
        let values = likelihood.observation(i);
        let Psis { log_weights, khat } = smooth(values.iter().map(|v| -v).collect(), efficiency);
        let terms: Vec<f64> = log_weights.iter().zip(&values).map(|(w, v)| w + v).collect();
        pointwise.push(log_sum_exp(&terms));
        same.push(LogLikelihood::log_mean(&values));
        khats.push(khat);
    }
    let p = sum_of(&same, |v| v) - sum_of(&pointwise, |v| v);
    Ok(Loo { elpd: Elpd::of(pointwise, p), khats, threshold: khat_threshold(likelihood.draws()) })
}

/// The relative efficiency of each observation's p(yᵢ | θₛ): [`ess_mean`](crate::ess_mean) over the number of draws.
///
/// Draws are `chains` chains of equal length, one behind the other. It serves as `relative_eff` does in R's `loo`, and
/// is more exact than the one number that ArviZ takes.
///
/// # Errors
///
/// Those of [`Draws::new`], for the draws of one observation.
pub fn relative_efficiencies(likelihood: &LogLikelihood<'_>, chains: usize) -> Result<Vec<f64>, Error> {
    let each = |i: usize| {
        let values = likelihood.observation(i);
        // Over the greatest of them, which changes no efficiency but keeps them from underflow.
        let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let likelihoods: Vec<f64> = values.iter().map(|v| libm::exp(v - top)).collect();
        Ok(crate::ess_mean(&Draws::new(&likelihoods, chains)?) / values.len() as f64)
    };
    (0..likelihood.observations()).map(each).collect()
}

/// The draws' weights with which they stand for the posterior without observation `index`: weights 1/p(yᵢ | θₛ),
/// smoothed.
///
/// They give any expectation under p(θ | y₋ᵢ), and LOO-PIT by [`weighted_pit`](crate::weighted_pit).
///
/// # Errors
///
/// [`Error::OutOfRange`] for an observation that there is not, or unless the efficiency is positive and finite.
pub fn loo_weights(
    likelihood: &LogLikelihood<'_>,
    index: usize,
    relative_efficiency: f64,
) -> Result<Psis, Error> {
    check_efficiency(relative_efficiency)?;
    if index >= likelihood.observations() {
        return Err(Error::OutOfRange {
            what: "observation",
            value: index as f64,
            range: "[0, observations)",
        });
    }
    Ok(smooth(likelihood.observation(index).iter().map(|v| -v).collect(), relative_efficiency))
}

/// The widely applicable information criterion.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Waic {
    /// The estimate; its `p` is the sum of `variances`. Times -2 it is the criterion on the scale of deviances.
    pub elpd: Elpd,
    /// The variance of each observation's log likelihood over draws. Above 0.4 the estimate may fail, and [`loo`] tells
    /// more.
    pub variances: Vec<f64>,
}

/// WAIC: Σᵢ log mean over draws of p(yᵢ | θₛ), less the variances of log p(yᵢ | θₛ).
///
/// Watanabe (2010); Vehtari, Gelman and Gabry (2017), as ArviZ's `waic`. Variances are divided by S as there; R's `loo`
/// divides by S - 1.
#[must_use]
pub fn waic(likelihood: &LogLikelihood<'_>) -> Waic {
    let (mut pointwise, mut variances) = (Vec::new(), Vec::new());
    for i in 0..likelihood.observations() {
        let values = likelihood.observation(i);
        let variance = variance(&values, 0);
        pointwise.push(LogLikelihood::log_mean(&values) - variance);
        variances.push(variance);
    }
    let p = sum_of(&variances, |v| v);
    Waic { elpd: Elpd::of(pointwise, p), variances }
}
