//! What can go wrong when a data set is looked for, downloaded or read.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a data set could not be had.
///
/// Each message names what is wrong, in which file or address, and what was expected there.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The directory to read from does not exist.
    #[error("MNIST directory `{}` ({origin}): no such directory; expected one with the four files", .directory.display())]
    MissingDirectory {
        /// Who named the directory, e.g. "from $MNIST_DIR".
        origin: &'static str,
        /// The directory.
        directory: PathBuf,
    },

    /// The directory exists, but one of the four files is not in it.
    #[error("MNIST directory `{}` ({origin}): a file is missing; expected {}", .directory.display(), .expected.join(" or "))]
    MissingFile {
        /// Who named the directory, e.g. "from $MNIST_DIR".
        origin: &'static str,
        /// The directory.
        directory: PathBuf,
        /// The file names that would have been accepted.
        expected: Vec<String>,
    },

    /// A file or directory could not be opened, read or written.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried: "open", "read", …
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },

    /// A gzip file that is cut off or damaged.
    #[error("`{}` is not a whole gzip file: {source}", .path.display())]
    Gzip {
        /// The file, or the address that it came from.
        path: PathBuf,
        /// The decoder's reason.
        source: io::Error,
    },

    /// The first four bytes are not those of the expected kind of IDX file.
    #[error("`{}` starts with {found:#010x}; expected the IDX magic number {expected:#010x}", .path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// The magic number of this kind of file.
        expected: u32,
        /// What stands there instead.
        found: u32,
    },

    /// The file ends too early.
    #[error("`{}` is truncated: expected {expected} bytes (unpacked), found {found}", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length of the header, or, if that is whole, the length that follows from it.
        expected: u64,
        /// The length.
        found: u64,
    },

    /// The file goes on after its last item.
    #[error("`{}` is too long: its header promises {expected} bytes (unpacked), and more follow", .path.display())]
    Oversized {
        /// The file.
        path: PathBuf,
        /// The length that follows from the header.
        expected: u64,
    },

    /// The images are not of the expected size.
    #[error("`{}` holds images of {}×{} pixels; expected {}×{}", .path.display(), found[0], found[1], expected[0], expected[1])]
    ImageSize {
        /// The file.
        path: PathBuf,
        /// Rows and columns expected.
        expected: [u32; 2],
        /// Rows and columns found.
        found: [u32; 2],
    },

    /// Images and labels that do not belong together.
    #[error("`{}` holds {image_count} images, but `{}` {label_count} labels; expected as many labels as images",
        .images.display(), .labels.display())]
    LengthMismatch {
        /// The file with the images.
        images: PathBuf,
        /// Their number.
        image_count: usize,
        /// The file with the labels.
        labels: PathBuf,
        /// Their number.
        label_count: usize,
    },

    /// Fewer images than the split needs.
    #[error("`{}` holds {found} images; expected at least {expected}", .path.display())]
    TooFewImages {
        /// The file with the images.
        path: PathBuf,
        /// The smallest number that would do.
        expected: usize,
        /// Their number.
        found: usize,
    },

    /// A label that names no class.
    #[error("`{}`: label {index} is {label}; expected a class from 0 to {}", .path.display(), classes - 1)]
    LabelOutOfRange {
        /// The file.
        path: PathBuf,
        /// Which label, counted from 0.
        index: usize,
        /// Its value.
        label: u8,
        /// The number of classes.
        classes: usize,
    },

    /// A download arrived, but it is not the file that it should be.
    #[error(
        "{url} does not hold the expected file: its unpacked content has SHA-256 {found}; expected {expected}"
    )]
    Checksum {
        /// The address.
        url: String,
        /// The sum of the true file, in hexadecimal.
        expected: String,
        /// The sum of what came.
        found: String,
    },

    /// A download did not arrive.
    #[error("{url}: {source}")]
    Download {
        /// The address.
        url: String,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },

    /// No mirror could serve a file.
    #[error("no mirror could serve {file}:{}", lines(.attempts))]
    AllMirrorsFailed {
        /// The file.
        file: String,
        /// One error for each mirror, in the order tried; empty if there are no mirrors.
        attempts: Vec<DatasetError>,
    },

    /// Nothing on this machine, and a download was ruled out.
    #[error("MNIST is not on this machine ({}), and {reason}", .looked.join("; "))]
    NotFound {
        /// The places looked at.
        looked: Vec<String>,
        /// Why it was not downloaded.
        reason: &'static str,
    },
}

impl DatasetError {
    /// Whether the data set is merely not to be had here and now (not on this machine, no network), rather than
    /// asked for by name and missing, or damaged.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::AllMirrorsFailed { .. })
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.into(), source }
    }
}

fn lines(attempts: &[DatasetError]) -> String {
    attempts.iter().map(|attempt| format!("\n  {attempt}")).collect()
}

/// The message, since `fn main() -> Result<(), Box<dyn Error>>` shows what it is given so.
impl std::fmt::Debug for DatasetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
