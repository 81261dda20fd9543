//! Quantiles and intervals of draws.

use crate::Error;
use crate::error::{all_finite, inner_probability};
use crate::sums::sorted;

/// An interval, both ends within it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    /// Upper end less lower end.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }

    /// Whether x is within, ends included.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        self.lower <= x && x <= self.upper
    }
}

fn checked(values: &[f64]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::Empty { what: "values" });
    }
    all_finite("values", values)
}

/// The quantile at `probability` of values in any order: type 7 of Hyndman and Fan (1996), the default of R and of NumPy.
///
/// It interpolates between the sorted values at (n - 1) p, counted from 0.
///
/// ```
/// assert_eq!(bayeux_diagnostics::quantile(&[4.0, 1.0, 2.0, 3.0], 0.5)?, 2.5);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], [`Error::NotFinite`], and [`Error::OutOfRange`] for a probability outside [0, 1].
pub fn quantile(values: &[f64], probability: f64) -> Result<f64, Error> {
    Ok(quantiles(values, &[probability])?[0])
}

/// Several quantiles, for which values are sorted once: see [`quantile`].
///
/// # Errors
///
/// Those of [`quantile`].
pub fn quantiles(values: &[f64], probabilities: &[f64]) -> Result<Vec<f64>, Error> {
    checked(values)?;
    crate::error::all_probabilities("probability", probabilities)?;
    let sorted = sorted(values);
    Ok(probabilities.iter().map(|&p| quantile_of_sorted(&sorted, p)).collect())
}

/// The order of operations is that of SciPy's `mquantiles`, which ArviZ calls: counts of values up to a quantile depend
/// on its last bit.
pub(crate) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> f64 {
    let n = sorted.len();
    if n == 1 {
        return sorted[0];
    }
    let place = n as f64 * probability + (1.0 - probability);
    let below = place.clamp(1.0, (n - 1) as f64).floor();
    let part = (place - below).clamp(0.0, 1.0);
    let k = below as usize;
    (1.0 - part) * sorted[k - 1] + part * sorted[k]
}

/// The interval between the quantiles at (1 - p)/2 and (1 + p)/2.
///
/// # Errors
///
/// [`Error::Empty`], [`Error::NotFinite`], and [`Error::OutOfRange`] for a probability outside (0, 1).
pub fn equal_tailed_interval(values: &[f64], probability: f64) -> Result<Interval, Error> {
    inner_probability("probability", probability)?;
    let ends = quantiles(values, &[(1.0 - probability) / 2.0, (1.0 + probability) / 2.0])?;
    Ok(Interval { lower: ends[0], upper: ends[1] })
}

/// The shortest interval between two of the values that has ⌊p n⌋ + 1 of them; the lowest of several.
///
/// As ArviZ's `hdi` of one mode (Chen and Shao, 1999). It is meant for densities with one peak.
///
/// ```
/// use bayeux_diagnostics::hdi;
///
/// let interval = hdi(&[0.0, 5.0, 5.1, 5.2, 5.3, 9.0], 0.5)?;
/// assert_eq!((interval.lower, interval.upper), (5.0, 5.3));
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`], [`Error::NotFinite`], and [`Error::OutOfRange`] for a probability outside (0, 1).
pub fn hdi(values: &[f64], probability: f64) -> Result<Interval, Error> {
    inner_probability("probability", probability)?;
    checked(values)?;
    let sorted = sorted(values);
    let span = ((probability * sorted.len() as f64).floor() as usize).min(sorted.len() - 1);
    let mut best = Interval { lower: sorted[0], upper: sorted[span] };
    for (&lower, &upper) in sorted.iter().zip(&sorted[span..]) {
        let next = Interval { lower, upper };
        if next.width() < best.width() {
            best = next;
        }
    }
    Ok(best)
}
