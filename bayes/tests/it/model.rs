//! Models: names, shapes, the joint density, and draws from the prior.

use bayeux_autodiff::{Dim, Expr, Shape, batch, check_gradient, interpret};
use bayeux_bayes::{
    Bernoulli, Categorical, Error, Exponential, Gamma, HalfCauchy, HalfNormal, LogNormal, Model, Normal,
    TermKind, Uniform,
};
use bayeux_tensor::Tensor;

/// A small model with every kind of part.
fn line(rows: impl Into<Dim>) -> (Model<f64>, Expr<f64>, Expr<f64>) {
    let model = Model::new();
    let rows = rows.into();
    let (x, y) = (model.data("x", [&rows]), model.data("y", [&rows]));
    let scale = model.free("scale", HalfNormal::new(2.0));
    let slope = model.free("slope", Normal::new(0.0, &scale));
    let noise = model.free("noise", Uniform::new(0.1, 3.0));
    let mean = model.deterministic("mean", &(&slope * &x));
    model.observe("points", Normal::new(&mean, &noise), &y, 10).expect("is right");
    model.potential("shrink", &(slope.square() * -0.5)).expect("is right");
    (model, x, y)
}

fn ln_normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

#[test]
fn the_joint_density_is_the_sum_by_hand() {
    let (model, x, y) = line(4);
    let variables = model.variables().expect("is right");
    let z = [0.3, -1.2, 0.4];
    let at: Vec<Tensor<f64>> = z.iter().map(|&z| Tensor::scalar(z)).collect();
    let (xs, ys) = (Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]), Tensor::from_slice(&[0.1, -2.0, -3.5, -6.0]));
    let mut inputs: Vec<(&Expr<f64>, &Tensor<f64>)> =
        variables.iter().map(|v| v.unconstrained()).zip(&at).collect();
    inputs.extend([(&x, &xs), (&y, &ys)]);
    let found = interpret(&[model.log_prob().expect("is right")], &inputs, 0).expect("runs")[0].item();

    let (scale, slope) = (z[0].exp(), z[1]);
    let sigma = 1.0 / (1.0 + (-z[2]).exp());
    let noise = 0.1 + 2.9 * sigma;
    let prior_scale = 2f64.ln() + ln_normal(scale, 0.0, 2.0) + z[0];
    let prior_noise = -(2.9f64.ln()) + (2.9 * sigma * (1.0 - sigma)).ln();
    let likelihood: f64 = xs.iter().zip(ys.iter()).map(|(x, y)| ln_normal(y, slope * x, noise)).sum();
    let expected = prior_scale + ln_normal(slope, 0.0, scale) + prior_noise + likelihood * 10.0 / 4.0
        - 0.5 * slope * slope;
    assert!((found - expected).abs() < 1e-12 * expected.abs(), "{found} {expected}");

    let terms = model.terms().expect("is right");
    let kinds: Vec<(&str, TermKind)> = terms.iter().map(|term| (term.name.as_str(), term.kind)).collect();
    use TermKind::{Likelihood, Potential, Prior};
    let named =
        [("scale", Prior), ("slope", Prior), ("noise", Prior), ("points", Likelihood), ("shrink", Potential)];
    assert_eq!(kinds, named);

    let errors = check_gradient(&model.log_prob().expect("is right"), &inputs).expect("runs");
    assert!(errors.first < 1e-6 && errors.second < 1e-5, "{errors:?}");
}

#[test]
fn minibatches_are_unbiased() {
    let model: Model<f64> = Model::new();
    let logits = model.data("logits", (batch(), 3));
    let label = model.data("label", [batch()]);
    model.observe("label seen", Categorical::logits(&logits), &label, 12).expect("is right");
    let log_prob = model.log_prob().expect("is right");
    let all = Tensor::from_fn([12, 3], |i| ((i[0] * 7 + i[1] * 5) % 11) as f64 / 3.0);
    let labels = Tensor::from_fn([12], |i| (i[0] % 3) as f64);
    let at = |start: usize, end: usize| {
        let (rows, labels) = (all.slice(0, start..end), labels.slice(0, start..end));
        interpret(std::slice::from_ref(&log_prob), &[(&logits, &rows), (&label, &labels)], 0).expect("runs")
            [0]
        .item()
    };
    let whole = at(0, 12);
    for size in [1, 3, 4, 6] {
        let parts: Vec<f64> = (0..12).step_by(size).map(|start| at(start, start + size)).collect();
        let mean = parts.iter().sum::<f64>() / parts.len() as f64;
        assert!((mean - whole).abs() < 1e-12 * whole.abs(), "{size}: {mean} {whole}");
    }
}

