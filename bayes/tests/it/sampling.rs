//! The no-U-turn sampler: known posteriors, the same bits, and what can go wrong.

use bayeux_autodiff::Expr;
use bayeux_bayes::sampling::{Chains, MassMatrix, Nuts};
use bayeux_bayes::{Advi, Categorical, Error, HalfNormal, Model, Normal, Uniform};
use bayeux_tensor::Tensor;

use crate::eight_schools::eight_schools;

/// Mean and standard deviation.
fn moments(x: &[f64]) -> [f64; 2] {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    [mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt()]
}

/// A normal in three dimensions with correlations of 0.95 and sds of 0.1, 1 and 10.
fn correlated() -> Model<f64> {
    let model = Model::new();
    let a = model.free("a", Normal::new(3.0, 0.1));
    let b = model.free("b", Normal::new((&a - 3.0) * 9.5, 0.3122498999199199));
    model.free("c", Normal::new(&b * 9.5 - 20.0, 3.122498999199199));
    model
}

#[test]
fn a_normal_has_its_moments() {
    for mass_matrix in [MassMatrix::Diagonal, MassMatrix::LowRank] {
        let chains =
            Nuts::new(&correlated()).mass_matrix(mass_matrix).draws(2_000).seed(4).run().expect("runs");
        assert_eq!((chains.chains(), chains.draws(), chains.divergences()), (4, 2_000, 0));
        let summary = chains.summary().expect("can be told");
        assert!(summary.warnings.is_empty() && summary.to_string().contains("have met"), "{summary}");
        assert!(
            summary.rows.iter().all(|row| row.summary.rhat < 1.01 && row.summary.ess_bulk > 400.0),
            "{summary}"
        );
        for (name, [mean, sd]) in [("a", [3.0, 0.1]), ("b", [0.0, 1.0]), ("c", [-20.0, 10.0])] {
            let draws = chains.of(name).expect("is there");
            assert_eq!(draws.shape(), [4, 2_000]);
            let [found_mean, found_sd] = moments(&draws.to_vec());
            assert!((found_mean - mean).abs() < 0.08 * sd, "{mass_matrix:?} {name}: {found_mean} {found_sd}");
            assert!((found_sd / sd - 1.0).abs() < 0.05, "{mass_matrix:?} {name}: {found_mean} {found_sd}");
        }
    }
}

/// posteriordb's eight schools, not centred.
#[test]
fn eight_schools_agree_with_posteriordb() {
    let Some((model, reference)) = eight_schools() else { return };
    let chains = Nuts::new(&model).draws(3_000).target_accept(0.95).seed(1).run().expect("runs");
    let check = |name: &str, found: [f64; 2]| {
        let [mean, sd] = reference.of(name);
        assert!(
            (found[0] - mean).abs() < 0.06 * sd && (found[1] / sd - 1.0).abs() < 0.06,
            "{name}: {found:?}, {mean} {sd}"
        );
    };
    check("mu", moments(&chains.of("mu").expect("is there").to_vec()));
    check("tau", moments(&chains.of("tau").expect("is there").to_vec()));
    let theta = chains.of("theta").expect("is there").to_vec();
    for school in 0..8 {
        let of_one: Vec<f64> = theta.iter().skip(school).step_by(8).copied().collect();
        check(&format!("theta[{}]", school + 1), moments(&of_one));
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let run = |threads: usize, seed| -> Chains<f64> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            Nuts::new(&correlated()).chains(3).tune(100).draws(50).seed(seed).run().expect("runs")
        })
    };
    let all = |chains: &Chains<f64>| ["a", "b", "c"].map(|name| chains.of(name).expect("is there").to_vec());
    let (one, three, other) = (run(1, 7), run(3, 7), run(3, 8));
    assert_eq!(all(&one), all(&three));
    assert_ne!(all(&one), all(&other));
    let a = &all(&one)[0];
    assert!(a[..50] != a[50..100], "chains differ");
}

/// A funnel as written has a neck that steps tuned to its mouth cannot enter.
#[test]
fn a_funnel_is_reported() {
    let model: Model<f64> = Model::new();
    let v = model.free("v", Normal::new(0.0, 3.0));
    model.free("x", Normal::new(0.0, (v * 0.5).exp()).shape([9]));
    let chains = Nuts::new(&model).run().expect("runs");
    let per_draw = chains.diverging().iter().flatten().filter(|diverging| **diverging).count();
    assert!(chains.divergences() > 0 && chains.divergences() == per_draw);
    let summary = chains.summary().expect("can be told");
    assert!(summary.warnings.iter().any(|warning| warning.contains("draws diverged")), "{summary}");
    assert_eq!((summary.rows.len(), summary.rows[3].name.as_str()), (10, "x[2]"));
    assert!(chains.steps().iter().all(|steps| steps.len() == 1_000 && steps.iter().all(|&n| n > 0)));
}

#[test]
fn single_precision_and_a_start_from_a_fit() {
    let model: Model<f32> = Model::new();
    let scale = model.free("scale", HalfNormal::new(1.0));
    let share = model.free("share", Uniform::new(0.0, &scale));
    let y = Expr::constant(Tensor::from_slice(&[0.2, 0.3, 0.25]));
    model.observe("y", Normal::new(share, 0.1), &y, 3).expect("is right");
    let fit = Advi::mean_field(&model).run(500).expect("runs");
    let chains = Nuts::new(&model).start_from(&fit).target_accept(0.9).run().expect("runs");
    let share = chains.of("share").expect("is there").to_vec();
    let scale = chains.of("scale").expect("is there").to_vec();
    assert!(share.iter().zip(&scale).all(|(share, scale)| share <= scale));
    let mean = share.iter().map(|&x| f64::from(x)).sum::<f64>() / share.len() as f64;
    assert!((mean - 0.245).abs() < 0.02, "{mean}");
}

#[test]
fn what_cannot_be_sampled_is_said() {
    let nowhere: Model<f64> = Model::new();
    let x = nowhere.free("x", Normal::new(0.0, 1.0));
    nowhere.potential("never", &(x * f64::NEG_INFINITY)).expect("is right");
    let error = Nuts::new(&nowhere).run().expect_err("has no start");
    assert!(error.to_string().contains("no start with a positive density"), "{error}");

    let labels: Model<f64> = Model::new();
    let logits = labels.free("logits", Normal::new(0.0, 1.0).shape([3]));
    let y = Expr::constant(Tensor::from_slice(&[7.0]));
    labels.observe("y", Categorical::logits(logits).shape([1]), &y, 1).expect("is right");
    let error = Nuts::new(&labels).run().expect_err("has no class 7");
    assert!(matches!(error, Error::Expression(_)), "{error:?}");

    let model = correlated();
    for nuts in [
        Nuts::new(&model).chains(0),
        Nuts::new(&model).draws(0),
        Nuts::new(&model).target_accept(1.0),
        Nuts::new(&model).max_depth(0),
    ] {
        assert!(matches!(nuts.run().expect_err("is wrong"), Error::Setting { .. }));
    }
}
