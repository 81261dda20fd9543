//! Calibration: does what is said to happen with probability p happen that often?

use crate::Error;
use crate::error::{all_finite, all_probabilities};
use crate::sums::sum_of;

/// Predictions of about the same probability.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bin {
    /// The least probability that falls in it.
    pub lower: f64,
    /// Where the next bin begins; 1, which belongs to it, for the last.
    pub upper: f64,
    /// How many predictions are in it.
    pub count: usize,
    /// The mean of their probabilities; NaN without any.
    pub mean_probability: f64,
    /// How often the outcome was true among them; NaN without any.
    pub frequency: f64,
}

fn checked(probabilities: &[f64], outcomes: &[bool]) -> Result<(), Error> {
    if probabilities.is_empty() {
        return Err(Error::Empty { what: "probabilities" });
    }
    if probabilities.len() != outcomes.len() {
        let (expected, found) = (probabilities.len(), outcomes.len());
        return Err(Error::Length { what: "outcomes", index: 0, expected, found });
    }
    all_probabilities("probability", probabilities)
}

/// The reliability curve: predictions in `bins` bins of equal width over [0, 1], each with its mean probability and
/// frequency.
///
/// For several classes give the probability of the class that was predicted, and whether it was right.
///
/// ```
/// use bayeux_diagnostics::reliability_curve;
///
/// let curve = reliability_curve(&[0.1, 0.2, 0.9, 1.0], &[false, true, true, true], 2)?;
/// assert_eq!((curve[0].count, curve[0].frequency), (2, 0.5));
/// assert_eq!((curve[1].mean_probability, curve[1].frequency), (0.95, 1.0));
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], [`Error::Length`], [`Error::OutOfRange`] for a probability outside [0, 1] or NaN,
/// [`Error::TooFew`] without bins.
pub fn reliability_curve(probabilities: &[f64], outcomes: &[bool], bins: usize) -> Result<Vec<Bin>, Error> {
    checked(probabilities, outcomes)?;
    if bins == 0 {
        return Err(Error::TooFew { what: "bins", needed: 1, found: 0 });
    }
    let mut sums = vec![(0usize, 0.0, 0usize); bins];
    for (&p, &outcome) in probabilities.iter().zip(outcomes) {
        let (count, sum, hits) = &mut sums[((p * bins as f64) as usize).min(bins - 1)];
        *count += 1;
        *sum += p;
        *hits += usize::from(outcome);
    }
    let bin = |(k, &(count, sum, hits)): (usize, &(usize, f64, usize))| Bin {
        lower: k as f64 / bins as f64,
        upper: (k + 1) as f64 / bins as f64,
        count,
        mean_probability: sum / count as f64,
        frequency: hits as f64 / count as f64,
    };
    Ok(sums.iter().enumerate().map(bin).collect())
}

/// The expected calibration error: the mean over predictions of the distance between mean probability and frequency of
/// their bins.
///
/// Guo, Pleiss, Sun and Weinberger (2017); they take 15 bins.
///
/// # Errors
///
/// Those of [`reliability_curve`].
pub fn expected_calibration_error(
    probabilities: &[f64],
    outcomes: &[bool],
    bins: usize,
) -> Result<f64, Error> {
    let curve = reliability_curve(probabilities, outcomes, bins)?;
    let filled = curve.iter().filter(|b| b.count > 0);
    let sum: f64 = filled.map(|b| b.count as f64 * (b.mean_probability - b.frequency).abs()).sum();
    Ok(sum / probabilities.len() as f64)
}

/// The Brier score: the mean of (p - outcome)², 0 for perfect foresight and 1/4 for always saying one half.
///
/// # Errors
///
/// Those of [`reliability_curve`].
pub fn brier_score(probabilities: &[f64], outcomes: &[bool]) -> Result<f64, Error> {
    checked(probabilities, outcomes)?;
    let errors: Vec<f64> =
        probabilities.iter().zip(outcomes).map(|(p, &o)| p - f64::from(u8::from(o))).collect();
    Ok(sum_of(&errors, |e| e * e) / errors.len() as f64)
}

/// The probability integral transform of an observation: the part of its predictive draws that are at most as great.
///
/// Over many observations of continuous quantities these are uniform if predictions are calibrated. As in ArviZ, draws
/// that equal the observation count in full.
///
/// # Errors
///
/// [`Error::Empty`] without draws, [`Error::NotFinite`] for a NaN or an infinity.
pub fn pit(draws: &[f64], observation: f64) -> Result<f64, Error> {
    checked_draws(draws, observation)?;
    Ok(draws.iter().filter(|&&d| d <= observation).count() as f64 / draws.len() as f64)
}

/// [`pit`] with weighted draws: with the log weights of [`loo_weights`](crate::loo_weights) it is LOO-PIT, in which no
/// observation has been seen by the fit that predicts it.
///
/// # Errors
///
/// Those of [`pit`], and [`Error::Length`] unless there is one weight per draw.
pub fn weighted_pit(draws: &[f64], log_weights: &[f64], observation: f64) -> Result<f64, Error> {
    checked_draws(draws, observation)?;
    if draws.len() != log_weights.len() {
        let (expected, found) = (draws.len(), log_weights.len());
        return Err(Error::Length { what: "log weights", index: 0, expected, found });
    }
    let below: Vec<f64> =
        draws.iter().zip(log_weights).filter(|(d, _)| **d <= observation).map(|(_, &w)| w).collect();
    Ok(libm::exp(crate::sums::log_sum_exp(&below)).min(1.0))
}

fn checked_draws(draws: &[f64], observation: f64) -> Result<(), Error> {
    if draws.is_empty() {
        return Err(Error::Empty { what: "draws" });
    }
    all_finite("draws", draws)?;
    all_finite("observation", &[observation])
}
