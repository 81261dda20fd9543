//! Simulation-based calibration: does an algorithm find parameters that it is told?

use crate::Error;
use crate::error::all_finite;
use crate::special::chi_squared_above;

/// The rank of the true value among posterior draws: how many are below it, 0 to `draws.len()`.
///
/// If θ comes from the prior, data from θ, and `draws` are independent draws of the posterior of these data, ranks are
/// uniform (Talts, Betancourt, Simpson, Vehtari and Gelman, 2018). Draws of a chain are thinned before until nearly
/// independent.
///
/// # Errors
///
/// [`Error::Empty`] without draws, [`Error::NotFinite`] for a NaN or an infinity.
pub fn sbc_rank(draws: &[f64], truth: f64) -> Result<usize, Error> {
    if draws.is_empty() {
        return Err(Error::Empty { what: "draws" });
    }
    all_finite("draws", draws)?;
    all_finite("truth", &[truth])?;
    Ok(draws.iter().filter(|&&d| d < truth).count())
}

/// A test of whether ranks are uniform.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Uniformity {
    /// How many ranks fall in each bin. High ends mean posteriors that are too narrow, a high middle too wide ones, a
    /// slope biased ones.
    pub counts: Vec<usize>,
    /// How many would be expected. Bins that cannot be equal differ by one rank.
    pub expected: Vec<f64>,
    /// Σ (count - expected)²/expected.
    pub chi_squared: f64,
    /// The probability that uniform ranks give as much or more, from the χ² distribution of `bins - 1` degrees of
    /// freedom. It takes five or more expected per bin to be good.
    pub p_value: f64,
}

/// Pearson's χ² test of ranks from 0 to `draws`, cut into `bins` bins.
///
/// ```
/// use bayeux_diagnostics::uniformity;
///
/// let ranks: Vec<usize> = (0..1000).map(|i| i * 7919 % 100).collect();
/// assert!(uniformity(&ranks, 99, 20)?.p_value > 0.99);
/// assert!(uniformity(&vec![3; 1000], 99, 20)?.p_value < 1e-9);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`] without ranks, [`Error::TooFew`] below two bins or with more bins than ranks that are possible,
/// [`Error::OutOfRange`] for a rank above `draws`.
pub fn uniformity(ranks: &[usize], draws: usize, bins: usize) -> Result<Uniformity, Error> {
    if ranks.is_empty() {
        return Err(Error::Empty { what: "ranks" });
    }
    if bins < 2 {
        return Err(Error::TooFew { what: "bins", needed: 2, found: bins });
    }
    let possible = draws + 1;
    if possible < bins {
        return Err(Error::TooFew { what: "possible ranks", needed: bins, found: possible });
    }
    if let Some(&rank) = ranks.iter().find(|&&r| r > draws) {
        return Err(Error::OutOfRange { what: "rank", value: rank as f64, range: "[0, draws]" });
    }
    // Bin b has the ranks r with ⌊r bins/possible⌋ = b, which begin at ⌈b possible/bins⌉.
    let start = |b: usize| (b * possible).div_ceil(bins);
    let mut counts = vec![0; bins];
    ranks.iter().for_each(|r| counts[r * bins / possible] += 1);
    let expected: Vec<f64> =
        (0..bins).map(|b| ranks.len() as f64 * (start(b + 1) - start(b)) as f64 / possible as f64).collect();
    let chi_squared = counts.iter().zip(&expected).map(|(&c, e)| (c as f64 - e) * (c as f64 - e) / e).sum();
    Ok(Uniformity { counts, expected, chi_squared, p_value: chi_squared_above(chi_squared, bins - 1) })
}

/// Runs simulation-based calibration: `replications` times a truth is drawn and fitted, and its ranks are taken.
///
/// `simulate(j)` draws parameters from the prior and data given them; `fit(j, &data)` gives posterior draws, one vector
/// per parameter in the order of the truth, each of the same length. The result has one vector of ranks per parameter,
/// for [`uniformity`]; it is empty without replications.
///
/// ```
/// use bayeux_diagnostics::sbc;
///
/// // A "posterior" that is the prior, and data that say nothing: ranks are uniform.
/// let grid = |n: usize| (0..n).map(|i| (i as f64 + 0.5) / n as f64).collect::<Vec<f64>>();
/// let truths = grid(100);
/// let ranks = sbc(100, |j| (vec![truths[j]], ()), |_, ()| Ok::<_, bayeux_diagnostics::Error>(vec![grid(9)]))?;
/// assert_eq!(ranks[0].iter().filter(|r| **r == 4).count(), 11);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
///
/// # Errors
///
/// What `fit` returns, [`Error::Length`] if it gives another number of parameters than `simulate`, or either gives
/// another than in the first replication, or another number of draws; and those of [`sbc_rank`].
pub fn sbc<D, E: From<Error>>(
    replications: usize,
    mut simulate: impl FnMut(usize) -> (Vec<f64>, D),
    mut fit: impl FnMut(usize, &D) -> Result<Vec<Vec<f64>>, E>,
) -> Result<Vec<Vec<usize>>, E> {
    let mut ranks: Vec<Vec<usize>> = Vec::new();
    let mut length = None;
    for j in 0..replications {
        let (truth, data) = simulate(j);
        let draws = fit(j, &data)?;
        if j == 0 {
            ranks = vec![Vec::with_capacity(replications); truth.len()];
        }
        same_length("truth of replication", j, ranks.len(), truth.len())?;
        same_length("fit of replication", j, ranks.len(), draws.len())?;
        for ((ranks, draws), &truth) in ranks.iter_mut().zip(&draws).zip(&truth) {
            same_length("draws of replication", j, *length.get_or_insert(draws.len()), draws.len())?;
            ranks.push(sbc_rank(draws, truth)?);
        }
    }
    Ok(ranks)
}

pub(crate) fn same_length(
    what: &'static str,
    index: usize,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, index, expected, found }) }
}
