//! Loops: nanoseconds a step of a scalar recurrence, and a training step of an LSTM beside the same without a loop.
//!
//! `cargo bench -p bayeux-autodiff --bench scan [SECONDS]`

use std::time::{Duration, Instant};

use bayeux_autodiff::{Expr, Function, Shared, grad, scan};
use bayeux_tensor::Tensor;

/// The shortest of several calls.
fn shortest(seconds: f64, mut call: impl FnMut()) -> Duration {
    call();
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed());
    }
    best
}

fn scalar(seconds: f64) {
    const STEPS: usize = 1_000_000;
    let x = Expr::<f32>::input("x", [STEPS]);
    let rate = Expr::<f32>::input("rate", ());
    let step = |s: &Expr<f32>, x: &[Expr<f32>]| {
        let s = s + (&x[0] - s) * &rate;
        (s.clone(), s)
    };
    let (last, all) = scan(step, Expr::zeros(()), std::slice::from_ref(&x));
    let slope = grad(&last, std::slice::from_ref(&rate)).remove(0);
    let data = Tensor::full([STEPS], 0.5);
    let half = Tensor::scalar(0.25);
    for (name, outputs) in [("last", vec![&last]), ("all", vec![&all]), ("slope", vec![&last, &slope])] {
        let mut f = Function::new([&x, &rate], outputs).expect("builds");
        let time = shortest(seconds, || {
            f.run(&[&data, &half]).expect("runs");
        });
        println!("scalar, {name}: {:.1} ns a step", time.as_secs_f64() * 1e9 / STEPS as f64);
    }
}

/// The gates' preactivations and the cell → the next state.
fn cell(gates: &Expr<f32>, c: &Expr<f32>, hidden: usize) -> (Expr<f32>, Expr<f32>) {
    let gate = |k: usize| gates.slice(1, k * hidden..(k + 1) * hidden);
    let c = gate(0).sigmoid() * c + gate(1).sigmoid() * gate(2).tanh();
    (gate(3).sigmoid() * c.tanh(), c)
}

fn lstm(seconds: f64) {
    let (batch, length, inputs, hidden) = (64, 100, 128, 128);
    let x = Expr::<f32>::input("x", [length, batch, inputs]);
    let fill = |i: &[usize]| (((i[0] * 31 + i[1] * 17) % 101) as f32 / 101.0 - 0.5) * 0.15;
    let w = Shared::new("w", Tensor::from_fn([inputs, 4 * hidden], fill));
    let u = Shared::new("u", Tensor::from_fn([hidden, 4 * hidden], fill));
    let b = Shared::new("b", Tensor::zeros([4 * hidden]));
    let wrt = [w.expr(), u.expr(), b.expr()];
    let gates = |x: &Expr<f32>, h: &Expr<f32>| x.matmul(&wrt[0]) + h.matmul(&wrt[1]) + &wrt[2];
    let zeros = || Expr::<f32>::zeros([batch, hidden]);

    let step = |(h, c): &(Expr<f32>, Expr<f32>), x: &[Expr<f32>]| {
        let (h, c) = cell(&gates(&x[0], h), c, hidden);
        ((h.clone(), c), h)
    };
    let (_, all) = scan(step, (zeros(), zeros()), std::slice::from_ref(&x));
    let looped = all.square().mean_all();

    let mut state = (zeros(), zeros());
    let mut total = Expr::zeros(());
    for t in 0..length {
        let part = x.slice(0, t..t + 1).reshape([batch, inputs]);
        state = cell(&gates(&part, &state.0), &state.1, hidden);
        total = total + state.0.square().sum_all();
    }
    let unrolled = total * (1.0 / (length * batch * hidden) as f64);

    let data =
        Tensor::from_fn([length, batch, inputs], |i| ((i[0] * 7 + i[1] * 3 + i[2]) % 13) as f32 / 13.0 - 0.5);
    for (name, cost) in [("scan", looped), ("unrolled", unrolled)] {
        for with_slopes in [false, true] {
            let slopes = if with_slopes { grad(&cost, &wrt) } else { Vec::new() };
            let outputs: Vec<&Expr<f32>> = [&cost].into_iter().chain(&slopes).collect();
            let start = Instant::now();
            let mut f = Function::new([&x], outputs).expect("builds");
            f.specialise(&[&data]).expect("fits");
            let built = start.elapsed();
            let time = shortest(seconds, || {
                f.run(&[&data]).expect("runs");
            });
            let what = if with_slopes { "training step" } else { "forward" };
            println!(
                "LSTM {name}, {what}: {:.2} ms, compiled in {:.0} ms, {:.1} MB",
                time.as_secs_f64() * 1e3,
                built.as_secs_f64() * 1e3,
                f.memory() as f64 / 1e6
            );
        }
    }
}

fn main() {
    let seconds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(2.0);
    // As a program's first lines do: the main thread computes its share.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().expect("the first to start threads");
    scalar(seconds);
    lstm(seconds);
}
