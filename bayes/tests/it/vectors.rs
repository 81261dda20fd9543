//! Distributions of vectors and matrices: against scipy 1.17 and PyTorch 2.15, their own moments, and in models.

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape, check_gradient, interpret};
use bayeux_bayes::{
    Advi, AutoRegressive, Dirichlet, DirichletMultinomial, Distribution, GaussianRandomWalk, HalfNormal,
    LkjCholesky, Model, Multinomial, MvNormal, MvStudentT, Normal,
};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

fn vector(x: &[f64]) -> Expr<f64> {
    Expr::constant(Tensor::from_slice(x))
}

fn matrix(n: usize, x: &[f64]) -> Expr<f64> {
    Expr::constant(Tensor::new([n, n], x.to_vec()))
}

fn value(x: &Expr<f64>) -> Tensor<f64> {
    interpret(std::slice::from_ref(x), &[], 0).expect("runs").remove(0)
}

const MEAN: [f64; 3] = [0.5, -1.0, 2.0];
const LOWER: [f64; 9] = [1.2, 0.0, 0.0, 0.4, 0.7, 0.0, -0.3, 0.2, 1.5];
const SHARES: [f64; 3] = [0.7, 2.0, 5.5];

fn covariance() -> Expr<f64> {
    let lower = matrix(3, &LOWER);
    lower.matmul(&lower.t())
}

fn correlation() -> Expr<f64> {
    matrix(3, &[1.0, 0.3, -0.2, 0.3, 1.0, 0.5, -0.2, 0.5, 1.0])
}

#[test]
fn log_densities_are_those_of_scipy_and_pytorch() {
    let normal = || MvNormal::cholesky(vector(&MEAN), matrix(3, &LOWER));
    type Case = (Box<dyn Distribution<f64>>, Expr<f64>, f64);
    let cases: Vec<Case> = vec![
        (Box::new(normal()), vector(&[0.1, -0.5, 1.0]), -3.81741081767995),
        (Box::new(normal()), vector(&[3.0, -4.0, 9.0]), -37.05074226136844),
        (
            Box::new(MvNormal::covariance(vector(&MEAN), covariance())),
            vector(&[3.0, -4.0, 9.0]),
            -37.05074226136844,
        ),
        (
            Box::new(MvNormal::precision(vector(&MEAN), covariance())),
            vector(&[0.1, -0.5, 1.0]),
            -3.6621538786506305,
        ),
        (
            Box::new(MvNormal::precision(vector(&MEAN), covariance())),
            vector(&[3.0, -4.0, 9.0]),
            -57.94070387865066,
        ),
        (Box::new(MvStudentT::new(3.5, normal())), vector(&[0.1, -0.5, 1.0]), -4.068061487464853),
        (Box::new(MvStudentT::new(3.5, normal())), vector(&[3.0, -4.0, 9.0]), -12.617890452493343),
        (Box::new(Dirichlet::new(vector(&SHARES))), vector(&[0.2, 0.3, 0.5]), 0.8719441486445052),
        (Box::new(Dirichlet::new(vector(&SHARES))), vector(&[0.01, 0.9, 0.09]), -4.847316807034858),
        (Box::new(Dirichlet::new(vector(&SHARES))), vector(&[0.2, 0.3, 0.4]), f64::NEG_INFINITY),
        (Box::new(Dirichlet::new(vector(&SHARES))), vector(&[-0.2, 0.7, 0.5]), f64::NEG_INFINITY),
        (
            Box::new(Multinomial::probabilities(9.0, vector(&[0.2, 0.3, 0.5]))),
            vector(&[2.0, 3.0, 4.0]),
            -2.464515960140268,
        ),
        (
            Box::new(Multinomial::probabilities(9.0, vector(&[0.0, 0.5, 0.5]))),
            vector(&[0.0, 0.0, 9.0]),
            9.0 * 0.5f64.ln(),
        ),
        (
            Box::new(Multinomial::logits(9.0, vector(&[0.2f64.ln(), 0.3f64.ln(), 0.5f64.ln()]))),
            vector(&[0.0, 0.0, 9.0]),
            -6.238324625039509,
        ),
        (
            Box::new(Multinomial::probabilities(9.0, vector(&[0.2, 0.3, 0.5]))),
            vector(&[2.0, 3.0, 5.0]),
            f64::NEG_INFINITY,
        ),
        (
            Box::new(Multinomial::probabilities(9.0, vector(&[0.2, 0.3, 0.5]))),
            vector(&[2.5, 2.5, 4.0]),
            f64::NEG_INFINITY,
        ),
        (
            Box::new(DirichletMultinomial::new(9.0, vector(&SHARES))),
            vector(&[2.0, 3.0, 4.0]),
            -4.080446962350342,
        ),
        (
            Box::new(DirichletMultinomial::new(9.0, vector(&SHARES))),
            vector(&[0.0, 0.0, 9.0]),
            -2.397888678875429,
        ),
        (Box::new(LkjCholesky::new(3, 0.5)), correlation().cholesky(), -2.2882703390784402),
        (Box::new(LkjCholesky::new(3, 1.0)), correlation().cholesky(), -1.6434679308744755),
        (Box::new(LkjCholesky::new(3, 2.5)), correlation().cholesky(), -1.2098607577278495),
        (Box::new(LkjCholesky::new(1, 2.5)), matrix(1, &[1.0]), 0.0),
    ];
    for (distribution, x, expected) in cases {
        let found = value(&distribution.log_prob(&x)).item();
        let name = distribution.name();
        assert!(
            found == expected || (found - expected).abs() < 1e-11 * expected.abs().max(1.0),
            "{name}: {found}, not {expected}"
        );
    }
}

