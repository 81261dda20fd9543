//! Diagnostics of Bayesian fits.
//!
//! Numbers go in, structs come out: this crate knows nothing of models or samplers, and serves draws of any origin. It
//! answers:
//!
//! | question | by |
//! | --- | --- |
//! | Have the chains met? | [`rhat`](rhat()), and [`Summary`] for all of a quantity at once |
//! | How many draws are they worth, and how exact are estimates? | [`ess_bulk`], [`ess_tail`], [`ess_mean`]; [`mcse_mean`], [`mcse_sd`], [`mcse_quantile`] |
//! | Did the sampler see all energies? | [`ebfmi`](ebfmi()) |
//! | Is a variational fit close enough for importance sampling? | [`psis`](psis()) and its k̂ |
//! | How well does the model predict new data, and which one best? | [`loo`], [`waic`], [`compare`](compare()), [`stacking_weights`] |
//! | Which values are plausible? | [`hdi`], [`equal_tailed_interval`], [`quantiles`] |
//! | Are stated probabilities true? | [`reliability_curve`], [`expected_calibration_error`], [`brier_score`], [`pit`], [`weighted_pit`] |
//! | Does the algorithm find parameters that it is told? | [`sbc`](sbc()) and [`uniformity`], [`vsbc`](vsbc()) and [`symmetry`] |
//!
//! ```
//! use bayeux_diagnostics::{Draws, Summary, hdi};
//!
//! // Four chains of 250 draws of one quantity, one behind the other.
//! let values: Vec<f64> = (0..1000).map(|i| f64::from(i * 7919 % 1000) / 1000.0).collect();
//! let draws = Draws::new(&values, 4)?;
//!
//! let summary = Summary::of(&draws);
//! assert!(summary.rhat < 1.01 && summary.ess_bulk > 400.0);
//! let interval = hdi(draws.values(), 0.9)?;
//! assert!(interval.contains(summary.mean));
//! # Ok::<(), bayeux_diagnostics::Error>(())
//! ```
//!
//! # Conventions
//!
//! * Values equal those of ArviZ 0.23 to ten digits; the tests compare them. Where R's packages `posterior` and `loo`
//!   differ, the function says so.
//!   Of values that are all far from 0 next to their spread NumPy's means lose digits that are kept here, and less agree.
//! * Data that cannot be diagnosed are an [`Error`]: NaN and infinities, ragged chains, less than four draws per chain.
//!   ArviZ gives NaN for these. A result may still be NaN where a function says so, such as R-hat of constants.
//! * Logarithms are natural. Sums have a fixed order, and logarithms and exponentials are the `libm` crate's: the same
//!   input gives the same bits on each machine.

#![forbid(unsafe_code)]

mod autocovariance;
mod calibration;
mod compare;
mod draws;
mod ebfmi;
mod elpd;
mod error;
mod ess;
mod intervals;
mod likelihood;
mod mcse;
mod normal;
mod pareto;
mod psis;
mod ranks;
mod rhat;
mod sbc;
mod special;
mod summary;
mod sums;
mod vsbc;

pub use calibration::{Bin, brier_score, expected_calibration_error, pit, reliability_curve, weighted_pit};
pub use compare::{Compared, compare, stacking_weights};
pub use draws::Draws;
pub use ebfmi::ebfmi;
pub use elpd::{Elpd, Loo, Waic, loo, loo_weights, loo_with_efficiencies, relative_efficiencies, waic};
pub use error::Error;
pub use ess::{ess_bulk, ess_mean, ess_quantile, ess_sd, ess_tail};
pub use intervals::{Interval, equal_tailed_interval, hdi, quantile, quantiles};
pub use likelihood::LogLikelihood;
pub use mcse::{mcse_mean, mcse_quantile, mcse_sd};
pub use psis::{Psis, khat_threshold, psis};
pub use rhat::{rhat, rhat_bulk, rhat_folded, rhat_split};
pub use sbc::{Uniformity, sbc, sbc_rank, uniformity};
pub use summary::Summary;
pub use vsbc::{Vsbc, symmetry, vsbc};
