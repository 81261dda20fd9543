//! Real numbers against their distribution functions.

use std::f64::consts::PI;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};

use super::{assert_mean, at, distance, drawn, mean, numbers};

const N: usize = 40_000;

fn streams() -> RandomStreams {
    RandomStreams::new(2026)
}

#[track_caller]
fn assert_distributed(what: &str, p: Vec<f64>) {
    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{what}");
    let distance = distance(p);
    assert!(distance < 1.95, "{what}: {distance}");
}

/// P(α, eˡ), for small numbers by the first term of its series.
fn gamma_probabilities(alpha: f64, l: &[f64]) -> Vec<f64> {
    let series = |l: f64| (alpha * l - libm_lgamma(alpha + 1.0)).exp();
    let exact = at(|x| Expr::full([l.len()], alpha).gammainc(&x.exp()), l.to_vec());
    l.iter().zip(exact).map(|(&l, p)| if l < -40.0 { series(l) } else { p }).collect()
}

fn libm_lgamma(x: f64) -> f64 {
    drawn(&Expr::<f64>::from(x).lgamma()).item()
}

fn gamma_of<T: Float>(alphas: &[f64]) {
    for &alpha in alphas {
        let l = numbers(&streams().log_gamma::<T>(alpha, [N]));
        assert_distributed(&format!("gamma {alpha} in {}", T::TYPE), gamma_probabilities(alpha, &l));
    }
}

#[test]
fn gamma() {
    gamma_of::<f64>(&[0.01, 0.3, 0.99, 1.0, 4.0, 30.0, 1e4]);
    gamma_of::<f32>(&[0.01, 1.0, 30.0]);
    for alpha in [1.0, 30.0] {
        let x = numbers(&streams().gamma::<f64>(alpha, [N]));
        assert_mean("mean", &x, alpha);
        assert_mean("square", &x.iter().map(|x| x * x).collect::<Vec<_>>(), alpha * (alpha + 1.0));
    }
    // So large that it is normal.
    let z: Vec<f64> = numbers(&streams().log_gamma::<f64>(1e16, [N]));
    let z = z.into_iter().map(|l| (l - 1e16f64.ln()) * 1e8).collect();
    assert!(distance(at(Expr::ndtr, z)) < 3.0);
    let of = |alpha: f64| drawn(&streams().gamma::<f64>(alpha, ())).item();
    assert!(of(-1.0).is_nan() && of(f64::NAN).is_nan() && of(0.0) == 0.0 && of(f64::INFINITY).is_infinite());
    let x = numbers(&streams().chi_square::<f64>(3.0, [N]));
    assert_mean("chi square", &x, 3.0);
}

#[test]
fn student_t() {
    // F = 1 − I(ν/2, ½) at ν/(ν + t²) over 2, for t > 0.
    for nu in [0.5, 1.0, 5.0, 1e4] {
        let t = numbers(&streams().student_t::<f64>(nu, [N]));
        let place = t.iter().map(|t| nu / (nu + t * t)).collect();
        let tail = at(|x| Expr::full([N], 0.5 * nu).betainc(&Expr::full([N], 0.5), x), place);
        let p = t.iter().zip(tail).map(|(&t, tail)| if t > 0.0 { 1.0 - 0.5 * tail } else { 0.5 * tail });
        assert_distributed(&format!("t {nu}"), p.collect());
    }
}

#[test]
fn beta() {
    for (a, b) in [(0.5, 0.5), (1.0, 3.0), (30.0, 100.0), (2e3, 1e3), (0.2, 5.0)] {
        let x = numbers(&streams().beta::<f64>(a, b, [N]));
        let p = at(|x| Expr::full([N], a).betainc(&Expr::full([N], b), x), x);
        assert_distributed(&format!("beta {a} {b}"), p);
    }
    // Near 0 or 1, and neither NaN.
    let x = numbers(&streams().beta::<f32>(1e-4, 2e-4, [N]));
    assert!(x.iter().all(|x| (0.0..=1.0).contains(x)));
    assert_mean("beta of tiny parameters", &x, 1.0 / 3.0);
}

