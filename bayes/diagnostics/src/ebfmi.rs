//! E-BFMI: does resampling the momentum of Hamiltonian Monte Carlo explore the energies?

use crate::draws::Draws;
use crate::sums::{sum_of_pairs, variance};

/// The estimated Bayesian fraction of missing information of each chain, from the energies of its draws: the mean of
/// squared differences of successive energies over the energies' variance. Values below 0.3 are a warning.
///
/// Betancourt (2016), "Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo"; as ArviZ's `bfmi`
/// and Stan's. NaN for a chain whose energy never changes.
///
/// ```
/// use bayeux_diagnostics::{Draws, ebfmi};
///
/// let energy = Draws::new(&[1.0, 3.0, 2.0, 5.0, 1.0, 4.0], 1)?;
/// assert_eq!(ebfmi(&energy).len(), 1);
/// # Ok::<(), bayeux_diagnostics::Error>(())
/// ```
#[must_use]
pub fn ebfmi(energy: &Draws<'_>) -> Vec<f64> {
    (0..energy.chains())
        .map(|c| {
            let chain = energy.chain(c);
            let squares = sum_of_pairs(&chain[1..], &chain[..chain.len() - 1], |a, b| (a - b) * (a - b));
            squares / (chain.len() - 1) as f64 / variance(chain, 1)
        })
        .collect()
}
