//! Every row of the table: the same value and slope as the formula as written, where that is fine, and the right ones where it
//! overflows.

use std::collections::HashSet;
use std::f64::consts::{LN_2, LN_10, TAU};

use bayeux_tensor::{Float, Tensor};

use super::{Stabiliser, stabilise};
use crate::interpreter::as_written;
use crate::{Expr, Function, Pool2dOptions, grad};

/// A rule, a formula of `[4]` that it rewrites, where it is computed to no digits as written, and the value and the slope there.
type Row<T> = (&'static str, fn(&Expr<T>) -> Expr<T>, f64, f64, f64);

fn rows<T: Float>(extreme: f64) -> Vec<Row<T>> {
    let e = extreme;
    // Its square overflows.
    let large = 10f64.powf(e / 4.0);
    vec![
        ("logarithm", |x| (1.0 + x.exp()).ln(), e, e, 1.0),
        ("logarithm", |x| x.sigmoid().ln(), -e, -e, 1.0),
        ("logarithm", |x| (1.0 - x.sigmoid()).ln(), e, -e, -1.0),
        ("logarithm", |x| x.exp().ln(), e, e, 1.0),
        ("logarithm", |x| x.exp2().ln(), 2.0 * e, 2.0 * e * LN_2, LN_2),
        ("logarithm", |x| x.exp10().ln(), e, e * LN_10, LN_10),
        (
            "logarithm",
            |x| x.ndtr().ln(),
            -e,
            -0.5 * e * e - (e * TAU.sqrt()).ln() - 1.0 / (e * e) + 2.5 / e.powi(4),
            e + 1.0 / e - 2.0 / e.powi(3),
        ),
        ("logarithm", |x| (1.0 / (1.0 + (-x).exp())).ln(), -e, -e, 1.0),
        ("logarithm", |x| (x.exp() / (x.exp() + 1.0)).ln(), -e, -e, 1.0),
        ("logarithm", |x| (3.0 * (x * 2.0).exp().sqrt()).ln(), e, e + 3f64.ln(), 1.0),
        ("logarithm", |x| x.exp().powf(3.0).recip().ln(), e, -3.0 * e, -3.0),
        (
            "logarithm",
            |x| (x.exp() / (x.square() + 1.0)).ln(),
            e,
            e - (e * e + 1.0).ln(),
            1.0 - 2.0 * e / (e * e + 1.0),
        ),
        ("logarithm", |x| (x.exp() + (x * 2.0).exp()).ln(), e, 2.0 * e, 2.0),
        (
            "logarithm",
            |x| (0.5 * (x.square() * -0.5).exp() + 0.5 * (-x.abs()).exp()).ln(),
            e,
            -e + 0.5f64.ln(),
            -1.0,
        ),
        ("logarithm", |x| (2.0 + x.exp()).ln(), e, e, 1.0),
        (
            "logarithm",
            |x| x.exp().reshape([2, 2]).t().slice(0, 0..2).flip(0).t().reshape([4]).ln(),
            e,
            e,
            1.0,
        ),
        (
            "logarithm",
            |x| Expr::select(&x.gt(&Expr::scalar(0.3)), &x.sigmoid(), &(1.0 - x.sigmoid())).ln(),
            -e,
            0.0,
            0.0,
        ),
        (
            "logarithm",
            |x| {
                Expr::concat(&[(-x.slice(0, 0..2)).exp(), x.slice(0, 2..4).square()], 0).stop_gradient().ln()
                    + x
            },
            1.0,
            0.0,
            1.0,
        ),
        ("log1p", |x| (1.0 + x * x).ln(), 1e-20, 0.0, 2e-20),
        ("log1p", |x| (1.0 - x * 0.25).ln(), 1e-30, -0.25e-30, -0.25),
        ("log1p-exp", |x| x.exp().log1p(), e, e, 1.0),
        ("log1p-exp", |x| (-x.sigmoid()).log1p(), e, -e, -1.0),
        ("log1p-exp", |x| (-x.sigmoid().reshape([2, 2])).log1p().reshape([4]), e, -e, -1.0),
        ("logarithm", |x| (1.0 - x.sigmoid().reshape([2, 2])).ln().reshape([4]), e, -e, -1.0),
        ("log1p-exp", |x| (-(x.square() * -0.5).exp()).log1p() - x, 0.25 * e, -0.25 * e, -1.0),
        ("expm1", |x| x.exp() - 1.0, 1e-30, 1e-30, 1.0),
        ("expm1-plus", |x| -1.0 + x.exp(), 1e-30, 1e-30, 1.0),
        ("one-minus", |x| 1.0 - x.exp(), 1e-30, -1e-30, -1.0),
        ("one-minus", |x| 1.0 - x.sigmoid(), 50.0, (-50f64).exp(), -(-50f64).exp()),
        ("expm1-log1p", |x| (x * 0.25).log1p().expm1() * 4.0, 1e-30, 1e-30, 1.0),
        ("sigmoid", |x| (1.0 + x.exp()).recip(), e, 0.0, 0.0),
        ("sigmoid", |x| 1.0 / (1.0 + (-x).exp()), -e, 0.0, 0.0),
        ("sigmoid", |x| x.exp() / (1.0 + x.exp()), e, 1.0, 0.0),
        ("tanh", |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()), e, 1.0, 0.0),
        ("softmax", |x| x.exp() / x.exp().sum(0) * 4.0, e, 1.0, 0.0),
        ("root-of-square", |x| x.square().sqrt(), -1e-30, 1e-30, -1.0),
        ("root-of-square", |x| (x * x).sqrt(), 0.0, 0.0, 0.0),
        ("hypot", |x| (x.square() + (x * 2.0).square()).sqrt(), large, 5f64.sqrt() * large, 5f64.sqrt()),
        (
            "hypot",
            |x| (x.reshape([2, 2]).powf(2.0) + (x * x).reshape([2, 2])).reshape([4]).sqrt() + 0.0 * x,
            -1.0 / large,
            2f64.sqrt() / large,
            -(2f64.sqrt()),
        ),
        ("norm", |x| x.square().sum_keep(0).sqrt().broadcast_to([4]), large, 2.0 * large, 2.0),
        ("norm", |x| (x * x).sum_all().sqrt().broadcast_to([4]), 0.0, 0.0, 0.0),
        ("variance", |x| spread(&x.reshape([2, 2])).reshape([4]), large, 0.0, 0.0),
        (
            "variance",
            |x| ((x * x).mean_all() - x.mean_all() * x.mean_all()).broadcast_to([4]),
            large,
            0.0,
            0.0,
        ),
        ("logarithm", |x| x.prod(0).ln().broadcast_to([4]), large, 4.0 * large.ln(), 4.0 / large),
        ("logarithm", |x| (-x.sigmoid()).prod(0).ln().broadcast_to([4]), -e, -4.0 * e, 4.0),
        (
            "logarithm",
            |x| x.prod(0).square().sqrt().ln().broadcast_to([4]),
            large,
            4.0 * large.ln(),
            4.0 / large,
        ),
        (
            "logarithm",
            |x| (x / -2.0).prod(0).square().ln().broadcast_to([4]),
            large,
            8.0 * (large / 2.0).ln(),
            8.0 / large,
        ),
        (
            "logarithm",
            |x| (Expr::eye(4) * x).det().ln().broadcast_to([4]),
            large,
            4.0 * large.ln(),
            4.0 / large,
        ),
        (
            "logarithm",
            |x| (Expr::eye(4) * x).det().abs().reshape([1]).ln().broadcast_to([4]),
            large,
            4.0 * large.ln(),
            4.0 / large,
        ),
        ("exp-of-logarithm", |x| (x.softplus() * 2.0).ln().exp(), e, 2.0 * e, 2.0),
        ("choice", |x| Expr::select(&x.exp().ge(&Expr::scalar(0.0)), &(1.0 + x.exp()).ln(), x), e, e, 1.0),
        ("pool", |x| pooled(&(x.reshape([1, 1, 2, 2]).tanh() + 0.5)), e, 1.5, 0.0),
        ("pool", |x| pooled(&(2.0 + x.reshape([1, 1, 2, 2]).exp() - 2.0)), 0.0, 1.0, 1.0),
    ]
}

