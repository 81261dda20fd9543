//! Random generators of the crate: one Philox stream per purpose, so that no use of randomness disturbs another.

use bayeux_tensor::random::Philox4x32;

/// What random numbers are for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// First values of the variational parameters; one stream per variable.
    Start = 1,
    /// The order of the rows; one stream per epoch.
    Order = 2,
    /// Draws from the prior; one stream per draw.
    Prior = 3,
    /// Draws of observed values; one stream per draw.
    Observed = 4,
}

/// The generator for one purpose and one stream of it.
pub(crate) fn generator(seed: u64, purpose: Purpose, stream: usize) -> Philox4x32 {
    Philox4x32::new(seed, ((purpose as u64) << 56) | stream as u64)
}
