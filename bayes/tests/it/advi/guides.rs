//! Families of approximations: of a posterior that is a normal with a known covariance, and of their own densities.

use bayeux_autodiff::{Expr, Function, RandomStreams};
use bayeux_bayes::advi::Estimator;
use bayeux_bayes::{Advi, Delta, Error, Fit, FullRank, Guide, HalfNormal, LowRank, MeanField, Model, Normal};
use bayeux_tensor::Tensor;

use super::{adam, constant, sample};

const N: usize = 30;
const NOISE: f64 = 0.5;
const WIDE: f64 = 10.0;

fn xs() -> Vec<f64> {
    (0..N).map(|i| 1.0 + i as f64 / N as f64).collect()
}

/// A line whose intercept and slope are strongly correlated, as the xs are far from 0.
fn line() -> Model<f64> {
    let model = Model::new();
    let a = model.free("a", Normal::new(0.0, WIDE));
    let b = model.free("b", Normal::new(0.0, WIDE));
    let y: Vec<f64> = xs().iter().zip(sample(N)).map(|(x, e)| 2.0 - x + 0.3 * (e - 1.7)).collect();
    model.observe("y", Normal::new(&a + &b * &constant(&xs()), NOISE), &constant(&y), N).expect("is right");
    model
}

/// The precision of the posterior, its mean, and the log evidence.
fn exact() -> ([[f64; 2]; 2], [f64; 2], f64) {
    let y: Vec<f64> = xs().iter().zip(sample(N)).map(|(x, e)| 2.0 - x + 0.3 * (e - 1.7)).collect();
    let (tau, prior) = (NOISE.powi(-2), WIDE.powi(-2));
    let sums = |f: &dyn Fn(f64, f64) -> f64| xs().iter().zip(&y).map(|(&x, &y)| f(x, y)).sum::<f64>() * tau;
    let p = [[N as f64 * tau + prior, sums(&|x, _| x)], [sums(&|x, _| x), sums(&|x, _| x * x) + prior]];
    let h = [sums(&|_, y| y), sums(&|x, y| x * y)];
    let det = p[0][0] * p[1][1] - p[0][1] * p[0][1];
    let mean = [(p[1][1] * h[0] - p[0][1] * h[1]) / det, (p[0][0] * h[1] - p[0][1] * h[0]) / det];
    // ln p(y) = ln p(y, θ) − ln p(θ | y) at the posterior's mean.
    let two_pi = 2.0 * std::f64::consts::PI;
    let likelihood: f64 = xs().iter().zip(&y).map(|(x, y)| (y - mean[0] - mean[1] * x).powi(2) * tau).sum();
    let joint = -0.5 * (likelihood + N as f64 * (two_pi / tau).ln())
        - 0.5 * (mean[0].powi(2) + mean[1].powi(2)) * prior
        - (two_pi / prior).ln();
    (p, mean, joint + two_pi.ln() - 0.5 * det.ln())
}

fn covariance(p: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let det = p[0][0] * p[1][1] - p[0][1] * p[0][1];
    [[p[1][1] / det, -p[0][1] / det], [-p[0][1] / det, p[0][0] / det]]
}

/// Whether a fit has this normal, up to so much of the sds.
fn has(fit: &Fit<f64>, mean: [f64; 2], sds: [f64; 2], tolerance: f64) {
    for (i, name) in ["a", "b"].into_iter().enumerate() {
        let found = fit.unconstrained(name).expect("is there");
        assert!(
            (found.mean.item() - mean[i]).abs() < tolerance * sds[i],
            "{name}: {found:?}, {mean:?} {sds:?}"
        );
        assert!((found.sd.item() / sds[i] - 1.0).abs() < tolerance, "{name}: {found:?}, {sds:?}");
    }
}

