//! Time, also where there is none.

/// [`std::time::Instant`]; on `wasm32-unknown-unknown`, which has no clock, one at which time stands still.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use std::time::Instant;

/// `std::time::Instant` on a system without a clock: time stands still. (The standard library's would panic.)
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[derive(Clone, Copy, Debug)]
pub struct Instant;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Instant {
    /// The only instant that there is.
    #[must_use]
    pub fn now() -> Self {
        Instant
    }

    /// No time.
    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl std::ops::Sub for Instant {
    type Output = std::time::Duration;

    fn sub(self, _earlier: Self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}
