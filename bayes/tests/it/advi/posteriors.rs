//! Posteriors that are known, by formula or by long runs of others.

use bayeux_autodiff::batch;
use bayeux_bayes::{Advi, Bernoulli, Exponential, Gamma, Model, Normal, Stop, Uniform};
use bayeux_tensor::Tensor;

use super::{adam, constant, sample};
use crate::eight_schools::eight_schools;

/// y ~ N(μ, 1), μ ~ N(0, 10): the posterior is normal, so ADVI can reach it, and there the ELBO is the log evidence.
#[test]
fn a_normal_mean_is_found_exactly_and_the_elbo_is_the_evidence() {
    let y = sample(40);
    let n = y.len() as f64;
    let model: Model<f64> = Model::new();
    let mu = model.free("mu", Normal::new(0.0, 10.0));
    model.observe("y", Normal::new(&mu, 1.0), &constant(&y), y.len()).expect("is right");
    let fit =
        Advi::mean_field(&model).draws(4).optimizer(adam(0.05, 4_000)).seed(3).run(4_000).expect("converges");

    let (sum, squares) = (y.iter().sum::<f64>(), y.iter().map(|y| y * y).sum::<f64>());
    let variance = 1.0 / (n + 0.01);
    let (mean, sd) = (variance * sum, variance.sqrt());
    let found = fit.unconstrained("mu").expect("is there");
    assert!((found.mean.item() - mean).abs() < 0.03 * sd, "{found:?} {mean} {sd}");
    assert!((found.sd.item() / sd - 1.0).abs() < 0.03, "{found:?} {mean} {sd}");

    // ln p(y) of a normal with covariance 1 + 100·11ᵀ, by the matrix determinant lemma and Sherman-Morrison.
    let evidence = -0.5 * n * (2.0 * std::f64::consts::PI).ln()
        - 0.5 * (1.0 + 100.0 * n).ln()
        - 0.5 * (squares - 100.0 / (1.0 + 100.0 * n) * sum * sum);
    assert!((fit.final_elbo() - evidence).abs() < 0.1, "{} {evidence}", fit.final_elbo());
    assert_eq!((fit.iterations(), fit.stop()), (4_000, Stop::Iterations));
}

/// Waiting times with a Gamma prior of their rate: the posterior is a Gamma, for many data near to a log-normal.
#[test]
fn a_rate_is_found_through_its_logarithm() {
    let y: Vec<f64> = sample(60).iter().map(|y| y.exp() / 4.0).collect();
    let model: Model<f64> = Model::new();
    let rate = model.free("rate", Gamma::new(2.0, 1.0));
    model.observe("y", Exponential::new(&rate), &constant(&y), y.len()).expect("is right");
    let fit = Advi::mean_field(&model).draws(4).optimizer(adam(0.05, 3_000)).run(3_000).expect("converges");
    let (a, b) = (62.0, 1.0 + y.iter().sum::<f64>());
    let row = &fit.summary().expect("runs").rows[0];
    assert!((row.mean / (a / b) - 1.0).abs() < 0.01, "{row:?}");
    assert!((row.sd / (f64::sqrt(a) / b) - 1.0).abs() < 0.05, "{row:?}");
    assert!(row.low < row.mean && row.mean < row.high);
}

/// A coin of unknown bias: the posterior is Beta(1 + heads, 1 + tails).
#[test]
fn a_probability_is_found_through_its_logit() {
    let y: Vec<f64> = (0..80).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
    let model: Model<f64> = Model::new();
    let p = model.free("p", Uniform::new(0.0, 1.0));
    model.observe("y", Bernoulli::probabilities(&p), &constant(&y), y.len()).expect("is right");
    let fit = Advi::mean_field(&model).draws(4).optimizer(adam(0.05, 3_000)).run(3_000).expect("converges");
    let (a, b) = (21.0f64, 61.0f64);
    let row = &fit.summary().expect("runs").rows[0];
    assert!((row.mean / (a / (a + b)) - 1.0).abs() < 0.02, "{row:?}");
    let sd = (a * b / (a + b + 1.0)).sqrt() / (a + b);
    assert!((row.sd / sd - 1.0).abs() < 0.08, "{row:?} {sd}");
}

/// Mini-batches reach the posterior that all the data gives: a line with known noise.
#[test]
fn minibatches_reach_the_same_posterior() {
    let n = 200;
    let xs = Tensor::from_fn([n], |i| i[0] as f64 / 100.0 - 0.995);
    let ys = xs.zip_map(&Tensor::from_slice(&sample(n)), |x, noise| 2.0 * x + 0.3 * (noise - 1.7));
    let model: Model<f64> = Model::new();
    let (x, y) = (model.data("x", [batch()]), model.data("y", [batch()]));
    let slope = model.free("slope", Normal::new(0.0, 10.0));
    model.observe("points", Normal::new(&slope * &x, 0.5), &y, n).expect("is right");
    let fit = Advi::mean_field(&model)
        .minibatches(30, [(&x, &xs), (&y, &ys)])
        .optimizer(adam(0.02, 6_000))
        .run(6_000)
        .expect("converges");
    let precision = 0.01 + xs.iter().map(|x| x * x).sum::<f64>() / 0.25;
    let mean = xs.iter().zip(ys.iter()).map(|(x, y)| x * y).sum::<f64>() / 0.25 / precision;
    let found = fit.unconstrained("slope").expect("is there");
    let sd = precision.sqrt().recip();
    assert!((found.mean.item() - mean).abs() < 0.25 * sd, "{found:?} {mean} {sd}");
    assert!((found.sd.item() / sd - 1.0).abs() < 0.15, "{found:?} {mean} {sd}");

    let draws = fit.posterior(2_000);
    let p = draws.predict(&(&slope * &x), [(&x, &Tensor::from_slice(&[0.5, 1.0, 4.0]))]).expect("runs");
    assert_eq!(p.draws().shape(), [2_000, 3]);
    let spread = p.sd();
    assert!((spread.get(&[2]) / spread.get(&[0]) - 8.0).abs() < 1e-6); // one slope for all rows of a draw
}

/// posteriordb's long runs of the eight schools. Mean-field gets the means; of the sds it knows that they are too small.
#[test]
fn eight_schools_agree_with_posteriordb() {
    let Some((model, reference)) = eight_schools() else { return };
    let fit = Advi::mean_field(&model).draws(8).optimizer(adam(0.03, 4_000)).run(4_000).expect("converges");
    let rows = fit.summary().expect("runs").rows;
    for j in 0..8 {
        let row = rows.iter().find(|row| row.name == format!("theta[{j}]")).expect("is there");
        let [mean, sd] = reference.of(&format!("theta[{}]", j + 1));
        assert!((row.mean - mean).abs() < 0.35 * sd, "{row:?} {mean}");
        assert!(row.sd > 0.5 * sd && row.sd < 1.2 * sd, "{row:?} {sd}");
    }
    let row = rows.iter().find(|row| row.name == "mu").expect("is there");
    let [mean, sd] = reference.of("mu");
    assert!((row.mean - mean).abs() < 0.25 * sd, "{row:?}");
}
