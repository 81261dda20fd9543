//! Autocovariances of chains, lag by lag as they are asked for.

use crate::draws::Chains;
use crate::sums::{mean, sum_of_pairs};

/// Chains less their means.
///
/// A lag costs one pass over all values, and who asks stops at Geyer's cut-off: for chains that mix at all that is less
/// work than a Fourier transform. A chain that never moves costs n²/2 in its length n.
pub(crate) struct Autocovariance {
    centred: Chains,
}

impl Autocovariance {
    pub fn new(chains: &Chains) -> Self {
        let mut values = Vec::with_capacity(chains.values.len());
        for chain in chains.iter() {
            let mean = mean(chain);
            values.extend(chain.iter().map(|v| v - mean));
        }
        Autocovariance { centred: Chains { values, draws: chains.draws } }
    }

    /// The mean over chains of Σ (xᵢ - x̄)(xᵢ₊ₜ - x̄)/n, for a lag t below n. It is biased towards 0 on purpose, as in
    /// Geyer (1992).
    pub fn at(&self, lag: usize) -> f64 {
        let n = self.centred.draws;
        let sum: f64 =
            self.centred.iter().map(|c| sum_of_pairs(&c[..n - lag], &c[lag..], |a, b| a * b)).sum();
        sum / n as f64 / self.centred.count() as f64
    }
}