/// The variance of each row, as often as there are columns.
fn spread<T: Float>(x: &Expr<T>) -> Expr<T> {
    let mean = |x: &Expr<T>| x.sum_keep(1) / 2.0;
    (mean(&x.square()) - mean(x).square()).broadcast_to([2, 2])
}

/// The largest of four in place of the first, and zeros.
fn pooled<T: Float>(x: &Expr<T>) -> Expr<T> {
    x.max_pool2d(Pool2dOptions::new([2, 2])).reshape([1]).pad(0, 0, 3)
}

fn value_and_slope<T: Float>(formula: fn(&Expr<T>) -> Expr<T>, at: &Tensor<T>) -> [Tensor<T>; 2] {
    let x = Expr::input("x", [4]);
    let y = formula(&x);
    let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
    let mut found = Function::new([&x], [&y, &slope]).and_then(|f| f.call(&[at])).expect("runs");
    [found.remove(0), found.remove(0)]
}

#[test]
fn every_rule_keeps_values_and_slopes() {
    let at = Tensor::from_slice(&[0.31, -0.7, 1.2, -1.9]);
    for (rule, formula, ..) in rows::<f64>(750.0) {
        let x = Expr::input("x", [4]);
        let y = formula(&x);
        let fired = Stabiliser::new(&[y.untyped()], &[]).fired;
        assert!(fired.contains_key(rule), "{rule} does not apply to {y}, but {fired:?}");
        let without = Stabiliser::without(HashSet::from([rule]), &[y.untyped()], &[]).fired;
        assert!(!without.contains_key(rule), "{rule} cannot be switched off");
        let [value, slope] = value_and_slope(formula, &at);
        let written =
            |at: &Tensor<f64>| as_written(std::slice::from_ref(&y), &[(&x, at)], 0).expect("runs").remove(0);
        let expected = written(&at);
        let h = 1e-5;
        for i in 0..4 {
            // What the sum of all elements does when one moves: a softmax moves all.
            let moved = |by: f64| {
                written(&Tensor::from_fn([4], |j| at.get(j) + if j == [i] { by } else { 0.0 }))
                    .iter()
                    .sum::<f64>()
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            let (value, expected) = (value.get(&[i]), expected.get(&[i]));
            assert!(
                (value - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{rule}: {y} is {value}, not {expected}"
            );
            let found = slope.get(&[i]);
            if !y.to_string().contains("stop_gradient") {
                assert!(
                    (found - difference).abs() <= 1e-8,
                    "{rule}: the slope of {y} is {found}, not {difference}"
                );
            }
        }
    }
}

#[test]
fn every_rule_keeps_its_digits_where_the_formula_loses_them() {
    fn check<T: Float>(extreme: f64, tolerance: f64) {
        for (rule, formula, at, value, slope) in rows::<T>(extreme) {
            let found = value_and_slope(formula, &Tensor::full([4], T::from_f64(at)));
            for (found, expected) in found.iter().zip([value, slope]) {
                let found = found.get(&[0]).to_f64();
                let close = (found - expected).abs() <= tolerance * expected.abs() + 1e-36;
                assert!(close, "{rule} at {at}: {found}, not {expected}");
            }
        }
    }
    check::<f64>(750.0, 1e-12);
    check::<f32>(95.0, 1e-5);
}

#[test]
fn every_rule_has_a_row() {
    let names: HashSet<&str> = Stabiliser::RULES.iter().map(|rule| rule.name).collect();
    let tested: HashSet<&str> = rows::<f64>(1.0).iter().map(|row| row.0).collect();
    assert_eq!(names.len(), Stabiliser::RULES.len(), "two rules of one name");
    assert_eq!(names, tested);
}

/// Cross-entropies as the textbook has them, at logits whose probabilities underflow.
#[test]
fn logarithms_of_probabilities_are_found_behind_views_and_choices() {
    fn check<T: Float>() {
        let x = Expr::<T>::input("x", [2, 3]);
        let label = Expr::constant(Tensor::from_slice(&[2.0, 0.0].map(T::from_f64)));
        let chosen = label.one_hot(3);
        let zero = Expr::scalar(0.0);
        let p = x.softmax();
        let one_by_one = |p: &Expr<T>| p.exp() / p.exp().sum_keep(1);
        let along_rows = |p: &Expr<T>| p.exp() / p.exp().sum(0);
        let forms = [
            Expr::select(&chosen.cast(), &p.ln(), &zero).sum_all(),
            (&chosen * &p).sum(1).ln().sum_all(),
            Expr::select(&chosen.cast(), &p, &zero).sum(-1).ln().sum_all(),
            Expr::select(&chosen.cast(), &p, &Expr::scalar(1.0)).ln().sum_all(),
            Expr::select(&chosen.reshape([6]).cast(), &p.reshape([6]).ln(), &zero).sum_all(),
            Expr::select(&chosen.t().cast(), &p.t().ln(), &zero).sum_all(),
            (p.slice(0, 0..1).slice(1, 2..3) * p.slice(0, 1..2).slice(1, 0..1)).ln().sum_all(),
            Expr::select(&chosen.cast(), &one_by_one(&x).ln(), &zero).sum_all(),
            Expr::select(&chosen.t().cast(), &along_rows(&x.t()).ln(), &zero).sum_all(),
            (&chosen * p.flip(1).flip(1).broadcast_to([1, 2, 3]).reshape([2, 3])).sum_keep(1).ln().sum_all(),
            (&chosen * (&x - x.exp().sum_keep(1).ln())).sum_all(),
        ];
        let at =
            Tensor::from_fn([2, 3], |i| T::from_f64([[0.0, 50.0, -50.0], [0.0, 200.0, 0.0]][i[0]][i[1]]));
        for (i, form) in forms.iter().enumerate() {
            let slope = grad(form, std::slice::from_ref(&x)).remove(0);
            let curvature = grad(&slope.slice(1, 1..2).sum_all(), std::slice::from_ref(&x)).remove(0);
            let f = Function::new([&x], [form, &slope, &curvature]).expect("x is an input");
            let found = f.call(&[&at]).expect("runs");
            assert_eq!(found[0].item().to_f64(), -300.0, "form {i}");
            let expected = [0.0, -1.0, 1.0, 1.0, -1.0, 0.0];
            for (found, expected) in found[1].iter().zip(expected) {
                assert!((found.to_f64() - expected).abs() < 1e-6, "form {i}: {:?}", f.call(&[&at]));
            }
            assert!(found[2].iter().all(T::is_finite), "form {i}");
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn what_a_slope_is_asked_for_stays() {
    let x = Expr::<f64>::input("x", [3]);
    let p = x.softmax();
    let cost = p.ln().sum_all();
    let at = Tensor::from_slice(&[0.3, -0.2, 0.5]);
    // With respect to the probabilities alone, and together with what they are made of.
    let by_p = grad(&cost, std::slice::from_ref(&p)).remove(0);
    let both = grad(&cost, &[x.clone(), p.clone()]);
    let curvature = grad(&by_p.sum_all(), std::slice::from_ref(&p)).remove(0);
    let alone = grad(&cost, std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [&p, &by_p, &both[1], &curvature, &both[0], &alone]).expect("x is an input");
    let found = f.call(&[&at]).expect("runs");
    for i in 0..3 {
        let p = found[0].get(&[i]);
        assert!((found[1].get(&[i]) * p - 1.0).abs() < 1e-14 && (found[2].get(&[i]) * p - 1.0).abs() < 1e-14);
        assert!((found[3].get(&[i]) * p * p + 1.0).abs() < 1e-14);
        assert!((found[4].get(&[i]) - found[5].get(&[i])).abs() < 1e-14);
    }
    // An inner expression whose own formula is rewritten is still the one the slopes are expressed in.
    let h = (1.0 + x.exp()).ln().named("h");
    let z = h.square() * 0.5;
    let slopes = grad(&z.sum_all(), &[h.clone(), x.clone()]);
    let curvature = grad(&slopes[0].sum_all(), std::slice::from_ref(&h)).remove(0);
    let f = Function::new([&x], [&slopes[0], &slopes[1], &curvature]).expect("x is an input");
    let found = f.call(&[&Tensor::full([3], 1000.0)]).expect("runs");
    assert_eq!(found.iter().map(|x| x.get(&[0])).collect::<Vec<_>>(), [1000.0, 1000.0, 1.0]);
}

#[test]
fn what_needs_no_rule_is_not_rebuilt() {
    let x = Expr::<f32>::input("x", [3]);
    let y = (x.tanh() * 2.0 + 1.0).named("y");
    assert_eq!(stabilise(&[y.untyped()])[0].key(), y.key());
    // A node that turns out to be another keeps that one's identity.
    assert_eq!(stabilise(&[x.exp().ln().named("y").untyped()])[0].key(), x.key());
    assert_eq!(stabilise(&[x.softmax().ln().named("log p").untyped()])[0].name(), Some("log p"));
}