#[test]
fn correlated_families_find_a_correlated_posterior() {
    let (precision, mean, evidence) = exact();
    let c = covariance(precision);
    let sds = [c[0][0].sqrt(), c[1][1].sqrt()];
    let correlation = c[0][1] / (sds[0] * sds[1]);
    assert!(correlation < -0.98);
    let model = line();
    // With this estimator the gradient has no noise where the posterior is reached.
    let fit = |advi: Advi<'_, f64>| {
        let advi = advi.estimator(Estimator::StickingTheLanding).optimizer(adam(0.05, 4_000));
        advi.run(4_000).expect("converges")
    };
    for (name, fit) in
        [("full rank", fit(Advi::full_rank(&model))), ("low rank", fit(Advi::low_rank(&model, 1)))]
    {
        has(&fit, mean, sds, 0.01);
        assert!((fit.final_elbo() - evidence).abs() < 1e-3, "{name}: {} {evidence}", fit.final_elbo());
        let draws = fit.posterior(4_000);
        let [a, b] = ["a", "b"].map(|name| draws.of(name).expect("is there").to_vec());
        let cov: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean[0]) * (b - mean[1])).sum::<f64>() / 4_000.0;
        let sd = |x: &[f64], mean: f64| (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4_000.0).sqrt();
        let found = cov / (sd(&a, mean[0]) * sd(&b, mean[1]));
        assert!((found - correlation).abs() < 2e-3, "{name}: {found} {correlation}");
    }
    // Independent normals are as narrow as one number given the other: their precision is the posterior's diagonal.
    let narrow = [precision[0][0].powf(-0.5), precision[1][1].powf(-0.5)];
    let fit = fit(Advi::mean_field(&model).draws(8));
    for (i, name) in ["a", "b"].into_iter().enumerate() {
        let found = fit.unconstrained(name).expect("is there");
        // Along the ridge the gradient is small, and its noise is not.
        assert!((found.mean.item() - mean[i]).abs() < 0.5 * sds[i], "{name}: {found:?} {mean:?}");
        assert!((found.sd.item() / narrow[i] - 1.0).abs() < 0.05, "{name}: {found:?} {narrow:?}");
    }
}

#[test]
fn a_point_is_the_largest_density() {
    let (_, mean, _) = exact();
    let model = line();
    let fit = Advi::map(&model).optimizer(adam(0.05, 3_000)).run(3_000).expect("converges");
    for (name, mean) in ["a", "b"].into_iter().zip(mean) {
        let found = fit.unconstrained(name).expect("is there");
        assert!((found.mean.item() - mean).abs() < 1e-6 && found.sd.item() == 0.0, "{found:?} {mean}");
        assert!(fit.posterior(3).of(name).expect("is there").iter().all(|x| x == found.mean.item()));
    }
}

#[test]
fn importance_weights_bring_the_bound_nearer_to_the_evidence() {
    let (_, _, evidence) = exact();
    let model = line();
    let bound = |draws| {
        let advi = Advi::mean_field(&model).estimator(Estimator::ImportanceWeighted).draws(draws);
        advi.optimizer(adam(0.02, 3_000)).run(3_000).expect("converges").final_elbo()
    };
    let [one, many] = [1, 30].map(bound);
    assert!(one < evidence - 0.8 && one + 0.5 < many && many < evidence + 0.05, "{one} {many} {evidence}");
}