#[test]
fn series_are_products_of_normals() {
    let ln_normal = |x: f64, mean: f64, sd: f64| {
        -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    };
    let x = [1.5, 1.0, 0.2, 0.9, -0.3];
    let walk = GaussianRandomWalk::new(5, 0.1, 0.7).start(2.0, 3.0);
    let steps: f64 = x.windows(2).map(|pair| ln_normal(pair[1], pair[0] + 0.1, 0.7)).sum();
    let found = value(&walk.log_prob(&vector(&x))).item();
    assert!((found - steps - ln_normal(1.5, 2.0, 3.0)).abs() < 1e-12);

    let series = AutoRegressive::new(5, 0.2, vector(&[0.5, -0.3]), 0.7).first_sd(2.0);
    let expected: f64 = x[..2].iter().map(|&x| ln_normal(x, 0.0, 2.0)).sum::<f64>()
        + (2..5).map(|t| ln_normal(x[t], 0.2 + 0.5 * x[t - 1] - 0.3 * x[t - 2], 0.7)).sum::<f64>();
    let found = value(&series.log_prob(&vector(&x))).item();
    assert!((found - expected).abs() < 1e-12);
    let one = GaussianRandomWalk::new(1, 0.1, 0.7);
    assert!((value(&one.log_prob(&vector(&[0.4]))).item() - ln_normal(0.4, 0.0, 1.0)).abs() < 1e-14);
}

/// Each with a batch of two, by parameters of their own.
fn batched() -> Vec<Box<dyn Distribution<f64>>> {
    let two = |x: [f64; 2]| vector(&x);
    let rows = |a: [f64; 3], b: [f64; 3]| Expr::constant(Tensor::new([2, 3], [a, b].concat()));
    let lower = |scale: f64| matrix(3, &LOWER.map(|x| x * scale));
    let both = Expr::concat(&[lower(1.0).insert_axis(0), lower(0.5).insert_axis(0)], 0);
    vec![
        Box::new(MvNormal::cholesky(rows(MEAN, [0.0, 1.0, 2.0]), matrix(3, &LOWER))),
        Box::new(MvNormal::cholesky(vector(&MEAN), both.clone())),
        Box::new(MvNormal::precision(vector(&MEAN), covariance()).shape([2])),
        Box::new(MvStudentT::new(two([8.0, 12.0]), MvNormal::cholesky(vector(&MEAN), both))),
        Box::new(Dirichlet::new(rows(SHARES, [0.3, 0.2, 4.0]))),
        Box::new(Multinomial::probabilities(two([9.0, 4.0]), vector(&[0.2, 0.3, 0.5]))),
        Box::new(DirichletMultinomial::new(two([9.0, 4.0]), vector(&SHARES))),
        Box::new(GaussianRandomWalk::new(4, two([0.1, -0.2]), 0.7).start(1.0, two([0.5, 2.0]))),
    ]
}

