//! The data sets as a user meets them: what is read, and what each damaged file is told to be.

#![cfg(feature = "datasets")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bayeux::datasets::{Dataset, DatasetError, Mnist, Split, digits};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";
const PIXELS: usize = 28 * 28;

fn idx(dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let magic = 0x0800 + dimensions.len() as u32;
    let header = std::iter::once(&magic).chain(dimensions).flat_map(|word| word.to_be_bytes());
    header.chain(data.iter().copied()).collect()
}

fn images(count: usize) -> Vec<u8> {
    // Image i is filled with i mod 251.
    let pixels: Vec<u8> = (0..count * PIXELS).map(|i| (i / PIXELS % 251) as u8).collect();
    idx(&[count as u32, 28, 28], &pixels)
}

fn labels(count: usize) -> Vec<u8> {
    let labels: Vec<u8> = (0..count).map(|i| (i % 10) as u8).collect();
    idx(&[count as u32], &labels)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A directory with 10,003 training and 5 test images.
fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    let put = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    put(TRAIN_IMAGES, images(10_003));
    put(TRAIN_LABELS, labels(10_003));
    put(TEST_IMAGES, images(5));
    put(TEST_LABELS, labels(5));
    directory
}

fn load(directory: &Path) -> Result<Dataset, DatasetError> {
    Mnist::new().directory(directory).load()
}

/// The error of a directory in which the file `name` holds `bytes`, and that file's path.
fn with(name: &str, bytes: &[u8]) -> (DatasetError, PathBuf) {
    let directory = directory();
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    let error = load(directory.path()).unwrap_err();
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "the message does not name the file: {error}"
    );
    assert!(!error.is_unavailable());
    (error, path)
}

fn pixel(split: &Split, image: usize) -> f32 {
    split.images.to_vec()[image * PIXELS]
}

#[test]
fn a_whole_directory_is_split_in_order() {
    let directory = directory();
    let data = load(directory.path()).unwrap();
    assert_eq!(data.train.images.shape(), [3, 1, 28, 28]);
    assert_eq!(data.validation.images.shape(), [10_000, 1, 28, 28]);
    assert_eq!(data.test.images.shape(), [5, 1, 28, 28]);
    assert_eq!((data.image_size, data.classes), ([28, 28], 10));
    // A pixel is its byte / 256; validation image 0 is training image 3, and 6 is its 9.
    assert_eq!(pixel(&data.train, 2), 2.0 / 256.0);
    assert_eq!(pixel(&data.validation, 0), 3.0 / 256.0);
    assert_eq!(pixel(&data.test, 4), 4.0 / 256.0);
    assert_eq!(data.train.labels.to_vec(), [0.0, 1.0, 2.0]);
    assert_eq!(data.validation.labels.to_vec()[..2], [3.0, 4.0]);
    assert_eq!(data.to_string(), "MNIST (28×28; 3 train, 10000 validation, 5 test)");
}

#[test]
fn every_name_and_packing_is_accepted() {
    let plain = directory();
    let expected = load(plain.path()).unwrap();
    let other = TempDir::new().unwrap();
    let names = ["train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"];
    let read = |name: &str| fs::read(plain.path().join(name)).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(other.path().join(name), bytes).unwrap();
    put(names[0], &read(TRAIN_IMAGES));
    put(names[1], &gzip(&read(TRAIN_LABELS)));
    put(names[2], &gzip(&read(TEST_IMAGES)));
    // Packed under a name that does not say so: the content decides.
    put(TEST_LABELS, &gzip(&read(TEST_LABELS)));
    let found = load(other.path()).unwrap();
    for (found, expected) in [(&found.train, &expected.train), (&found.test, &expected.test)] {
        assert_eq!(found.images.to_vec(), expected.images.to_vec());
        assert_eq!(found.labels.to_vec(), expected.labels.to_vec());
    }
}

