//! What can go wrong: each names its place, and what was reached before is kept.

use std::ops::ControlFlow;

use bayeux_autodiff::optimizers::{Adam, Optimizer};
use bayeux_autodiff::{Expr, Shared, Updates, batch};
use bayeux_bayes::{Advi, Error, FitError, Model, Normal, Uniform};
use bayeux_tensor::Tensor;

use super::{adam, constant, network, sample};

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

/// What is not scaled to all rows cannot be seen a part at a time: it is refused, or has to say how many rows there are.
#[test]
fn potentials_are_scaled_in_mini_batches_or_refused() {
    let data = Tensor::from_slice(&sample(60));
    let model = |scaled: bool| {
        let model: Model<f64> = Model::new();
        let y = model.data("y", [batch()]);
        let mu = model.free("mu", Normal::new(0.0, 10.0));
        let logs = (&y - &mu).square() * -0.5;
        match scaled {
            true => model.potential_rows("squares", &logs, 60),
            false => model.potential("squares", &logs),
        }
        .expect("is right");
        model.potential("shrink", &(mu * 0.0)).expect("is right");
        (model, y)
    };
    let (unscaled, y) = model(false);
    let error = Advi::mean_field(&unscaled).minibatches(6, [(&y, &data)]).compile().expect_err("is wrong");
    assert_eq!(error, Error::PotentialOfRows { name: "squares".into(), data: "y".into() });
    assert!(Advi::mean_field(&unscaled).full_batch([(&y, &data)]).compile().is_ok());

    let (scaled, y) = model(true);
    let advi = Advi::mean_field(&scaled).minibatches(6, [(&y, &data)]).optimizer(adam(0.02, 5_000));
    let found = advi.run(5_000).expect("converges").unconstrained("mu").expect("is there");
    let (mean, sd) = (data.iter().sum::<f64>() / 60.01, 60.01f64.sqrt().recip());
    assert!(
        (found.mean.item() - mean).abs() < 0.3 * sd && (found.sd.item() / sd - 1.0).abs() < 0.1,
        "{found:?}"
    );
}

#[test]
fn a_number_of_rows_that_the_data_contradicts_is_refused() {
    let model: Model<f64> = Model::new();
    let y = model.data("y", [batch()]);
    let mu = model.free("mu", Normal::new(0.0, 10.0));
    model.observe("points", Normal::new(&mu, 1.0), &y, 50).expect("may be right");
    let data = Tensor::from_slice(&sample(60));
    let wanted = Error::TotalRows { name: "points".into(), total_rows: 50, rows: 60 };
    for advi in [
        Advi::mean_field(&model).full_batch([(&y, &data)]),
        Advi::mean_field(&model).minibatches(5, [(&y, &data)]),
    ] {
        assert_eq!(advi.compile().expect_err("is wrong"), wanted);
    }
    let error =
        model.observe("constant", Normal::new(&mu, 1.0), &constant(&[1.0, 2.0]), 3).expect_err("is wrong");
    assert_eq!(error.to_string(), "`constant` is said to have 3 rows in all, the data has 2");
}
