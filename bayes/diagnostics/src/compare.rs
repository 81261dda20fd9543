//! Comparison of models by their expected log densities.

use crate::sums::{sum_of_pairs, variance};
use crate::{Elpd, Error};

/// One model among those compared.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Compared {
    /// Its place in the order of elpd, 0 for the best.
    pub rank: usize,
    /// The best model's elpd less this one's: 0 for the best, positive for others. R's `loo` has the opposite sign.
    pub elpd_diff: f64,
    /// Standard error of `elpd_diff`, from the differences of single observations: √(N · their variance), divided by N
    /// as in ArviZ.
    pub se_diff: f64,
    /// Weight by stacking: with these the mixture of the models' predictions has the greatest log score.
    pub stacking: f64,
    /// Weight by pseudo-BMA: exp(elpd) over the sum of these. Unlike stacking it is at a loss among models that are
    /// alike.
    pub pseudo_bma: f64,
}

/// Compares models of the same observations. The result has the order of the input.
///
/// As ArviZ's `compare`, but for stacking (Yao, Vehtari, Simpson and Gelman, 2018), whose optimum is found to more
/// digits here.
///
/// # Errors
///
/// [`Error::Empty`] without models or observations, [`Error::Length`] if models differ in their number of observations,
/// [`Error::NotFinite`].
pub fn compare(models: &[&Elpd]) -> Result<Vec<Compared>, Error> {
    let pointwise: Vec<&[f64]> = models.iter().map(|m| m.pointwise.as_slice()).collect();
    let stacking = stacking_weights(&pointwise)?;
    let mut order: Vec<usize> = (0..models.len()).collect();
    order.sort_by(|&a, &b| models[b].elpd.total_cmp(&models[a].elpd));
    let best = models[order[0]];
    let total: f64 = models.iter().map(|m| libm::exp(m.elpd - best.elpd)).sum();
    let mut rows = Vec::with_capacity(models.len());
    for (i, model) in models.iter().enumerate() {
        let differences: Vec<f64> = best.pointwise.iter().zip(&model.pointwise).map(|(b, m)| b - m).collect();
        rows.push(Compared {
            rank: order.iter().position(|&o| o == i).unwrap_or(0),
            elpd_diff: differences.iter().sum(),
            se_diff: (differences.len() as f64 * variance(&differences, 0)).sqrt(),
            stacking: stacking[i],
            pseudo_bma: libm::exp(model.elpd - best.elpd) / total,
        });
    }
    Ok(rows)
}

/// The weights w ≥ 0, Σ w = 1, with the greatest Σᵢ log Σₖ wₖ exp(elpdₖᵢ), given one slice of terms per model.
///
/// The sum is concave. Weight moves from the model with the least slope that has any to that with the greatest, as far
/// as the sum rises, until slopes agree to 1e-12 of the number of observations.
///
/// ```
/// use bayeux_diagnostics::stacking_weights;
///
/// // Each of two models is the better one for one of two observations.
/// let weights = stacking_weights(&[&[-1.0, -3.0], &[-3.0, -1.0]])?;
/// assert!((weights[0] - 0.5).abs() < 1e-12);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`compare`].
pub fn stacking_weights(pointwise: &[&[f64]]) -> Result<Vec<f64>, Error> {
    let n = pointwise.first().ok_or(Error::Empty { what: "models" })?.len();
    if n == 0 {
        return Err(Error::Empty { what: "pointwise terms" });
    }
    for (index, terms) in pointwise.iter().enumerate() {
        if terms.len() != n {
            return Err(Error::Length { what: "model", index, expected: n, found: terms.len() });
        }
        crate::error::all_finite("pointwise terms", terms)?;
    }
    // Densities over the greatest of each observation: the optimum is the same, and none overflows.
    let top: Vec<f64> =
        (0..n).map(|i| pointwise.iter().map(|t| t[i]).fold(f64::NEG_INFINITY, f64::max)).collect();
    let densities: Vec<Vec<f64>> =
        pointwise.iter().map(|t| t.iter().zip(&top).map(|(v, top)| libm::exp(v - top)).collect()).collect();
    Ok(climb(&densities))
}

/// So many moves of weight at most; a few dozen are usual.
const MOVES: usize = 10_000;

fn climb(densities: &[Vec<f64>]) -> Vec<f64> {
    let (models, n) = (densities.len(), densities[0].len());
    let mut weights = vec![1.0 / models as f64; models];
    for _ in 0..MOVES {
        let mix = mixture(densities, &weights);
        let slopes: Vec<f64> = densities.iter().map(|d| sum_of_pairs(d, &mix, |d, m| d / m)).collect();
        let (mut to, mut from) = (0, usize::MAX);
        for k in 0..models {
            if slopes[k] > slopes[to] {
                to = k;
            }
            if weights[k] > 0.0 && (from == usize::MAX || slopes[k] < slopes[from]) {
                from = k;
            }
        }
        if slopes[to] - slopes[from] <= 1e-12 * n as f64 {
            break;
        }
        let gain: Vec<f64> = densities[to].iter().zip(&densities[from]).map(|(a, b)| a - b).collect();
        let step = line_maximum(&mix, &gain, weights[from]);
        if step == 0.0 {
            break;
        }
        weights[to] += step;
        // All of it, without a remainder from rounding.
        weights[from] = if step == weights[from] { 0.0 } else { weights[from] - step };
    }
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn mixture(densities: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut mix = vec![0.0; densities[0].len()];
    for (density, weight) in densities.iter().zip(weights) {
        mix.iter_mut().zip(density).for_each(|(m, d)| *m += weight * d);
    }
    mix
}

/// The t within [0, end] with the greatest Σ log(m + t g): where its falling slope is 0, by Newton's steps and bisection.
fn line_maximum(mix: &[f64], gain: &[f64], end: f64) -> f64 {
    let slope = |t: f64| sum_of_pairs(gain, mix, |g, m| g / (m + t * g));
    if slope(end) >= 0.0 {
        return end;
    }
    let (mut low, mut high, mut t) = (0.0, end, 0.0);
    for _ in 0..100 {
        let at = slope(t);
        if at > 0.0 {
            low = t
        } else {
            high = t
        }
        let curve = sum_of_pairs(gain, mix, |g, m| (g / (m + t * g)) * (g / (m + t * g)));
        let mut next = t + at / curve;
        if !(next > low && next < high) {
            next = (low + high) / 2.0;
        }
        if (next - t).abs() <= f64::EPSILON * next {
            break;
        }
        t = next;
    }
    t
}