#[test]
fn a_missing_directory() {
    let parent = TempDir::new().unwrap();
    let missing = parent.path().join("nowhere");
    for result in [load(&missing), Mnist::new().directory(&missing).load_or_digits().map(|(data, _)| data)] {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, DatasetError::MissingDirectory { directory, .. } if *directory == missing),
            "{error:?}"
        );
        assert!(error.to_string().contains("nowhere` (as given): no such directory"), "{error}");
    }
}

#[test]
fn a_missing_file() {
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let directory = directory();
        fs::remove_file(directory.path().join(name)).unwrap();
        let error = load(directory.path()).unwrap_err();
        assert!(matches!(error, DatasetError::MissingFile { .. }), "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains(name) && message.contains(&directory.path().display().to_string()),
            "{message}"
        );
        let error = Mnist::new().directory(directory.path()).load_or_digits().unwrap_err();
        assert!(matches!(error, DatasetError::MissingFile { .. }), "{error:?}");
    }
}

#[test]
fn a_wrong_magic_number() {
    // Labels where images should be, and something else entirely.
    let (error, path) = with(TEST_IMAGES, &labels(5));
    assert!(
        matches!(&error, DatasetError::Magic { path: p, expected: 0x803, found: 0x801 } if *p == path),
        "{error:?}"
    );
    assert!(error.to_string().contains("0x00000803"), "{error}");
    let (error, _) = with(TRAIN_LABELS, b"<html>not found</html>");
    assert!(matches!(error, DatasetError::Magic { expected: 0x801, found: 0x3c68_746d, .. }), "{error:?}");
}

#[test]
fn a_truncated_header() {
    for (len, expected) in [(0, 16), (3, 16), (4, 16), (15, 16)] {
        let (error, _) = with(TEST_IMAGES, &images(5)[..len]);
        let found = len as u64;
        assert!(
            matches!(error, DatasetError::Truncated { expected: e, found: f, .. } if (e, f) == (expected, found)),
            "{error:?}"
        );
    }
    let (error, _) = with(TEST_LABELS, &labels(5)[..7]);
    assert!(matches!(error, DatasetError::Truncated { expected: 8, found: 7, .. }), "{error:?}");
}

#[test]
fn a_truncated_file() {
    let whole = images(5);
    let (error, _) = with(TEST_IMAGES, &whole[..whole.len() - 1]);
    let expected = whole.len() as u64;
    assert!(
        matches!(error, DatasetError::Truncated { expected: e, found: f, .. } if (e, f) == (expected, expected - 1)),
        "{error:?}"
    );
    let (error, _) = with(TEST_LABELS, &labels(5)[..12]);
    assert!(matches!(error, DatasetError::Truncated { expected: 13, found: 12, .. }), "{error:?}");
}

#[test]
fn a_header_that_promises_terabytes_allocates_nothing_of_the_kind() {
    let (error, _) = with(TEST_IMAGES, &idx(&[u32::MAX, 28, 28], &[0; 100]));
    assert!(matches!(error, DatasetError::Truncated { found: 116, .. }), "{error:?}");
}

#[test]
fn an_oversized_file() {
    for packed in [false, true] {
        let mut bytes = labels(5);
        bytes.push(0);
        let (error, _) = with(TEST_LABELS, &if packed { gzip(&bytes) } else { bytes });
        assert!(matches!(error, DatasetError::Oversized { expected: 13, .. }), "{error:?}");
    }
}

#[test]
fn a_truncated_gzip_file() {
    let whole = gzip(&images(5));
    for len in [2, 9, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        let (error, path) = with(TEST_IMAGES, &whole[..len]);
        assert!(matches!(&error, DatasetError::Gzip { path: p, .. } if *p == path), "{len}: {error:?}");
    }
}

#[test]
fn a_damaged_gzip_file() {
    // The CRC-32 of the content is in the fourth to eighth byte from the end.
    let mut bytes = gzip(&images(5));
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let (error, _) = with(TEST_IMAGES, &bytes);
    assert!(matches!(error, DatasetError::Gzip { .. }), "{error:?}");
    // Something that is not gzip behind the end.
    let mut bytes = gzip(&images(5));
    bytes.extend(b"tail");
    let (error, _) = with(TEST_IMAGES, &bytes);
    assert!(matches!(error, DatasetError::Gzip { .. }), "{error:?}");
}

