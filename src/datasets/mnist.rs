//! MNIST: where it is looked for, and how its four files become a [`Dataset`].

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Dataset, DatasetError, Split, digits, idx};

const SIZE: [usize; 2] = [28, 28];
const CLASSES: usize = 10;
/// The validation images are the last of the training files.
const VALIDATION: usize = 10_000;

/// One of the four files.
pub(super) struct File {
    /// Its name, unpacked.
    pub(super) name: &'static str,
    /// SHA-256 of the unpacked content.
    #[cfg_attr(not(feature = "download"), expect(dead_code))]
    pub(super) sha256: &'static str,
}

pub(super) const FILES: [File; 4] = [
    File {
        name: "train-images-idx3-ubyte",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    File {
        name: "train-labels-idx1-ubyte",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    File {
        name: "t10k-images-idx3-ubyte",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    File {
        name: "t10k-labels-idx1-ubyte",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

impl File {
    /// The names under which it is accepted.
    fn names(&self) -> Vec<String> {
        // The distributed archives have `-idx3`; some unpackers made `.idx3` of it.
        let stems = [self.name.to_string(), self.name.replace("-idx", ".idx")];
        stems.into_iter().flat_map(|stem| [stem.clone(), stem + ".gz"]).collect()
    }

    /// Its path in `directory`, if it is there.
    fn find(&self, directory: &Path) -> Option<PathBuf> {
        self.names().into_iter().map(|name| directory.join(name)).find(|path| path.is_file())
    }
}

/// MNIST with the default settings: [`Mnist::new()`]`.load()`.
///
/// # Errors
///
/// See [`Mnist::load`].
pub fn mnist() -> Result<Dataset, DatasetError> {
    Mnist::new().load()
}

/// Finds and reads MNIST (Y. LeCun, C. Cortes and C. J. C. Burges): 70,000 handwritten digits of 28×28 pixels.
///
/// It is looked for, in this order, in
///
/// 1. the [directory](Mnist::directory) given,
/// 2. the directory that the environment variable `MNIST_DIR` names,
/// 3. the user's cache directory (`bayeux/mnist` in `$XDG_CACHE_HOME` or `~/.cache`, in `~/Library/Caches` on macOS, in
///    `%LOCALAPPDATA%` on Windows),
/// 4. public mirrors, from which it is downloaded into the cache, unless [`offline`](Mnist::offline). For this the crate must
///    be built with its feature `download`, which is off by default: it brings TLS.
///
/// A directory that was named (1 and 2) must hold all four files; nothing else is tried then. They may be gzipped or
/// not, and be called `train-images-idx3-ubyte` or `train-images.idx3-ubyte`. Data sets in the same format, such as
/// Fashion-MNIST, can be read from a directory too.
///
/// # The data
///
/// A pixel is a byte divided by 256, in [0, 1). Of the 60,000 training images the first 50,000 are for training and the
/// last 10,000 for validation, both as in the MNIST example of Lasagne (2016); the 10,000 test images are the test.
///
/// ```no_run
/// use bayeux::datasets::Mnist;
///
/// let data = Mnist::new().directory("data/mnist").load()?;
/// assert_eq!(data.validation.len(), 10_000);
/// # Ok::<(), bayeux::datasets::DatasetError>(())
/// ```
#[must_use = "nothing is read before `load`"]
#[derive(Default)]
pub struct Mnist {
    directory: Option<PathBuf>,
    cache_directory: Option<PathBuf>,
    offline: bool,
    #[cfg(feature = "download")]
    pub(super) mirrors: super::download::Mirrors,
}

impl fmt::Debug for Mnist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Mnist");
        fields.field("directory", &self.directory).field("cache_directory", &self.cache_directory);
        fields.field("offline", &self.offline).finish_non_exhaustive()
    }
}

impl Mnist {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads from this directory and nowhere else.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Keeps downloads here instead of in the user's cache directory.
    pub fn cache_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache_directory = Some(directory.into());
        self
    }

    /// Whether to do without the network (`false` by default): what is not on this machine is then an error.
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Finds and reads the data.
    ///
    /// # Errors
    ///
    /// Says which directory or file is missing, which file is damaged and how, or why each mirror failed. A damaged file
    /// in the cache is an error as well: delete it, and it will be downloaded again.
    pub fn load(self) -> Result<Dataset, DatasetError> {
        self.load_with(std::env::var_os("MNIST_DIR"))
    }

    /// As [`load`](Mnist::load), but where MNIST cannot be had here and now
    /// ([`DatasetError::is_unavailable`]), the [`digits()`] and the reason.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Mnist::load) that tell of a mistake or damage: a named directory without the files, a damaged
    /// file.
    pub fn load_or_digits(self) -> Result<(Dataset, Option<DatasetError>), DatasetError> {
        or_digits(self.load())
    }

    /// `load`, with the value of `$MNIST_DIR`.
    pub(super) fn load_with(self, mnist_dir: Option<OsString>) -> Result<Dataset, DatasetError> {
        let from_environment = mnist_dir.filter(|value| !value.is_empty()).map(PathBuf::from);
        let (files, directory) = if let Some(directory) = self.directory {
            (find_all("as given", &directory)?, directory)
        } else if let Some(directory) = from_environment {
            (find_all("from $MNIST_DIR", &directory)?, directory)
        } else {
            self.find_or_download()?
        };
        read(&files, &directory)
    }

    /// The four files in the cache, downloading what is not there, and the cache directory.
    fn find_or_download(self) -> Result<([PathBuf; 4], PathBuf), DatasetError> {
        let mut looked = vec!["$MNIST_DIR is not set".to_string()];
        let Some(cache) = self.cache_directory.or_else(default_cache_directory) else {
            looked.push("this user has no cache directory".into());
            return Err(DatasetError::NotFound { looked, reason: "a download would have no place to go" });
        };
        if let Ok(files) = find_all("the cache", &cache) {
            return Ok((files, cache));
        }
        looked.push(format!("`{}` does not hold its four files", cache.display()));
        if self.offline {
            return Err(DatasetError::NotFound { looked, reason: "downloads were ruled out (offline)" });
        }
        #[cfg(feature = "download")]
        {
            let mut mirrors = self.mirrors;
            let mut get = |file: &File| match file.find(&cache) {
                Some(path) => Ok(path),
                None => mirrors.download(file, &cache),
            };
            let [a, b, c, d] = &FILES;
            Ok(([get(a)?, get(b)?, get(c)?, get(d)?], cache))
        }
        #[cfg(not(feature = "download"))]
        Err(DatasetError::NotFound { looked, reason: "the program was built without the `download` feature" })
    }
}

fn or_digits(loaded: Result<Dataset, DatasetError>) -> Result<(Dataset, Option<DatasetError>), DatasetError> {
    match loaded {
        Ok(dataset) => Ok((dataset, None)),
        Err(reason) if reason.is_unavailable() => Ok((digits(), Some(reason))),
        Err(error) => Err(error),
    }
}

/// The four files in a directory that must hold them.
fn find_all(origin: &'static str, directory: &Path) -> Result<[PathBuf; 4], DatasetError> {
    if !directory.is_dir() {
        return Err(DatasetError::MissingDirectory { origin, directory: directory.into() });
    }
    let find = |file: &File| {
        file.find(directory).ok_or_else(|| DatasetError::MissingFile {
            origin,
            directory: directory.into(),
            expected: file.names(),
        })
    };
    let [a, b, c, d] = &FILES;
    Ok([find(a)?, find(b)?, find(c)?, find(d)?])
}

fn read(files: &[PathBuf; 4], directory: &Path) -> Result<Dataset, DatasetError> {
    let [train_images, train_labels, test_images, test_labels] = files;
    let (pixels, labels) = read_pair(train_images, train_labels, VALIDATION + 1)?;
    let (test_pixels, test_labels) = read_pair(test_images, test_labels, 1)?;
    let train = labels.len() - VALIDATION;
    let (train_pixels, validation_pixels) = pixels.split_at(train * SIZE[0] * SIZE[1]);
    let split = |pixels: &[u8], labels: &[u8]| Split::from_bytes(pixels, labels, SIZE, 256.0);
    Ok(Dataset {
        name: "MNIST".into(),
        origin: directory.display().to_string(),
        image_size: SIZE,
        classes: CLASSES,
        train: split(train_pixels, &labels[..train]),
        validation: split(validation_pixels, &labels[train..]),
        test: split(&test_pixels, &test_labels),
    })
}

/// Images and their labels, as bytes; at least `least` of them.
fn read_pair(images: &Path, labels: &Path, least: usize) -> Result<(Vec<u8>, Vec<u8>), DatasetError> {
    let pixels = idx::read_images(images, SIZE.map(|length| length as u32))?;
    let classes = idx::read_labels(labels, CLASSES)?;
    let count = pixels.len() / (SIZE[0] * SIZE[1]);
    if count != classes.len() {
        return Err(DatasetError::LengthMismatch {
            images: images.into(),
            image_count: count,
            labels: labels.into(),
            label_count: classes.len(),
        });
    }
    if count < least {
        return Err(DatasetError::TooFewImages { path: images.into(), expected: least, found: count });
    }
    Ok((pixels, classes))
}

fn default_cache_directory() -> Option<PathBuf> {
    // The XDG base directory specification has relative paths ignored; the rule does no harm elsewhere.
    let from =
        |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        from("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("bayeux").join("mnist"))
}

#[cfg(test)]
mod tests;
