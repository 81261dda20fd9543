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
    |x, y, z| together([x, y, z]).prod(0).insert_axis(0).ln(),
    |x, y, z| (x * together([x, y, z]).prod(0)).square().ln(),
    |x, y, z| (x.exp() * y * z).abs().ln(),
    |x, y, z| (x.exp() / y * -z).square().ln(),
    |x, y, z| (together([y, &(x.exp() * z)]).prod(0).insert_axis(0) * x.exp()).ln(),
    |_, y, z| plus_one(y, z).det().insert_axis(0).ln(),
    |x, y, z| (plus_one(y, z).det() * x.exp()).ln(),
    |x, y, z| (plus_one(y, z).det() * x * z).square().ln(),
    |_, y, z| (y.square() + z * z).sqrt(),
    |x, y, z| (x * x + y.powf(2.0) + (y * z).square()).sqrt().ln(),
    |x, y, z| together([x, y, z]).square().sum_keep(0).sqrt(),
    |x, y, z| {
        let all = together([x, y, z]);
        all.square().mean(0).insert_axis(0) - all.mean(0).square().insert_axis(0)
    },
];

fn together<const N: usize>(parts: [&Expr<f64>; N]) -> Expr<f64> {
    Expr::concat(&parts.map(Expr::clone), 0)
}

/// A matrix whose determinant is y z + 1.
fn plus_one(y: &Expr<f64>, z: &Expr<f64>) -> Expr<f64> {
    together([y, &y.ones_like(), &-y.ones_like(), z]).reshape([2, 2])
}

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

/// Where it is not finite as written, and nothing overflows on the way, a formula is not finite in its stable form either.
#[test]
fn infinities_stay_what_they_are() {
    type Formula = fn(&Expr<f64>) -> Expr<f64>;
    let formulas: [Formula; 6] = [
        |x| (x.slice(0, 0..1).square() + x.slice(0, 1..2).square()).sqrt().sum_all(),
        |x| x.square().sum(0).sqrt(),
        |x| x.square().mean(0) - x.mean(0).square(),
        |x| x.prod(0).ln(),
        |x| x.prod(0).abs().ln(),
        |x| (Expr::eye(2) * x).det().ln(),
    ];
    let numbers = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0, 1.5, -2.0];
    for (i, formula) in formulas.iter().enumerate() {
        let x = Expr::<f64>::input("x", [2]);
        let y = formula(&x);
        let f = Function::new([&x], [&y]).expect("builds");
        for at in numbers.iter().flat_map(|&a| numbers.map(|b| [a, b])) {
            let tensor = Tensor::from_slice(&at);
            let found = f.call(&[&tensor]).expect("runs")[0].item();
            let written = as_written(std::slice::from_ref(&y), &[(&x, &tensor)], 0).expect("runs")[0].item();
            // A distance is infinite if one side is, whatever the other one is.
            let far = i == 0 && found == f64::INFINITY && at.iter().any(|x| x.is_infinite());
            let same =
                found == written || (found - written).abs() < 1e-12 || found.is_nan() && written.is_nan();
            assert!(same || far, "{y} at {at:?} is {found}, not {written}");
        }
    }
}
