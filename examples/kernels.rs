//! How long the kernels take: matrix products and convolutions straight from the tensor crate, element-wise chains as
//! compiled functions. `benches/peers/compare.py` runs it beside PyTorch.
//!
//! ```text
//! cargo run --release --example kernels -- --only gemm --threads 1
//! ```

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use bayeux::prelude::*;
use bayeux::tensor::{Conv2dShape, conv2d, conv2d_input, conv2d_weights, gemm, gemm_scratch, read_all};
use clap::Parser;
use rayon::prelude::*;

/// Times the kernels.
#[derive(Parser)]
#[command(name = "kernels")]
struct Options {
    /// Only those whose name contains this: "gemm", "conv", "fused", "reduce", "f64", …
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Seconds for each, after two runs that are not timed; ten runs at least
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Threads; by default $RAYON_NUM_THREADS, or all
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    sigpipe::reset(); // a reader that has seen enough, such as head, is no error
    let options = Options::parse();
    bayeux::start_threads(options.threads)?;
    let mut bench = Bench { options, figures: Vec::new() };
    products::<f32>(&mut bench);
    products::<f64>(&mut bench);
    convolutions(&mut bench);
    fused(&mut bench)?;
    reductions(&mut bench)?;
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

impl Bench {
    fn wanted(&self, name: &str) -> bool {
        name.contains(&self.options.only)
    }

