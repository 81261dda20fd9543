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
    /// Draws from the posterior; one stream per variable and draw.
    Posterior = 5,
    /// A sampler's chains; one stream per chain.
    #[cfg(feature = "nuts")]
    Chain = 6,
}

/// The number of a stream, apart from those of other purposes and from the streams of a fit's own noise, which an
/// expression counts from 0 in steps of 2⁴⁰.
pub(crate) fn stream(purpose: Purpose, number: u64) -> u64 {
    ((purpose as u64) << 56) | number
}

/// The generator for one purpose and one stream of it.
pub(crate) fn generator(seed: u64, purpose: Purpose, number: usize) -> Philox4x32 {
    Philox4x32::new(seed, stream(purpose, number as u64))
}
