//! Stable forms of factors of any sign: what is finite as written stays what it is, and so does its slope.

use bayeux_tensor::Tensor;

use crate::interpreter::as_written;
use crate::{Expr, Function, grad};

type Formula = fn(&Expr<f64>, &Expr<f64>, &Expr<f64>) -> Expr<f64>;

const FORMULAS: &[Formula] = &[
    |x, y, z| (x.exp() * y * z).ln(),
    |x, y, z| (y * x.exp() * z).ln(),
    |x, y, z| (x.exp() * y / z).ln(),
    |x, y, z| (y / x.exp() * z).ln(),
    |x, y, _| (x.exp() * y).square().ln(),
    |x, y, z| ((x.exp() * y).recip() * z).ln(),
    |x, y, _| (x.exp() * y).powf(2.0).ln(),
    |x, y, _| (1.0 + x.exp() * y).ln(),
    |x, y, _| (x.exp() * y).log1p(),
    |x, y, _| (1.0 - x.exp() * y).ln(),
    |x, y, _| (-(x.exp() * y)).log1p(),
    |x, y, z| (x.exp() + x.exp() * y * z).ln(),
    |x, y, z| Expr::concat(&[(x.exp() * y).insert_axis(1), (x.exp() * z).insert_axis(1)], 1).max(1).ln(),
    |x, y, z| Expr::select(&y.gt(z), &x.exp(), y).max_with(&(z + 0.05)).ln(),
    |x, y, z| (x.exp() * y.square() + (2.0 * x).exp() * z.square()).ln(),
    |x, y, _| (1.0 + x.exp() * y.square()).ln(),
    |x, y, _| (1.0 + x.exp() * y.relu()).ln(),
    |x, y, z| (x.sigmoid() * y * z + 3.0).ln(),
    |x, y, _| (x.softmax() * y).square().ln(),
    |_, y, _| y.log1p().expm1(),
];

trait MaxWith {
    fn max_with(&self, other: &Self) -> Self;
}

impl MaxWith for Expr<f64> {
    /// The larger of two, as the largest along an axis.
    fn max_with(&self, other: &Self) -> Self {
        Expr::concat(&[self.insert_axis(1), other.insert_axis(1)], 1).max(1)
    }
}

#[test]
fn factors_of_any_sign_keep_values_and_slopes() {
    let numbers = [-1.7, -0.4, 0.0, 0.3, 2.1];
    for (number, formula) in FORMULAS.iter().enumerate() {
        let inputs = ["x", "y", "z"].map(|name| Expr::<f64>::input(name, [1]));
        let [x, y, z] = &inputs;
        let value = formula(x, y, z);
        let slopes = grad(&value.sum_all(), &inputs);
        let f = Function::new([x, y, z], [&value].into_iter().chain(&slopes)).expect("fits");
        for a in [-1.2, 0.0, 0.8] {
            for (b, c) in numbers.iter().flat_map(|&b| numbers.map(|c| (b, c))) {
                let at = [a, b, c];
                let written = |at: [f64; 3]| {
                    let at = at.map(|x| Tensor::from_slice(&[x]));
                    as_written(std::slice::from_ref(&value), &[(x, &at[0]), (y, &at[1]), (z, &at[2])], 0)
                        .expect("runs")[0]
                        .get(&[0])
                };
                let tensors = at.map(|x| Tensor::from_slice(&[x]));
                let found = f.call(&tensors.each_ref()).expect("runs");
                let (found, expected) = ([0, 1, 2, 3].map(|i| found[i].get(&[0])), written(at));
                let close = |a: f64, b: f64, t: f64| (a - b).abs() <= t * b.abs().max(1.0);
                let same = close(found[0], expected, 1e-12)
                    || found[0] == expected
                    || found[0].is_nan() && expected.is_nan();
                assert!(same, "{number}: {value} at {at:?} is {}, not {expected}", found[0]);
                for i in 0..3 {
                    let moved = |by: f64| {
                        let mut there = at;
                        there[i] += by;
                        written(there)
                    };
                    let h = 1e-5;
                    let [left, right] = [(expected - moved(-h)) / h, (moved(h) - expected) / h];
                    // Only where it is smooth.
                    if left.is_finite() && close(left, right, 1e-3) {
                        let slope = (left + right) / 2.0;
                        let close = close(found[i + 1], slope, 1e-6);
                        assert!(
                            close,
                            "{number}: slope {i} of {value} at {at:?} is {}, not {slope}",
                            found[i + 1]
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn sums_given_to_other_elements_are_no_softmax() {
    let x = Expr::<f64>::input("x", [2, 6]);
    let y = x.exp() / x.exp().sum_keep(1).broadcast_to([6, 2, 1]).reshape([2, 6]);
    let at = Tensor::from_fn([2, 6], |i| (i[0] * 6 + i[1]) as f64 * 0.1);
    let found = Function::new([&x], [&y]).and_then(|f| f.call(&[&at])).expect("runs").remove(0);
    let expected = as_written(&[y], &[(&x, &at)], 0).expect("runs").remove(0);
    for (found, expected) in found.iter().zip(expected.iter()) {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }
}
