//! Fits: known posteriors, determinism, and everything that can go wrong.

use std::ops::ControlFlow;

use bayeux_autodiff::optimizers::{AdagradWindow, Adam, Optimizer, Schedule};
use bayeux_autodiff::{Expr, Shared, Updates, batch};
use bayeux_bayes::{
    Advi, Bernoulli, Categorical, Error, Exponential, Fit, FitError, Gamma, HalfCauchy, HalfNormal, Model,
    Normal, Stop, Uniform,
};
use bayeux_tensor::Tensor;

fn constant(values: &[f64]) -> Expr<f64> {
    Expr::constant(Tensor::from_slice(values))
}

fn adam(rate: f64, steps: usize) -> Adam<f64> {
    Adam::new(Schedule::cosine(rate, steps))
}

/// A sample whose mean and variance are not special.
fn sample(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.7 + ((i * 37 % n) as f64 / n as f64 - 0.5) * 3.0).collect()
}

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
    let shared = std::env::var("BAYEUX_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").to_string());
    let file = std::path::Path::new(&shared).join("referees/posteriordb.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no {}; set BAYEUX_SHARED to the folder that holds referees/", file.display());
        return;
    };
    let all: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    let posterior = &all["eight_schools-eight_schools_noncentered"];
    let column = |name: &str| -> Vec<f64> {
        let values = posterior["data"][name].as_array().expect("is a list");
        values.iter().map(|x| x.as_f64().expect("is a number")).collect()
    };
    let model: Model<f64> = Model::new();
    let mu = model.free("mu", Normal::new(0.0, 5.0));
    let tau = model.free("tau", HalfCauchy::new(5.0));
    let standard = model.free("theta_trans", Normal::new(0.0, 1.0).shape([8]));
    let theta = model.deterministic("theta", &(&mu + &tau * standard));
    model
        .observe("y", Normal::new(&theta, constant(&column("sigma"))), &constant(&column("y")), 8)
        .expect("is right");
    let fit = Advi::mean_field(&model).draws(8).optimizer(adam(0.03, 4_000)).run(4_000).expect("converges");
    let rows = fit.summary().expect("runs").rows;
    let reference =
        |name: &str, what: &str| posterior["reference"][name][what].as_f64().expect("is a number");
    for j in 0..8 {
        let row = rows.iter().find(|row| row.name == format!("theta[{j}]")).expect("is there");
        let (mean, sd) =
            (reference(&format!("theta[{}]", j + 1), "mean"), reference(&format!("theta[{}]", j + 1), "sd"));
        assert!((row.mean - mean).abs() < 0.35 * sd, "{row:?} {mean}");
        assert!(row.sd > 0.5 * sd && row.sd < 1.2 * sd, "{row:?} {sd}");
    }
    let row = rows.iter().find(|row| row.name == "mu").expect("is there");
    assert!((row.mean - reference("mu", "mean")).abs() < 0.25 * reference("mu", "sd"), "{row:?}");
}

/// A small Bayesian network in f32, with everything that runs in parallel.
fn network(n: usize) -> (Model, [Expr; 2], [Tensor<f32>; 2], Expr) {
    let xs = Tensor::from_fn([n, 24], |i| ((i[0] * 31 + i[1] * 17) % 29) as f32 / 29.0 - 0.5);
    let ys = Tensor::from_fn([n], |i| (i[0] % 3) as f32);
    let model = Model::new();
    let (x, y) = (model.data("x", (batch(), 24)), model.data("y", [batch()]));
    let layer = |name: &str, shape: [usize; 2]| {
        let scale = model.free(format!("{name}.scale"), HalfNormal::new(1.0));
        model.free(name, Normal::new(0.0, &scale).shape(shape))
    };
    let hidden = x.matmul(&layer("w1", [24, 130])).tanh();
    let logits = hidden.matmul(&layer("w2", [130, 3]));
    model.observe("label", Categorical::logits(&logits), &y, n).expect("is right");
    (model, [x, y], [xs, ys], logits)
}

