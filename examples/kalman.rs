//! A Kalman filter as a loop, differentiated: noise levels are learnt from the observations' likelihood.
//!
//! Something moves at a speed that changes a little with each step, and is seen through noise. The filter predicts and corrects, step
//! by step (`scan`), and its likelihood is an expression of both noise levels, whose slopes train them.
//!
//! ```text
//! cargo run --release --example kalman
//! ```

use std::error::Error;
use std::f64::consts::TAU;

use bayeux::autodiff::optimizers::{Adam, Optimizer};
use bayeux::autodiff::{Expr, Function, RandomStreams, ScanOptions, Shared, scan};
use bayeux::tensor::Tensor;

const STEPS: usize = 400;
/// Standard deviations: of the speed's changes, and of what is seen.
const TRUE_NOISE: [f64; 2] = [0.05, 1.5];

/// A step: place ← place + speed.
fn transition() -> Expr<f64> {
    Expr::constant(Tensor::new([2, 2], vec![1.0, 1.0, 0.0, 1.0]))
}

/// Where it is at each step, and where it is seen.
fn walk() -> Result<[Tensor<f64>; 2], Box<dyn Error>> {
    let random = RandomStreams::new(3);
    let step = |state: &Expr<f64>, _: &[Expr<f64>]| {
        let push = random.normal::<f64>(()) * TRUE_NOISE[0];
        let kick = Expr::constant(Tensor::from_slice(&[0.5, 1.0])) * push;
        let state = transition().matmul(state) + kick;
        (state.clone(), state.slice(0, 0..1).sum_all())
    };
    let none: &[Expr<f64>] = &[];
    let (_, places) = ScanOptions::new().steps(STEPS).scan(step, Expr::zeros([2]), none);
    let seen = &places + random.normal::<f64>([STEPS]) * TRUE_NOISE[1];
    let mut values = Function::<f64>::new([], [places, seen])?.call(&[])?.into_iter();
    let mut next = || values.next().ok_or("two values");
    Ok([next()?, next()?])
}

/// The filtered places, their standard deviations, and the logarithm of the likelihood.
fn filter(seen: &Expr<f64>, process: &Expr<f64>, observation: &Expr<f64>) -> [Expr<f64>; 3] {
    let f = transition();
    let kick = Expr::constant(Tensor::new([2, 1], vec![0.5, 1.0]));
    let q = kick.matmul(&kick.t()) * process.square();
    let step = |(mean, cov): &(Expr<f64>, Expr<f64>), z: &[Expr<f64>]| {
        let mean = f.matmul(mean);
        let cov = f.matmul(cov).matmul(&f.t()) + &q;
        // What was seen, less what was expected, and its variance.
        let surprise = &z[0] - mean.slice(0, 0..1).sum_all();
        let variance = cov.slice(0, 0..1).slice(1, 0..1).sum_all() + observation.square();
        let gain = cov.slice(1, 0..1).reshape([2]) / &variance;
        let mean = mean + &gain * &surprise;
        let cov = &cov - gain.reshape([2, 1]).matmul(&cov.slice(0, 0..1));
        let log_likelihood = (surprise.square() / &variance + variance.ln() + TAU.ln()) * -0.5;
        let place = mean.slice(0, 0..1).sum_all();
        let deviation = cov.slice(0, 0..1).slice(1, 0..1).sum_all().sqrt();
        ((mean, cov), [place, deviation, log_likelihood])
    };
    let wide = Expr::<f64>::eye(2) * 100.0;
    let (_, [places, deviations, terms]) = scan(step, (Expr::zeros([2]), wide), std::slice::from_ref(seen));
    [places, deviations, terms.sum_all()]
}

fn main() -> Result<(), Box<dyn Error>> {
    let [places, seen] = walk()?;
    let logs = Shared::new("logarithms of the noise", Tensor::from_slice(&[1f64.ln(), 0.3f64.ln()]));
    let noise = logs.expr().exp();
    let level = |i: usize| noise.slice(0, i..i + 1).sum_all();
    let z = Expr::<f64>::input("z", [STEPS]);
    let [means, deviations, likelihood] = filter(&z, &level(0), &level(1));

    let updates = Adam::new(0.05).updates_for(&-&likelihood, std::slice::from_ref(&logs));
    let train = Function::builder().inputs([&z]).outputs([&likelihood, &noise]).updates(updates).build()?;
    println!("{:>5} {:>16} {:>10} {:>13}", "step", "log likelihood", "process", "observation");
    for step in 0..=400 {
        let found = train.call(&[&seen])?;
        if step % 50 == 0 {
            let (process, observation) = (found[1].get(&[0]), found[1].get(&[1]));
            println!("{step:>5} {:>16.3} {process:>10.4} {observation:>13.4}", found[0].item());
        }
    }
    println!("{:>5} {:>16} {:>10} {:>13}", "true", "", TRUE_NOISE[0], TRUE_NOISE[1]);

    let found = Function::new([&z], [&means, &deviations])?.call(&[&seen])?;
    let error = |of: &Tensor<f64>| {
        let squares = of.iter().zip(places.iter()).map(|(a, b)| (a - b) * (a - b));
        (squares.sum::<f64>() / STEPS as f64).sqrt()
    };
    println!(
        "\nroot mean square error of what is seen: {:.3}, filtered: {:.3}",
        error(&seen),
        error(&found[0])
    );
    println!("\nthe last 40 steps: o true, . seen, # filtered, - two standard deviations\n");
    let last: Vec<usize> = (STEPS - 40..STEPS).collect();
    let (low, high) = last.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &t| {
        (low.min(seen.get(&[t])).min(places.get(&[t])), high.max(seen.get(&[t])).max(places.get(&[t])))
    });
    let column = |x: f64| ((x - low) / (high - low) * 70.0).round().clamp(0.0, 70.0) as usize;
    for t in last {
        let mut line = vec![' '; 71];
        let (mean, deviation) = (found[0].get(&[t]), found[1].get(&[t]));
        line[column(mean - 2.0 * deviation)..=column(mean + 2.0 * deviation)].fill('-');
        line[column(seen.get(&[t]))] = '.';
        line[column(mean)] = '#';
        line[column(places.get(&[t]))] = 'o';
        println!("{t:>4} {}", line.into_iter().collect::<String>().trim_end());
    }
    Ok(())
}
