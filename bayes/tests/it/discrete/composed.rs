//! Distributions made of others: what the table does not say.

use std::sync::Arc;

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape, batch, check_gradient, grad, interpret, jvp};
use bayeux_bayes::{
    Censored, Distribution, Exponential, Gamma, Hurdle, Mixture, Model, Normal, Poisson, Support, Truncated,
    Uniform, ZeroInflated,
};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

use super::{CASES, columns, distribution};

/// Parameters of continuous ones, and values inside.
const CONTINUOUS: [(&str, &[f64], &[f64]); 7] = [
    ("TruncatedNormal", &[0.5, 2.0, -1.0, 2.0], &[-0.5, 0.3, 1.9]),
    ("TruncatedNormal", &[0.0, 1.0, 7.0, 30.0], &[7.1, 8.0, 12.0]),
    ("TruncatedNormal", &[1.0, 0.5, -20.0, -6.0], &[-19.0, -8.0, -6.1]),
    ("TruncatedNormalAbove", &[0.5, 2.0, 3.0], &[3.1, 5.0]),
    ("TruncatedNormalBelow", &[0.5, 2.0, 3.0], &[-7.0, 2.0]),
    ("CensoredNormal", &[0.5, 2.0, -1.0, 2.0], &[-1.0, 0.3, 2.0]),
    ("MixtureNormals", &[0.4, -2.0, 1.0, 3.0, 0.5], &[-3.0, 1.0, 3.5]),
];

#[test]
fn gradients_by_parameters_bounds_and_values_are_exact() {
    for (name, parameters, x) in CONTINUOUS {
        let tensors: Vec<Tensor<f64>> = parameters.iter().map(|&p| Tensor::scalar(p)).collect();
        // At a bound that censors the probability jumps.
        let moves = name != "CensoredNormal";
        let expr = |(i, &p): (usize, &f64)| match moves || i < 2 {
            true => Expr::input("parameter", ()),
            false => Expr::scalar(p),
        };
        let leaves: Vec<Expr<f64>> = parameters.iter().enumerate().map(expr).collect();
        let one = distribution(name, &leaves);
        let (leaf, at) = (Expr::input("x", [x.len()]), Tensor::from_slice(x));
        let value = if moves { leaf.clone() } else { Expr::constant(at.clone()) };
        let mut points: Vec<_> = leaves.iter().zip(&tensors).take(if moves { 5 } else { 2 }).collect();
        if moves {
            points.push((&leaf, &at));
        }
        let outputs = [Some(one.log_prob(&value)), one.log_cdf(&value), one.log_survival(&value)];
        for (which, output) in outputs.into_iter().flatten().enumerate() {
            let finite = output.abs().lt(&Expr::scalar(1e300));
            let cost = Expr::select(&finite, &output, &Expr::scalar(0.0)).sum_all();
            let errors = check_gradient(&cost, &points).expect("runs");
            assert!(
                errors.first < 1e-6 && errors.second < 1e-5,
                "{name}({parameters:?}) {which}: {errors:?}"
            );
        }
    }
}

/// P(X ≤ x) of draws is uniform where X is continuous.
#[test]
fn draws_and_samples_have_their_distribution_functions() {
    let count = 20_000;
    for (name, parameters, _) in CONTINUOUS {
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|&p| Expr::full([count], p)).collect();
        let one = distribution(name, &leaves);
        let known = interpret(&one.parameters(), &[], 0).expect("constants");
        let drawn = one.draw(&known, &[count], &mut Philox4x32::new(5, 0));
        let sample = one.sample(&RandomStreams::new(6)).expect("has one");
        let sampled = Function::new([], [sample]).expect("builds").call(&[]).expect("runs").remove(0);
        for draws in [drawn, sampled] {
            let cdf = one.log_cdf(&Expr::constant(draws.clone())).expect("has one").exp();
            let cdf = interpret(&[cdf], &[], 0).expect("runs").remove(0);
            let inner: Vec<f64> = match name {
                "CensoredNormal" => {
                    let at = |bound: f64| draws.iter().filter(|&x| x == bound).count() as f64 / count as f64;
                    // Φ(−¾), twice: the bounds are as far from the mean.
                    assert!((at(-1.0) - 0.226_627).abs() < 0.013 && (at(2.0) - 0.226_627).abs() < 0.013);
                    continue;
                }
                _ => cdf.to_vec(),
            };
            let mut sorted = inner;
            sorted.sort_by(f64::total_cmp);
            let distance =
                sorted.iter().enumerate().map(|(i, u)| (u - (i as f64 + 0.5) / count as f64).abs());
            let distance = distance.fold(0.0, f64::max);
            assert!(distance * (count as f64).sqrt() < 2.0, "{name}({parameters:?}): {distance}");
        }
    }
}

