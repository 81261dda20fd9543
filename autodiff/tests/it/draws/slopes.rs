//! Gradients of expectations by slopes of draws, against those of formulas.

use bayeux_autodiff::{Expr, Function, RandomStreams, ScanOptions, grad, jvp};
use bayeux_tensor::Tensor;

use super::assert_mean;

const N: usize = 40_000;

/// The slope of each of many f(x) in its own parameter, whose mean is the slope of the expectation.
fn slopes(parameter: f64, f: impl Fn(&RandomStreams, &Expr<f64>) -> Expr<f64>) -> Vec<f64> {
    let a = Expr::<f64>::input("a", [N]);
    let y = f(&RandomStreams::new(11), &a);
    let slope = grad(&y.sum_all(), std::slice::from_ref(&a)).remove(0);
    let f = Function::new([&a], [slope]).expect("one input");
    f.call(&[&Tensor::full([N], parameter)]).expect("runs")[0].to_vec()
}

#[test]
fn gamma() {
    for alpha in [0.01, 0.5, 1.0, 30.0, 1e3] {
        // E x = α, E x² = α (α + 1), E ln x = ψ(α).
        assert_mean("x", &slopes(alpha, |random, a| random.gamma(a, [N])), 1.0);
        let square = slopes(alpha, |random, a| random.gamma(a, [N]).square());
        assert_mean("x²", &square, 2.0 * alpha + 1.0);
        let trigamma = Function::new([], [&Expr::<f64>::from(alpha).polygamma(1)]).expect("no inputs");
        let trigamma = trigamma.call(&[]).expect("runs")[0].item();
        assert_mean("ln x", &slopes(alpha, |random, a| random.log_gamma(a, [N])), trigamma);
    }
}

/// The mean of second derivatives is the second derivative: 2 of E x².
#[test]
fn second_derivatives() {
    let second = slopes(3.0, |random, a| {
        let cost = random.gamma(a, [N]).square().sum_all();
        grad(&cost, std::slice::from_ref(a)).remove(0)
    });
    assert_mean("x²", &second, 2.0);
    let kappa = 1.5;
    let second = slopes(kappa, |random, k| {
        let cost = random.von_mises(k, [N]).cos().sum_all();
        grad(&cost, std::slice::from_ref(k)).remove(0)
    });
    // A″ = A/κ² − A′/κ − 2 A A′.
    let a = 0.596_133_238_83;
    let slope = 1.0 - a / kappa - a * a;
    assert_mean("cos x", &second, a / (kappa * kappa) - slope / kappa - 2.0 * a * slope);
}

#[test]
fn beta_and_dirichlet() {
    for (a, b) in [(0.05, 0.1), (2.0, 3.0), (300.0, 100.0)] {
        let total: f64 = a + b;
        assert_mean("a", &slopes(a, |random, a| random.beta(a, b, [N])), b / total.powi(2));
        assert_mean("b", &slopes(b, |random, b| random.beta(a, b, [N])), -a / total.powi(2));
        // E x² = a (a + 1)/((a + b) (a + b + 1)).
        let square = |a: f64| a * (a + 1.0) / ((a + b) * (a + b + 1.0));
        let h = 1e-5 * a;
        let slope = (square(a + h) - square(a - h)) / (2.0 * h);
        assert_mean("square", &slopes(a, |random, a| random.beta(a, b, [N]).square()), slope);
    }
    let first = slopes(0.5, |random, a| {
        let rest = Expr::<f64>::full([N, 2], 2.0);
        let alpha = Expr::concat(&[a.insert_axis(1), rest], 1);
        random.dirichlet(&alpha, [N]).slice(1, 0..1).reshape([N])
    });
    assert_mean("dirichlet", &first, 4.0 / 4.5f64.powi(2));
}

