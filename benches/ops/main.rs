//! How long single operations take, each as a compiled function that is called again and again and gives its results away, at about a
//! thousand and ten million numbers. `benches/peers/compare.py --only ops` runs it beside PyTorch.
//!
//! ```text
//! cargo bench --bench ops -- --only reductions --name logsumexp
//! ```

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use bayeux::autodiff::{AnyExpr, Expr, Function, Untyped, grad_from};
use bayeux::tensor::{AnyTensor, ElementType, Tensor};
use clap::Parser;
use rayon::prelude::*;

mod functions;
mod linalg;
mod order;
mod positions;
mod reductions;
mod shapes;

/// Times operations.
#[derive(Parser)]
struct Options {
    /// Only one family: functions, reductions, order, positions, shapes, linalg
    #[arg(long, value_name = "FAMILY", default_value = "")]
    only: String,
    /// Only those whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// Seconds for each, after a call that is not timed; three calls at least
    #[arg(long, default_value_t = 0.06)]
    seconds: f64,
    /// Threads; by default $RAYON_NUM_THREADS, or all
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print where the time of each goes
    #[arg(long)]
    profile: bool,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    bayeux::start_threads(options.threads)?;
    let mut bench = Bench { options, figures: Vec::new() };
    type Family = fn(&mut Bench);
    let families: [(&str, Family); 6] = [
        ("functions", functions::time),
        ("reductions", reductions::time),
        ("order", order::time),
        ("positions", positions::time),
        ("shapes", shapes::time),
        ("linalg", linalg::time),
    ];
    for (name, time) in families {
        if name.contains(&bench.options.only) {
            time(&mut bench);
        }
    }
    let Bench { options, figures } = bench;
    if let Some(path) = &options.json {
        let figures = serde_json::json!({ "threads": rayon::current_num_threads(), "kernels": figures });
        fs::write(path, format!("{figures:#}\n"))
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}

/// What has been measured so far.
struct Bench {
    options: Options,
    figures: Vec<serde_json::Value>,
}

/// A sample is so many calls that it takes this many seconds at least: a clock is read in about 30 ns.
const SAMPLE: f64 = 100e-6;

impl Bench {
    fn wanted(&self, name: &str) -> bool {
        name.contains(&self.options.name)
    }

    /// Times a function of inputs of these values.
    fn time<const N: usize>(
        &mut self,
        name: &str,
        given: [&AnyTensor; N],
        build: impl FnOnce(&[AnyExpr; N]) -> Vec<AnyExpr>,
    ) {
        if !self.wanted(name) {
            return;
        }
        let inputs = given.map(input);
        let outputs = build(&inputs);
        let mut function =
            Function::<Untyped>::new(&inputs, &outputs).expect("the outputs are of the inputs");
        let results = function.call(&given).expect("the inputs fit");
        let squares: f64 = results.iter().map(sum_of_squares).sum();
        drop(results);
        let call = || drop(black_box(function.call(&given).expect("the inputs fit")));
        let elapsed = |calls: usize| {
            let begun = Instant::now();
            (0..calls).for_each(|_| call());
            begun.elapsed().as_secs_f64()
        };
        let mut calls = 1;
        while elapsed(calls) < SAMPLE {
            calls *= 2;
        }
        let (start, mut times) = (Instant::now(), Vec::new());
        while times.len() < 3 || start.elapsed().as_secs_f64() < self.options.seconds {
            times.push(1e3 * elapsed(calls) / calls as f64);
        }
        times.sort_by(f64::total_cmp);
        let (median, min) = (times[times.len() / 2], times[0]);
        println!("{name:<60} {median:11.5} ms (min {min:.5})");
        if self.options.profile {
            function.set_profiling(true);
            for _ in 0..3 {
                function.run(&given).expect("the inputs fit");
            }
            println!("{}", function.profile().expect("it has run"));
        }
        self.figures.push(
            serde_json::json!({ "name": name, "ms": median, "min_ms": min, "sum_of_squares": squares }),
        );
    }

    /// Times a function and its gradient by those inputs that are floats, which come first; the last one is the adjoint of its value.
    fn time_gradient<const N: usize>(
        &mut self,
        name: &str,
        given: [&AnyTensor; N],
        build: impl FnOnce(&[AnyExpr]) -> AnyExpr,
    ) {
        let floats = given.iter().filter(|of| of.element_type() == ElementType::F32).count() - 1;
        self.time(&format!("{name}, with gradient"), given, |x| {
            let (g, inputs) = x.split_last().expect("there is an adjoint");
            let y = build(inputs);
            let mut outputs = grad_from(&[(&y, g)], &inputs[..floats]);
            outputs.push(y);
            outputs
        });
    }
}

fn input(value: &AnyTensor) -> AnyExpr {
    match value.element_type() {
        ElementType::F32 => Expr::<f32>::input("x", value.shape()).untyped(),
        ElementType::I64 => Expr::<i64>::input("places", value.shape()).untyped(),
        ElementType::Bool => Expr::<bool>::input("mask", value.shape()).untyped(),
        other => unreachable!("no input is {other}"),
    }
}

fn sum_of_squares(value: &AnyTensor) -> f64 {
    match value.element_type() {
        ElementType::F32 => value.get::<f32>().to_vec().par_iter().map(|x| f64::from(*x).powi(2)).sum(),
        ElementType::I64 => value.get::<i64>().to_vec().par_iter().map(|x| (*x as f64).powi(2)).sum(),
        other => unreachable!("no output is {other}"),
    }
}

/// Numbers without an order, the same in every system: 32 bits of a hash.
fn hash(seed: u64, i: usize) -> u64 {
    const MASK: u64 = u32::MAX as u64;
    let mut x = (i as u64 + seed * 0x9e37_79b9) & MASK;
    x = ((x ^ (x >> 16)) * 0x85eb_ca6b) & MASK;
    x = ((x ^ (x >> 13)) * 0xc2b2_ae35) & MASK;
    x ^ x >> 16
}

/// Numbers between two.
fn numbers(seed: u64, shape: &[usize], low: f64, high: f64) -> AnyTensor {
    let number = |i| (low + (high - low) * ((hash(seed, i) >> 8) as f64 / f64::from(1 << 24))) as f32;
    let values = (0..shape.iter().product()).into_par_iter().map(number).collect();
    Tensor::new(shape, values).into()
}

/// Whole numbers below one.
fn places(seed: u64, shape: &[usize], below: usize) -> AnyTensor {
    let place = |i| (hash(seed, i) % below as u64) as i64;
    let values = (0..shape.iter().product()).into_par_iter().map(place).collect();
    Tensor::new(shape, values).into()
}

fn ones(shape: &[usize]) -> AnyTensor {
    Tensor::<f32>::ones(shape).into()
}

/// A vector, a matrix of as many elements, and what their names end with.
struct Size {
    word: &'static str,
    len: usize,
    matrix: [usize; 2],
}

const SIZES: [Size; 2] = [
    Size { word: "10³", len: 1000, matrix: [20, 50] },
    Size { word: "10⁷", len: 10_000_000, matrix: [1000, 10_000] },
];
