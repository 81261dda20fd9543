//! What the fit is worth: the posterior predictive on the test set.

use std::time::Duration;

use bayeux::bayes::Fit;
use bayeux::datasets::Dataset;
use bayeux::metrics;
use bayeux::prelude::*;

use crate::AnyError;
use crate::model::{BayesianNet, FLAT_SD};
use crate::options::{ModelName, Options, name};
use crate::report::{Filters, Report, Scale, UncertainDigit, Uncertainty};

/// How many digits the report shows.
const UNCERTAIN: usize = 25;

/// The figures of a run.
pub struct Evaluation {
    pub options: Options,
    pub dataset: String,
    pub threads: usize,
    pub iterations: usize,
    pub elbo: f64,
    pub accuracy: f64,
    /// The accuracy that guessing may reach.
    pub guessing: f64,
    pub nll: f64,
    pub ece: f64,
    pub seconds: f64,
    pub ms_per_step: f64,
    pub compile_ms: f64,
    pub peak_rss_mib: Option<f64>,
    pub scales: Vec<Scale>,
    pub calibration: metrics::Reliability,
    pub uncertainty: Vec<Uncertainty>,
    pub uncertain_digits: Vec<UncertainDigit>,
}

impl Evaluation {
    pub fn new(
        options: &Options,
        net: &BayesianNet,
        fit: &Fit,
        data: &Dataset,
        elapsed: &[Duration],
    ) -> Result<Self, AnyError> {
        let predictions = fit
            .posterior(options.draws)
            .seed(options.seed)
            .predict(&net.probabilities, [(&net.x, &data.test.images)])?;
        let (p, labels) = (predictions.mean(), &data.test.labels);
        let predicted = metrics::predicted_classes(&p);
        let entropy = metrics::predictive_entropy(&p);
        let information = metrics::mutual_information(predictions.draws());
        let label = |i: usize| labels.get(&[i]) as usize;

        let uncertainty: Vec<Uncertainty> = (0..data.test.len())
            .map(|i| Uncertainty {
                entropy: entropy[i],
                mutual_information: information[i],
                right: predicted[i] == label(i),
            })
            .collect();
        let sds = predictions.sd();
        let row =
            |of: &Tensor<f32>, i: usize| of.index_axis(0, i).iter().map(f64::from).collect::<Vec<f64>>();
        let uncertain_digits = metrics::most_uncertain(&entropy, UNCERTAIN)
            .into_iter()
            .map(|i| UncertainDigit {
                index: i,
                height: data.image_size[0],
                width: data.image_size[1],
                pixels: data.test.images.index_axis(0, i).to_vec(),
                label: label(i),
                predicted: predicted[i],
                probabilities: row(&p, i),
                sds: row(&sds, i),
                entropy: entropy[i],
                mutual_information: information[i],
            })
            .collect();
        Ok(Evaluation {
            options: options.clone(),
            dataset: data.name.clone(),
            threads: rayon::current_num_threads(),
            iterations: fit.iterations(),
            elbo: fit.final_elbo(),
            accuracy: metrics::accuracy(&p, labels),
            guessing: guessing(labels, data.classes),
            nll: metrics::negative_log_likelihood(&p, labels),
            ece: metrics::expected_calibration_error(&p, labels),
            seconds: fit.seconds(),
            ms_per_step: median_step(elapsed),
            compile_ms: 1e3 * fit.build_seconds(),
            peak_rss_mib: peak_rss_mib(),
            scales: scales(fit)?,
            calibration: metrics::reliability(&p, labels),
            uncertainty,
            uncertain_digits,
        })
    }

    /// The page about it all.
    pub fn report(&self, fit: &Fit, data: &Dataset) -> Result<Report, AnyError> {
        let options = &self.options;
        Ok(Report {
            dataset: self.dataset.clone(),
            model: name(options.model),
            prior: name(options.prior),
            activation: name(options.activation),
            iterations: fit.iterations(),
            batch: options.batch,
            draws: options.draws,
            seed: options.seed,
            threads: self.threads,
            elbo: self.elbo,
            accuracy: self.accuracy,
            guessing: self.guessing,
            nll: self.nll,
            ece: self.ece,
            seconds: self.seconds,
            ms_per_step: self.ms_per_step,
            compile_ms: self.compile_ms,
            peak_rss_mib: self.peak_rss_mib,
            elbo_trace: fit.elbo().to_vec(),
            flat_sd: FLAT_SD,
            scales: self.scales.clone(),
            calibration: self.calibration.clone(),
            uncertainty: self.uncertainty.clone(),
            filters: filters(options, fit, data)?,
            uncertain_digits: self.uncertain_digits.clone(),
        })
    }
}

/// The share of the commonest class, and three standard errors: guessing does not do better but once in a thousand times.
fn guessing(labels: &Tensor<f32>, classes: usize) -> f64 {
    let mut counts = vec![0usize; classes];
    labels.iter().for_each(|label| counts[label as usize] += 1);
    let n = labels.len() as f64;
    let share = counts.into_iter().max().unwrap_or(0) as f64 / n;
    share + 3.0 * (share * (1.0 - share) / n).sqrt()
}

/// The learned scales with their 94 % intervals, in the order of the layers. None for the flat prior.
fn scales(fit: &Fit) -> Result<Vec<Scale>, AnyError> {
    let rows = fit.summary()?.rows.into_iter();
    let scale = |row: bayeux::bayes::SummaryRow| {
        let name = row.name.strip_suffix(".scale")?.to_string();
        Some(Scale { name, mean: row.mean, low: row.low, high: row.high })
    };
    Ok(rows.filter_map(scale).collect())
}

/// The first layer's weights as images: filters, or what each hidden unit looks for.
fn filters(options: &Options, fit: &Fit, data: &Dataset) -> Result<Filters, AnyError> {
    let weights = fit.unconstrained("w1")?;
    Ok(match options.model {
        ModelName::Conv => Filters {
            kind: "filters".into(),
            height: weights.mean.shape()[2],
            width: weights.mean.shape()[3],
            means: weights.mean.to_vec(),
            sds: weights.sd.to_vec(),
        },
        ModelName::Dense => Filters {
            kind: "hidden units".into(),
            height: data.image_size[0],
            width: data.image_size[1],
            means: weights.mean.t().to_vec(),
            sds: weights.sd.t().to_vec(),
        },
    })
}

/// Milliseconds from one iteration's end to the next's.
fn median_step(elapsed: &[Duration]) -> f64 {
    let mut steps: Vec<f64> =
        elapsed.windows(2).map(|pair| 1e3 * (pair[1] - pair[0]).as_secs_f64()).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory the process ever held, where the system tells (Linux).
fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
