//! What parameters that are none give, shapes, other constructors, refusals, and improper priors.

use bayeux_autodiff::{Expr, Function, RandomStreams, Shape, interpret};
use bayeux_bayes::{
    Beta, Distribution, Flat, Gamma, HalfFlat, Normal, StudentT, Triangular, TruncatedNormal,
};
use bayeux_tensor::Tensor;
use bayeux_tensor::random::Philox4x32;

use super::{CASES, distribution};

#[test]
fn parameters_that_are_none_give_nan() {
    for (name, good, x) in CASES {
        let leaves: Vec<Expr<f64>> = good.iter().map(|_| Expr::input("parameter", ())).collect();
        let d = distribution(name, &leaves);
        let x = Expr::constant(Tensor::from_slice(&[x[1], -1e3]));
        let functions = [Some(d.log_prob(&x)), d.log_cdf(&x), d.log_survival(&x), d.mean(), d.variance()];
        let mut functions: Vec<Expr<f64>> = functions.into_iter().flatten().collect();
        functions.push(d.sample(&RandomStreams::new(1)).expect("has one"));
        let f = Function::new(&leaves, &functions).expect("builds");
        for i in 0..good.len() {
            let mut values: Vec<Tensor<f64>> = good.iter().map(|&p| Tensor::scalar(p)).collect();
            let finite = f.call(&values.iter().collect::<Vec<_>>()).expect("runs");
            assert!(finite.last().expect("a sample").item().is_finite(), "{name}");
            // A location may be −1, and an infinite bound; all others are positive or, of intervals, in order.
            let located = [
                "Normal",
                "LogNormal",
                "Laplace",
                "Cauchy",
                "Logistic",
                "Gumbel",
                "SkewNormal",
                "ExGaussian",
                "AsymmetricLaplace",
                "VonMises",
            ];
            let any = (located.contains(&name) && i == 0)
                || (name == "SkewNormal" && i == 2)
                || (name == "StudentT" && i == 1);
            let interval = ["Uniform", "Triangular", "TruncatedNormal"].contains(&name);
            for bad in [f64::NAN, if any || interval { f64::NAN } else { -0.5 }] {
                values[i] = Tensor::scalar(bad);
                for (k, y) in f.call(&values.iter().collect::<Vec<_>>()).expect("runs").iter().enumerate() {
                    assert!(
                        y.iter().all(f64::is_nan),
                        "{name}: parameter {i} is {bad}, function {k} is {y:?}"
                    );
                }
                let draws = d.draw(&values, &[7], &mut Philox4x32::new(1, 0));
                assert!(draws.iter().all(f64::is_nan), "{name}: parameter {i} is {bad}, draws {draws:?}");
            }
        }
    }
}

#[test]
fn other_parameters_name_the_same_distributions() {
    let same = |a: &dyn Distribution<f64>, b: &dyn Distribution<f64>| {
        let parameters = [a.parameters(), b.parameters()].concat();
        let values = interpret(&parameters, &[], 0).expect("runs");
        let (a, b) = values.split_at(values.len() / 2);
        a.iter().zip(b).all(|(a, b)| (a.item() - b.item()).abs() < 1e-14)
    };
    assert!(same(&Normal::with_precision(1.0, 4.0), &Normal::new(1.0, 0.5)));
    assert!(same(&Gamma::with_mean(3.0, 1.5), &Gamma::new(4.0, 4.0 / 3.0)));
    assert!(same(&Beta::with_mean(0.25, 12.0), &Beta::new(3.0, 9.0)));
}

#[test]
fn shapes_are_those_of_all_parameters() {
    let [a, b, c] = [vec![3, 1], vec![4], vec![1]].map(|shape| Expr::<f64>::ones(Shape::from(shape)));
    let t = StudentT::new(&a, &b, &c);
    assert_eq!(t.batch_shape(), &Shape::from([3, 4]));
    assert_eq!(t.mean().expect("has one").shape(), &Shape::from([3, 4]));
    let larger = StudentT::<f32>::new(4.0, 0.0, 1.0).shape([2, 5]);
    assert_eq!(larger.sample(&RandomStreams::new(1)).expect("has one").shape(), &Shape::from([2, 5]));
    assert_eq!(larger.variance().expect("has one").shape(), &Shape::from([2, 5]));
}

#[test]
fn improper_priors_have_a_density_of_one() {
    let x = Expr::constant(Tensor::from_slice(&[-2.0, 0.0, 3.0, f64::NAN]));
    let flat: Expr<f64> = Flat::new().log_prob(&x);
    let half: Expr<f64> = HalfFlat::new().shape([4]).log_prob(&x);
    let found = interpret(&[flat, half], &[], 0).expect("runs");
    assert_eq!(found[0].to_vec()[..3], [0.0; 3]);
    assert_eq!(found[1].to_vec()[..3], [-f64::INFINITY, 0.0, 0.0]);
    assert!(found.iter().all(|y| y.get(&[3]).is_nan()));
}

#[test]
#[should_panic(expected = "Flat: an improper distribution has no draws")]
fn improper_priors_have_no_draws() {
    let _: Tensor<f64> = Flat::new().draw(&[], &[2], &mut Philox4x32::new(1, 0));
}

#[test]
#[should_panic(expected = "StudentT: the number of degrees of freedom must be positive and finite, not 0")]
fn no_degrees_of_freedom_are_refused() {
    let _ = StudentT::<f32>::new(0.0, 0.0, 1.0);
}

#[test]
#[should_panic(expected = "Beta: the mean must lie between 0 and 1, not 1.5")]
fn means_beyond_one_are_refused() {
    let _ = Beta::<f64>::with_mean(1.5, 2.0);
}

#[test]
#[should_panic(expected = "TruncatedNormal: the lower bound must lie below the upper")]
fn crossed_bounds_are_refused() {
    let _ = TruncatedNormal::<f64>::new(0.0, 1.0, 2.0, f64::NEG_INFINITY);
}

#[test]
#[should_panic(expected = "Triangular: the mode must lie below the upper bound")]
fn modes_beyond_the_bounds_are_refused() {
    let _ = Triangular::<f64>::new(0.0, 2.0, 1.0);
}

/// The mode may be a bound.
#[test]
fn triangles_with_a_right_angle_have_their_density() {
    let density =
        Triangular::new(0.0, 2.0, 2.0).log_prob(&Expr::constant(Tensor::from_slice(&[0.0, 1.0, 2.0])));
    let found = interpret(&[density], &[], 0).expect("runs").remove(0).to_vec();
    assert_eq!(found, [-f64::INFINITY, 0.5f64.ln(), 0.0]);
}