#[test]
fn draws_have_the_moments_and_batches_their_shapes() {
    let count = 20_000;
    for distribution in batched() {
        let name = distribution.name();
        let shape: Vec<usize> = [vec![2], distribution.event_shape().sizes().expect("known")].concat();
        assert_eq!(distribution.batch_shape(), &Shape::from([2]), "{name}");
        let (mean, variance) =
            (distribution.mean().expect("has one"), distribution.variance().expect("has one"));
        let [mean, variance] = [mean, variance].map(|x| value(&x.broadcast_to(&shape[..])));
        let parameters: Vec<Tensor<f64>> = distribution.parameters().iter().map(value).collect();
        let mut random = Philox4x32::new(11, 0);
        let by_host: Vec<Tensor<f64>> =
            (0..count).map(|_| distribution.draw(&parameters, &shape, &mut random)).collect();
        // The density takes what is drawn, one number for each of the batch.
        let density = value(&distribution.log_prob(&Expr::constant(by_host[0].clone())));
        assert!(density.shape() == [2] && density.iter().all(f64::is_finite), "{name}: {density:?}");
        let mut all = vec![("draw", by_host)];
        if let Some(sample) = distribution.sample(&RandomStreams::new(5)) {
            assert_eq!(sample.shape(), &Shape::from(shape.clone()), "{name}");
            let mut f = Function::new([], [&sample]).expect("builds");
            let next = |call| {
                f.set_call(call);
                f.call(&[]).expect("runs").remove(0)
            };
            all.push(("sample", (0..count as u64).map(next).collect()));
        }
        for (what, draws) in all {
            for i in 0..mean.len() {
                let column = || draws.iter().map(|draw| draw.to_vec()[i]);
                let m = column().sum::<f64>() / count as f64;
                let v = column().map(|x| (x - m).powi(2)).sum::<f64>() / count as f64;
                let (mean, variance) = (mean.to_vec()[i], variance.to_vec()[i]);
                let error = (variance / count as f64).sqrt();
                assert!((m - mean).abs() < 4.5 * error, "{name}, {what} {i}: mean {m}, not {mean}");
                assert!(
                    (v / variance - 1.0).abs() < 0.08,
                    "{name}, {what} {i}: variance {v}, not {variance}"
                );
            }
        }
    }
}

