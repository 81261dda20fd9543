//! The figures on the terminal and as JSON.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use bayeux::bayes::Progress;
use serde_json::{Map, Value, json};

use crate::evaluation::Evaluation;
use crate::options::name;
use crate::report::UncertainDigit;

/// How many digits are listed, and how many of them drawn.
const LISTED: usize = 8;
const DRAWN: usize = 4;

/// A line on standard error after every tenth of the iterations, where no progress bar is shown.
pub fn tell(progress: &Progress) {
    let tenths = |iteration: usize| 10 * iteration / progress.iterations;
    if tenths(progress.iteration) > tenths(progress.iteration - 1) && !io::stderr().is_terminal() {
        eprintln!(
            "{} of {} iterations after {:.0} s, ELBO {:.0}",
            progress.iteration,
            progress.iterations,
            progress.elapsed.as_secs_f64(),
            progress.mean_elbo
        );
    }
}

pub fn print(evaluation: &Evaluation) {
    println!(
        "\n{:.2} % of the test images right; NLL {:.4}, ECE {:.4}; ELBO {:.0}",
        100.0 * evaluation.accuracy,
        evaluation.nll,
        evaluation.ece,
        evaluation.elbo
    );
    if evaluation.accuracy <= evaluation.guessing {
        println!(
            "That is no better than guessing: the fit has failed. Another --seed or --learning-rate may help."
        );
    }
    println!(
        "{:.1} s of inference on {} threads: {:.1} ms a step, {:.0} ms to build and compile",
        evaluation.seconds, evaluation.threads, evaluation.ms_per_step, evaluation.compile_ms
    );
    if !evaluation.scales.is_empty() {
        println!("\nlearned scales      mean    94 % interval");
        for scale in &evaluation.scales {
            println!("  {:<14}  {:8.4}    {:.4} to {:.4}", scale.name, scale.mean, scale.low, scale.high);
        }
    }
    println!("\nmost uncertain test digits (entropy and mutual information in nats)");
    for digit in evaluation.uncertain_digits.iter().take(LISTED) {
        println!(
            "  #{:<5} a {}, taken for a {} with {:4.1} %   entropy {:.2}, information {:.2}",
            digit.index,
            digit.label,
            digit.predicted,
            100.0 * digit.probabilities[digit.predicted],
            digit.entropy,
            digit.mutual_information
        );
    }
    println!();
    draw(&evaluation.uncertain_digits[..evaluation.uncertain_digits.len().min(DRAWN)]);
}

/// The digits side by side, two rows of pixels in a line of text.
fn draw(digits: &[UncertainDigit]) {
    const INK: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let Some(first) = digits.first() else { return };
    for row in (0..first.height).step_by(2) {
        let mut line = String::from("  ");
        for digit in digits {
            for column in 0..digit.width {
                let at = |row: usize| digit.pixels.get(row * digit.width + column).copied().unwrap_or(0.0);
                let ink = if row + 1 < digit.height { (at(row) + at(row + 1)) / 2.0 } else { at(row) };
                line.push(INK[((ink * 5.0) as usize).min(4)]);
            }
            line.push_str("  ");
        }
        println!("{}", line.trim_end());
    }
}

/// Writes the figures, whole or not at all.
pub fn write_json(path: &Path, evaluation: &Evaluation) -> io::Result<()> {
    let options = &evaluation.options;
    let scales: Map<String, Value> = evaluation
        .scales
        .iter()
        .map(|scale| (scale.name.clone(), json!({"mean": scale.mean, "low": scale.low, "high": scale.high})))
        .collect();
    let figures = json!({
        "dataset": evaluation.dataset,
        "model": name(options.model),
        "prior": name(options.prior),
        "activation": name(options.activation),
        "iterations": evaluation.iterations,
        "batch": options.batch,
        "draws": options.draws,
        "seed": options.seed,
        "threads": evaluation.threads,
        "elbo": evaluation.elbo,
        "test_accuracy": evaluation.accuracy,
        "test_nll": evaluation.nll,
        "test_ece": evaluation.ece,
        "seconds": evaluation.seconds,
        "ms_per_step": evaluation.ms_per_step,
        "compile_ms": evaluation.compile_ms,
        "peak_rss_mib": evaluation.peak_rss_mib,
        "scales": scales,
    });
    let mut partial = path.as_os_str().to_os_string();
    partial.push(".partial");
    let written = fs::write(&partial, format!("{figures:#}\n")).and_then(|()| fs::rename(&partial, path));
    written.map_err(|error| {
        // What is left of the attempt is of no use; if it cannot be removed either, the first error says why.
        let _ = fs::remove_file(&partial);
        io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    })
}