/// The entropy is the mean of −ln q, and q's own draws have the moments that it says.
#[test]
fn entropies_densities_and_draws_belong_together() {
    type Choice = for<'a> fn(&'a Model<f64>) -> Advi<'a, f64>;
    let choices: [(&str, Choice); 4] = [
        ("mean field", |model| Advi::mean_field(model)),
        ("full rank", |model| Advi::full_rank(model)),
        ("low rank", |model| Advi::low_rank(model, 2)),
        ("mixed", |model| {
            Advi::new(model, MeanField).family(["w", "scale"], FullRank).family(["b"], LowRank::new(1))
        }),
    ];
    for (name, choice) in choices {
        let model: Model<f64> = Model::new();
        let scale = model.free("scale", HalfNormal::new(1.0));
        let _ = model.free("w", Normal::new(0.0, &scale).shape([2, 2]));
        let _ = model.free("a", Normal::new(0.0, 1.0));
        let _ = model.free("b", Normal::new(0.0, 1.0).shape([3]));
        let fitter = choice(&model).initial_sd(0.7).compile().expect("builds");
        let guide: &Guide<f64> = fitter.guide();
        // Somewhere in the family, not where it starts.
        for (i, parameter) in guide.parameters().iter().enumerate() {
            let moved = |k: usize, x: f64| x + ((i * 13 + k * 7) % 11) as f64 / 25.0 - 0.2;
            let values = parameter.get().to_vec();
            let values = values.iter().enumerate().map(|(k, &x)| moved(k, x)).collect();
            parameter.set(Tensor::new(parameter.shape(), values));
        }
        let z = guide.draw(&RandomStreams::new(5));
        let log_q = guide.log_prob(&z);
        let outputs = [vec![guide.entropy(), log_q], z].concat();
        let mut f = Function::new([], &outputs).expect("builds");
        let count = 4_000;
        let (mut total, mut squares, mut sums) = (0.0, 0.0, vec![[0.0, 0.0]; 9]);
        let mut entropy = 0.0;
        for call in 0..count {
            f.set_call(call);
            let values = f.call(&[]).expect("runs");
            entropy = values[0].item();
            total -= values[1].item();
            squares += (values[1].item() + entropy).powi(2);
            let elements = values[2..].iter().flat_map(|value| value.to_vec());
            sums.iter_mut().zip(elements).for_each(|(sum, x)| *sum = [sum[0] + x, sum[1] + x * x]);
        }
        let count = count as f64;
        let error = (squares / count).sqrt() / count.sqrt();
        assert!((total / count - entropy).abs() < 4.0 * error, "{name}: {} {entropy}", total / count);
        // Draws as expressions, and those of the fit, have the means and sds that it states.
        let fit = fitter.fit();
        let names = ["scale", "w", "a", "b"];
        let stated = names.map(|name| fit.unconstrained(name).expect("is there"));
        let stated: Vec<[f64; 2]> = stated
            .iter()
            .flat_map(|of| of.mean.iter().zip(of.sd.iter()).map(|(mean, sd)| [mean, sd]).collect::<Vec<_>>())
            .collect();
        let posterior = fit.posterior(4_000);
        let drawn = names.map(|name| posterior.of(name).expect("is there"));
        let columns: Vec<Vec<f64>> = drawn
            .iter()
            .flat_map(|of| {
                let size: usize = of.shape()[1..].iter().product();
                let all = of.to_vec();
                (0..size)
                    .map(move |k| all.iter().skip(k).step_by(size).copied().collect())
                    .collect::<Vec<_>>()
            })
            .collect();
        for (k, ([sum, square], [mean, sd])) in sums.iter().zip(&stated).enumerate() {
            let (m, s) = (sum / count, (square / count - (sum / count).powi(2)).sqrt());
            assert!(
                (m - mean).abs() < 5.0 * sd / count.sqrt() && (s / sd - 1.0).abs() < 0.06,
                "{name} {k}: {m} {s}, {mean} {sd}"
            );
            let column: Vec<f64> = columns[k].iter().map(|x| if k == 0 { x.ln() } else { *x }).collect();
            let m = column.iter().sum::<f64>() / count;
            let s = (column.iter().map(|x| (x - m).powi(2)).sum::<f64>() / count).sqrt();
            assert!(
                (m - mean).abs() < 5.0 * sd / count.sqrt() && (s / sd - 1.0).abs() < 0.06,
                "{name} {k}: {m} {s}, {mean} {sd}"
            );
        }
    }
}

#[test]
fn families_can_be_mixed() {
    let (precision, mean, _) = exact();
    let model = line();
    let _ = model.free("c", Normal::new(3.0, 0.1));
    let advi = Advi::new(&model, Delta).family(["b", "a"], FullRank).estimator(Estimator::StickingTheLanding);
    let fit = advi.optimizer(adam(0.05, 4_000)).run(4_000).expect("converges");
    let c = covariance(precision);
    has(&fit, mean, [c[0][0].sqrt(), c[1][1].sqrt()], 0.01);
    let c = fit.unconstrained("c").expect("is there");
    assert!((c.mean.item() - 3.0).abs() < 1e-6 && c.sd.item() == 0.0, "{c:?}");
}

#[test]
fn a_family_of_nobody_is_refused() {
    let model = line();
    for names in [vec!["a", "d"], vec!["a", "a"]] {
        let error = Advi::mean_field(&model).family(names.clone(), FullRank).compile().expect_err("is wrong");
        assert!(matches!(error, Error::Unknown { .. }), "{names:?}: {error}");
    }
    let error = Advi::full_rank(&model).family(["a"], Delta).family(["a"], MeanField).compile();
    assert!(matches!(error.expect_err("is wrong"), Error::Unknown { .. }));
}

/// The same bits on any number of threads.
#[test]
fn threads_do_not_matter() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let model: Model<f32> = Model::new();
            let w = model.free("w", Normal::new(0.0, 1.0).shape([90]));
            let y = Expr::constant(Tensor::from_fn([90], |i| (i[0] % 7) as f32));
            model.observe("y", Normal::new(&w + w.flip(0), 0.5), &y, 90).expect("is right");
            let fit = Advi::full_rank(&model).run(30).expect("runs");
            (fit.elbo().to_vec(), fit.posterior(2).of("w").expect("is there").to_vec())
        })
    };
    assert_eq!(run(1), run(3));
}
