//! Densities and draws at the edges: parameters that are none, values at and beyond the support, arguments as large or as small
//! as numbers get. The numbers of `data/edges.csv` are from mpmath, see `data/edges.py`.

use std::collections::HashMap;

use bayeux_autodiff::{Expr, Function, grad, interpret};
use bayeux_bayes::{
    Bernoulli, Categorical, Distribution, Exponential, Gamma, HalfCauchy, HalfNormal, Laplace, LogNormal,
    Model, Normal, Uniform,
};
use bayeux_tensor::random::Philox4x32;
use bayeux_tensor::{Float, Tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn continuous<T: Float>(name: &str, p: &[Expr<T>]) -> Box<dyn Distribution<T>> {
    match name {
        "Normal" => Box::new(Normal::new(&p[0], &p[1])),
        "HalfNormal" => Box::new(HalfNormal::new(&p[0])),
        "HalfCauchy" => Box::new(HalfCauchy::new(&p[0])),
        "LogNormal" => Box::new(LogNormal::new(&p[0], &p[1])),
        "Gamma" => Box::new(Gamma::new(&p[0], &p[1])),
        "Uniform" => Box::new(Uniform::new(&p[0], &p[1])),
        "Exponential" => Box::new(Exponential::new(&p[0])),
        "Laplace" => Box::new(Laplace::new(&p[0], &p[1])),
        _ => panic!("no distribution {name}"),
    }
}

fn numbers(field: &str) -> Vec<f64> {
    field.split(' ').map(|number| number.parse().expect("a number")).collect()
}

/// The log density of a family, its slope and second derivative by x, and its slopes by the parameters.
struct Derivatives<T: Float> {
    inputs: Vec<Expr<T>>,
    outputs: Vec<Expr<T>>,
    compiled: Function<T>,
}

impl<T: Float> Derivatives<T> {
    fn new(name: &str, parameters: usize) -> Self {
        let leaf = Expr::<T>::input("x", ());
        let leaves: Vec<Expr<T>> = (0..parameters).map(|_| Expr::input("parameter", ())).collect();
        let density = continuous(name, &leaves).log_prob(&leaf);
        let inputs = [vec![leaf.clone()], leaves].concat();
        let slopes = grad(&density, &inputs);
        let second = grad(&slopes[0], std::slice::from_ref(&leaf)).remove(0);
        let outputs = [vec![density, slopes[0].clone(), second], slopes[1..].to_vec()].concat();
        let compiled = Function::new(&inputs, &outputs).expect("builds");
        Derivatives { inputs, outputs, compiled }
    }

    /// Compiled and interpreted.
    fn at(&self, parameters: &[f64], x: f64) -> [Vec<f64>; 2] {
        let values: Vec<Tensor<T>> =
            [&[x], parameters].concat().iter().map(|&value| Tensor::scalar(T::from_f64(value))).collect();
        let compiled = self.compiled.call(&values.iter().collect::<Vec<_>>()).expect("runs");
        let pairs: Vec<(&Expr<T>, &Tensor<T>)> = self.inputs.iter().zip(&values).collect();
        let interpreted = interpret(&self.outputs, &pairs, 0).expect("runs");
        [compiled, interpreted].map(|values| values.iter().map(|value| value.item().to_f64()).collect())
    }
}

fn densities_at_extremes<T: Float>(largest: f64) {
    let epsilon = T::EPSILON.to_f64();
    let mut worst = (0.0, String::new());
    let mut families: HashMap<String, Derivatives<T>> = HashMap::new();
    for line in include_str!("data/edges.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let (parameters, x) = (numbers(fields[1]), numbers(fields[2])[0]);
        let [value, slope, by_parameters] = [3, 4, 5].map(|i| numbers(fields[i]));
        if value[1].abs() > largest {
            continue;
        }
        // Logarithms of the arguments are added up, whatever the sum is.
        let logs: f64 =
            parameters.iter().chain([&x]).filter(|&&a| a != 0.0).map(|a| a.abs().ln().abs()).sum();
        let mut expected = vec![(value[1], value[0] + logs), (slope[1], slope[0])];
        expected.push((slope[2], (slope[0] + slope[1].abs()) / x.abs()));
        expected.extend(by_parameters.chunks(2).map(|pair| (pair[1], pair[0])));
        let family =
            families.entry(fields[0].into()).or_insert_with(|| Derivatives::new(fields[0], parameters.len()));
        for found in family.at(&parameters, x) {
            for (order, (&found, &(expected, scale))) in found.iter().zip(&expected).enumerate() {
                if expected.abs().max(scale) > largest {
                    continue;
                }
                // The last digits of the table's differences, and of numbers that are subnormal.
                let least = if order == 0 { 1.0 } else { (1.0 / largest).max(1e-80) };
                let error = (found - expected).abs() / (epsilon * (scale + expected.abs() + least));
                if error > worst.0 || error.is_nan() && !worst.0.is_nan() {
                    worst = (error, format!("{line}, number {order}: {found:e}, not {expected:e}"));
                }
            }
        }
    }
    assert!(worst.0 < 12.0, "in {}: {worst:?}", T::TYPE);
}

#[test]
fn densities_and_slopes_keep_their_digits_at_extreme_arguments() {
    densities_at_extremes::<f64>(1e300);
}

#[test]
fn densities_and_slopes_keep_their_digits_in_single_precision() {
    densities_at_extremes::<f32>(3e37);
}

/// A distribution with its parameters as expressions.
type Make<T> = fn(&[Expr<T>]) -> Box<dyn Distribution<T>>;

/// A distribution, good parameters, for each a list of bad ones, and a value inside of the support and one outside.
type Case<T> = (Make<T>, Vec<f64>, Vec<Vec<f64>>, [f64; 2]);

/// Every distribution whose draws are single numbers.
fn all<T: Float>() -> Vec<Case<T>> {
    let not_positive = || vec![-0.5, 0.0, INF, NAN];
    let not_finite = || vec![-INF, INF, NAN];
    let no_probability = || vec![-0.1, 1.5, INF, NAN];
    vec![
        (
            |p| Box::new(Normal::new(&p[0], &p[1])),
            vec![0.3, 1.0],
            vec![not_finite(), not_positive()],
            [0.5, 0.5],
        ),
        (
            |p| Box::new(Laplace::new(&p[0], &p[1])),
            vec![0.3, 1.0],
            vec![not_finite(), not_positive()],
            [0.5, 0.5],
        ),
        (|p| Box::new(HalfNormal::new(&p[0])), vec![1.0], vec![not_positive()], [0.5, -1.0]),
        (|p| Box::new(HalfCauchy::new(&p[0])), vec![1.0], vec![not_positive()], [0.5, -1.0]),
        (
            |p| Box::new(LogNormal::new(&p[0], &p[1])),
            vec![0.3, 1.0],
            vec![not_finite(), not_positive()],
            [0.5, -1.0],
        ),
        (
            |p| Box::new(Gamma::new(&p[0], &p[1])),
            vec![2.0, 1.0],
            vec![not_positive(), not_positive()],
            [0.5, -1.0],
        ),
        (
            |p| Box::new(Gamma::new(&p[0], &p[1])),
            vec![2.0, 1.0],
            vec![not_positive(), not_positive()],
            [0.5, 0.0],
        ),
        (|p| Box::new(Exponential::new(&p[0])), vec![1.0], vec![not_positive()], [0.5, -1.0]),
        (
            |p| Box::new(Uniform::new(&p[0], &p[1])),
            vec![0.0, 1.0],
            vec![vec![1.0, 2.0, -INF, INF, NAN], vec![0.0, -1.0, -INF, INF, NAN]],
            [0.5, 3.0],
        ),
        (|p| Box::new(Bernoulli::probabilities(&p[0])), vec![0.4], vec![no_probability()], [1.0, 0.5]),
        (|p| Box::new(Bernoulli::probabilities(&p[0])), vec![0.4], vec![no_probability()], [0.0, 2.0]),
        (|p| Box::new(Bernoulli::logits(&p[0])), vec![0.4], vec![vec![NAN]], [1.0, 0.5]),
    ]
}

fn values_that_are_none<T: Float>() {
    for (make, good, bad, [inside, outside]) in all::<T>() {
        let leaves: Vec<Expr<T>> = good.iter().map(|_| Expr::input("parameter", ())).collect();
        let x = Expr::<T>::input("x", [2]);
        let distribution = make(&leaves);
        let name = distribution.name();
        let density = distribution.log_prob(&x);
        let none = distribution.log_prob(&Expr::scalar(NAN));
        let inputs = [vec![x.clone()], leaves.clone()].concat();
        let slopes = grad(&density.slice(0, 0..1).sum_all(), &leaves);
        let f = Function::new(&inputs, [vec![density, none], slopes].concat().iter()).expect("builds");
        let at = Tensor::from_slice(&[inside, outside].map(T::from_f64));
        let call = |parameters: &[f64]| {
            let values: Vec<Tensor<T>> = parameters.iter().map(|&p| Tensor::scalar(T::from_f64(p))).collect();
            let inputs: Vec<&Tensor<T>> = [&at].into_iter().chain(&values).collect();
            let draws = distribution.draw(&values, &[9], &mut Philox4x32::new(1, 0));
            (f.call(&inputs).expect("runs"), draws)
        };
        let (found, draws) = call(&good);
        let [inside, beside] = [0, 1].map(|i| found[0].get(&[i]).to_f64());
        assert!(inside.is_finite() && found[1].item().to_f64().is_nan(), "{name}: {found:?}");
        assert_eq!(beside, if matches!(name, "Normal" | "Laplace") { inside } else { -INF }, "{name}");
        assert!(found[2..].iter().all(|slope| slope.item().is_finite()), "{name}: {found:?}");
        assert!(draws.iter().all(T::is_finite), "{name}: {draws:?}");
        for (i, bad) in bad.iter().enumerate() {
            for &bad in bad {
                let mut parameters = good.clone();
                parameters[i] = bad;
                let (found, draws) = call(&parameters);
                let all_nan = |tensor: &Tensor<T>| tensor.iter().all(|x| x.to_f64().is_nan());
                assert!(all_nan(&found[0]), "{name}({parameters:?}) in {}: {:?}", T::TYPE, found[0]);
                // Between crossed bounds there is nothing, and beside the support slopes are 0.
                assert!(
                    name == "Uniform" || all_nan(&found[i + 2]),
                    "{name}({parameters:?}) in {}: slope {:?}",
                    T::TYPE,
                    found[i + 2]
                );
                assert!(all_nan(&draws), "{name}({parameters:?}): draws {draws:?}");
            }
        }
    }
}

#[test]
fn parameters_that_are_none_give_nan_and_values_beside_the_support_minus_infinity() {
    values_that_are_none::<f32>();
    values_that_are_none::<f64>();
}

#[test]
fn rows_of_a_categorical_are_parts_of_their_sum() {
    let p = Expr::<f64>::input("p", [6, 3]);
    let distribution = Categorical::probabilities(&p);
    let labels = Expr::constant(Tensor::from_slice(&[0.0, 0.0, 1.0, 2.0, 0.0, 0.0]));
    let density = distribution.log_prob(&labels);
    let rows = [
        [0.2, 0.3, 0.5],
        [2.0, 3.0, 5.0],
        [-0.1, 0.6, 0.5],
        [0.5, NAN, 0.5],
        [0.0, 0.0, 0.0],
        [0.4, INF, 0.2],
    ];
    let at = Tensor::new([6, 3], rows.concat());
    let slope = grad(&density.slice(0, 0..2).sum_all(), std::slice::from_ref(&p)).remove(0);
    let found = Function::new([&p], [&density, &slope]).expect("builds").call(&[&at]).expect("runs");
    let draws = distribution.draw(std::slice::from_ref(&at), &[6], &mut Philox4x32::new(1, 0));
    for (i, row) in rows.iter().enumerate().take(2) {
        assert!((found[0].get(&[i]) - 0.2f64.ln()).abs() < 1e-15, "{:?}", found[0]);
        assert!((0.0..3.0).contains(&draws.get(&[i])));
        // ln w₀ − ln Σ w
        let sum: f64 = row.iter().sum();
        assert!((found[1].get(&[i, 0]) - (1.0 / row[0] - 1.0 / sum)).abs() < 1e-14);
        assert!((found[1].get(&[i, 1]) + 1.0 / sum).abs() < 1e-14);
    }
    for i in 2..6 {
        assert!(found[0].get(&[i]).is_nan() && draws.get(&[i]).is_nan(), "{i}: {:?} {draws:?}", found[0]);
    }
}

/// Two branches of draws: scales and rates so small that all but a few draws would be 0.
fn draws_stay_positive<T: Float>() {
    let model: Model<T> = Model::new();
    let scale = model.free("scale", Gamma::new(0.001, 0.001));
    let tiny = model.free("tiny", LogNormal::new(-1e4, 1.0));
    let huge = model.free("huge", LogNormal::new(1e4, 1.0));
    let far = model.free("far", HalfCauchy::new(&huge));
    for (name, rate) in [("scale", &scale), ("tiny", &tiny), ("huge", &huge), ("far", &far)] {
        model.free(format!("Normal of {name}"), Normal::new(0.0, rate));
        model.free(format!("Laplace of {name}"), Laplace::new(0.0, rate));
        model.free(format!("HalfNormal of {name}"), HalfNormal::new(rate));
        model.free(format!("HalfCauchy of {name}"), HalfCauchy::new(rate));
        model.free(format!("Exponential of {name}"), Exponential::new(rate));
        model.free(format!("Gamma of {name}"), Gamma::new(rate, rate));
        model.free(format!("LogNormal of {name}"), LogNormal::new(0.0, rate));
    }
    let draws = model.prior_predictive(300).expect("is right");
    for variable in model.variables().expect("is right") {
        let name = variable.name();
        let values = draws.of(name).expect("runs").to_vec();
        assert!(values.iter().all(|x| x.is_finite()), "{name} in {}: {values:?}", T::TYPE);
        if !name.starts_with("Normal") && !name.starts_with("Laplace") {
            assert!(values.iter().all(|&x| x > T::ZERO), "{name} in {}: {values:?}", T::TYPE);
        }
    }
}

#[test]
fn draws_of_positive_numbers_are_positive_and_finite_down_the_hierarchy() {
    draws_stay_positive::<f32>();
    draws_stay_positive::<f64>();
}

fn uniform_draws<T: Float>(low: f64, high: f64) {
    let (low, high) = (T::from_f64(low), T::from_f64(high));
    let uniform = Uniform::<T>::new(Expr::scalar(low.to_f64()), Expr::scalar(high.to_f64()));
    let parameters = [Tensor::scalar(low), Tensor::scalar(high)];
    let draws = uniform.draw(&parameters, &[300_000], &mut Philox4x32::new(3, 0));
    assert!(draws.iter().all(|x| low <= x && x < high), "{low}, {high}");
    let mean = draws.iter().map(|x| x.to_f64() / 3e5).sum::<f64>();
    let (width, middle) = (high.to_f64() - low.to_f64(), (low.to_f64() + high.to_f64()) / 2.0);
    assert!((mean - middle).abs() < 0.003 * width + 1e-7 * middle.abs(), "{low}, {high}: {mean}");
}

#[test]
fn uniform_draws_stay_below_their_upper_bound() {
    for (low, high) in [(1000.0, 1001.0), (-1.0, -0.999), (0.0, 1.0), (-2.0, 0.0), (-3e38, 3e38)] {
        uniform_draws::<f32>(low, high);
        uniform_draws::<f64>(low, high);
    }
    uniform_draws::<f32>(16_777_214.0, 16_777_216.0);
    uniform_draws::<f64>(1e15, 1e15 + 0.25);
}

macro_rules! refusals {
    ($($name:ident: $message:literal => $body:expr;)+) => {
        $(#[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let _ = $body;
        })+
    };
}