#[test]
fn dirichlet() {
    let alpha = Tensor::from_slice(&[0.5, 2.0, 4.0]);
    let x = drawn(&streams().dirichlet::<f64>(alpha, [N]));
    assert_eq!(x.shape(), [N, 3]);
    for (k, alpha) in [0.5, 2.0, 4.0].into_iter().enumerate() {
        let x = x.slice(1, k..k + 1).to_vec();
        assert_mean("mean", &x, alpha / 6.5);
        let square = alpha * (alpha + 1.0) / (6.5 * 7.5);
        assert_mean("square", &x.iter().map(|x| x * x).collect::<Vec<_>>(), square);
        assert_distributed(
            "a part",
            at(|x| Expr::full([N], alpha).betainc(&Expr::full([N], 6.5 - alpha), x), x),
        );
    }
    let tiny = drawn(&streams().dirichlet::<f32>(Expr::full([3], 1e-4), [100]));
    assert!(tiny.to_vec().chunks(3).all(|x| (x.iter().sum::<f32>() - 1.0).abs() < 1e-6));
}

/// The distribution function on a fine grid, by the trapezoidal rule.
fn von_mises_probabilities(kappa: f64, x: &[f64]) -> Vec<f64> {
    const STEPS: usize = 200_000;
    let end = PI.min(9.0 / kappa.max(1e-9).sqrt());
    let step = 2.0 * end / STEPS as f64;
    let density = |i: usize| (-2.0 * kappa * ((-end + i as f64 * step) / 2.0).sin().powi(2)).exp();
    let mut sums = vec![0.0];
    for i in 0..STEPS {
        sums.push(sums[i] + 0.5 * (density(i) + density(i + 1)));
    }
    let p = |x: &f64| {
        let place = ((x + end) / step).clamp(0.0, STEPS as f64 - 1e-6);
        let (i, rest) = (place as usize, place.fract());
        (sums[i] + rest * (sums[i + 1] - sums[i])) / sums[STEPS]
    };
    x.iter().map(p).collect()
}

#[test]
fn von_mises() {
    for kappa in [0.0, 1e-3, 0.3, 1.0, 6.0, 50.0, 1e4] {
        let x = numbers(&streams().von_mises::<f64>(kappa, [N]));
        assert!(x.iter().all(|x| x.abs() <= PI));
        assert_distributed(&format!("von Mises {kappa}"), von_mises_probabilities(kappa, &x));
        let x = numbers(&streams().von_mises::<f32>(kappa, [N]));
        assert_distributed(&format!("von Mises {kappa} in f32"), von_mises_probabilities(kappa, &x));
    }
    let z = numbers(&streams().von_mises::<f64>(1e20, [N])).into_iter().map(|x| x * 1e10).collect();
    assert_distributed("a narrow one", at(Expr::ndtr, z));
    let of = |kappa: f64| drawn(&streams().von_mises::<f64>(kappa, ())).item();
    assert!(of(-1.0).is_nan() && of(f64::INFINITY) == 0.0 && of(1e-300).is_finite());
}

fn by_inverse<T: Float>() {
    let check = |what: &str, x: Expr<T>, p: fn(f64) -> f64| {
        assert_distributed(what, numbers(&x).into_iter().map(p).collect());
    };
    let random = streams();
    check("exponential", random.exponential([N]), |x| -(-x).exp_m1());
    check("laplace", random.laplace([N]), |x| if x < 0.0 { 0.5 * x.exp() } else { 1.0 - 0.5 * (-x).exp() });
    check("gumbel", random.gumbel([N]), |x| (-(-x).exp()).exp());
    check("logistic", random.logistic([N]), |x| 1.0 / (1.0 + (-x).exp()));
    check("cauchy", random.cauchy([N]), |x| 0.5 + x.atan() / PI);
    // Numbers that are 0 at one end of the uniform ones come up once in 2²⁴: all of them are finite.
    let many = random.gumbel::<T>([1 << 24]) + random.laplace::<T>([1 << 24]);
    assert!(drawn(&many.abs().max_all()).item().to_f64() < 60.0);
}

