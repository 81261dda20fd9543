//! Gradients by the parameters, against differences.

use bayeux_autodiff::{Expr, check_gradient};
use bayeux_tensor::Tensor;

use super::{CASES, columns, distribution};

/// The parameters that move: whole numbers do not.
fn moves(name: &str) -> std::ops::Range<usize> {
    match name {
        "Binomial" | "BinomialLogits" | "TruncatedBinomialBelow" => 1..2,
        "BetaBinomial" => 1..3,
        "DiscreteUniform" => 0..0,
        "ZeroInflatedPoisson" | "HurdlePoisson" => 0..2,
        "MixturePoissons" => 0..3,
        "NegativeBinomial" | "NegativeBinomialMean" | "OrderedLogistic" => 0..2,
        _ => 0..1,
    }
}

#[test]
fn gradients_by_the_parameters_are_exact_at_orders_one_and_two() {
    for (name, parameters, x) in CASES {
        let tensors = columns::<f64>(name, parameters);
        let moving = moves(name);
        let expr = |(i, p): (usize, &Tensor<f64>)| match moving.contains(&i) {
            true => Expr::input("parameter", p.shape()),
            false => Expr::constant(p.clone()),
        };
        let leaves: Vec<Expr<f64>> = tensors.iter().enumerate().map(expr).collect();
        let points: Vec<_> = moving.map(|i| (&leaves[i], &tensors[i])).collect();
        let distribution = distribution(name, &leaves);
        let x = Expr::constant(Tensor::from_slice(x));
        let mut costs = vec![distribution.log_prob(&x)];
        // The incomplete gamma and beta functions of all parameters have two derivatives, but these are theirs to test.
        costs.extend(distribution.log_cdf(&x));
        costs.extend(distribution.log_survival(&(x - 1.0)));
        for (which, cost) in costs.iter().enumerate() {
            let errors = check_gradient(&cost.sum_all(), &points).expect("runs");
            assert!(errors.first < 1e-6 && errors.second < 1e-5, "{name} {which}: {errors:?}");
        }
    }
}