#[test]
fn student_t_and_von_mises() {
    // E t² = ν/(ν − 2).
    let nu = 20.0;
    let square = slopes(nu, |random, nu| random.student_t(nu, [N]).square());
    assert_mean("t²", &square, -2.0 / (nu - 2.0f64).powi(2));
    // E cos x = A(κ), of slope 1 − A/κ − A².
    for (kappa, a) in [(1e-3, 0.000_499_999_937_5), (1.0, 0.446_389_965_896), (50.0, 0.989_948_967_367)] {
        let cosine = slopes(kappa, |random, k| random.von_mises(k, [N]).cos());
        assert_mean(&format!("cos x, {kappa}"), &cosine, 1.0 - a / kappa - a * a);
    }
    // By symmetry.
    assert_mean("sin x", &slopes(2.0, |random, k| random.von_mises(k, [N]).sin()), 0.0);
}

#[test]
fn what_is_made_of_standard_noise() {
    // E exp(σ n) = exp(σ²/2).
    let sigma = 0.7f64;
    let log_normal = slopes(sigma, |random, s| random.log_normal(s, [N]));
    assert_mean("log-normal", &log_normal, sigma * (0.5 * sigma * sigma).exp());
    // A normal from a on has the mean φ(a)/(1 − Φ(a)) = m, of slope m (m − a).
    let mills: f64 = 0.241_970_724_519_143_37 / 0.158_655_253_931_457_05;
    let truncated = slopes(1.0, |random, a| random.truncated_normal(a, f64::INFINITY, [N]));
    assert_mean("truncated", &truncated, mills * (mills - 1.0));
}

/// Where x underflows its slope is 0, not NaN.
#[test]
fn slopes_of_numbers_that_underflow() {
    for alpha in [1e-4f32, 1e-2] {
        let a = Expr::<f32>::input("a", [1000]);
        let random = RandomStreams::new(1);
        let x = random.gamma(&a, [1000]) + random.beta(&a, &a, [1000]);
        let slope = grad(&x.sum_all(), std::slice::from_ref(&a)).remove(0);
        let f = Function::new([&a], [slope]).expect("one input");
        assert!(f.call(&[&Tensor::full([1000], alpha)]).expect("runs")[0].iter().all(f32::is_finite));
    }
}

#[test]
fn forward_mode_and_loops() {
    let a = Expr::<f64>::input("a", [3]);
    let random = RandomStreams::new(1);
    let step = |sum: &Expr<f64>, _: &[Expr<f64>]| {
        let sum = sum + random.gamma(&a, [3]) * random.von_mises(&a, [3]);
        (sum.clone(), sum)
    };
    for options in [ScanOptions::new(), ScanOptions::new().checkpoint_every(3)] {
        let last = options.steps(7).scan(step, Expr::zeros([3]), &[]).0;
        let reverse = grad(&last.sum_all(), std::slice::from_ref(&a)).remove(0);
        let forward = jvp(&last, std::slice::from_ref(&a), &[Expr::ones([3])]);
        let f = Function::new([&a], [reverse, forward]).expect("one input");
        let values = f.call(&[&Tensor::from_slice(&[0.5, 2.0, 9.0])]).expect("runs");
        for k in 0..3 {
            let (reverse, forward) = (values[0].get(&[k]), values[1].get(&[k]));
            assert!((reverse - forward).abs() < 1e-12 * forward.abs() && forward != 0.0, "{values:?}");
        }
    }
}

/// Whole numbers have no slope, and it is said so.
#[test]
fn what_is_discrete_has_no_slope() {
    let rate = Expr::<f64>::input("rate", [4]);
    let k = RandomStreams::new(1).poisson(&rate, [4]).cast::<f64>();
    let slope = grad(&k.sum_all(), std::slice::from_ref(&rate)).remove(0);
    let f = Function::new([&rate], [slope]).expect("one input");
    assert_eq!(f.call(&[&Tensor::ones([4])]).expect("runs")[0].to_vec(), [0.0; 4]);
    let page = f.explain(&[&Tensor::ones([4])]).expect("compiles");
    assert!(page.contains("warning: no gradient of `rate`: its paths end at cast"), "{page}");
}
