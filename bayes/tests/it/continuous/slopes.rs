//! Gradients of densities, of distribution functions and of samples.

use bayeux_autodiff::{Expr, Function, RandomStreams, check_gradient, grad};
use bayeux_tensor::Tensor;

use super::{CASES, distribution};

const COUNT: usize = 20_000;

#[test]
fn gradients_are_exact_at_orders_one_and_two() {
    for (name, parameters, x) in CASES {
        // Settings that differ from point to point.
        let spread = |p: f64| Tensor::from_slice(&[p, p * 1.02, p * 1.05, p * 0.97]);
        let parameters: Vec<Tensor<f64>> = parameters.iter().map(|&p| spread(p)).collect();
        let at = Tensor::from_slice(&x);
        let x = Expr::input("x", [4]);
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|_| Expr::input("parameter", [4])).collect();
        let d = distribution(name, &leaves);
        let functions = [Some(d.log_prob(&x)), d.log_cdf(&x), d.log_survival(&x)];
        for (what, y) in ["density", "cdf", "survival"].into_iter().zip(functions) {
            let Some(y) = y else { continue };
            let points: Vec<(&Expr<f64>, &Tensor<f64>)> =
                leaves.iter().zip(&parameters).chain([(&x, &at)]).collect();
            let errors = check_gradient(&y.sum_all(), &points).expect("runs");
            assert!(errors.first < 1e-6 && errors.second < 1e-5, "{name}, {what}: {errors:?}");
        }
    }
}

/// The mean of a sample moves with the parameters as the mean does.
#[test]
fn samples_have_slopes() {
    for (name, parameters, _) in CASES {
        if ["HalfCauchy", "Cauchy", "VonMises"].contains(&name) {
            continue;
        }
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|_| Expr::input("parameter", ())).collect();
        let values: Vec<Tensor<f64>> = parameters.iter().map(|&p| Tensor::scalar(p)).collect();
        let wide: Vec<Expr<f64>> = leaves.iter().map(|p| p.broadcast_to([COUNT])).collect();
        let sample = distribution(name, &wide).sample(&RandomStreams::new(3)).expect("has one").mean_all();
        let mean = distribution(name, &leaves).mean().expect("has one");
        let slopes = [grad(&sample, &leaves), grad(&mean, &leaves)].concat();
        let found = Function::new(&leaves, &slopes)
            .expect("builds")
            .call(&values.iter().collect::<Vec<_>>())
            .expect("runs");
        for i in 0..leaves.len() {
            let [sampled, known] = [i, i + leaves.len()].map(|i| found[i].item());
            assert!(
                (sampled - known).abs() < 0.05 * known.abs().max(1.0),
                "{name}, {i}: {sampled}, not {known}"
            );
        }
    }
}

/// Beside the support, and of NaN.
#[test]
fn slopes_beside_the_support_are_zero_and_nan_stays() {
    for (name, parameters, inside) in CASES {
        let x = Expr::<f64>::input("x", [4]);
        let leaves: Vec<Expr<f64>> = parameters.iter().map(|_| Expr::input("parameter", ())).collect();
        let d = distribution(name, &leaves);
        let values: Vec<Tensor<f64>> = parameters.iter().map(|&p| Tensor::scalar(p)).collect();
        let at = Tensor::from_slice(&[-40.0, 0.0, inside[1], 50.0]);
        let none = Tensor::full([4], f64::NAN);
        let inputs = [vec![x.clone()], leaves.clone()].concat();
        for y in [Some(d.log_prob(&x)), d.log_cdf(&x), d.log_survival(&x)].into_iter().flatten() {
            let finite = y.abs().lt(&Expr::scalar(1e300));
            let total = Expr::select(&finite, &y, &Expr::scalar(0.0)).sum_all();
            let slopes = grad(&total, &inputs);
            let f = Function::new(&inputs, [vec![y], slopes].concat().iter()).expect("builds");
            let arguments: Vec<&Tensor<f64>> = [&at].into_iter().chain(&values).collect();
            for slope in &f.call(&arguments).expect("runs")[1..] {
                assert!(slope.iter().all(f64::is_finite), "{name}: {slope:?}");
            }
            let arguments: Vec<&Tensor<f64>> = [&none].into_iter().chain(&values).collect();
            let found = f.call(&arguments).expect("runs").remove(0);
            assert!(found.iter().all(f64::is_nan), "{name}: of NaN {found:?}");
        }
    }
}
