//! Calibration: is the model right as often as it says?

use std::fmt;

use bayeux_tensor::{Float, Tensor};

use super::{Probabilities, most_probable};

/// The number of bins of Guo et al.
const BINS: usize = 15;

/// The images whose confidence falls into one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// The interval's lower end, which does not belong to it (except 0).
    pub low: f64,
    /// The interval's upper end, which belongs to it.
    pub high: f64,
    /// The number of images.
    pub count: usize,
    /// Their mean confidence; 0 if there are none.
    pub confidence: f64,
    /// The fraction of them that is classified correctly; 0 if there are none.
    pub accuracy: f64,
}

/// The reliability table: images in 15 bins of equal width by their confidence, the probability of their most probable
/// class.
///
/// C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), *On calibration of modern neural networks*, section 2. Bin m of M
/// holds the confidences in ((m − 1)/M, m/M].
///
/// Its `Display` is a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// The bins, by rising confidence.
    pub bins: Vec<Bin>,
}

impl Reliability {
    /// The expected calibration error, Σₘ |Bₘ|/n · |accuracy(Bₘ) − confidence(Bₘ)| (Guo et al., eq. 3).
    #[must_use]
    pub fn expected_calibration_error(&self) -> f64 {
        let n: usize = self.bins.iter().map(|bin| bin.count).sum();
        self.bins.iter().map(|bin| bin.count as f64 / n as f64 * bin.gap().abs()).sum()
    }

    /// The maximum calibration error, maxₘ |accuracy(Bₘ) − confidence(Bₘ)| (Guo et al., eq. 5).
    pub fn maximum_calibration_error(&self) -> f64 {
        self.bins.iter().map(|bin| bin.gap().abs()).fold(0.0, f64::max)
    }
}

impl Bin {
    /// Confidence − accuracy: positive where the model is surer than it should be.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.confidence - self.accuracy
    }
}

impl fmt::Display for Reliability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:^15}{:>8}{:>12}{:>10}", "confidence in", "images", "confidence", "accuracy")?;
        for bin in self.bins.iter().filter(|bin| bin.count > 0) {
            let Bin { low, high, count, confidence, accuracy } = bin;
            write!(f, "\n({low:.3}, {high:.3}] {count:>7}{confidence:>12.4}{accuracy:>10.4}")?;
        }
        Ok(())
    }
}

/// The [reliability table](Reliability) of predictions `[n, C]` for labels `[n]`.
///
/// # Panics
///
/// See the [module](super#panics).
#[track_caller]
#[must_use]
pub fn reliability<T: Float>(probabilities: &Tensor<T>, labels: &Tensor<T>) -> Reliability {
    let p = Probabilities::new(probabilities);
    let labels = p.labels(labels);
    let width = 1.0 / BINS as f64;
    let mut bins: Vec<Bin> = (0..BINS)
        .map(|m| Bin { low: m as f64 * width, high: (m + 1) as f64 * width, ..Bin::default() })
        .collect();
    // Sums first …
    for (row, &label) in p.rows().zip(&labels) {
        let (class, confidence) = most_probable(row);
        let m = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        bins[m].count += 1;
        bins[m].confidence += confidence;
        bins[m].accuracy += f64::from(u8::from(class == label));
    }
    // … then means.
    for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
        bin.confidence /= bin.count as f64;
        bin.accuracy /= bin.count as f64;
    }
    Reliability { bins }
}

/// The [expected calibration error](Reliability::expected_calibration_error) over 15 bins of predictions `[n, C]` for labels
/// `[n]`.
///
/// # Panics
///
/// See the [module](super#panics).
#[track_caller]
#[must_use]
pub fn expected_calibration_error<T: Float>(probabilities: &Tensor<T>, labels: &Tensor<T>) -> f64 {
    reliability(probabilities, labels).expected_calibration_error()
}
