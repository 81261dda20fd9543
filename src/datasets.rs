//! Data sets of handwritten digits, ready for a network.
//!
//! - [`mnist()`]: 70,000 images of 28×28 pixels, found on this machine or, with the feature `download`, downloaded once (see
//!   [`Mnist`]).
//! - [`digits()`]: 1,797 images of 8×8 pixels, part of the crate, for when there is no network.
//!
//! ```no_run
//! use bayeux::datasets::{self, Mnist};
//!
//! let data = datasets::mnist()?;
//! assert_eq!(data.train.images.shape(), [50_000, 1, 28, 28]);
//!
//! // MNIST if it can be had, the digits otherwise; the reason is there to be told.
//! let (data, fallback) = Mnist::new().load_or_digits()?;
//! if let Some(reason) = fallback {
//!     eprintln!("{reason}; using {data} instead");
//! }
//! # Ok::<(), bayeux::datasets::DatasetError>(())
//! ```

use std::fmt;

use bayeux_tensor::Tensor;

mod digits;
#[cfg(feature = "download")]
mod download;
mod error;
mod idx;
mod mnist;
#[cfg(feature = "download")]
mod progress;

pub use digits::digits;
pub use error::DatasetError;
pub use mnist::{Mnist, mnist};
#[cfg(feature = "download")]
pub use progress::Progress;

/// Labelled images in three parts.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What it is called.
    pub name: String,
    /// Where it was found.
    pub origin: String,
    /// Rows and columns of each image.
    pub image_size: [usize; 2],
    /// The number of classes; labels are 0, 1, …, `classes − 1`.
    pub classes: usize,
    /// To fit parameters.
    pub train: Split,
    /// To choose between models.
    pub validation: Split,
    /// To report, once.
    pub test: Split,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.image_size;
        let (train, validation, test) = (self.train.len(), self.validation.len(), self.test.len());
        write!(f, "{} ({rows}×{columns}; {train} train, {validation} validation, {test} test)", self.name)
    }
}

/// One part of a [`Dataset`].
#[derive(Clone)]
pub struct Split {
    /// The images, `[n, 1, rows, columns]`, in [0, 1].
    pub images: Tensor<f32>,
    /// The class of each image, `[n]`, whole numbers.
    pub labels: Tensor<f32>,
}

impl Split {
    /// The number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Pixels are divided by `scale`, a power of two, so that no pixel is rounded.
    fn from_bytes(pixels: &[u8], labels: &[u8], [rows, columns]: [usize; 2], scale: f32) -> Self {
        let numbers = |bytes: &[u8], scale: f32| bytes.iter().map(|&byte| f32::from(byte) / scale).collect();
        Self {
            images: Tensor::new([labels.len(), 1, rows, columns], numbers(pixels, scale)),
            labels: Tensor::new([labels.len()], numbers(labels, 1.0)),
        }
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Split {{ images: {:?}, labels: {:?} }}", self.images.shape(), self.labels.shape())
    }
}
