//! Signals and images.

mod axis_map;
mod convolution;
mod fft;
mod max_pool;
mod pooling;
mod real_fft;
mod resize;
mod unfold;

pub(super) use axis_map::Along;
pub use axis_map::{Coordinates, Rounding};
pub use convolution::ConvOptions;
pub use fft::FftNorm;
pub use pooling::PoolOptions;
pub use resize::ResizeOptions;

/// The examples of each file.
#[cfg(test)]
macro_rules! of_files {
    ($($file:ident)*) => {
        vec![$((stringify!($file), $file::examples())),*]
    };
}

#[cfg(test)]
pub(super) fn examples() -> Vec<(&'static str, Vec<super::examples::Example>)> {
    of_files!(axis_map convolution fft max_pool pooling real_fft resize unfold)
}
