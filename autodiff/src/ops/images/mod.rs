//! Signals and images.

mod affine;
mod axis_map;
mod convolution;
mod fft;
mod max_pool;
mod pooling;
mod real_fft;
mod resize;
mod sample;
mod spectra;
mod stft;
mod unfold;

pub(super) use axis_map::Along;
pub use axis_map::{Coordinates, Rounding};
pub use convolution::ConvOptions;
pub use fft::FftNorm;
pub use pooling::PoolOptions;
pub use resize::ResizeOptions;
pub use sample::{SampleMode, SampleOptions, SamplePadding};
pub use spectra::ConvolveMode;

/// The examples of each file.
#[cfg(test)]
macro_rules! of_files {
    ($($file:ident)*) => {
        vec![$((stringify!($file), $file::examples())),*]
    };
}

/// The operations of this folder by the names that they have in files.
pub(super) fn by_name(all: crate::Operations) -> crate::Operations {
    all.with::<fft::Fft>("fft")
        .with::<real_fft::RealFft>("real_fft")
        .with::<max_pool::Largest>("largest_of_windows")
        .with::<axis_map::AxisMap>("axis_map")
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    of_files!(affine axis_map convolution fft max_pool pooling real_fft resize sample spectra stft unfold)
}
