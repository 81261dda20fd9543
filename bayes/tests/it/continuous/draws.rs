//! Draws and samples against distribution functions.

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape, interpret};
use bayeux_bayes::Distribution;
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

use super::{CASES, Case, distribution};

const COUNT: usize = 20_000;

/// A distribution with all of its draws independent, and its parameters.
fn many(name: &str, parameters: &[f64]) -> (Vec<Tensor<f64>>, Box<dyn Distribution<f64>>) {
    let values: Vec<Tensor<f64>> = parameters.iter().map(|&p| Tensor::full([COUNT], p)).collect();
    let constants: Vec<Expr<f64>> = values.iter().map(|value| Expr::constant(value.clone())).collect();
    (values, distribution(name, &constants))
}

/// The distribution function at some sorted numbers; by the trapezoidal rule where there is no formula.
fn cdf(d: &dyn Distribution<f64>, sorted: &[f64]) -> Vec<f64> {
    let at = |y: &dyn Fn(&Expr<f64>) -> Expr<f64>, x: Vec<f64>| {
        interpret(&[y(&Expr::constant(Tensor::from_slice(&x)))], &[], 0).expect("runs").remove(0).to_vec()
    };
    if d.log_cdf(&Expr::scalar(0.0)).is_some() {
        return at(&|x| d.log_cdf(x).expect("has one").exp(), sorted.to_vec());
    }
    let (low, high) =
        if d.name() == "VonMises" { (-std::f64::consts::PI, std::f64::consts::PI) } else { (-20.0, 20.0) };
    let step = (high - low) / (COUNT - 1) as f64;
    let density =
        at(&|x| d.log_prob(x).exp(), (0..COUNT).map(|i| (low + step * i as f64).min(high)).collect());
    let mut sum = 0.0;
    let running: Vec<f64> = density
        .windows(2)
        .map(|pair| {
            sum += 0.5 * step * (pair[0] + pair[1]);
            sum
        })
        .collect();
    assert!((sum - 1.0).abs() < 1e-4, "{}: the density's integral is {sum}", d.name());
    sorted.iter().map(|x| running[(((x - low) / step) as usize).min(COUNT - 2)]).collect()
}

/// Kolmogorov's and Smirnov's test at a level of one in a thousand, of draws by fixed seeds.
#[test]
fn draws_and_samples_are_of_their_distribution_function() {
    let more: [Case; 6] = [
        ("Gamma", &[0.2, 3.0], [0.0; 4]),
        ("Beta", &[0.3, 0.2], [0.0; 4]),
        ("TruncatedNormal", &[0.0, 1.0, 5.0, f64::INFINITY], [0.0; 4]),
        ("TruncatedNormal", &[0.0, 2.0, -7.0, -6.5], [0.0; 4]),
        ("VonMises", &[3.0, 40.0], [0.0; 4]),
        ("Wald", &[1.4, 0.2], [0.0; 4]),
    ];
    for (name, parameters, _) in CASES.into_iter().chain(more) {
        let (values, d) = many(name, parameters);
        let drawn = d.draw(&values, &[COUNT], &mut Philox4x32::new(11, 0)).to_vec();
        let sample = d.sample(&RandomStreams::new(5)).expect("has one");
        assert_eq!(sample.shape(), &Shape::from([COUNT]), "{name}");
        let sampled =
            Function::new([], [&sample]).expect("builds").call(&[]).expect("runs").remove(0).to_vec();
        for (what, mut draws) in [("draw", drawn), ("sample", sampled)] {
            draws.sort_by(f64::total_cmp);
            let shares = cdf(
                &*distribution(name, &parameters.iter().map(|&p| Expr::scalar(p)).collect::<Vec<_>>()),
                &draws,
            );
            let furthest = (0..COUNT).fold(0.0f64, |most, i| {
                let [below, above] = [i, i + 1].map(|i| i as f64 / COUNT as f64);
                most.max((shares[i] - below).abs()).max((shares[i] - above).abs())
            });
            let statistic = furthest * (COUNT as f64).sqrt();
            assert!(statistic < 1.95, "{name}{parameters:?}, {what}: {statistic}");
        }
    }
}
