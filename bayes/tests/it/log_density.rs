//! The log density as a function of one vector, and draws that were made elsewhere.

use bayeux_autodiff::{Expr, batch, interpret};
use bayeux_bayes::{Error, HalfNormal, Model, Normal, Uniform, Variable};
use bayeux_tensor::Tensor;

fn model() -> (Model<f64>, Expr<f64>) {
    line(3)
}

fn line(rows: usize) -> (Model<f64>, Expr<f64>) {
    let model = Model::new();
    let x = model.data("x", [batch()]);
    let scale = model.free("scale", HalfNormal::new(2.0));
    let w = model.free("w", Normal::new(0.0, &scale).shape([2, 2]));
    let top = model.free("top", Uniform::new(0.0, &scale));
    model.observe("y", Normal::new(w.sum_all() * &x, top + 0.1), &x, rows).expect("is right");
    (model, x)
}

const Z: [f64; 6] = [0.3, -1.0, 0.2, 0.7, -0.4, 0.9];

#[test]
fn it_is_the_models_with_slopes_and_curvature() {
    let (model, x) = model();
    let data = Tensor::from_slice(&[0.5, -1.0, 2.0]);
    let mut density = model.log_density([(&x, &data)]).expect("builds");
    let parts: Vec<_> = density.parts().map(|(name, range)| (name.to_string(), range)).collect();
    assert_eq!(parts, [("scale".into(), 0..1), ("w".into(), 1..5), ("top".into(), 5..6)]);
    let mut slope = [0.0; 6];
    let value = density.value_and_gradient(&Z, &mut slope).expect("runs");

    let variables = model.variables().expect("is right");
    let at = [Tensor::scalar(Z[0]), Tensor::new([2, 2], Z[1..5].to_vec()), Tensor::scalar(Z[5])];
    let mut inputs: Vec<(&Expr<f64>, &Tensor<f64>)> =
        variables.iter().map(Variable::unconstrained).zip(&at).collect();
    inputs.push((&x, &data));
    let expected = interpret(&[model.log_prob().expect("is right")], &inputs, 0).expect("runs")[0].item();
    assert!((value - expected).abs() < 1e-12 * expected.abs(), "{value} {expected}");

    let v = [0.5, -0.2, 1.0, 0.3, -0.7, 0.4];
    let mut product = [0.0; 6];
    density.hessian_vector(&Z, &v, &mut product).expect("runs");
    let step = 1e-5;
    let mut moved = |by: f64| {
        let z: Vec<f64> = Z.iter().zip(v).map(|(z, v)| z + by * v).collect();
        let mut slope = [0.0; 6];
        (density.value_and_gradient(&z, &mut slope).expect("runs"), slope)
    };
    let ((up, slopes_up), (down, slopes_down)) = (moved(step), moved(-step));
    let along: f64 = slope.iter().zip(v).map(|(slope, v)| slope * v).sum();
    assert!(((up - down) / (2.0 * step) - along).abs() < 1e-6 * along.abs().max(1.0));
    for i in 0..6 {
        let wanted = (slopes_up[i] - slopes_down[i]) / (2.0 * step);
        assert!((product[i] - wanted).abs() < 1e-5 * wanted.abs().max(1.0), "{i}: {} {wanted}", product[i]);
    }
}

#[test]
fn what_a_model_lacks_is_said() {
    let (model, x) = model();
    assert!(model.log_density([]).is_err());
    let wrong = Tensor::zeros([3, 2]);
    assert!(matches!(model.log_density([(&x, &wrong)]).expect_err("is wrong"), Error::DataShape { .. }));
    // As many rows as are said to be there, or none of it is right.
    let few = Tensor::from_slice(&[0.5, -1.0]);
    let (model, x) = line(3);
    assert!(matches!(model.log_density([(&x, &few)]).expect_err("is wrong"), Error::TotalRows { .. }));
    let empty: Model<f64> = Model::new();
    assert_eq!(empty.log_density([]).expect_err("is wrong"), Error::NothingFree);
}

#[test]
fn draws_from_elsewhere_are_a_posterior() {
    let (model, x) = model();
    let scale = Tensor::from_slice(&[0.5, 2.0]);
    let w = Tensor::from_fn([2, 2, 2], |i| (i[0] * 4 + i[1] * 2 + i[2]) as f64);
    let top = Tensor::from_slice(&[0.1, 1.9]);
    let posterior = model.empirical([("w", &w), ("top", &top), ("scale", &scale)]).expect("fits");
    for (name, given) in [("w", &w), ("top", &top), ("scale", &scale)] {
        assert!(posterior.of(name).expect("is there").all_close(given, 1e-12, 1e-12), "{name}");
    }
    let total = model.get("w").expect("is there").sum_all() * &x;
    let p = posterior.predict(&total, [(&x, &Tensor::from_slice(&[1.0, 2.0]))]).expect("runs");
    assert_eq!(p.draws().to_vec(), [6.0, 12.0, 22.0, 44.0]);

    let short = Tensor::from_slice(&[1.0]);
    let error = model.empirical([("w", &w), ("top", &short), ("scale", &scale)]).expect_err("is wrong");
    assert!(matches!(error, Error::DataShape { .. }), "{error}");
    let error = model.empirical([("w", &w), ("scale", &scale)]).expect_err("is wrong");
    assert_eq!(error, Error::MissingData("top".into()));
    let number = Tensor::scalar(0.5);
    let error = model.empirical([("w", &w), ("top", &top), ("scale", &number)]).expect_err("is wrong");
    assert!(matches!(error, Error::DataShape { .. }), "{error}");
    let all = [("w", &w), ("top", &top), ("scale", &scale), ("v", &top)];
    assert!(matches!(model.empirical(all).expect_err("is wrong"), Error::Unknown { .. }));
}
