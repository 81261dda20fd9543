//! Log densities and draws against scipy.stats, gradients against differences. See `data/reference.py`.

use bayeux_autodiff::{Expr, Function, Shape, check_gradient};
use bayeux_bayes::{
    Bernoulli, Categorical, Distribution, Exponential, Gamma, HalfCauchy, HalfNormal, Laplace, LogNormal,
    Normal, Transform, Uniform,
};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

struct Row {
    name: String,
    parameters: Vec<f64>,
    x: f64,
    y: f64,
}

fn rows(csv: &str) -> Vec<Row> {
    let number = |field: &str| field.parse::<f64>().expect("a number");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let parameters = fields[1].split(' ').map(number).collect();
        Row { name: fields[0].into(), parameters, x: number(fields[2]), y: number(fields[3]) }
    };
    csv.lines().skip(2).map(row).collect()
}

/// A distribution by its name in the tables.
fn distribution(name: &str, p: &[Expr<f64>]) -> Box<dyn Distribution<f64>> {
    match name {
        "Normal" => Box::new(Normal::new(&p[0], &p[1])),
        "HalfNormal" => Box::new(HalfNormal::new(&p[0])),
        "HalfCauchy" => Box::new(HalfCauchy::new(&p[0])),
        "LogNormal" => Box::new(LogNormal::new(&p[0], &p[1])),
        "Gamma" => Box::new(Gamma::new(&p[0], &p[1])),
        "Uniform" => Box::new(Uniform::new(&p[0], &p[1])),
        "Exponential" => Box::new(Exponential::new(&p[0])),
        "Laplace" => Box::new(Laplace::new(&p[0], &p[1])),
        "Bernoulli" => Box::new(Bernoulli::probabilities(&p[0])),
        "BernoulliLogits" => Box::new(Bernoulli::logits(&p[0])),
        "Categorical" => Box::new(Categorical::probabilities(&p[0])),
        "CategoricalLogits" => Box::new(Categorical::logits(&p[0])),
        _ => panic!("no distribution {name}"),
    }
}

fn is_categorical(name: &str) -> bool {
    name.starts_with("Categorical")
}

#[test]
fn log_densities_are_those_of_scipy() {
    let rows = rows(include_str!("data/densities.csv"));
    assert!(rows.len() > 800);
    // One function for each distribution and number of parameters, on all its rows at once; one for each row of classes.
    let mut at = 0;
    while at < rows.len() {
        let first = &rows[at];
        let same = |row: &Row| row.name == first.name && row.parameters.len() == first.parameters.len();
        let group: Vec<&Row> = rows[at..].iter().take_while(|row| same(row)).collect();
        at += group.len();

        let x = Expr::input("x", [group.len()]);
        let parameters: Vec<Tensor<f64>> = if is_categorical(&first.name) {
            let all = group.iter().flat_map(|row| row.parameters.clone()).collect();
            vec![Tensor::new([group.len(), first.parameters.len()], all)]
        } else {
            let column = |i: usize| group.iter().map(|row| row.parameters[i]).collect::<Vec<_>>();
            (0..first.parameters.len()).map(|i| Tensor::from_slice(&column(i))).collect()
        };
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|p| Expr::input("parameter", p.shape())).collect();
        let density = distribution(&first.name, &leaves).log_prob(&x);
        let inputs = [vec![x], leaves].concat();
        let f = Function::new(&inputs, [&density]).expect("builds");
        let xs = Tensor::from_slice(&group.iter().map(|row| row.x).collect::<Vec<_>>());
        let arguments: Vec<&Tensor<f64>> = [&xs].into_iter().chain(&parameters).collect();
        let found = f.call(&arguments).expect("runs").remove(0);
        for (row, found) in group.iter().zip(found.iter()) {
            let close = if row.y.is_finite() {
                (found - row.y).abs() <= 1e-10 * row.y.abs().max(1e-3)
            } else {
                found == row.y
            };
            assert!(close, "{}({:?}) at {}: {found:e}, scipy {:e}", row.name, row.parameters, row.x, row.y);
        }
    }
}