/// Far out in either tail, in f32: E[X − 7 | X > 7] of a standard normal number is 0.13755.
#[test]
fn truncated_draws_in_single_precision_stay_within_far_bounds() {
    let count = 4_000;
    let wide = |p: f64| Expr::<f32>::full([count], p);
    for sign in [1.0, -1.0] {
        let (low, high) = if sign > 0.0 { (7.0, 30.0) } else { (-30.0, -7.0) };
        let one = Truncated::between(Normal::new(wide(0.0), 1.0), low, high);
        let sample = one.sample(&RandomStreams::new(2)).expect("has one");
        let sampled = Function::new([], [sample]).expect("builds").call(&[]).expect("runs").remove(0);
        let known = interpret(&one.parameters(), &[], 0).expect("constants");
        for draws in [sampled, one.draw(&known, &[count], &mut Philox4x32::new(2, 0))] {
            assert!(draws.iter().all(|x| f64::from(x) >= low && f64::from(x) <= high));
            let mean = draws.iter().map(f64::from).sum::<f64>() / count as f64;
            assert!((mean * sign - 7.137_55).abs() < 0.01, "{mean}");
        }
    }
}

/// Of an exponential number between 0 and b at a fixed u, −ln (1 − u (1 − e^(−λb)))/λ, by λ and by b.
#[test]
fn truncated_samples_have_implicit_slopes() {
    let (rate, end) = (Expr::<f64>::input("rate", ()), Expr::input("b", ()));
    let one = Truncated::between(Exponential::new(&rate).shape([50]), 0.0, &end);
    let x = one.sample(&RandomStreams::new(4)).expect("has one");
    let slopes = grad(&x.sum_all(), &[rate.clone(), end.clone()]);
    // dx/dλ = −(∂F/∂λ)/p and dx/db = −(∂F/∂b)/p of F = (1 − e^(−λx))/(1 − e^(−λb)).
    let value = x.stop_gradient();
    let (survives, mass) = ((-(&rate * &value)).exp(), 1.0 - (-(&rate * &end)).exp());
    let cdf = (1.0 - &survives) / &mass;
    let density = &rate * survives / &mass;
    let known = [rate.clone(), end.clone()]
        .map(|p| -(jvp(&cdf, std::slice::from_ref(&p), &[Expr::scalar(1.0)]) / &density).sum_all());
    let f = Function::new([&rate, &end], [&slopes[0], &slopes[1], &known[0], &known[1]]).expect("builds");
    let values = f.call(&[&Tensor::scalar(0.7), &Tensor::scalar(3.0)]).expect("runs");
    for i in 0..2 {
        let (found, known) = (values[i].item(), values[i + 2].item());
        assert!((found / known - 1.0).abs() < 1e-9, "{found} {known}");
    }
}

/// d E[X²]/dθ by samples, against that of the formula.
#[test]
fn mixture_samples_have_slopes_by_weights_and_components() {
    let count = 200_000;
    let p: Vec<Expr<f64>> = (0..5).map(|_| Expr::input("parameter", ())).collect();
    let at = [0.4, -2.0, 1.0, 3.0, 0.5].map(Tensor::scalar);
    let wide: Vec<Expr<f64>> = p.iter().map(|p| p.broadcast_to([count])).collect();
    let sample = distribution("MixtureNormals", &wide).sample(&RandomStreams::new(9)).expect("has one");
    let one = distribution("MixtureNormals", &p);
    let square = one.variance().expect("has one") + one.mean().expect("has one").square();
    let outputs = [grad(&sample.square().mean_all(), &p), grad(&square, &p)].concat();
    let values = Function::new(&p, &outputs).expect("builds").call(&at.each_ref()).expect("runs");
    for i in 0..5 {
        let (found, known) = (values[i].item(), values[i + 5].item());
        assert!((found - known).abs() < 0.03 * (1.0 + known.abs()), "{i}: {found} {known}");
    }
}