refusals! {
    probabilities_above_one: "Bernoulli: a probability must lie between 0 and 1, not 1.5"
        => Bernoulli::<f32>::probabilities(1.5);
    probabilities_that_are_none: "Bernoulli: a probability must lie between 0 and 1, not NaN"
        => Bernoulli::<f32>::probabilities(NAN);
    logits_that_are_none: "Bernoulli: a logit must be a number, not NaN" => Bernoulli::<f32>::logits(NAN);
    rows_below_one: "Categorical: the probabilities of row 1 sum to 0.5, not to 1"
        => Categorical::<f64>::probabilities(Tensor::new([2, 2], vec![0.5, 0.5, 0.25, 0.25]));
    rows_above_one: "Categorical: the probabilities of row 0 sum to 1.25, not to 1"
        => Categorical::<f32>::probabilities(Tensor::from_slice(&[0.75, 0.5]));
    rows_with_a_negative: "Categorical: a probability must lie between 0 and 1, not -0.5"
        => Categorical::<f32>::probabilities(Tensor::from_slice(&[-0.5, 1.0, 0.5]));
    rows_with_none: "Categorical: a probability must lie between 0 and 1, not NaN"
        => Categorical::<f32>::probabilities(Tensor::from_slice(&[f32::NAN, 1.0]));
    class_logits_that_are_none: "Categorical: a logit must be a number, not NaN"
        => Categorical::<f32>::logits(Tensor::from_slice(&[f32::NAN, 1.0]));
    crossed_bounds: "the lower bound must lie below the upper" => Uniform::<f32>::new(1.0, 0.0);
    infinite_scales: "Normal: the standard deviation must be positive and finite, not inf"
        => Normal::<f32>::new(0.0, INF);
}

/// Constants may be rounded.
#[test]
fn rows_that_sum_to_one_but_for_rounding_are_accepted() {
    let thirds = Tensor::from_slice(&[1.0f32 / 3.0; 3]);
    let density = Categorical::probabilities(thirds).log_prob(&Expr::scalar(0.0));
    let found = interpret(&[density], &[], 0).expect("runs")[0].item();
    assert!((found - (1f32 / 3.0).ln()).abs() < 2e-7);
}