#[test]
fn draws_have_the_quantiles_of_scipy() {
    let rows = rows(include_str!("data/quantiles.csv"));
    let count = 40_000;
    for group in rows.chunk_by(|a, b| a.name == b.name && a.parameters == b.parameters) {
        let constants: Vec<Expr<f64>> = group[0].parameters.iter().map(|&p| Expr::scalar(p)).collect();
        let values: Vec<Tensor<f64>> = group[0].parameters.iter().map(|&p| Tensor::scalar(p)).collect();
        let draws = distribution(&group[0].name, &constants)
            .draw(&values, &[count], &mut Philox4x32::new(5, 0))
            .to_vec();
        for row in group {
            let below = draws.iter().filter(|&&draw| draw <= row.y).count() as f64 / count as f64;
            let error = (row.x * (1.0 - row.x) / count as f64).sqrt();
            let (name, parameters) = (&row.name, &row.parameters);
            assert!(
                (below - row.x).abs() < 4.5 * error,
                "{name}({parameters:?}): {below} lies below {}",
                row.x
            );
        }
    }
}

#[test]
fn discrete_draws_have_their_probabilities() {
    let count = 40_000;
    let share =
        |draws: &Tensor<f64>, k: f64| draws.iter().filter(|&draw| draw == k).count() as f64 / count as f64;
    let p = Tensor::from_slice(&[0.2, 0.0, 0.5, 0.3]);
    let logits = p.map(|p: f64| p.ln() + 7.0);
    for (distribution, parameter) in [
        (Categorical::probabilities(Expr::constant(p.clone())), &p),
        (Categorical::logits(Expr::constant(logits.clone())), &logits),
    ] {
        let draws = distribution.draw(std::slice::from_ref(parameter), &[count], &mut Philox4x32::new(1, 0));
        for k in 0..4 {
            assert!((share(&draws, k as f64) - p.get(&[k])).abs() < 0.012);
        }
        assert_eq!(share(&draws, 1.0), 0.0);
    }
    let logit = (0.3f64 / 0.7).ln();
    for (distribution, parameter) in [(Bernoulli::probabilities(0.3), 0.3), (Bernoulli::logits(logit), logit)]
    {
        let draws = distribution.draw(&[Tensor::scalar(parameter)], &[count], &mut Philox4x32::new(2, 0));
        assert!((share(&draws, 1.0) - 0.3).abs() < 0.012);
    }
}

#[test]
fn draws_broadcast_their_parameters_and_refuse_bad_ones_as_nan() {
    let normal = Normal::new(Expr::<f64>::input("mean", [2, 1]), Expr::input("sd", [3]));
    let parameters = [Tensor::new([2, 1], vec![0.0, 1e6]), Tensor::from_slice(&[1.0, 2.0, -1.0])];
    let draws = normal.draw(&parameters, &[2, 3], &mut Philox4x32::new(3, 0));
    assert_eq!(draws.shape(), [2, 3]);
    assert!(draws.get(&[0, 0]).abs() < 10.0 && draws.get(&[1, 1]) > 9e5);
    assert!(draws.get(&[0, 2]).is_nan() && draws.get(&[1, 2]).is_nan());
}

