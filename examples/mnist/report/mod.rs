//! The run as one self-contained HTML page: no script, font or picture from elsewhere, so it can be mailed,
//! archived and opened offline.
//!
//! The caller computes the metrics and fills a [`Report`]; this module only draws them.

mod axis;
mod format;
mod images;
mod page;
mod plots;
mod sections;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::{fs, io, process};

use bayeux::metrics::Reliability;

/// All that the page shows. Uncertainties are in nats, probabilities and shares are fractions of 1.
#[derive(Clone, Debug)]
pub struct Report {
    /// The data set's name as a reader knows it, e.g. `"MNIST"`.
    pub dataset: String,
    /// `"dense"` or `"conv"`.
    pub model: String,
    /// `"flat"` or `"hierarchical"`.
    pub prior: String,
    /// `"tanh"` or `"relu"`.
    pub activation: String,
    /// How many steps the optimiser made.
    pub iterations: usize,
    /// Rows in a minibatch.
    pub batch: usize,
    /// Posterior draws behind every predictive probability.
    pub draws: usize,
    /// The seed of the run.
    pub seed: u64,
    /// How many threads computed it.
    pub threads: usize,
    /// Mean of the ELBO over the last 5 % of the iterations.
    pub elbo: f64,
    /// Share of right answers on the test set.
    pub accuracy: f64,
    /// The share of right answers that guessing may reach.
    pub guessing: f64,
    /// Mean negative log-probability of the true class on the test set.
    pub nll: f64,
    /// Expected calibration error over the bins of `calibration`.
    pub ece: f64,
    /// Wall-clock seconds of the inference.
    pub seconds: f64,
    /// Median milliseconds of a step.
    pub ms_per_step: f64,
    /// Milliseconds to build, differentiate and compile the step.
    pub compile_ms: f64,
    /// Peak resident memory in MiB; `None` where the system does not tell.
    pub peak_rss_mib: Option<f64>,
    /// The one-draw ELBO of every iteration.
    pub elbo_trace: Vec<f64>,
    /// Prior standard deviation of weights and biases under the flat prior, shown beside the learned scales.
    pub flat_sd: f64,
    /// The learned scale of each tensor in the order of the layers; empty for the flat prior.
    pub scales: Vec<Scale>,
    /// How often the model is right at each confidence, on the test set.
    pub calibration: Reliability,
    /// One entry for each test image.
    pub uncertainty: Vec<Uncertainty>,
    /// The first layer's weights as images.
    pub filters: Filters,
    /// The most uncertain test images, worst first.
    pub uncertain_digits: Vec<UncertainDigit>,
}

/// Posterior of the prior scale of one weight or bias tensor.
#[derive(Clone, Debug)]
pub struct Scale {
    /// The tensor it belongs to.
    pub name: String,
    /// Posterior mean.
    pub mean: f64,
    /// Lower end of the 94 % interval.
    pub low: f64,
    /// Upper end of the 94 % interval.
    pub high: f64,
}

/// How uncertain the prediction for one test image is.
#[derive(Clone, Copy, Debug)]
pub struct Uncertainty {
    /// Entropy of the predictive distribution.
    pub entropy: f64,
    /// Mutual information between the class and the weights.
    pub mutual_information: f64,
    /// Whether the most probable class is the true one.
    pub right: bool,
}

/// Weight images of the first layer.
#[derive(Clone, Debug)]
pub struct Filters {
    /// What has such an image, in the plural: `"filters"`, `"hidden units"`.
    pub kind: String,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Posterior means, images one after the other in row-major order: `count × height × width`.
    pub means: Vec<f32>,
    /// Posterior standard deviations, in the same layout.
    pub sds: Vec<f32>,
}

/// One test image with what the model says about it.
#[derive(Clone, Debug)]
pub struct UncertainDigit {
    /// Its index in the test set.
    pub index: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Its `height × width` pixels in row-major order; the smallest is drawn as paper, the largest as ink.
    pub pixels: Vec<f32>,
    /// The true class.
    pub label: usize,
    /// The most probable class.
    pub predicted: usize,
    /// Predictive probability of each class.
    pub probabilities: Vec<f64>,
    /// Standard deviation over the draws of each class's probability.
    pub sds: Vec<f64>,
    /// Predictive entropy.
    pub entropy: f64,
    /// Mutual information between the class and the weights.
    pub mutual_information: f64,
}

impl Report {
    /// Writes the page to `path`: to a temporary file beside it first, then moved into place, so that `path`
    /// holds the whole new page or what it held before.
    ///
    /// # Errors
    ///
    /// When the folder does not exist or cannot be written to; the message names `path`, and no file is left
    /// behind.
    ///
    /// # Panics
    ///
    /// When images, probabilities or their standard deviations do not have the lengths that their fields
    /// state.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let html = page::render(self).into_string();
        let temporary = temporary_name(path);
        fs::write(&temporary, html).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
            // The write may have failed before the file existed, and the first error is the one to tell.
            let _ = fs::remove_file(&temporary);
            io::Error::new(error.kind(), format!("cannot write the report {}: {error}", path.display()))
        })
    }
}

/// A name in the same folder, since a rename is atomic only within one file system.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", process::id()));
    name.into()
}