/// Each correlation is 2 Beta(η + (n − 2)/2, the same) − 1, whose variance is 1/(2 η + n − 1).
#[test]
fn correlations_spread_as_they_should() {
    let (n, count) = (4, 8_000);
    for eta in [0.8, 2.0] {
        let lkj = LkjCholesky::<f64>::new(n, eta);
        let mut random = Philox4x32::new(3, 0);
        let mut squares = vec![0.0; n * n];
        for _ in 0..count {
            let lower = lkj.draw(&[Tensor::scalar(eta)], &[n, n], &mut random);
            let r = lower.matmul(&lower.transpose(&[1, 0])).to_vec();
            squares.iter_mut().zip(r).for_each(|(sum, r)| *sum += r * r / f64::from(count));
        }
        let expected = 1.0 / (2.0 * eta + n as f64 - 1.0);
        for i in 0..n {
            assert!((squares[i * n + i] - 1.0).abs() < 1e-12);
            for j in 0..i {
                let found = squares[i * n + j];
                assert!((found / expected - 1.0).abs() < 0.07, "{eta} {i} {j}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn gradients_are_exact_at_orders_one_and_two() {
    type Build = fn(&[Expr<f64>]) -> Expr<f64>;
    let cases: [(&str, Build, &[&[f64]]); 6] = [
        (
            "MvNormal",
            |x| {
                let lower = Expr::select(
                    &Expr::<f64>::eye(2).cast::<bool>(),
                    &x[2].reshape([2, 2]).exp(),
                    &x[2].reshape([2, 2]),
                );
                MvNormal::cholesky(&x[1], lower).log_prob(&x[0])
            },
            &[&[0.3, -0.7], &[0.1, 0.2], &[0.2, 9.0, -0.5, -0.3]],
        ),
        (
            "MvStudentT",
            |x| {
                MvStudentT::new(
                    x[2].slice(0, 0..1).reshape([0; 0]).exp(),
                    MvNormal::precision(&x[1], matrix(2, &[2.0, 0.3, 0.3, 1.0])),
                )
                .log_prob(&x[0])
            },
            &[&[0.3, -0.7], &[0.1, 0.2], &[0.7, 0.0]],
        ),
        (
            "Dirichlet",
            |x| Dirichlet::new(x[1].exp()).log_prob(&x[0].softmax()),
            &[&[0.1, -0.4, 0.6], &[-0.3, 0.5, 1.2]],
        ),
        (
            "Multinomial",
            |x| Multinomial::logits(7.0, &x[0]).log_prob(&vector(&[1.0, 4.0, 2.0])),
            &[&[0.1, -0.4, 0.6]],
        ),
        (
            "AutoRegressive",
            |x| AutoRegressive::new(4, 0.3, &x[1], x[2].exp()).log_prob(&x[0]).sum_all(),
            &[&[0.1, -0.4, 0.6, 1.0], &[0.4, -0.2], &[-0.3]],
        ),
        (
            "GaussianRandomWalk",
            |x| GaussianRandomWalk::new(4, &x[1], x[2].exp()).log_prob(&x[0]).sum_all(),
            &[&[0.1, -0.4, 0.6, 1.0], &[0.4], &[-0.3]],
        ),
    ];
    for (name, build, points) in cases {
        let points: Vec<Tensor<f64>> = points.iter().map(|x| Tensor::from_slice(x)).collect();
        let leaves: Vec<Expr<f64>> = points.iter().map(|x| Expr::input("x", x.shape())).collect();
        let given: Vec<(&Expr<f64>, &Tensor<f64>)> = leaves.iter().zip(&points).collect();
        let errors = check_gradient(&build(&leaves), &given).expect("runs");
        assert!(errors.first < 1e-6 && errors.second < 1e-5, "{name}: {errors:?}");
    }
}

/// Scales and correlations of a plane, from which 400 points were drawn.
#[test]
fn a_covariance_is_found() {
    let truth = MvNormal::covariance(vector(&[1.0, -1.0]), matrix(2, &[1.0, 0.6 * 2.0, 0.6 * 2.0, 4.0]));
    let parameters: Vec<Tensor<f64>> = truth.parameters().iter().map(value).collect();
    let data = truth.draw(&parameters, &[400, 2], &mut Philox4x32::new(1, 0));
    let model: Model<f64> = Model::new();
    let mean = model.free("mean", Normal::new(0.0, 10.0).shape([2]));
    let scales = model.free("scales", HalfNormal::new(5.0).shape([2]));
    let lower = model.free("lower", LkjCholesky::new(2, 1.0));
    let points = MvNormal::cholesky(mean, scales.insert_axis(1) * lower).shape([400]);
    model.observe("points", points, &Expr::constant(data), 400).expect("is right");
    let fit = Advi::full_rank(&model).run(3_000).expect("converges");
    let draws = fit.posterior(500);
    let means = |name: &str| draws.of(name).expect("is there").mean(&[0]).to_vec();
    let (mean, scales, lower) = (means("mean"), means("scales"), means("lower"));
    assert!((mean[0] - 1.0).abs() < 0.15 && (mean[1] + 1.0).abs() < 0.3, "{mean:?}");
    assert!((scales[0] - 1.0).abs() < 0.1 && (scales[1] - 2.0).abs() < 0.2, "{scales:?}");
    assert!((lower[2] - 0.6).abs() < 0.1 && lower[1] == 0.0, "{lower:?}");
    // A prior draw, too, is a factor of a correlation.
    let prior = model.prior_predictive(3).expect("is right").of("lower").expect("is there").to_vec();
    assert!(
        prior.chunks(4).all(|l| l[0] == 1.0 && (l[2] * l[2] + l[3] * l[3] - 1.0).abs() < 1e-12),
        "{prior:?}"
    );
}

/// A correlation matrix of one row, of which nothing is free, and scales that are not in the batch of the location.
#[test]
fn nothing_to_be_correlated() {
    let model: Model<f64> = Model::new();
    let scales = model.free("scales", HalfNormal::new(1.0).shape([1]));
    let lower = model.free("lower", LkjCholesky::new(1, 2.0));
    assert_eq!(lower.shape(), &Shape::from([1, 1]));
    model.free("x", MvNormal::cholesky(Expr::zeros([1]), scales.insert_axis(1) * lower));
    let density = model.log_density([]).expect("builds");
    assert_eq!(density.len(), 2);
    let both = Expr::concat(&[Expr::eye(3).insert_axis(0), (Expr::eye(3) * 2.0).insert_axis(0)], 0);
    let wide = MvNormal::cholesky(vector(&MEAN), both);
    let found = value(&wide.log_prob(&vector(&MEAN))).to_vec();
    assert!((found[0] - found[1] - 3.0 * 2f64.ln()).abs() < 1e-12, "{found:?}");
}

/// A simplex among the free variables, and an event as one observation.
#[test]
fn shares_are_found_from_counts() {
    let model: Model<f64> = Model::new();
    let shares = model.free("shares", Dirichlet::new(Expr::ones([3])));
    let counts = vector(&[20.0, 50.0, 130.0]);
    model.observe("counts", Multinomial::probabilities(200.0, &shares), &counts, 1).expect("is right");
    let fit = Advi::full_rank(&model).run(3_000).expect("converges");
    let draws = fit.posterior(2_000).of("shares").expect("is there");
    assert_eq!(draws.shape(), [2_000, 3]);
    let mean = draws.mean(&[0]).to_vec();
    for (mean, alpha) in mean.iter().zip([21.0, 51.0, 131.0]) {
        assert!((mean - alpha / 203.0).abs() < 0.01, "{mean} {alpha}");
    }
    assert_eq!(fit.unconstrained("shares").expect("is there").mean.shape(), [2]);
    assert_eq!(fit.summary().expect("runs").rows.len(), 3);
}

#[test]
#[should_panic(expected = "MvNormal: means of shape [3] and factors of shape [2, 2] do not fit")]
fn a_covariance_of_another_size_is_refused() {
    let _ = MvNormal::<f64>::cholesky(Expr::zeros([3]), Expr::eye(2));
}

#[test]
#[should_panic(expected = "Dirichlet: a concentration must be positive and finite, not 0")]
fn a_concentration_of_nothing_is_refused() {
    let _ = Dirichlet::new(vector(&[1.0, 0.0]));
}
