//! How a fit runs: its seed, its start, its end, and what it tells.

use std::ops::ControlFlow;

use bayeux_autodiff::batch;
use bayeux_autodiff::optimizers::{AdagradWindow, Adam};
use bayeux_bayes::{Advi, Error, Fit, HalfNormal, Model, Normal, Stop};
use bayeux_tensor::Tensor;

use super::{adam, constant, network, sample};

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
    assert!(text.contains("summary_of_elements(120)"), "{text}");
    let elements = fit.summary_of_elements(120).expect("runs");
    assert_eq!((elements.rows.len(), elements.rows[3 + 4].name.as_str()), (4 + 120, "w[1, 1]"));
}