#[test]
fn bounds_that_are_none_give_nan_everywhere() {
    for (name, row) in [
        ("TruncatedNormal", [0.0, 1.0, 2.0, 1.0]),
        ("TruncatedNormal", [0.0, -1.0, 1.0, 2.0]),
        ("CensoredNormal", [0.0, 1.0, 2.0, 1.0]),
        ("ZeroInflatedPoisson", [1.0, 1.5, 0.0, 0.0]),
        ("HurdlePoisson", [-1.0, 0.5, 0.0, 0.0]),
        ("MixturePoissons", [1.5, 1.0, 2.0, 0.0]),
    ] {
        let leaves: Vec<Expr<f64>> = row.iter().map(|_| Expr::input("parameter", [1])).collect();
        let tensors: Vec<Tensor<f64>> = row.iter().map(|&p| Tensor::from_slice(&[p])).collect();
        let one = distribution(name, &leaves);
        let x = Expr::scalar(1.0);
        let mut outputs = vec![one.log_prob(&x), one.sample(&RandomStreams::new(1)).expect("has one")];
        outputs.extend(one.parameters());
        let f = Function::new(&leaves, &outputs).expect("builds");
        let mut found = f.call(&tensors.iter().collect::<Vec<_>>()).expect("runs");
        let known = found.split_off(2);
        found.push(one.draw(&known, &[1], &mut Philox4x32::new(1, 0)));
        assert!(found.iter().all(|y| y.iter().all(f64::is_nan)), "{name}({row:?}): {found:?}");
    }
}

#[test]
fn supports_are_those_of_the_parts_within_the_bounds() {
    let is = |support: Support<f64>, known: (Option<f64>, Option<f64>)| {
        let number = |e: Expr<f64>| Some(interpret(&[e], &[], 0).expect("a constant").remove(0).item());
        let found = match support {
            Support::Reals => (None, None),
            Support::Positive => (Some(0.0), None),
            Support::Above(low) => (number(low), None),
            Support::Below(high) => (None, number(high)),
            Support::Between(low, high) => (number(low), number(high)),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, known);
    };
    is(Truncated::above(Normal::new(0.0, 1.0), -3.0).support(), (Some(-3.0), None));
    is(Truncated::above(Gamma::new(2.0, 1.0), -3.0).support(), (Some(0.0), None));
    is(Truncated::between(Gamma::new(2.0, 1.0), 1.0, 4.0).support(), (Some(1.0), Some(4.0)));
    is(Truncated::below(Uniform::new(0.0, 9.0), 4.0).support(), (Some(0.0), Some(4.0)));
    let half = Tensor::from_slice(&[0.5, 0.5]);
    let of = |parts: Vec<Box<dyn Distribution<f64>>>| Mixture::weights(half.clone(), parts).support();
    is(of(vec![Box::new(Normal::new(0.0, 1.0)), Box::new(Gamma::new(1.0, 1.0))]), (None, None));
    is(
        of(vec![Box::new(Uniform::new(-1.0, 2.0)), Box::new(Uniform::new(0.0, 5.0))]),
        (Some(-1.0), Some(5.0)),
    );
    is(of(vec![Box::new(Gamma::new(1.0, 1.0)), Box::new(Exponential::new(1.0))]), (Some(0.0), None));
}

/// Pointers are the distributions that they point to, in a model as anywhere; draws get the parameters' values, part by part.
#[test]
fn models_take_what_is_made_of_others() {
    let model: Model<f64> = Model::new();
    let scale = model.free("scale", Truncated::between(Gamma::new(2.0, 1.0), 0.5, 3.0));
    let parts: Vec<Arc<dyn Distribution<f64>>> = vec![
        Arc::new(Normal::new(-4.0, &scale * 0.1)),
        Arc::new(Truncated::above(Normal::new(0.0, &scale), 5.0)),
    ];
    let mixture = Mixture::logits(Tensor::from_slice(&[0.0, 0.0]), parts);
    assert_eq!(mixture.parameters().len(), 1 + 2 + 3);
    let data = model.data("y", [6]);
    model.observe("seen", Arc::new(mixture), &data, 6).expect("fits");
    let prior = model.prior_predictive(200).expect("a prior").seed(3);
    let scales = prior.of("scale").expect("a variable");
    assert!(scales.iter().all(|scale| (0.5..=3.0).contains(&scale)));
    let drawn = prior.sample("seen", []).expect("draws");
    let drawn: Vec<f64> = drawn.draws().iter().collect();
    assert!(drawn.iter().all(|&y| y >= 5.0 || (y + 4.0).abs() < 2.0));
    let upper = drawn.iter().filter(|&&y| y >= 5.0).count() as f64 / drawn.len() as f64;
    assert!((upper - 0.5).abs() < 0.08, "{upper}");
}

