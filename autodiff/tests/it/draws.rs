//! Random numbers of all distributions: that they are of these, where they come from, and their slopes.

mod continuous;
mod discrete;
mod places;
mod slopes;

use bayeux_autodiff::{Expr, Function, Kind};
use bayeux_tensor::Float;

/// The values of one expression at the first call.
fn drawn<T: Kind>(x: &Expr<T>) -> T::Tensor {
    Function::<T>::new([], [x]).expect("no inputs").call(&[]).expect("runs").remove(0)
}

fn numbers<T: Float>(x: &Expr<T>) -> Vec<f64> {
    drawn(x).iter().map(|x| x.to_f64()).collect()
}

/// What an expression of one input gives.
fn at(f: impl Fn(&Expr<f64>) -> Expr<f64>, x: Vec<f64>) -> Vec<f64> {
    let input = Expr::<f64>::input("x", [x.len()]);
    let f = Function::new([&input], [&f(&input)]).expect("of one input");
    f.call(&[&bayeux_tensor::Tensor::new([x.len()], x)]).expect("runs").remove(0).to_vec()
}

/// The largest distance of the empirical distribution of numbers, given by the probabilities of smaller ones, from the uniform one,
/// times √n: above 1.95 with probability 0.001.
fn distance(mut p: Vec<f64>) -> f64 {
    p.sort_by(f64::total_cmp);
    let n = p.len() as f64;
    let of = |(i, p): (usize, &f64)| (p - i as f64 / n).max((i + 1) as f64 / n - p);
    p.iter().enumerate().map(of).fold(0.0, f64::max) * n.sqrt()
}

/// How many standard deviations χ² of some counts is above its mean, where those with a small expectation are put together.
fn excess(counts: &[f64], probabilities: &[f64]) -> f64 {
    let n: f64 = counts.iter().sum();
    let (mut square, mut cells, mut count, mut expected) = (0.0, 0.0, 0.0, 0.0);
    let mut rest = n;
    for (c, p) in counts.iter().zip(probabilities) {
        (count, expected) = (count + c, expected + p * n);
        rest -= p * n;
        if expected > 10.0 && rest > 10.0 {
            square += (count - expected).powi(2) / expected;
            (cells, count, expected) = (cells + 1.0, 0.0, 0.0);
        }
    }
    expected += rest.max(0.0);
    square += (count - expected).powi(2) / expected.max(1.0);
    (square - cells) / (2.0 * cells).sqrt().max(1.0)
}

/// Mean and standard error.
fn mean(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[track_caller]
fn assert_mean(what: &str, x: &[f64], expected: f64) {
    let (mean, error) = mean(x);
    assert!((mean - expected).abs() < 4.0 * error, "{what}: {mean} ± {error}, not {expected}");
}
