//! Draws and samples, against the probabilities.

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape, interpret};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

use super::{CASES, columns, distribution};

/// Pearson's χ² of draws' counts against the probabilities of 0, 1, … (or of −3, …), where rare ones are put together.
fn chi_square(name: &str, draws: &[f64], log_probs: &[f64], first: f64) {
    let count = draws.len() as f64;
    let mut cells = Vec::new();
    let (mut rest, mut rest_seen) = (1.0, count);
    let (mut p, mut seen) = (0.0, 0.0);
    for (k, log) in log_probs.iter().enumerate() {
        p += log.exp();
        seen += draws.iter().filter(|&&draw| draw == first + k as f64).count() as f64;
        if p * count >= 20.0 {
            cells.push((p, seen));
            rest -= p;
            rest_seen -= seen;
            (p, seen) = (0.0, 0.0);
        }
    }
    if rest * count > 5.0 {
        cells.push((rest, rest_seen));
    } else {
        assert!(rest_seen < 25.0, "{name}: {rest_seen} draws elsewhere, where {} are to be", rest * count);
    }
    let chi: f64 = cells.iter().map(|(p, seen)| (seen - p * count).powi(2) / (p * count)).sum();
    let freedom = cells.len() as f64 - 1.0;
    // Wilson and Hilferty: (χ²/f)^⅓ is nearly normal.
    let z = ((chi / freedom.max(1.0)).cbrt() - (1.0 - 2.0 / (9.0 * freedom.max(1.0))))
        / (2.0 / (9.0 * freedom.max(1.0))).sqrt();
    assert!(z < 4.0, "{name}: χ² {chi} of {freedom} degrees of freedom, {cells:?}");
}

#[test]
fn draws_and_samples_have_their_probabilities() {
    for (name, parameters, _) in CASES {
        // Inversion takes many steps.
        let count = if name.starts_with("Truncated") || name.starts_with("Hurdle") { 4_000 } else { 20_000 };
        for row in parameters {
            let tensors: Vec<Tensor<f64>> = columns::<f64>(name, &[row]);
            let leaves: Vec<Expr<f64>> = tensors.iter().map(|p| Expr::constant(p.clone())).collect();
            let classes = if name.starts_with("Categorical") { row.len() } else { 1500 };
            let first = if name == "DiscreteUniform" { row[0] } else { 0.0 };
            let values: Vec<f64> = (0..classes).map(|k| first + k as f64).collect();
            let one = distribution(name, &leaves);
            let log = one.log_prob(&Expr::constant(Tensor::from_slice(&values)));
            let log = interpret(&[log], &[], 0).expect("runs").remove(0).to_vec();
            let total: f64 = log.iter().map(|log| log.exp()).sum();
            assert!((total - 1.0).abs() < 1e-10, "{name}({row:?}): the probabilities sum to {total}");

            let known = interpret(&one.parameters(), &[], 0).expect("constants");
            let drawn = one.draw(&known, &[count], &mut Philox4x32::new(7, 0));
            chi_square(&format!("{name}({row:?}) drawn"), &drawn.to_vec(), &log, first);
            let repeated: Vec<Expr<f64>> = tensors
                .iter()
                .map(|p| {
                    let shape: Vec<usize> =
                        [count].into_iter().chain(p.shape()[1..].iter().copied()).collect();
                    Expr::constant(p.broadcast_to(&shape).contiguous())
                })
                .collect();
            let sample = distribution(name, &repeated).sample(&RandomStreams::new(11)).expect("has one");
            assert_eq!(sample.shape(), &Shape::from([count]));
            let sampled = Function::new([], [sample]).expect("builds").call(&[]).expect("runs").remove(0);
            chi_square(&format!("{name}({row:?}) sampled"), &sampled.to_vec(), &log, first);
        }
    }
}

/// Large counts, where draws go other ways and single numbers are too rare to count: by mean and variance.
#[test]
fn large_draws_have_their_moments() {
    let count = 20_000;
    let cases: [(&str, &[f64]); 6] = [
        ("Poisson", &[1e6]),
        ("Binomial", &[1e7, 0.3]),
        ("NegativeBinomial", &[50.0, 1e-4]),
        ("NegativeBinomialMean", &[1e5, 0.3]),
        ("Geometric", &[1e-7]),
        ("BetaBinomial", &[1e5, 3.0, 5.0]),
    ];
    for (name, row) in cases {
        let tensors: Vec<Tensor<f64>> = columns::<f64>(name, &[row]);
        let repeated: Vec<Expr<f64>> =
            tensors.iter().map(|p| Expr::constant(p.broadcast_to([count]).contiguous())).collect();
        let one = distribution(name, &repeated);
        let moments = [one.mean().expect("has one"), one.variance().expect("has one")];
        let sample = one.sample(&RandomStreams::new(3)).expect("has one");
        let f = Function::new([], [&sample, &moments[0], &moments[1]]).expect("builds");
        let values = f.call(&[]).expect("runs");
        let (mean, variance) = (values[1].get(&[0]), values[2].get(&[0]));
        let drawn = one.draw(&tensors, &[count], &mut Philox4x32::new(8, 0));
        for draws in [&values[0], &drawn] {
            let average = draws.iter().sum::<f64>() / count as f64;
            let spread = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64;
            assert!(
                (average - mean).abs() < 4.5 * (variance / count as f64).sqrt(),
                "{name}: {average} {mean}"
            );
            assert!((spread / variance - 1.0).abs() < 0.08, "{name}: {spread} {variance}");
            assert!(draws.iter().all(|x| x == x.floor()));
        }
    }
}
