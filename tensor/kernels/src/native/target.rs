//! What the emitter must know of a processor.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::level::Level;

/// A processor's vectors and registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    /// Bytes of a vector.
    pub width: usize,
    /// Registers for vectors.
    pub vectors: usize,
    /// Registers for masks, one bit for each element; without any, a mask is a vector, all bits of an element set or none.
    pub masks: usize,
    /// Whether there is code for what functions are [written out](super::expand) as.
    pub has_functions: bool,
}

/// 128 bits.
#[cfg(any(test, target_arch = "aarch64"))]
pub(super) const NEON: Target = Target { width: 16, vectors: 32, masks: 0, has_functions: false };
/// 256 bits, encoded with the prefix VEX.
#[cfg(target_arch = "x86_64")]
pub(super) const AVX2: Target = Target { width: 32, vectors: 16, masks: 0, has_functions: true };
/// 512 bits, encoded with the prefix EVEX. (Of the masks the first, k0, means none.)
#[cfg(target_arch = "x86_64")]
pub(super) const AVX512: Target = Target { width: 64, vectors: 32, masks: 8, has_functions: true };

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl Target {
    /// Nothing where the level has no machine code.
    pub fn of(level: Level) -> Option<Target> {
        match level {
            Level::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Some(AVX2),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Some(AVX512),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => Some(NEON),
        }
    }
}