    /// Times `run`, which works on `state`, and keeps the sum of squares of the `result`, to be compared with other systems.
    fn time<S, T: Float>(
        &mut self,
        name: String,
        state: &mut S,
        mut run: impl FnMut(&mut S),
        result: impl Fn(&S) -> &[T],
    ) {
        (0..2).for_each(|_| run(state));
        let (start, mut times) = (Instant::now(), Vec::new());
        while times.len() < 10 || start.elapsed().as_secs_f64() < self.options.seconds {
            let begun = Instant::now();
            run(state);
            times.push(1e3 * begun.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let (median, min) = (times[times.len() / 2], times[0]);
        println!("{name:<72} {median:9.3} ms (min {min:.3})");
        let squares: f64 = result(state).iter().map(|x| x.to_f64().powi(2)).sum();
        self.figures.push(
            serde_json::json!({ "name": name, "ms": median, "min_ms": min, "sum_of_squares": squares }),
        );
    }
}

/// Numbers from −0.5 to 0.499, the same in every system.
fn numbers<T: Float>(len: usize) -> Vec<T> {
    (0..len).map(|i| T::from_f64((i * 7919 % 1000) as f64 / 1000.0 - 0.5)).collect()
}

/// Products of the dense and convolutional networks at batch 500, the third as in the adjoint of weights: A transposed.
fn products<T: Float>(bench: &mut Bench) {
    for (m, k, n, transposed) in [
        (500, 784, 800, false),
        (500, 800, 800, false),
        (784, 500, 800, true),
        (288_000, 25, 32, false),
        (32_000, 800, 32, false),
    ] {
        let name = format!("gemm {} {m}×{k}×{n}{}", T::TYPE, if transposed { ", A transposed" } else { "" });
        if bench.wanted(&name) {
            let (a, b) = (numbers::<T>(m * k), numbers::<T>(k * n));
            let a_strides = if transposed { [1, m as isize] } else { [k as isize, 1] };
            let mut scratch = vec![T::ZERO; gemm_scratch(k, n)];
            let run = |c: &mut Vec<T>| {
                gemm(m, k, n, T::ONE, &a, a_strides, &b, [n as isize, 1], T::ZERO, c, &mut scratch)
            };
            bench.time(name, &mut vec![T::ZERO; m * n], run, |c| c);
        }
    }
}

/// Forward pass and both adjoints: the two layers of the convolutional network at batch 500, and some that others are known for.
fn convolutions(bench: &mut Bench) {
    for (batch, channels, size, outputs, kernel, stride, padding) in [
        (500, 1, 28, 32, 5, 1, 0),
        (500, 32, 12, 32, 5, 1, 0),
        (16, 64, 56, 64, 3, 1, 1),
        (64, 256, 14, 256, 3, 1, 1),
        (64, 64, 28, 128, 3, 2, 1),
        (64, 128, 14, 128, 1, 1, 0),
    ] {
        let s = Conv2dShape::new(
            batch,
            channels,
            [size; 2],
            outputs,
            [kernel; 2],
            [stride; 2],
            [[padding; 2]; 2],
        );
        let name = format!(
            "conv {channels} → {outputs}, {kernel}×{kernel} by {stride} of {size}×{size}, batch {batch}"
        );
        convolution(bench, &name, &s);
    }
    let s = Conv2dShape::new(16, 64, [56; 2], 64, [3; 2], [1; 2], [[1; 2]; 2]).grouped(64);
    convolution(bench, "conv 64 → 64 depthwise, 3×3 by 1 of 56×56, batch 16", &s);
}

/// The three passes of a convolution.
fn convolution(bench: &mut Bench, name: &str, s: &Conv2dShape) {
    let (x, w, dy) = (numbers::<f32>(s.x_len()), numbers::<f32>(s.w_len()), numbers::<f32>(s.y_len()));
    let name = |pass: &str| format!("{name}, {pass}");
    let state = |len: usize, scratch: usize| (vec![0.0; len], vec![0.0; scratch]);
    if bench.wanted(&name("forward")) {
        let run = |(y, scratch): &mut (Vec<f32>, Vec<f32>)| conv2d(s, &x, &w, y, scratch);
        bench.time(name("forward"), &mut state(s.y_len(), s.scratch_forward()), run, |(y, _)| y);
    }
    if bench.wanted(&name("adjoint of the input")) {
        let run = |(dx, scratch): &mut (Vec<f32>, Vec<f32>)| conv2d_input(s, &dy, &w, dx, scratch);
        bench.time(name("adjoint of the input"), &mut state(s.x_len(), s.scratch_input()), run, |(dx, _)| dx);
    }
    if bench.wanted(&name("adjoint of the weights")) {
        let run = |(dw, scratch): &mut (Vec<f32>, Vec<f32>)| conv2d_weights(s, &x, &dy, dw, scratch);
        let state = &mut state(s.w_len(), s.scratch_weights());
        bench.time(name("adjoint of the weights"), state, run, |(dw, _)| dw);
    }
}

/// Chains over ten million numbers, beside what memory asks for: a copy, and a sum.
fn fused(bench: &mut Bench) -> Result<(), bayeux::autodiff::Error> {
    const LEN: usize = 10_000_000;
    let numbers = Tensor::new([LEN], numbers::<f32>(LEN));
    let x = Expr::<f32>::input("x", [LEN]);
    let cheap =
        (((&x * 2.0 + 1.0).maximum(&(&x * -3.0)) + &x) * 0.5 - 0.25).minimum(&Expr::scalar(2.0)) * &x + 1.0;
    let tanh = (&x * 0.5).tanh();
    let exp = (&tanh - &x).exp();
    let costly = (&exp + 1.5).ln() * &tanh + &exp * 0.25 - 1.0;
    let squares = (x.square() * 3.0 + 1.0).sum_all();

    if bench.wanted("fused copy") {
        let source = numbers.as_slice().unwrap_or_default();
        let run = |copy: &mut Vec<f32>| {
            let pieces = copy.par_chunks_mut(1 << 16).zip(source.par_chunks(1 << 16));
            pieces.for_each(|(to, from)| to.copy_from_slice(from));
        };
        bench.time("fused copy".into(), &mut vec![0.0; LEN], run, |copy| copy);
    }
    for (name, y) in [
        ("fused sum", x.sum_all()),
        ("fused ten cheap operations", cheap),
        ("fused ten with tanh, exp and ln", costly),
        ("fused sum of 3 x² + 1", squares),
    ] {
        if bench.wanted(name) {
            let mut function = Function::new([&x], [&y])?;
            let run = |f: &mut Function| f.run(&[&numbers]).expect("the input has its shape");
            bench.time(name.into(), &mut function, run, |f| f.output(0).as_slice().unwrap_or_default());
        }
    }
    Ok(())
}

/// Ten million numbers reduced, as compiled functions and as operations on tensors, beside the time to read them.
fn reductions(bench: &mut Bench) -> Result<(), bayeux::autodiff::Error> {
    const LEN: usize = 10_000_000;
    let numbers = Tensor::new([LEN], numbers::<f32>(LEN));
    let source = numbers.as_slice().unwrap_or_default();
    if bench.wanted("reduce reading") {
        bench.time("reduce reading".into(), &mut [0.0], |sum| *sum = [read_all(source)], |sum| sum);
    }
    for shape in [&[LEN][..], &[1000, 10_000], &[10_000, 1000], &[2_500_000, 4], &[4, 2_500_000]] {
        let (x, input) = (numbers.reshape(shape), Expr::<f32>::input("x", shape));
        for axis in 0..shape.len() {
            let name = |what: &str| format!("reduce {what} of {shape:?} along {axis}");
            for (what, y) in [("sum", input.sum([axis])), ("max", input.max([axis]))] {
                let name = name(what);
                if bench.wanted(&name) {
                    let mut function = Function::new([&input], [&y])?;
                    let run = |f: &mut Function| f.run(&[&x]).expect("the input has its shape");
                    bench.time(name, &mut function, run, |f| f.output(0).as_slice().unwrap_or_default());
                }
            }
            type Operation = fn(&Tensor<f32>, usize) -> Tensor<f32>;
            let operations: [(&str, Operation); 3] = [
                ("tensor's sum", |x, axis| x.sum(&[axis])),
                ("tensor's max", |x, axis| x.max(&[axis])),
                ("tensor's argmax", |x, axis| x.argmax(axis)),
            ];
            for (what, operation) in operations {
                let name = name(what);
                if bench.wanted(&name) {
                    let run = |y: &mut Tensor<f32>| *y = operation(&x, axis);
                    bench.time(name, &mut Tensor::zeros([0]), run, |y| y.as_slice().unwrap_or_default());
                }
            }
        }
    }
    Ok(())
}
