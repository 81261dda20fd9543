//! What small work costs, where a call is as long as what it computes: an operation on ten numbers, a product of 16×16
//! matrices, a network of 4-32-32-1 on 32 rows. Beside the same arithmetic written by hand, as loops over slices.
//! `benches/peers/compare.py --only small` runs it beside PyTorch and JAX.
//!
//! ```text
//! cargo run --release --example small -- --only tanh
//! ```

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use bayeux::prelude::*;
use clap::{Parser, ValueEnum};

#[path = "small/by_hand.rs"]
mod by_hand;

/// Times small work.
#[derive(Parser)]
#[command(name = "small")]
struct Options {
    /// Only those whose name contains this: "numbers", "16×16", "mlp", "step", …
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// What is timed; by default all, one after the other
    #[arg(long)]
    mode: Vec<Mode>,
    /// Seconds for each
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Threads; by default $RAYON_NUM_THREADS, or all
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Mode {
    /// `Function::run`: the results stay in the function's memory
    Run,
    /// `Function::call`: the results are given away
    Call,
    /// `Function::call` on as many threads of the caller's as there are threads, at the same time: the time of all calls by their
    /// number
    Callers,
    /// Loops over slices, the results in memory that is there already
    ByHand,
}

/// A function of numbers, by hand.
type ByHand = fn(&[f32], &mut [f32]);

fn main() -> Result<(), Box<dyn Error>> {
    sigpipe::reset(); // a reader that has seen enough, such as head, is no error
    let mut options = Options::parse();
    bayeux::start_threads(options.threads)?;
    if options.mode.is_empty() {
        options.mode = Mode::value_variants().to_vec();
    }
    let mut bench = Bench { options, figures: Vec::new() };
    on_ten_numbers(&mut bench)?;
    product(&mut bench)?;
    for tanh in [false, true] {
        network(&mut bench, tanh)?;
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
const SAMPLE: f64 = 50e-6;

impl Bench {
    fn wanted(&self, name: &str) -> bool {
        name.contains(&self.options.only)
    }

    fn times(&self, mode: Mode) -> bool {
        self.options.mode.contains(&mode)
    }

    /// Times `run`, in samples of so many calls that reading the clock costs nothing. `squares` is the sum of the squares of its
    /// result, to be compared with other systems.
    fn time(&mut self, name: &str, mode: Mode, squares: f64, mut run: impl FnMut()) {
        let mut calls = 1;
        loop {
            let begun = Instant::now();
            (0..calls).for_each(|_| run());
            if begun.elapsed().as_secs_f64() >= SAMPLE {
                break;
            }
            calls *= 2;
        }
        self.time_calls(name, mode, squares, calls, || (0..calls).for_each(|_| run()));
    }

    /// Times what makes so many `calls`.
    fn time_calls(&mut self, name: &str, mode: Mode, squares: f64, calls: usize, mut sample: impl FnMut()) {
        let (start, mut times) = (Instant::now(), Vec::new());
        while times.len() < 10 || start.elapsed().as_secs_f64() < self.options.seconds {
            let begun = Instant::now();
            sample();
            times.push(1e3 * begun.elapsed().as_secs_f64() / calls as f64);
        }
        times.sort_by(f64::total_cmp);
        let (median, min) = (times[times.len() / 2], times[0]);
        let label = format!("{mode:?}");
        println!("{name:<28} {label:<8} {:9.1} ns (min {:.1})", 1e6 * median, 1e6 * min);
        self.figures.push(serde_json::json!({
            "name": name, "mode": label, "ms": median, "min_ms": min, "sum_of_squares": squares
        }));
    }

    /// Times a function, by `run` and by `call`.
    fn time_function(&mut self, name: &str, function: &mut Function, inputs: &[&Tensor<f32>], squares: f64) {
        if self.times(Mode::Run) {
            self.time(name, Mode::Run, squares, || {
                black_box(&mut *function).run(black_box(inputs)).expect("the inputs have their shapes");
            });
        }
        if self.times(Mode::Call) {
            self.time(name, Mode::Call, squares, || {
                black_box(function.call(black_box(inputs)).expect("the inputs have their shapes"));
            });
        }
        if self.times(Mode::Callers) {
            let callers = rayon::current_num_threads();
            let function = &*function;
            let calls = 20_000;
            self.time_calls(name, Mode::Callers, squares, callers * calls, || {
                let call = || {
                    for _ in 0..calls {
                        black_box(function.call(black_box(inputs)).expect("the inputs have their shapes"));
                    }
                };
                thread::scope(|scope| (0..callers).for_each(|_| drop(scope.spawn(call))));
            });
        }
    }
}

/// Numbers from −0.5 to 0.499, the same in every system.
fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 % 1000) as f64 / 1000.0 - 0.5) as f32).collect()
}

fn sum_of_squares(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&x| f64::from(x).powi(2)).sum()
}

