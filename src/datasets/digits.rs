//! The UCI optical digits, compiled into the crate.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{Dataset, Split};

const PACKED: &[u8] = include_bytes!("../../data/digits.csv.gz");
const SIZE: [usize; 2] = [8, 8];
const PIXELS: usize = SIZE[0] * SIZE[1];
const TRAIN: usize = 1297;
const VALIDATION: usize = 100;

/// The UCI optical digits: 1,797 handwritten digits of 8×8 pixels, part of the crate.
///
/// A pixel is a count from 0 to 16, divided by 16: in [0, 1].
///
/// # The split
///
/// In file order, unshuffled: the first 1,297 images for training, the next 100 for validation, the last 400 for
/// the test. The images come from 13 people, and those of one person stand close to each other. A shuffled split would
/// put every test writer into the training set and flatter the accuracy; in file order, most test writers are new.
///
/// # Source and licence
///
/// The test part of *Optical Recognition of Handwritten Digits*, E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
/// Repository, <https://doi.org/10.24432/C50P49>, as scikit-learn ships it.
/// Licence: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).
///
/// ```
/// let digits = bayeux::datasets::digits();
/// assert_eq!(digits.train.images.shape(), [1297, 1, 8, 8]);
/// assert_eq!(digits.test.labels.shape(), [400]);
/// ```
#[must_use]
pub fn digits() -> Dataset {
    let (pixels, labels) = parse(&unpack());
    let split = |range: std::ops::Range<usize>| {
        Split::from_bytes(&pixels[range.start * PIXELS..range.end * PIXELS], &labels[range], SIZE, 16.0)
    };
    Dataset {
        name: "UCI optical digits".into(),
        origin: "embedded in the program".into(),
        image_size: SIZE,
        classes: 10,
        train: split(0..TRAIN),
        validation: split(TRAIN..TRAIN + VALIDATION),
        test: split(TRAIN + VALIDATION..labels.len()),
    }
}

// The two `expect`s cannot be reached by what a user does: the bytes were fixed when the crate was compiled, and the
// tests read them.

fn unpack() -> String {
    let mut text = String::new();
    GzDecoder::new(PACKED).read_to_string(&mut text).expect("the embedded digits are a gzip file");
    text
}

/// One image per line: its pixels row by row, then its label.
fn parse(text: &str) -> (Vec<u8>, Vec<u8>) {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut values =
            line.split(',').map(|value| value.parse::<u8>().expect("the embedded digits are numbers"));
        pixels.extend(values.by_ref().take(PIXELS));
        labels.extend(values);
    }
    (pixels, labels)
}
