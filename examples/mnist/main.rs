//! The four Bayesian networks of 2016 on MNIST: dense or convolutional, with a fixed prior or one that learns its own
//! scale for every layer.
//!
//! ```text
//! cargo run --release --example mnist                       # hierarchical, convolutional
//! cargo run --release --example mnist -- --report page.html # … with a page of pictures
//! ```

mod evaluation;
mod model;
mod options;
mod output;
mod report;

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use bayeux::datasets::{self, Dataset, Mnist};
use bayeux::prelude::*;
use evaluation::Evaluation;
use model::BayesianNet;
use options::{DatasetName, Options};

type AnyError = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    sigpipe::reset(); // a reader that has seen enough, such as head, is no error
    let options = match Options::read() {
        Ok(options) => options,
        Err(exit) => return exit,
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}

fn run(options: &Options) -> Result<(), AnyError> {
    options.check_outputs()?;
    options.start_threads()?;
    let data = load(options)?;
    let net = BayesianNet::new(options, &data)?;
    let iterations = options.iterations(&data);
    println!(
        "{} on {data}: {} numbers to infer, {iterations} iterations of {} images",
        options.title(),
        net.size()?,
        options.batch
    );

    let mut elapsed = vec![Duration::ZERO];
    let seed = options.seed;
    let fit = Advi::mean_field(&net.model)
        .minibatches(options.batch, [(&net.x, &data.train.images), (&net.y, &data.train.labels)])
        .optimizer(Adam::new(options.schedule(iterations)).betas(0.9, 0.99))
        .initial_sd(0.02)
        .seed(seed)
        .callback(|progress| {
            elapsed.push(progress.elapsed);
            output::tell(progress);
            ControlFlow::Continue(())
        })
        .run(iterations)?;

    let evaluation = Evaluation::new(options, &net, &fit, &data, &elapsed)?;
    // The files first: whoever reads the terminal may have gone.
    if let Some(path) = &options.json {
        output::write_json(path, &evaluation)?;
    }
    if let Some(path) = &options.report {
        evaluation.report(&fit, &data)?.write(path)?;
    }
    output::print(&evaluation);
    if let Some(path) = &options.report {
        println!("\nreport: {}", path.display());
    }
    Ok(())
}

/// The data set asked for; the embedded digits where MNIST cannot be had, saying so.
fn load(options: &Options) -> Result<Dataset, AnyError> {
    if options.dataset == DatasetName::Digits {
        return Ok(datasets::digits());
    }
    let mnist = match &options.data {
        Some(directory) => Mnist::new().directory(directory),
        None => Mnist::new(),
    };
    let (data, fallback) = mnist.load_or_digits()?;
    if let Some(reason) = fallback {
        // The first line says what, those after it where it was tried.
        let reason = reason.to_string();
        let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':');
        eprintln!("{reason}; using {data} instead");
    }
    Ok(data)
}
