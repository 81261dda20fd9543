//! bayeux.

#[cfg(feature = "datasets")]
pub mod datasets;
pub mod metrics;
