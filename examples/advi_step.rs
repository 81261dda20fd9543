//! How long one training step takes, on random data: the hierarchical ADVI step of one of three networks, or plain
//! training of it with Adam. `benches/peers/compare.py` runs it beside other systems.
//!
//! ```text
//! cargo run --release --example advi_step -- --model conv --inference advi --batch 500 --threads 2
//! ```

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use bayeux::bayes::Fitter;
use bayeux::nets::init::{Initializer, Stream};
use bayeux::nets::losses::cross_entropy_logits;
use bayeux::prelude::*;
use clap::{Parser, ValueEnum};

mod networks;
use networks::{Digits, Network, digits};

/// Times one training step on random data.
#[derive(Parser)]
#[command(name = "advi_step")]
struct Options {
    /// The network
    #[arg(long, value_enum, default_value = "dense")]
    model: Network,
    /// The hierarchical ADVI step, or plain training
    #[arg(long, value_enum, default_value = "advi")]
    inference: Inference,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 500)]
    batch: usize,
    /// Steps timed, after three that are not
    #[arg(long, value_name = "N", default_value_t = 20)]
    steps: usize,
    /// Threads; by default $RAYON_NUM_THREADS, or all
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print the compiled program
    #[arg(long)]
    program: bool,
    /// Print where the time goes, instruction by instruction
    #[arg(long)]
    profile: bool,
    /// Write the last step's instructions as a trace for chrome://tracing or Perfetto
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Inference {
    Advi,
    None,
}

/// The step under test.
enum Step {
    Advi(Box<Fitter<'static>>),
    Training { function: Box<Function>, images: Tensor<f32>, labels: Tensor<f32> },
}

impl Step {
    fn run(&mut self) -> Result<(), Box<dyn Error>> {
        match self {
            Step::Advi(fitter) => fitter.step().map(|_| ())?,
            Step::Training { function, images, labels } => function.run(&[&*images, &*labels])?,
        }
        Ok(())
    }

    fn function(&self) -> &Function {
        match self {
            Step::Advi(fitter) => fitter.function(),
            Step::Training { function, .. } => function,
        }
    }

    fn set_profiling(&mut self, on: bool) {
        match self {
            Step::Advi(fitter) => fitter.set_profiling(on),
            Step::Training { function, .. } => function.set_profiling(on),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    sigpipe::reset(); // a reader that has seen enough, such as head, is no error
    let options = Options::parse();
    if options.batch == 0 || options.steps == 0 {
        return Err("--batch and --steps must be at least 1".into());
    }
    bayeux::start_threads(options.threads)?;
    let digits = digits(options.batch);
    let begun = Instant::now();
    let mut step = match options.inference {
        Inference::Advi => advi(&options, &digits)?,
        Inference::None => training(&options, digits)?,
    };
    let compile_ms = 1e3 * begun.elapsed().as_secs_f64();
    if options.program {
        println!("{}", step.function());
        return Ok(());
    }

    let mut times = Vec::new();
    for i in 0..3 + options.steps {
        if i == 3 {
            step.set_profiling(options.profile || options.trace.is_some());
        }
        let begun = Instant::now();
        step.run()?;
        if i >= 3 {
            times.push(1e3 * begun.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, min) = (times[times.len() / 2], times[0]);
    let memory = peak_rss_mib();
    let memory_text = memory.map_or("unknown".into(), |mib| format!("{mib:.0} MiB"));
    println!(
        "{median:.1} ms/step (min {min:.1}), {compile_ms:.0} ms to build and compile, peak memory {memory_text}"
    );
    if let Some(profile) = step.function().profile() {
        if options.profile {
            print!("{profile}");
        }
        if let Some(path) = &options.trace {
            fs::write(path, profile.chrome_trace())
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        }
    }
    if let Some(path) = &options.json {
        let figures = serde_json::json!({
            "ms_per_step": median,
            "min_ms": min,
            "compile_ms": compile_ms,
            "peak_rss_mib": memory,
            "threads": rayon::current_num_threads(),
            "batch": options.batch,
        });
        fs::write(path, format!("{figures:#}\n"))
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}

fn advi(options: &Options, digits: &Digits) -> Result<Step, Box<dyn Error>> {
    let fitter = options.model.advi(options.batch, digits)?;
    Ok(Step::Advi(Box::new(fitter)))
}

fn training(options: &Options, (images, labels): Digits) -> Result<Step, Box<dyn Error>> {
    let x = Expr::input("x", (batch(), 1, 28, 28));
    let y = Expr::input("y", [batch()]);
    let logits = options.model.logits(&x, |name| {
        let name = name.to_string();
        Box::new(move |shape: &Shape| {
            let (sizes, stream) = (shape.sizes().unwrap_or_default(), Stream::new(1, &name));
            let start = if sizes.len() > 1 {
                GlorotNormal::new().sample(&sizes, &stream)
            } else {
                Tensor::zeros(&sizes)
            };
            Shared::new(&name, start).expr()
        })
    });
    let loss = cross_entropy_logits(&logits, &y).mean_all();
    let parameters = Expr::shareds(&[logits]);
    let updates = Adam::new(1e-3).updates_for(&loss, &parameters);
    let mut step =
        Function::builder().inputs([&x, &y]).outputs([&loss]).updates(updates).exclusive().build()?;
    step.specialise(&[&images, &labels])?;
    Ok(Step::Training { function: Box::new(step), images, labels })
}

/// The most memory the process ever held, where the system tells (Linux).
fn peak_rss_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