#[test]
fn a_name_used_twice_is_an_error_that_names_it() {
    let model: Model<f64> = Model::new();
    model.free("w", Normal::new(0.0, 1.0));
    model.free("w", Normal::new(0.0, 1.0));
    model.free("v", Bernoulli::logits(0.0)); // a second error: the first is what counts
    let duplicate = Error::DuplicateName("w".into());
    assert_eq!(model.log_prob().err(), Some(duplicate.clone()));
    assert_eq!(model.variables().err(), Some(duplicate.clone()));
    let observed = model.observe("y", Normal::new(0.0, 1.0), &Expr::zeros([3]), 3);
    assert_eq!(observed, Err(duplicate.clone()));
    assert_eq!(model.prior_predictive(3).err(), Some(duplicate.clone()));
    assert!(duplicate.to_string().contains("`w`"));

    // Between parts of different kinds, too, and for a prior called twice.
    let (model, ..) = line(batch());
    assert_eq!(model.potential("mean", &Expr::scalar(0.0)), Err(Error::DuplicateName("mean".into())));
    let model: Model<f64> = Model::new();
    let prior = model.prior("w", |shape: &Shape| Normal::new(0.0, 1.0).shape(shape));
    prior(&[2].into());
    assert!(model.log_prob().is_ok());
    prior(&[2].into());
    assert_eq!(model.log_prob().err(), Some(Error::DuplicateName("w".into())));
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let model: Model<f64> = Model::new();
    model.free("coin", Bernoulli::probabilities(0.5));
    assert_eq!(
        model.log_prob().err(),
        Some(Error::Discrete { name: "coin".into(), distribution: "Bernoulli" })
    );

    let model: Model<f64> = Model::new();
    model.free("each", Normal::new(0.0, 1.0).shape((batch(), 2)));
    let shape = "[batch, 2]".to_string();
    assert_eq!(model.log_prob().err(), Some(Error::FreeDimension { name: "each".into(), shape }));

    let model: Model<f64> = Model::new();
    let y = model.data("y", [batch()]);
    let wrong = model.observe("seen", Normal::new(Expr::zeros((batch(), 1)), 1.0), &y, 5).unwrap_err();
    assert!(wrong.to_string().contains("[batch]") && wrong.to_string().contains("[batch, 1]"), "{wrong}");

    let model: Model<f64> = Model::new();
    let none = model.observe("seen", Normal::new(0.0, 1.0), &Expr::zeros([5]), 0);
    assert_eq!(none, Err(Error::NoRows("seen".into())));

    let (model, ..) = line(batch());
    let unknown = model.get("slop").unwrap_err().to_string();
    assert!(unknown.contains("`slop`") && unknown.contains("`slope`"), "{unknown}");
}

#[test]
fn prior_draws_have_the_priors_moments_down_the_hierarchy() {
    let model: Model<f64> = Model::new();
    let rate = model.free("rate", Gamma::new(4.0, 2.0));
    let wait = model.free("wait", Exponential::new(&rate));
    model.free("low", Normal::new(-1.0, 0.1));
    let low = model.get("low").expect("is there");
    model.free("between", Uniform::new(&low, 3.0));
    model.free("grown", LogNormal::new(0.2, 0.5).shape([2]));
    model.free("far", HalfCauchy::new(2.0));
    model.deterministic("both", &(&rate * &wait)); // Exponential(1), whatever the rate
    let draws = model.prior_predictive(8_000).expect("is right").seed(3);
    let moments = |name: &str| {
        let values = draws.of(name).expect("runs").to_vec();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    };
    let near = |(mean, sd): (f64, f64), expected: (f64, f64)| {
        assert!((mean - expected.0).abs() < 0.06 * expected.1, "{mean} {expected:?}");
        assert!((sd / expected.1 - 1.0).abs() < 0.08, "{sd} {expected:?}");
    };
    near(moments("rate"), (2.0, 1.0));
    near(moments("both"), (1.0, 1.0));
    near(moments("between"), (1.0, 4.0 / 12f64.sqrt()));
    let mean = (0.2 + 0.125f64).exp();
    near(moments("grown"), (mean, mean * (0.25f64.exp() - 1.0).sqrt()));
    let far = draws.of("far").expect("runs").to_vec();
    let above = far.iter().filter(|&&x| x > 2.0).count() as f64 / far.len() as f64;
    assert!((above - 0.5).abs() < 0.025); // the median is the scale
    assert_eq!(draws.of("far").expect("runs"), draws.of("far").expect("runs"));
    assert_ne!(draws.of("far").expect("runs"), draws.clone().seed(4).of("far").expect("runs"));
}