fn fit_network(threads: usize, seed: u64) -> Fit<f32> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("has threads");
    pool.install(|| {
        let (model, [x, y], [xs, ys], _) = network(333);
        Advi::mean_field(&model)
            .minibatches(100, [(&x, &xs), (&y, &ys)])
            .optimizer(Adam::new(0.01))
            .seed(seed)
            .run(40)
            .expect("runs")
    })
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let bits = |fit: &Fit<f32>| fit.elbo().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let one = fit_network(1, 7);
    for other in [fit_network(1, 7), fit_network(2, 7), fit_network(3, 7)] {
        assert_eq!(bits(&one), bits(&other));
        for name in ["w1.scale", "w1", "w2.scale", "w2"] {
            assert_eq!(one.unconstrained(name), other.unconstrained(name));
        }
        assert_eq!(one.posterior(3).of("w1"), other.posterior(3).of("w1"));
    }
    assert_ne!(bits(&one), bits(&fit_network(1, 8)));
}

#[test]
fn a_fit_can_be_watched_and_ended() {
    let (model, [x, y], [xs, ys], logits) = network(300);
    let mut seen = Vec::new();
    let fit = Advi::mean_field(&model)
        .minibatches(50, [(&x, &xs), (&y, &ys)])
        .optimizer(AdagradWindow::new(0.01))
        .callback(|progress| {
            seen.push((progress.iteration, progress.elbo));
            if progress.iteration == 12 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(1_000)
        .expect("runs");
    assert_eq!((fit.iterations(), fit.stop()), (12, Stop::Callback));
    assert_eq!(seen.iter().map(|s| s.1).collect::<Vec<_>>(), fit.elbo());
    assert_eq!(seen.last().map(|s| s.0), Some(12));
    let p = fit.posterior(4).predict(&logits.softmax(), [(&x, &xs)]).expect("runs");
    assert_eq!(p.draws().shape(), [4, 300, 3]);
    assert!((0.0..=1.0).contains(&p.accuracy(&ys)));
}

#[test]
fn a_fit_stops_when_the_elbo_has_settled() {
    let model: Model<f64> = Model::new();
    let mu = model.free("mu", Normal::new(0.0, 10.0));
    model.observe("y", Normal::new(&mu, 1.0), &constant(&sample(40)), 40).expect("is right");
    let settle = |tolerance| {
        let fit = Advi::mean_field(&model).optimizer(Adam::new(0.05)).window(100).tolerance(tolerance);
        fit.run(5_000).expect("runs")
    };
    let (coarse, fine) = (settle(0.05), settle(0.002));
    assert_eq!((coarse.stop(), fine.stop()), (Stop::Converged, Stop::Converged));
    assert!(
        coarse.iterations() >= 200 && coarse.iterations() <= fine.iterations() && fine.iterations() < 5_000
    );
}

/// The first state can be chosen, variable by variable.
#[test]
fn the_start_is_as_asked() {
    let model: Model<f64> = Model::new();
    model.free("a", Normal::new(3.0, 1.0));
    model.free("b", HalfNormal::new(1.0).shape([2]));
    model.free("w", Normal::new(0.0, 1.0).shape([400, 50]));
    let fitter = Advi::mean_field(&model)
        .initial_sd(0.25)
        .initial_mean(|variable, _| (variable.name() == "b").then(|| Tensor::from_slice(&[-1.0, 1.0])))
        .compile()
        .expect("is right");
    let fit = fitter.fit();
    assert_eq!(fit.unconstrained("a").expect("is there").mean.item(), 3.0);
    assert_eq!(fit.unconstrained("b").expect("is there").mean.to_vec(), [-1.0, 1.0]);
    let w = fit.unconstrained("w").expect("is there");
    assert!(w.sd.all_close(&Tensor::full([400, 50], 0.25), 1e-12, 0.0));
    let size = w.mean.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
    assert!((size.sqrt() * 20.0 - 1.0).abs() < 0.03, "{size}");
    let wrong = Advi::mean_field(&model).initial_mean(|_, _| Some(Tensor::zeros([3]))).compile().err();
    assert!(matches!(wrong, Some(Error::InitialShape { .. })), "{wrong:?}");
}

/// Adam whose rate explodes after some steps.
struct Explodes(usize);

impl Optimizer<f32> for Explodes {
    fn updates(&self, gradients: &[Expr], parameters: &[Shared]) -> Updates<f32> {
        let count = Shared::new("count", Tensor::scalar(0.0));
        let early = count.expr().lt(&Expr::scalar(self.0 as f64));
        let rate = Expr::select(&early, &Expr::scalar(1e-3), &Expr::scalar(1e30));
        let mut updates = Adam::new(rate).updates(gradients, parameters);
        updates.push((count.clone(), count.expr() + 1.0));
        updates
    }
}

fn exploding<'a>(model: &Model, steps: usize) -> Advi<'a, f32> {
    Advi::mean_field(model).optimizer(Explodes(steps)).seed(5)
}

#[test]
fn an_infinite_elbo_names_iteration_and_variable_and_keeps_the_last_good_state() {
    for steps in [0, 1, 63, 64, 65, 100] {
        let (model, [x, y], [xs, ys], _) = network(120);
        let data = [(&x, &xs), (&y, &ys)];
        let failure = exploding(&model, steps).minibatches(50, data).run(500).unwrap_err();
        let Error::NonFiniteElbo { iteration, ref variable, .. } = *failure.error() else {
            panic!("{failure}")
        };
        // Step number `steps` (from 0) still has a finite ELBO and leads to the parameters that have not.
        assert_eq!(iteration, steps + 2);
        // The logarithm of a scale goes to ±10³⁰, the scale to ∞ (then its own density fails) or to 0 (then that of w1).
        assert!(["w1.scale", "w1"].contains(&variable.as_str()), "{failure}");
        let text = failure.to_string();
        assert!(text.contains(&format!("iteration {iteration}, first in")), "{text}");
        assert!(text.contains(&format!("of `{variable}`")), "{text}");

        // The state kept is that which so many steps reach.
        let kept = failure.into_fit().expect("some steps were good");
        let mut fitter = exploding(&model, steps).minibatches(50, data).compile().expect("is right");
        for _ in 0..steps {
            fitter.step().expect("is finite");
        }
        assert_eq!(kept.iterations(), steps + 1);
        assert_eq!(kept.elbo()[..steps], *fitter.elbo());
        for name in ["w1.scale", "w1", "w2.scale", "w2"] {
            assert_eq!(kept.unconstrained(name), fitter.fit().unconstrained(name), "{name} after {steps}");
        }
        assert!(kept.posterior(2).of("w1").expect("runs").iter().all(f32::is_finite));
    }
}

/// A variable changed by hand cannot be replayed; the copy of the state is kept then.
#[test]
fn a_rate_set_from_outside_leaves_an_earlier_good_state() {
    let (model, [x, y], [xs, ys], _) = network(120);
    let rate = Shared::new("rate", Tensor::scalar(1e-3f32));
    let failure = Advi::mean_field(&model)
        .minibatches(50, [(&x, &xs), (&y, &ys)])
        .optimizer(Adam::new(&rate))
        .callback(|progress| {
            if progress.iteration == 80 {
                rate.set(Tensor::scalar(1e30));
            }
            ControlFlow::Continue(())
        })
        .run(500)
        .unwrap_err();
    assert!(matches!(failure.error(), Error::NonFiniteElbo { iteration: 82, .. }), "{failure}");
    let kept = failure.fit().expect("some steps were good");
    assert!(kept.posterior(2).of("w1").expect("runs").iter().all(f32::is_finite));
}

#[test]
fn a_likelihood_that_is_infinite_from_the_start_is_named_and_nothing_is_kept() {
    let model: Model<f64> = Model::new();
    let p = model.free("p", Normal::new(0.0, 1.0));
    model.observe("bounded", Uniform::new(&p - 1.0, &p + 1.0), &constant(&[50.0]), 1).expect("is right");
    let failure: FitError<f64> = Advi::mean_field(&model).run(10).unwrap_err();
    assert!(failure.fit().is_none());
    let text = failure.to_string();
    assert!(text.contains("-inf at iteration 1, first in the log-likelihood of `bounded`"), "{text}");
}

#[test]
fn bad_data_is_refused_before_anything_runs() {
    let (model, [x, y], [xs, ys], _) = network(120);
    let refused = |advi: Advi<f32>| advi.compile().expect_err("is refused");
    let advi = || Advi::mean_field(&model);
    assert!(matches!(refused(advi()), Error::MissingData(_)));
    assert_eq!(refused(advi().minibatches(50, [(&y, &ys)])), Error::MissingData("x".into()));
    assert_eq!(refused(advi().minibatches(50, [(&x, &xs)])), Error::MissingData("y".into()));
    let data = [(&x, &xs), (&y, &ys)];
    assert_eq!(refused(advi().minibatches(0, data)), Error::BatchSize { batch: 0, rows: 120 });
    assert_eq!(refused(advi().minibatches(121, data)), Error::BatchSize { batch: 121, rows: 120 });
    let short = ys.slice(0, 0..119);
    let uneven = refused(advi().minibatches(50, [(&x, &xs), (&y, &short)])).to_string();
    assert_eq!(uneven, "the data `x` has 120 rows, `y` has 119");
    let narrow = xs.slice(1, 0..23);
    let wrong = refused(advi().minibatches(50, [(&x, &narrow), (&y, &ys)])).to_string();
    assert!(wrong.contains("`x` is declared as [batch, 24]") && wrong.contains("[120, 23]"), "{wrong}");
    let mut holed = xs.clone();
    holed.make_mut()[24 * 77 + 3] = f32::NAN;
    let hole = refused(advi().minibatches(50, [(&x, &holed), (&y, &ys)]));
    assert_eq!(hole, Error::NonFiniteData { name: "x".into(), row: 77 });
    let other = Expr::input("other", [batch()]);
    assert!(matches!(refused(advi().minibatches(50, [(&other, &ys)])), Error::Unknown { .. }));
    assert_eq!(refused(advi().minibatches(50, [(&x, &xs), (&x, &xs)])), Error::RepeatedData("x".into()));
    assert!(matches!(refused(advi().draws(0).minibatches(50, data)), Error::Setting { .. }));
    assert!(matches!(refused(advi().initial_sd(-1.0).minibatches(50, data)), Error::Setting { .. }));
    assert!(matches!(refused(advi().tolerance(f64::NAN).minibatches(50, data)), Error::Setting { .. }));
    assert_eq!(refused(Advi::mean_field(&Model::new())), Error::NothingFree);
    let uneven = refused(advi().full_batch([(&x, &xs), (&y, &short)])).to_string();
    assert!(uneven.contains("119"), "{uneven}");
}

/// A label out of range is found when its batch comes; what was reached until then is kept.
#[test]
fn a_label_out_of_range_is_an_error_with_the_state_before_it() {
    let (model, [x, y], [xs, mut ys], _) = network(120);
    ys.make_mut()[50] = 3.0;
    let failure = Advi::mean_field(&model).minibatches(10, [(&x, &xs), (&y, &ys)]).run(12).unwrap_err();
    assert!(
        matches!(failure.error(), Error::Expression(bayeux_autodiff::Error::Index { limit: 3, .. })),
        "{failure}"
    );
    let kept = failure.fit().expect("row 50 is not among the first ten of this seed's order");
    assert!(kept.iterations() < 12);
}

#[test]
fn a_summary_tells_small_variables_by_element_and_pools_large_ones() {
    let model: Model<f64> = Model::new();
    model.free("mu", Normal::new(1.5, 0.2).shape([2]));
    let scale = model.free("scale", HalfNormal::new(1.0));
    model.free("w", Normal::new(0.0, 1.0).shape([40, 3]));
    model.deterministic("twice", &(&scale * 2.0));
    let x = model.data("x", [batch()]);
    model.deterministic("line", &(&scale * &x));
    let fit = Advi::mean_field(&model).optimizer(adam(0.05, 2_000)).draws(4).run(2_000).expect("converges");
    let summary = fit.summary().expect("runs");
    let names: Vec<&str> = summary.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["mu[0]", "mu[1]", "scale", "w", "twice"]);
    assert_eq!(summary.needing_data, ["line"]);
    let [mu, scale, w, twice] = [0, 2, 3, 4].map(|i| &summary.rows[i]);
    assert!((mu.mean - 1.5).abs() < 0.02 && (mu.sd - 0.2).abs() < 0.02, "{mu:?}");
    assert!((mu.high - mu.mean - 1.8808 * mu.sd).abs() < 1e-4 * mu.sd);
    assert_eq!((w.pooled, w.shape.as_slice()), (120, [40, 3].as_slice()));
    assert!(w.mean.abs() < 0.1 && (w.sd - 1.0).abs() < 0.1 && (w.high - 1.88).abs() < 0.2, "{w:?}");
    // By formula and by draws.
    assert!(
        (twice.mean / scale.mean - 2.0).abs() < 0.1 && (twice.sd / scale.sd - 2.0).abs() < 0.25,
        "{scale:?} {twice:?}"
    );
    let text = summary.to_string();
    assert!(
        text.starts_with("name ") && text.contains("120 elements pooled") && text.contains("need data: line"),
        "{text}"
    );
}
