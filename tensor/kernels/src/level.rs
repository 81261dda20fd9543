//! The instruction set that all kernels run with, found out once.
//!
//! A user can take a lesser one than the machine has, by the environment variable `BAYEUX_SIMD`. The bits of all results are the
//! same with each of them.

use std::fmt::Write;
use std::sync::atomic::{AtomicU8, Ordering};

/// The environment variable that chooses a level by its name.
const VARIABLE: &str = "BAYEUX_SIMD";

/// An instruction set that kernels are compiled for, from the least to the best.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum Level {
    Portable = 1,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(target_feature = "simd128")]
    Simd128,
}

impl Level {
    const ALL: &[Level] = &[
        Level::Portable,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512,
        #[cfg(target_arch = "aarch64")]
        Level::Neon,
        #[cfg(target_feature = "simd128")]
        Level::Simd128,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            #[cfg(target_feature = "simd128")]
            Self::Simd128 => "simd128",
        }
    }

    /// The best that this machine has.
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Self::Avx512,
                (true, false) => Self::Avx2,
                _ => Self::Portable,
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            Self::Neon // part of every aarch64
        }
        #[cfg(target_feature = "simd128")]
        {
            Self::Simd128 // a module that was compiled for it does not run elsewhere
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")))]
        {
            Self::Portable
        }
    }

    /// All that this machine has.
    pub fn available() -> impl Iterator<Item = Level> {
        let best = Self::best();
        Self::ALL.iter().copied().filter(move |&level| level <= best)
    }

    /// What the environment asks for, or the best.
    ///
    /// # Panics
    /// If it asks for one that this machine does not have.
    fn chosen() -> Self {
        let Some(wanted) = std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty()) else {
            return Self::best();
        };
        let wanted = wanted.to_string_lossy();
        Self::available().find(|level| level.name() == wanted).unwrap_or_else(|| {
            let mut names = String::new();
            Self::available().for_each(|level| write!(names, " {}", level.name()).unwrap_or_default());
            panic!("{VARIABLE} is `{wanted}`, but this machine has:{names}")
        })
    }
}

/// The level in use, the same as long as the program runs.
#[inline]
pub(crate) fn level() -> Level {
    static FOUND: AtomicU8 = AtomicU8::new(0);
    // Relaxed: every thread that finds 0 stores the same value.
    match FOUND.load(Ordering::Relaxed) {
        1 => Level::Portable,
        #[cfg(target_arch = "x86_64")]
        2 => Level::Avx2,
        #[cfg(target_arch = "x86_64")]
        3 => Level::Avx512,
        #[cfg(target_arch = "aarch64")]
        2 => Level::Neon,
        #[cfg(target_feature = "simd128")]
        2 => Level::Simd128,
        _ => {
            let level = Level::chosen();
            FOUND.store(level as u8, Ordering::Relaxed);
            level
        }
    }
}