#[test]
fn prior_predictions_take_any_number_of_rows_in_any_chunks() {
    let (model, x, y) = line(batch());
    let mean = model.get("mean").expect("is there");
    let draws = model.prior_predictive(5).expect("is right");
    let xs = Tensor::from_fn([23], |i| i[0] as f64 - 11.0);
    let at_once = draws.predict(&mean, [(&x, &xs)]).expect("runs");
    assert_eq!(at_once.draws().shape(), [5, 23]);
    for chunk in [1, 5, 22, 23, 24] {
        let chunked = draws.clone().chunk_rows(chunk).predict(&mean, [(&x, &xs)]).expect("runs");
        assert_eq!(chunked, at_once, "{chunk}");
        let sampled = draws.clone().chunk_rows(chunk).sample("points", [(&x, &xs)]).expect("runs");
        assert_eq!(sampled, draws.sample("points", [(&x, &xs)]).expect("runs"), "{chunk}");
    }
    // What does not run over the rows is computed from all of them.
    let total = draws.clone().chunk_rows(4).predict(&mean.sum_all(), [(&x, &xs)]).expect("runs");
    assert!(total.draws().all_close(&at_once.draws().sum(&[1]), 1e-10, 1e-10));
    assert_eq!(draws.predict(&mean, [(&x, &Tensor::zeros([0]))]).expect("runs").draws().shape(), [5, 0]);

    let missing = draws.predict(&mean, []).unwrap_err();
    assert_eq!(missing, Error::MissingData("x".into()));
    assert_eq!(draws.of("mean"), Err(Error::MissingData("x".into())));
    let uneven = draws.predict(&(&mean + &y), [(&x, &xs), (&y, &Tensor::zeros([3]))]).unwrap_err();
    assert!(matches!(uneven, Error::RowCounts { first_rows: 23, second_rows: 3, .. }), "{uneven}");
    let other = Expr::input("z", [batch()]);
    assert!(matches!(draws.predict(&mean, [(&other, &xs)]), Err(Error::Unknown { .. })));
}

#[test]
fn samples_of_an_observation_scatter_around_its_mean() {
    let model: Model<f64> = Model::new();
    let y = model.data("y", [batch()]);
    let mu = model.free("mu", Normal::new(2.0, 0.5));
    model.observe("seen", Normal::new(&mu, 1.2), &y, 3).expect("is right");
    let draws = model.prior_predictive(6_000).expect("is right");
    // The number of rows is known from y alone; its values play no part.
    let seen = draws.sample("seen", [(&y, &Tensor::zeros([3]))]).expect("runs");
    assert_eq!(seen.draws().shape(), [6_000, 3]);
    assert!(seen.mean().iter().all(|m| (m - 2.0).abs() < 0.08), "{:?}", seen.mean());
    assert!(seen.sd().iter().all(|sd| (sd - 1.3).abs() < 0.05), "{:?}", seen.sd());
    assert!(matches!(draws.sample("unseen", []), Err(Error::Unknown { .. })));
}

#[test]
fn a_model_prints_one_line_for_each_part() {
    let (model, ..) = line(batch());
    let text = model.to_string();
    assert!(
        text.contains("noise ~ Uniform []") && text.contains("points ~ Normal [batch], observed, 10 rows"),
        "{text}"
    );
}

#[test]
fn rows_that_depend_on_each_other_are_not_cut_apart() {
    let model = Model::<f64>::new();
    let w = model.free("w", Normal::new(0.0, 1.0).shape([3]));
    let x = model.data("x", (batch(), 3));
    let draws = model.prior_predictive(2).expect("is right").chunk_rows(4);
    let xs = Tensor::from_fn([11, 3], |i| ((i[0] * 3 + i[1]) as f64 * 0.7).sin());
    let y = x.matmul(&w);
    let apart = (&x * &w).softmax().flatten_from(0);
    let table = Expr::constant(Tensor::from_fn([20, 3], |i| (i[0] * 3 + i[1]) as f64));
    let number = batch();
    for (i, formula) in [
        &y - y.mean(0),
        y.softmax(),
        x.matmul(&x.t()),
        x.t().matmul(&x).flatten_from(0),
        x.slice(0, 1..).sum(1) - x.slice(0, ..-1).sum(1),
        x.flip(0),
        y.clone() * Expr::size(batch()),
        apart,
        // What does not depend on the data, but on how many there are.
        &x / Expr::ones([batch()]).sum(0),
        &x / x.ones_like().sum_all(),
        &x + table.slice(0, ..&number),
        &x * x.t().ones_like().t().sum_keep(0),
        &y + (y.insert_axis(1).broadcast_to([batch(), batch()])).sum(0),
        &y + (y.insert_axis(0).broadcast_to([batch(), batch()])).sum(0),
    ]
    .into_iter()
    .enumerate()
    {
        let cut = draws.predict(&formula, [(&x, &xs)]).expect("runs");
        let whole = draws.clone().chunk_rows(100).predict(&formula, [(&x, &xs)]).expect("runs");
        assert!(cut.draws().all_close(whole.draws(), 1e-12, 1e-12), "formula {i}");
    }
    assert!((y.tanh() + y.ones_like() + Expr::full([batch()], 2.0)).is_by_rows(&batch()));
    assert!((x.ones_like().sum(1) * &y).is_by_rows(&batch()) && !y.softmax().is_by_rows(&batch()));
}