/// Element-wise operations on ten numbers.
fn on_ten_numbers(bench: &mut Bench) -> Result<(), Box<dyn Error>> {
    const LEN: usize = 10;
    let x = Expr::<f32>::input("x", [LEN]);
    let given = Tensor::new([LEN], numbers(LEN));
    let cases: [(&str, Expr, ByHand); 2] = [
        ("2 x + 1 of 10 numbers", &x * 2.0 + 1.0, by_hand::affine),
        ("tanh of 10 numbers", x.tanh(), by_hand::tanh),
    ];
    for (name, y, by_hand) in cases {
        if !bench.wanted(name) {
            continue;
        }
        let mut function = Function::new([&x], [&y])?;
        let squares = sum_of_squares(&function.call(&[&given])?[0].to_vec());
        bench.time_function(name, &mut function, &[&given], squares);
        if bench.times(Mode::ByHand) {
            let (x, mut y) = (numbers(LEN), vec![0.0; LEN]);
            by_hand(&x, &mut y);
            bench.time(name, Mode::ByHand, sum_of_squares(&y), || by_hand(black_box(&x), black_box(&mut y)));
        }
    }
    Ok(())
}

/// A product of two 16×16 matrices.
fn product(bench: &mut Bench) -> Result<(), Box<dyn Error>> {
    const N: usize = 16;
    let name = "product of 16×16";
    if !bench.wanted(name) {
        return Ok(());
    }
    let (a, b) = (Expr::<f32>::input("a", [N, N]), Expr::<f32>::input("b", [N, N]));
    let given = Tensor::new([N, N], numbers(N * N));
    let mut function = Function::new([&a, &b], [&a.matmul(&b)])?;
    let squares = sum_of_squares(&function.call(&[&given, &given])?[0].to_vec());
    bench.time_function(name, &mut function, &[&given, &given], squares);
    if bench.times(Mode::ByHand) {
        let (a, mut c) = (numbers(N * N), vec![0.0; N * N]);
        by_hand::product([N; 3], &a, &a, &mut c);
        bench.time(name, Mode::ByHand, sum_of_squares(&c), || {
            by_hand::product(black_box([N; 3]), black_box(&a), black_box(&a), black_box(&mut c));
        });
    }
    Ok(())
}

/// Units of the network's layers, and rows of the data.
const UNITS: [usize; 4] = [4, 32, 32, 1];
const ROWS: usize = 32;
const RATE: f32 = 0.01;

/// A network of two hidden layers: a call, and a step of gradient descent on its mean squared error.
fn network(bench: &mut Bench, tanh: bool) -> Result<(), Box<dyn Error>> {
    let kind = if tanh { "tanh" } else { "relu" };
    let (call, step) = (format!("mlp {kind}, call"), format!("mlp {kind}, step"));
    let start = by_hand::Parameters::new(UNITS, numbers);
    let (x, y) = (numbers(ROWS * UNITS[0]), numbers(ROWS));
    let given = [Tensor::new([ROWS, UNITS[0]], x.clone()), Tensor::new([ROWS, 1], y.clone())];

    let shared = |i: usize| {
        let (w, b) = (format!("w{}", i + 1), format!("b{}", i + 1));
        let [inputs, units] = [UNITS[i], UNITS[i + 1]];
        [
            Shared::new(w, Tensor::new([inputs, units], start.weights[i].clone())),
            Shared::new(b, Tensor::new([units], start.biases[i].clone())),
        ]
    };
    let parameters: Vec<Shared> = (0..3).flat_map(shared).collect();
    let inputs = Expr::<f32>::input("x", [ROWS, UNITS[0]]);
    let targets = Expr::<f32>::input("y", [ROWS, 1]);
    let mut layer = inputs.clone();
    for (i, pair) in parameters.chunks(2).enumerate() {
        let sum = layer.matmul(&pair[0].expr()) + pair[1].expr();
        layer = if i == 2 {
            sum
        } else if tanh {
            sum.tanh()
        } else {
            sum.relu()
        };
    }
    let mut hand = by_hand::Network::new(UNITS, ROWS, start, tanh);

    if bench.wanted(&call) {
        let mut function = Function::new([&inputs], [&layer])?;
        let squares = sum_of_squares(&function.call(&[&given[0]])?[0].to_vec());
        bench.time_function(&call, &mut function, &[&given[0]], squares);
        if bench.times(Mode::ByHand) {
            let squares = sum_of_squares(hand.forward(&x));
            bench.time(&call, Mode::ByHand, squares, || {
                black_box(hand.forward(black_box(&x)));
            });
        }
    }
    if bench.wanted(&step) {
        let loss = (&layer - &targets).square().mean_all();
        let updates = Sgd::new(f64::from(RATE)).updates_for(&loss, &parameters);
        let mut function =
            Function::builder().inputs([&inputs, &targets]).outputs([&loss]).updates(updates).build()?;
        let given = [&given[0], &given[1]];
        // The loss after ten steps, since more are taken the faster they are.
        for _ in 0..10 {
            function.run(&given)?;
        }
        let squares = sum_of_squares(&[function.output(0).item()]);
        bench.time_function(&step, &mut function, &given, squares);
        if bench.times(Mode::ByHand) {
            let squares = (0..10).map(|_| hand.step(&x, &y, RATE)).last().unwrap_or_default();
            bench.time(&step, Mode::ByHand, sum_of_squares(&[squares]), || {
                black_box(hand.step(black_box(&x), black_box(&y), RATE));
            });
        }
    }
    Ok(())
}
