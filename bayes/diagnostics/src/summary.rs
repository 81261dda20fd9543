//! All that is usually asked of a quantity's draws, computed together.

use crate::draws::{Chains, Draws};
use crate::mcse::mcse_sd_with;
use crate::ranks::Ranked;
use crate::sums::{mean, sorted, variance};
use crate::{ess, ess_mean, ess_sd, rhat};

/// The row of a table: location, spread, and whether the draws tell them well. ArviZ's `summary` has the same columns.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Mean of all draws.
    pub mean: f64,
    /// Standard deviation of all draws, divided by their number less one.
    pub sd: f64,
    /// See [`mcse_mean`](crate::mcse_mean).
    pub mcse_mean: f64,
    /// See [`mcse_sd`](crate::mcse_sd).
    pub mcse_sd: f64,
    /// See [`ess_bulk`](crate::ess_bulk).
    pub ess_bulk: f64,
    /// See [`ess_tail`](crate::ess_tail).
    pub ess_tail: f64,
    /// See [`rhat`](crate::rhat()).
    pub rhat: f64,
}

impl Summary {
    /// The same values as from the single functions; values are sorted once for all.
    ///
    /// ```
    /// use bayeux_diagnostics::{Draws, Summary};
    ///
    /// let values: Vec<f64> = (0..4000).map(|i| f64::from(i * 7919 % 4000) / 4000.0).collect();
    /// let summary = Summary::of(&Draws::new(&values, 4)?);
    /// assert!((summary.mean - 0.5).abs() < 4.0 * summary.mcse_mean);
    /// assert!(summary.rhat < 1.01 && summary.ess_bulk > 400.0);
    /// # Ok::<(), bayeux_diagnostics::Error>(())
    /// ```
    #[must_use]
    pub fn of(draws: &Draws<'_>) -> Summary {
        let halves = Chains::halves(draws, |x| x);
        let ranked = Ranked::of(&halves);
        // Without a middle draw the halves are all there is.
        let sorted = if draws.draws().is_multiple_of(2) { ranked.sorted() } else { sorted(draws.values()) };
        let variance = variance(draws.values(), 1);
        Summary {
            mean: mean(draws.values()),
            sd: variance.sqrt(),
            mcse_mean: (variance / ess_mean(draws)).sqrt(),
            mcse_sd: mcse_sd_with(draws, ess_sd(draws)),
            ess_bulk: ess::effective(&ranked.normal_scores()),
            ess_tail: ess::tail_of_sorted(draws, &sorted),
            rhat: if draws.chains() < 2 { f64::NAN } else { rhat::of_ranks(ranked) },
        }
    }
}
