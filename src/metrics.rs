//! How good, and how honest, predicted class probabilities are.
//!
//! A posterior predicts with many draws of the parameters. Two kinds of tensor occur here:
//!
//! - `draws`: `[S, n, C]`, the class probabilities of n images under each of S draws, p⁽ˢ⁾(c | xᵢ);
//! - `probabilities`: `[n, C]`, usually their mean over the draws, p(c | xᵢ) = S⁻¹ Σₛ p⁽ˢ⁾(c | xᵢ).
//!
//! Labels are `[n]`, whole numbers below C. All sums are taken in `f64`, one after another, so that the results depend on
//! nothing but the arguments. Logarithms are natural: losses and entropies are in nats.
//!
//! ```
//! use bayeux::metrics;
//! use bayeux_tensor::Tensor;
//!
//! // Two draws, two images, two classes. The draws agree on the first image and contradict each other on the second.
//! let draws = Tensor::new([2, 2, 2], vec![0.9_f32, 0.1, 1.0, 0.0, 0.9, 0.1, 0.0, 1.0]);
//! let labels = Tensor::new([2], vec![0.0, 1.0]);
//!
//! let p = metrics::mean_probabilities(&draws);
//! assert_eq!(metrics::accuracy(&p, &labels), 0.5); // a tie goes to the lower class
//! let information = metrics::mutual_information(&draws);
//! assert_eq!(metrics::most_uncertain(&information, 1), [1]);
//! assert!((information[1] - f64::ln(2.0)).abs() < 1e-12);
//! ```
//!
//! # Panics
//!
//! Every function that takes probabilities panics if the shapes do not fit together, if there are no images, draws or
//! classes, or if a row is not a distribution: each entry in [0, 1], the sum within 10⁻³ of 1 (logits given by mistake
//! are found this way). Those that take labels panic if a label is not a whole number below C.

use bayeux_tensor::{Float, Tensor};

mod calibration;

pub use calibration::{Bin, Reliability, expected_calibration_error, reliability};

/// How far the sum of a row may be from one: generous enough for f32 sums over many classes.
const SUM_TOLERANCE: f64 = 1e-3;

/// The mean over the draws: `[S, n, C]` → `[n, C]`.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
pub fn mean_probabilities<T: Float>(draws: &Tensor<T>) -> Tensor<T> {
    let draws = Draws::new(draws);
    let mean = draws.mean();
    Tensor::new([draws.images, draws.classes], mean.into_iter().map(T::from_f64).collect())
}

/// The most probable class of each image, `[n, C]` → n classes; a tie goes to the lowest.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
#[must_use]
pub fn predicted_classes<T: Float>(probabilities: &Tensor<T>) -> Vec<usize> {
    Probabilities::new(probabilities).rows().map(|row| most_probable(row).0).collect()
}

/// The fraction of images whose most probable class is the label.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
#[must_use]
pub fn accuracy<T: Float>(probabilities: &Tensor<T>, labels: &Tensor<T>) -> f64 {
    let p = Probabilities::new(probabilities);
    let labels = p.labels(labels);
    let right = p.rows().zip(&labels).filter(|(row, label)| most_probable(row).0 == **label).count();
    right as f64 / labels.len() as f64
}

/// The mean negative log likelihood of the labels, −n⁻¹ Σᵢ ln p(yᵢ | xᵢ), in nats.
///
/// Infinite if the probability of some label is 0: nothing is clipped.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
#[must_use]
pub fn negative_log_likelihood<T: Float>(probabilities: &Tensor<T>, labels: &Tensor<T>) -> f64 {
    let p = Probabilities::new(probabilities);
    let labels = p.labels(labels);
    let loss: f64 = p.rows().zip(&labels).map(|(row, &label)| -row[label].ln()).sum();
    loss / labels.len() as f64
}

/// The entropy of each prediction, `[n, C]` → n values H\[p(· | xᵢ)\] = −Σ꜀ p(c | xᵢ) ln p(c | xᵢ), in nats: the total
/// uncertainty, from 0 to ln C.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
pub fn predictive_entropy<T: Float>(probabilities: &Tensor<T>) -> Vec<f64> {
    Probabilities::new(probabilities).rows().map(entropy).collect()
}

/// The mean entropy of the draws' predictions, `[S, n, C]` → n values S⁻¹ Σₛ H\[p⁽ˢ⁾(· | xᵢ)\], in nats: the uncertainty
/// that would stay if the parameters were known.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
#[must_use]
pub fn expected_entropy<T: Float>(draws: &Tensor<T>) -> Vec<f64> {
    Draws::new(draws).expected_entropy()
}