/// Points inside the supports, away from where a density jumps.
#[test]
fn gradients_are_exact_at_orders_one_and_two() {
    let positive = &[0.03, 0.4, 1.3, 2.8];
    type Case = (&'static str, &'static [f64], &'static [&'static [f64]]);
    let cases: [Case; 10] = [
        ("Normal", &[-2.0, 0.3, 1.0, 4.0], &[&[0.5, -0.2, 0.0, 1.0], &[0.4, 1.0, 2.5, 3.0]]),
        ("HalfNormal", positive, &[&[0.3, 1.0, 2.5, 0.7]]),
        ("HalfCauchy", positive, &[&[0.3, 1.0, 2.5, 0.7]]),
        ("LogNormal", positive, &[&[-0.5, 0.0, 1.0, 0.3], &[0.6, 1.0, 2.0, 0.5]]),
        ("Gamma", positive, &[&[0.7, 1.0, 2.2, 5.0], &[0.5, 1.0, 2.0, 3.0]]),
        ("Uniform", &[0.2, -0.5, 1.3, 3.0], &[&[-1.0, -2.0, 0.0, 1.0], &[1.0, 0.5, 2.0, 7.0]]),
        ("Exponential", positive, &[&[0.5, 1.0, 2.0, 3.0]]),
        ("Laplace", &[-2.0, 0.3, 1.0, 4.0], &[&[0.5, -0.2, 0.0, 1.0], &[0.4, 1.0, 2.5, 3.0]]),
        ("Bernoulli", &[0.0, 1.0, 1.0, 0.0], &[&[0.2, 0.7, 0.4, 0.5]]),
        ("BernoulliLogits", &[0.0, 1.0, 1.0, 0.0], &[&[-1.0, 3.0, 0.4, 6.0]]),
    ];
    for (name, x, parameters) in cases {
        let x = Tensor::from_slice(x);
        let parameters: Vec<Tensor<f64>> = parameters.iter().map(|p| Tensor::from_slice(p)).collect();
        let leaf = Expr::input("x", [4]);
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|_| Expr::input("parameter", [4])).collect();
        // A value of a discrete distribution cannot move.
        let moves = !name.starts_with("Bernoulli");
        let value = if moves { leaf.clone() } else { Expr::constant(x.clone()) };
        let cost = distribution(name, &leaves).log_prob(&value).sum_all();
        let mut points: Vec<(&Expr<f64>, &Tensor<f64>)> = leaves.iter().zip(&parameters).collect();
        if moves {
            points.push((&leaf, &x));
        }
        let errors = check_gradient(&cost, &points).expect("runs");
        assert!(errors.first < 1e-6 && errors.second < 1e-5, "{name}: {errors:?}");
    }
}

#[test]
fn gradients_of_categoricals_are_exact_too() {
    let labels = Expr::constant(Tensor::from_slice(&[2.0, 0.0]));
    let logits = Expr::input("logits", [2, 3]);
    let at = Tensor::new([2, 3], vec![0.3, -1.0, 0.8, 2.0, 0.1, 0.2]);
    let cost = Categorical::logits(&logits).log_prob(&labels).sum_all();
    let errors = check_gradient(&cost, &[(&logits, &at)]).expect("runs");
    assert!(errors.first < 1e-6 && errors.second < 1e-5, "{errors:?}");
    let p = Tensor::new([2, 3], vec![0.3, 0.5, 0.2, 0.6, 0.3, 0.1]);
    let cost = Categorical::probabilities(&logits).log_prob(&labels).sum_all();
    let errors = check_gradient(&cost, &[(&logits, &p)]).expect("runs");
    assert!(errors.first < 1e-6 && errors.second < 1e-5, "{errors:?}");
}

/// Where one class is impossible and not chosen, the gradient stays finite.
#[test]
fn gradients_beside_the_support_are_zero_not_nan() {
    let x = Expr::<f64>::input("x", [4]);
    let at = Tensor::from_slice(&[-1.0, 0.0, 0.5, 2.0]);
    for name in ["LogNormal", "Gamma", "HalfNormal", "HalfCauchy", "Exponential"] {
        let parameters: Vec<Expr<f64>> = (0..2).map(|_| Expr::input("parameter", ())).collect();
        let cost = distribution(name, &parameters).log_prob(&x);
        let total = Expr::select(&cost.gt(&Expr::scalar(-1e300)), &cost, &Expr::scalar(0.0)).sum_all();
        let wrt = [vec![x.clone()], parameters.clone()].concat();
        let slopes = bayeux_autodiff::grad(&total, &wrt);
        let f = Function::new(&wrt, &slopes).expect("builds");
        let two = Tensor::scalar(2.0);
        for slope in f.call(&[&at, &two, &two]).expect("runs") {
            assert!(slope.iter().all(f64::is_finite), "{name}: {slope:?}");
        }
    }
}