#[test]
fn a_label_that_is_no_digit() {
    let (error, _) = with(TEST_LABELS, &idx(&[5], &[0, 9, 3, 10, 200]));
    assert!(
        matches!(error, DatasetError::LabelOutOfRange { index: 3, label: 10, classes: 10, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("label 3 is 10; expected a class from 0 to 9"), "{error}");
}

#[test]
fn images_and_labels_of_different_lengths() {
    let (error, _) = with(TEST_LABELS, &labels(6));
    assert!(
        matches!(error, DatasetError::LengthMismatch { image_count: 5, label_count: 6, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(TEST_IMAGES), "{error}");
}

#[test]
fn images_of_another_size() {
    let (error, _) = with(TEST_IMAGES, &idx(&[5, 8, 8], &[0; 320]));
    assert!(matches!(error, DatasetError::ImageSize { expected: [28, 28], found: [8, 8], .. }), "{error:?}");
}

#[test]
fn too_few_images_to_split() {
    let directory = directory();
    fs::write(directory.path().join(TRAIN_IMAGES), images(10_000)).unwrap();
    fs::write(directory.path().join(TRAIN_LABELS), labels(10_000)).unwrap();
    let error = load(directory.path()).unwrap_err();
    assert!(matches!(error, DatasetError::TooFewImages { expected: 10_001, found: 10_000, .. }), "{error:?}");
}

#[test]
fn the_digits_are_whole() {
    let data = digits();
    assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (1297, 100, 400));
    assert_eq!((data.image_size, data.classes), ([8, 8], 10));
    let splits = [&data.train, &data.validation, &data.test];
    let mut counts = [0; 10];
    let mut ink = 0.0;
    for split in splits {
        assert_eq!(split.images.shape(), [split.len(), 1, 8, 8]);
        split.labels.iter().for_each(|label| counts[label as usize] += 1);
        split.images.iter().for_each(|pixel| {
            assert!((0.0..=1.0).contains(&pixel) && (pixel * 16.0).fract() == 0.0, "{pixel}");
            ink += f64::from(pixel * 16.0);
        });
    }
    // Counted with other tools on the original file.
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(ink, 561_718.0);
    // The first image, a zero, row by row.
    let first: Vec<f32> = data.train.images.iter().take(16).map(|pixel| pixel * 16.0).collect();
    assert_eq!(first, [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.]);
    assert_eq!(data.train.labels.to_vec()[..3], [0.0, 1.0, 2.0]);
}

/// The shared folder with the true files, if there.
fn shared_mnist() -> Option<PathBuf> {
    let shared = std::env::var_os("BAYEUX_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(shared).join("data/mnist");
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("skipped: no MNIST in `{}` (set BAYEUX_SHARED)", directory.display());
    None
}

#[test]
fn true_mnist() {
    let Some(directory) = shared_mnist() else { return };
    let data = load(&directory).unwrap();
    assert_eq!(data.train.images.shape(), [50_000, 1, 28, 28]);
    assert_eq!(data.validation.labels.shape(), [10_000]);
    assert_eq!(data.test.images.shape(), [10_000, 1, 28, 28]);
    assert_eq!(data.train.labels.to_vec()[..10], [5., 0., 4., 1., 9., 2., 1., 3., 1., 4.]);
    assert_eq!(data.test.labels.to_vec()[..10], [7., 2., 1., 0., 4., 1., 4., 9., 5., 9.]);
    // Mean pixel of all 60,000 training images: 0.1306604762738429 (bytes / 255), as published in many places.
    let sum = |split: &Split| split.images.iter().map(f64::from).sum::<f64>();
    let mean = (sum(&data.train) + sum(&data.validation)) / (60_000 * PIXELS) as f64 * 256.0 / 255.0;
    assert!((mean - 0.130_660_476_273_842_9).abs() < 1e-12, "{mean}");
}
