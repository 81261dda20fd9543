//! What is no parameter, and values beside the support.

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape};
use bayeux_bayes::{Binomial, Distribution, NegativeBinomial, OrderedLogistic, Poisson};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

use super::{CASES, columns, distribution};

#[test]
fn what_is_no_parameter_gives_nan_everywhere() {
    let cases: [(&str, &[f64]); 13] = [
        ("Poisson", &[-1.0]),
        ("Poisson", &[f64::NAN]),
        ("Binomial", &[2.5, 0.3]),
        ("Binomial", &[3.0, 1.5]),
        ("BinomialLogits", &[3.0, f64::INFINITY]),
        ("NegativeBinomial", &[0.0, 0.5]),
        ("NegativeBinomialMean", &[1.0, -2.0]),
        ("Geometric", &[0.0]),
        ("DiscreteUniform", &[2.0, 1.0]),
        ("BetaBinomial", &[4.0, 1.0, -1.0]),
        ("OrderedLogistic", &[0.0, 2.0, 1.0]),
        ("Bernoulli", &[1.5]),
        ("BernoulliLogits", &[f64::NAN]),
    ];
    for (name, row) in cases {
        let tensors = columns::<f64>(name, &[row]);
        let leaves: Vec<Expr<f64>> = tensors.iter().map(|p| Expr::input("parameter", p.shape())).collect();
        let one = distribution(name, &leaves);
        let x = Expr::scalar(1.0);
        let mut outputs = vec![one.log_prob(&x), one.sample(&RandomStreams::new(1)).expect("has one")];
        outputs.extend(one.log_cdf(&x));
        outputs.extend(one.log_survival(&x));
        let f = Function::new(&leaves, &outputs).expect("builds");
        let mut found = f.call(&tensors.iter().collect::<Vec<_>>()).expect("runs");
        found.push(one.draw(&tensors, &[1], &mut Philox4x32::new(1, 0)));
        assert!(found.iter().all(|y| y.iter().all(f64::is_nan)), "{name}({row:?}): {found:?}");
    }
}

/// A value beside the support leaves the gradient of the others alone, and NaN stays NaN.
#[test]
fn values_beside_the_support_have_no_slope() {
    for (name, parameters, _) in CASES {
        if name.starts_with("Categorical") {
            continue;
        }
        let tensors = columns::<f64>(name, &parameters[..1]);
        let leaves: Vec<Expr<f64>> = tensors.iter().map(|p| Expr::input("parameter", p.shape())).collect();
        let x = Expr::constant(Tensor::from_slice(&[-7.0, 0.5, 1e300, f64::INFINITY, 1.0, f64::NAN]));
        let one = distribution(name, &leaves);
        let beside = Expr::constant(Tensor::from_slice(&[-7.0, 0.5, f64::INFINITY]));
        let log = one.log_prob(&beside);
        let total = Expr::select(&log.gt(&Expr::scalar(-1e300)), &log, &Expr::scalar(0.0)).sum_all();
        let mut outputs = vec![one.log_prob(&x)];
        if name != "DiscreteUniform" {
            outputs.extend(bayeux_autodiff::grad(&total, &leaves));
        }
        let f = Function::new(&leaves, &outputs).expect("builds");
        let found = f.call(&tensors.iter().collect::<Vec<_>>()).expect("runs");
        let log = found[0].to_vec();
        assert!([0, 1, 3].iter().all(|&i| log[i] == f64::NEG_INFINITY), "{name}: {log:?}");
        let inside = log[4].is_finite() || name.starts_with("Truncated");
        assert!(log[2] < -1e100 && inside && log[5].is_nan(), "{name}: {log:?}");
        assert!(found[1..].iter().all(|slope| slope.iter().all(|s| s == 0.0)), "{name}: {found:?}");
    }
}

#[test]
fn shapes_broadcast() {
    let each = NegativeBinomial::<f64>::mean_dispersion(Expr::ones([4]), Expr::ones([3, 1]));
    assert_eq!(each.batch_shape(), &Shape::from([3, 4]));
    let ratings =
        OrderedLogistic::<f64>::new(Expr::zeros([5]), Tensor::from_slice(&[-1.0, 1.0])).shape([2, 5]);
    assert_eq!(ratings.batch_shape(), &Shape::from([2, 5]));
    assert_eq!(ratings.log_prob(&Expr::zeros([2, 5])).shape(), &Shape::from([2, 5]));
    assert_eq!(Poisson::<f64>::new(2.0).shape([6]).batch_shape(), &Shape::from([6]));
}

#[test]
#[should_panic(expected = "Poisson: the rate must be finite and not negative, not -1")]
fn a_negative_rate_is_refused() {
    let _ = Poisson::<f32>::new(-1.0);
}

#[test]
#[should_panic(expected = "Binomial: the number of trials must be a whole number and not negative, not 2.5")]
fn half_a_trial_is_refused() {
    let _ = Binomial::<f32>::probabilities(2.5, 0.5);
}

#[test]
#[should_panic(expected = "the cutpoints must ascend")]
fn cutpoints_out_of_order_are_refused() {
    let _ = OrderedLogistic::<f64>::new(0.0, Tensor::from_slice(&[1.0, 1.0]));
}