/// The mutual information between label and parameters, `[S, n, C]` → n values, in nats.
///
/// H\[S⁻¹ Σₛ p⁽ˢ⁾(· | xᵢ)\] − S⁻¹ Σₛ H\[p⁽ˢ⁾(· | xᵢ)\]: predictive less expected entropy, what knowing the parameters would
/// tell about the label. It is the acquisition function BALD of Houlsby et al. (2011), *Bayesian active learning for
/// classification and preference learning*, eq. 2. Not negative (Jensen); rounding below 0 is taken as 0.
///
/// # Panics
///
/// See the [module](self#panics).
#[track_caller]
pub fn mutual_information<T: Float>(draws: &Tensor<T>) -> Vec<f64> {
    let draws = Draws::new(draws);
    let total = draws.mean();
    let total = total.chunks_exact(draws.classes).map(entropy);
    total.zip(draws.expected_entropy()).map(|(total, expected)| (total - expected).max(0.0)).collect()
}

/// The indices of the `count` largest values, largest first; equal ones in order of index. Fewer if there are fewer.
///
/// # Panics
///
/// If a value is NaN.
#[track_caller]
#[must_use]
pub fn most_uncertain(uncertainty: &[f64], count: usize) -> Vec<usize> {
    if let Some(i) = uncertainty.iter().position(|value| value.is_nan()) {
        panic!("the uncertainty of image {i} is NaN");
    }
    let mut order: Vec<usize> = (0..uncertainty.len()).collect();
    order.sort_by(|&i, &j| uncertainty[j].total_cmp(&uncertainty[i]));
    order.truncate(count);
    order
}

/// Checked class probabilities, `[n, C]`, row after row.
struct Probabilities {
    values: Vec<f64>,
    images: usize,
    classes: usize,
}

impl Probabilities {
    #[track_caller]
    fn new<T: Float>(probabilities: &Tensor<T>) -> Self {
        let &[images, classes] = probabilities.shape() else {
            panic!("class probabilities have shape {:?}; expected [images, classes]", probabilities.shape());
        };
        Self { values: checked(probabilities, classes), images, classes }
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.classes)
    }

    /// The labels of these images.
    #[track_caller]
    fn labels<T: Float>(&self, labels: &Tensor<T>) -> Vec<usize> {
        let (images, classes) = (self.images, self.classes);
        assert!(
            labels.shape() == [images],
            "labels have shape {:?}; expected [{images}], as there are probabilities for {images} images",
            labels.shape()
        );
        let mut indices = Vec::with_capacity(images);
        for (i, label) in labels.iter().map(T::to_f64).enumerate() {
            // NaN fails as well.
            assert!(
                label >= 0.0 && label < classes as f64 && label.fract() == 0.0,
                "label {i} is {label}; expected a whole number from 0 to {}",
                classes - 1
            );
            indices.push(label as usize);
        }
        indices
    }
}

/// Checked class probabilities of several draws, `[S, n, C]`.
struct Draws {
    values: Vec<f64>,
    draws: usize,
    images: usize,
    classes: usize,
}

impl Draws {
    #[track_caller]
    fn new<T: Float>(draws: &Tensor<T>) -> Self {
        let &[count, images, classes] = draws.shape() else {
            panic!(
                "draws of class probabilities have shape {:?}; expected [draws, images, classes]",
                draws.shape()
            );
        };
        Self { values: checked(draws, classes), draws: count, images, classes }
    }

    /// Σₛ f(draw s) / S, element by element.
    fn mean(&self) -> Vec<f64> {
        self.average(self.values.chunks_exact(self.images * self.classes).map(<[f64]>::to_vec))
    }

    fn expected_entropy(&self) -> Vec<f64> {
        let entropies = |draw: &[f64]| draw.chunks_exact(self.classes).map(entropy).collect();
        self.average(self.values.chunks_exact(self.images * self.classes).map(entropies))
    }

    fn average(&self, draws: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
        let add = |mut sum: Vec<f64>, draw: Vec<f64>| {
            sum.iter_mut().zip(draw).for_each(|(sum, value)| *sum += value);
            sum
        };
        let sum = draws.reduce(add).unwrap_or_default();
        sum.into_iter().map(|sum| sum / self.draws as f64).collect()
    }
}

/// The values, row-major, after the check that each row of `classes` is a distribution.
#[track_caller]
fn checked<T: Float>(probabilities: &Tensor<T>, classes: usize) -> Vec<f64> {
    let shape = probabilities.shape();
    assert!(!shape.contains(&0), "there are no class probabilities: the shape is {shape:?}");
    let values: Vec<f64> = probabilities.iter().map(T::to_f64).collect();
    for (i, row) in values.chunks_exact(classes).enumerate() {
        let sum: f64 = row.iter().sum();
        assert!(
            (sum - 1.0).abs() <= SUM_TOLERANCE && row.iter().all(|p| (0.0..=1.0 + SUM_TOLERANCE).contains(p)),
            "row {i} of the class probabilities {shape:?} is no distribution: {row:?}, sum {sum} (are these logits?)"
        );
    }
    values
}

/// The lowest class of the highest probability, and that probability.
fn most_probable(row: &[f64]) -> (usize, f64) {
    let higher = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    row.iter().copied().enumerate().fold((0, f64::NEG_INFINITY), higher)
}

/// −Σ p ln p, with 0 ln 0 = 0.
fn entropy(row: &[f64]) -> f64 {
    row.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum()
}

#[cfg(test)]
mod tests;