#[test]
fn what_is_made_of_one_uniform_number() {
    by_inverse::<f32>();
    by_inverse::<f64>();
    let x = numbers(&streams().log_normal::<f64>(0.5, [N]));
    assert_distributed("log-normal", at(Expr::ndtr, x.into_iter().map(|x| x.ln() / 0.5).collect()));
}

#[test]
fn truncated_normal() {
    let phi = |x: f64| drawn(&Expr::<f64>::from(x).ndtr()).item();
    for (low, high) in [(-1.0, 2.0), (-f64::INFINITY, 0.5), (3.0, 4.0), (-9.0, -8.0), (8.0, f64::INFINITY)] {
        let x = numbers(&streams().truncated_normal::<f64>(low, high, [N]));
        assert!(x.iter().all(|x| (low..=high).contains(x)), "{low} {high}");
        // By symmetry where differences would cancel.
        let (from, to, sign) = if low > 0.0 { (-high, -low, -1.0) } else { (low, high, 1.0) };
        let p = at(Expr::ndtr, x.into_iter().map(|x| sign * x).collect()).into_iter();
        let p = p.map(|p| (p - phi(from)) / (phi(to) - phi(from))).map(|p| p.clamp(0.0, 1.0));
        assert_distributed(&format!("{low} {high}"), p.collect());
    }
}

#[test]
fn truncated_normal_far_out_and_next_to_one() {
    let far = |low: f64, high: f64| numbers(&streams().truncated_normal::<f32>(low, high, [4]));
    assert_eq!(far(20.0, f64::INFINITY), [20.0; 4]);
    assert_eq!(far(20.0, 25.0), [20.0; 4]);
    assert_eq!(far(-25.0, -20.0), [-20.0; 4]);
    assert_eq!(numbers(&streams().truncated_normal::<f64>(40.0, f64::INFINITY, [4])), [40.0; 4]);
    // 2²⁶ numbers: the uniform ones of 24 bits are all there, and the greatest is no 1.
    for part in 0..16 {
        let x = RandomStreams::new(part).truncated_normal::<f32>(0.0, f64::INFINITY, [1 << 22]);
        assert!(drawn(&x).iter().all(f32::is_finite));
    }
}

#[test]
fn von_mises_of_the_greatest_numbers_ends() {
    for kappa in [1e300, 4.6e307, f64::MAX] {
        let x = numbers(&streams().von_mises::<f64>(kappa, [100]));
        assert!(x.iter().all(|x| x.abs() < 1e-148), "{x:?}");
    }
}

#[test]
fn multivariate_normal() {
    let (mean_of, covariance) = ([1.0, -2.0], [2.0, -0.8, -0.8, 1.0]);
    let x = streams().multivariate_normal::<f64>(
        Tensor::from_slice(&mean_of),
        Tensor::new([2, 2], covariance.to_vec()),
        [N],
    );
    let x = drawn(&x);
    let parts = [0, 1].map(|k| x.slice(1, k..k + 1).to_vec());
    for i in 0..2 {
        assert_mean("mean", &parts[i], mean_of[i]);
        for j in 0..2 {
            let pairs = parts[i].iter().zip(&parts[j]);
            let products: Vec<f64> = pairs.map(|(a, b)| (a - mean_of[i]) * (b - mean_of[j])).collect();
            let (found, error) = mean(&products);
            assert!((found - covariance[2 * i + j]).abs() < 4.0 * error, "{i} {j}: {found}");
        }
    }
}