/// Of every family of whole numbers, made into others, the probabilities sum to 1, and so do those of both tails.
#[test]
fn probabilities_of_what_is_made_sum_to_one() {
    let values: Vec<f64> = (-10..1500).map(f64::from).collect();
    let x = Expr::constant(Tensor::from_slice(&values));
    for (name, parameters, _) in CASES {
        // A categorical one takes no values beside its classes.
        if name.starts_with("Categorical") {
            continue;
        }
        let base = || {
            let tensors = columns::<f64>(name, &parameters[..1]);
            let leaves: Vec<Expr<f64>> = tensors.into_iter().map(Expr::constant).collect();
            Arc::<dyn Distribution<f64>>::from(distribution(name, &leaves))
        };
        let weights = Tensor::from_slice(&[0.25, 0.75]);
        let made: [Box<dyn Distribution<f64>>; 7] = [
            Box::new(ZeroInflated::new(base(), 0.25)),
            Box::new(Hurdle::new(base(), 0.25)),
            Box::new(Truncated::between(base(), 1.0, 2.5)),
            Box::new(Truncated::above(base(), 0.5)),
            Box::new(Truncated::below(base(), 3.0)),
            Box::new(Censored::between(base(), 1.0, 3.0)),
            Box::new(Mixture::weights(weights, vec![base(), Arc::new(Poisson::new(7.0).shape([1]))])),
        ];
        for one in made {
            let log = one.log_prob(&x);
            let tails = [one.log_cdf(&x), one.log_survival(&x)].map(|tail| tail.expect("has one").exp());
            let outputs = [log.exp(), tails[0].clone(), tails[1].clone()];
            let found = interpret(&outputs, &[], 0).expect("runs");
            let [p, lower, upper] = [0, 1, 2].map(|i| found[i].to_vec());
            let mut sum = 0.0;
            for (i, p) in p.iter().enumerate().take(40) {
                sum += p;
                let what =
                    format!("{} of {name} at {}: {sum} {} {}", one.name(), values[i], lower[i], upper[i]);
                assert!((sum - lower[i]).abs() < 1e-12 && (1.0 - sum - upper[i]).abs() < 1e-12, "{what}");
            }
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{} of {name}", one.name());
        }
    }
}

/// The draws of an observation of a mini-batch, whose size a parameter has.
#[test]
fn truncated_draws_follow_free_dimensions() {
    let model: Model<f64> = Model::new();
    let [x, y] = ["x", "y"].map(|name| model.data(name, [batch()]));
    let slope = model.free("slope", Normal::new(1.0, 0.01));
    let count = Hurdle::new(Poisson::new(&x * &slope), 0.25);
    model.observe("count", count, &y, 3).expect("fits");
    let wait = Truncated::between(Normal::new(&x * slope, 1.0), &x + 1.0, &x + 2.0);
    model.observe("wait", wait, &y, 3).expect("fits");
    let at = Tensor::from_slice(&[1.0, 50.0, 900.0]);
    let prior = model.prior_predictive(50).expect("a prior").chunk_rows(2);
    let drawn = prior.sample("wait", [(&x, &at)]).expect("draws");
    assert_eq!(drawn.draws().shape(), [50, 3]);
    let above = drawn.draws() - &at;
    assert!(above.iter().all(|above| (1.0..=2.0).contains(&above)), "{above:?}");
    let counts = prior.sample("count", [(&x, &at)]).expect("draws").draws().clone();
    let zeros = counts.iter().filter(|&k| k == 0.0).count();
    assert!((15..65).contains(&zeros) && counts.iter().all(|k| k == k.floor()), "{zeros}");
}

#[test]
fn shapes_are_those_of_all_parts_together() {
    let inflated = ZeroInflated::new(Poisson::<f64>::new(Expr::ones([3, 1])), Expr::full([4], 0.5));
    assert_eq!(inflated.batch_shape(), &Shape::from([3, 4]));
    assert!(inflated.sample(&RandomStreams::new(1)).is_none());
    let hurdle = Hurdle::new(Poisson::<f64>::new(2.0), Expr::full([4], 0.5));
    assert_eq!(hurdle.sample(&RandomStreams::new(1)).expect("by inversion").shape(), &Shape::from([4]));
    let mixture =
        Mixture::logits(Expr::<f64>::zeros([5, 2]), vec![Normal::new(0.0, 1.0), Normal::new(1.0, 1.0)]);
    assert_eq!(mixture.batch_shape(), &Shape::from([5]));
    assert_eq!(mixture.log_prob(&Expr::zeros([5])).shape(), &Shape::from([5]));
}
