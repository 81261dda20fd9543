//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bayeux::datasets::Dataset;
use bayeux::prelude::Schedule;
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};

/// A hierarchical Bayesian convolutional network on MNIST, by variational inference.
///
/// It learns how large each layer's weights are, and knows what it does not know.
#[derive(Clone, Debug, Parser)]
#[command(name = "mnist")]
pub struct Options {
    /// MNIST, or the small UCI digits that come with the program
    #[arg(long, value_enum, default_value = "mnist")]
    pub dataset: DatasetName,
    /// A directory with MNIST's four files; else $MNIST_DIR, the cache, or a download
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 784-800-800-10, or two convolutions with pooling, 256 and 10
    #[arg(long, value_enum, default_value = "conv")]
    pub model: ModelName,
    /// Weights and biases N(0, 0.1), or N(0, s) with s ~ HalfNormal(1) for each tensor
    #[arg(long, value_enum, default_value = "hierarchical")]
    pub prior: PriorName,
    /// What follows each hidden layer
    #[arg(long, value_enum, default_value = "tanh")]
    pub activation: ActivationName,
    /// Steps of the optimiser; by default 1000 for MNIST, 3000 for the digits
    #[arg(long, value_name = "N", value_parser = positive)]
    pub iterations: Option<usize>,
    /// Images in a mini-batch
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = positive)]
    pub batch: usize,
    /// Posterior draws to predict with
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = positive)]
    pub draws: usize,
    /// The highest learning rate, reached after a warm-up; by default 0.5/√iterations
    #[arg(long, value_name = "RATE", value_parser = positive_number)]
    pub learning_rate: Option<f64>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads to compute with; by default $RAYON_NUM_THREADS, or all
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a page with pictures
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Where the images come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatasetName {
    Mnist,
    Digits,
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelName {
    Dense,
    Conv,
}

/// The prior of weights and biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PriorName {
    Flat,
    Hierarchical,
}

/// The activation of hidden layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ActivationName {
    Tanh,
    Relu,
}

/// A choice as it is written on the command line.
pub fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}

fn positive_number(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("not a positive number".into()),
    }
}

/// Steps until the learning rate is at its highest.
const WARM_UP: usize = 50;

impl Options {
    /// Reads the command line. What is wrong with it is said in one line; then the exit code is 2.
    pub fn read() -> Result<Options, ExitCode> {
        Options::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                print!("{error}");
                ExitCode::SUCCESS
            }
            _ => {
                let text = error.to_string();
                let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage"));
                let message: Vec<&str> =
                    lines.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
                eprintln!("{} (try --help)", message.join(" "));
                ExitCode::from(2)
            }
        })
    }

    /// Fails now rather than after the fit if a result could not be written.
    pub fn check_outputs(&self) -> Result<(), String> {
        for path in [&self.json, &self.report].into_iter().flatten() {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(format!(
                    "cannot write {}: {} is not a directory",
                    path.display(),
                    folder.display()
                ));
            }
            if path.is_dir() {
                return Err(format!("cannot write {}: it is a directory", path.display()));
            }
        }
        Ok(())
    }

    /// Starts as many threads as were asked for, or rayon's number.
    pub fn start_threads(&self) -> Result<(), String> {
        bayeux::start_threads(self.threads).map_err(|error| {
            let threads = self.threads.map(|threads| format!("{threads} ")).unwrap_or_default();
            format!("cannot start {threads}threads: {error}")
        })
    }

    /// How many steps to make with images of this size.
    pub fn iterations(&self, data: &Dataset) -> usize {
        self.iterations.unwrap_or(if data.image_size == [28, 28] { 1000 } else { 3000 })
    }

    /// Warm-up, then half a cosine down to 0. Longer runs need lower rates: the height falls with the root of the length.
    pub fn schedule(&self, iterations: usize) -> Schedule {
        let highest = self.learning_rate.unwrap_or(0.5 / (iterations as f64).sqrt());
        Schedule::cosine(highest, iterations).warm_up(WARM_UP)
    }

    /// The model in words.
    pub fn title(&self) -> String {
        format!("{} {} ({})", name(self.prior), name(self.model), name(self.activation))
    }
}