#[test]
fn transforms_invert_and_know_their_jacobian() {
    let z = Expr::<f64>::input("z", [7]);
    let at = Tensor::from_slice(&[-30.0, -4.0, -0.5, 1e-3, 0.7, 3.0, 30.0]);
    let interval = Transform::Interval { low: Expr::scalar(-2.0), high: Expr::scalar(5.0) };
    for transform in [Transform::Identity, Transform::Exp, interval] {
        let x = transform.forward(&z);
        // Element-wise, so the gradient of the sum is the derivative of each.
        let slope = bayeux_autodiff::grad(&x.sum_all(), std::slice::from_ref(&z)).remove(0);
        let outputs = [transform.inverse(&x), slope.ln(), transform.log_jacobian(&z), x];
        let f = Function::new([&z], &outputs).expect("builds");
        let values = f.call(&[&at]).expect("runs");
        assert!(
            values[1].all_close(&values[2], 1e-12, 1e-12),
            "{transform:?}: {:?} {:?}",
            values[1],
            values[2]
        );
        let near = Tensor::from_slice(&at.to_vec()[1..6]);
        assert!(values[0].slice(0, 1..6).all_close(&near, 1e-11, 1e-11), "{transform:?}: {:?}", values[0]);
        // The derivative itself, against differences of the values.
        let step = 1e-5;
        let up = f.call(&[&at.map(|z| z + step)]).expect("runs").remove(3);
        let down = f.call(&[&at.map(|z| z - step)]).expect("runs").remove(3);
        let difference = (&up - &down).map(|d| d / (2.0 * step));
        let jacobian = values[2].map(f64::exp);
        assert!(difference.all_close(&jacobian, 1e-6, 1e-9), "{transform:?}: {difference:?} {jacobian:?}");
    }
}

#[test]
fn an_interval_is_never_left() {
    for (low, high) in [(0.1, 0.3), (-1e-3, 1e3), (1e6, 1e6 + 0.5)] {
        let z = Expr::<f32>::input("z", [5]);
        let x = Transform::Interval { low: Expr::scalar(low), high: Expr::scalar(high) }.forward(&z);
        let inside = Uniform::new(low, high).log_prob(&x);
        let f = Function::new([&z], [&inside]).expect("builds");
        let at = Tensor::from_slice(&[-1e4, -20.0, 0.0, 20.0, 1e4]);
        let values = f.call(&[&at]).expect("runs").remove(0);
        assert!(values.iter().all(f32::is_finite), "{low} {high}: {values:?}");
    }
}

#[test]
fn shapes_broadcast() {
    let scale = Expr::<f32>::input("scale", ());
    let weights = Normal::new(0.0, &scale).shape([3, 4]);
    assert_eq!(weights.batch_shape(), &Shape::from([3, 4]));
    let each = Normal::new(Expr::<f32>::zeros([4]), Expr::ones([3, 1]));
    assert_eq!(each.batch_shape(), &Shape::from([3, 4]));
    let rows = Categorical::logits(Expr::<f32>::zeros((bayeux_autodiff::batch(), 10)));
    assert_eq!(rows.batch_shape(), &Shape::from([bayeux_autodiff::batch()]));
    let die = Categorical::logits(Expr::<f64>::zeros([6])).shape([5]);
    assert_eq!(die.log_prob(&Expr::zeros([5])).shape(), &Shape::from([5]));
}

#[test]
#[should_panic(expected = "Normal: the standard deviation must be positive and finite, not -1")]
fn a_negative_scale_is_refused() {
    let _ = Normal::<f32>::new(0.0, -1.0);
}

#[test]
#[should_panic(expected = "the lower bound must lie below the upper")]
fn crossed_bounds_are_refused() {
    let _ = Uniform::<f32>::new(1.0, 1.0);
}

#[test]
#[should_panic(expected = "does not broadcast")]
fn a_shape_too_small_is_refused() {
    let _ = Normal::<f32>::new(Expr::zeros([3]), 1.0).shape([2]);
}
