//! Every row of the table applies where it is meant to, and keeps values and slopes: at random points, and at zeros, infinities,
//! NaN and numbers near overflow.

use std::collections::HashSet;

use bayeux_tensor::{Float, Tensor, random};

use super::{Simplification, rules, simplify_with};
use crate::compile::graph::Graph;
use crate::compile::{Inners, Watch};
use crate::dim::Sizes;
use crate::execute::TARGET;
use crate::expr::all_untyped;
use crate::stabilise::stabilise;
use crate::{Expr, Function, grad, interpret};

/// A rule and a formula of two `[3, 4]` to which it applies.
type Row<T> = (&'static str, fn(&Expr<T>, &Expr<T>) -> Expr<T>);

/// Rows added to a table of zeros.
fn added<T: Float>(rows: &Expr<T>) -> Expr<T> {
    Expr::zeros([3, 4]).scatter_add(0, &Expr::constant(Tensor::from_slice(&[2_i64, 0, 2])), rows)
}

fn rows<T: Float>() -> Vec<Row<T>> {
    vec![
        ("empty", |x, _| Expr::concat(&[x.slice(1, 2..2).tanh(), x.clone()], 1)),
        ("over-nothing", |x, y| {
            x + x.slice(1, 2..2).matmul(&y.slice(0, 1..1).t().t().slice(1, 0..0).t()).sum_all()
        }),
        ("over-nothing", |x, y| x.slice(1, 2..2).sum_keep(1) + y.slice(1, 1..1).pad(1, 1, 3).tanh()),
        ("over-nothing", |x, y| {
            x.slice(1, 2..2).max(1).insert_axis(1).exp()
                + y.slice(1, 1..1).logsumexp().exp().insert_axis(1)
                + x
        }),
        ("constants", |x, _| x + Expr::arange(4).exp()),
        ("double-negation", |x, _| -(-x)),
        ("negated-difference", |x, y| -(x - y)),
        ("square-of-signed", |x, y| (-x).square() + y.abs().square()),
        ("absolute-of-signed", |x, y| (-x).abs() + y.abs().abs()),
        ("add-zero", |x, _| (x + 0.0).sin()),
        ("add-negated", |x, y| x + (-y) + ((-x) + y.sin())),
        ("subtract-zero", |x, _| x - 0.0),
        ("subtract-from-zero", |x, _| 0.0 - x),
        ("subtract-negated", |x, y| x - (-y)),
        ("multiply-by-zero", |x, y| x.gt(y).cast_like(x) * 0.0 + x),
        ("multiply-by-one", |x, _| x * 1.0),
        ("multiply-by-minus-one", |x, _| x * -1.0),
        ("multiply-by-itself", |x, _| x * x),
        ("multiply-negated", |x, y| (-x) * y + x * (-y)),
        ("multiply-numbers", |x, y| 2.0 * (3.0 * x) + (y * 1e-20) * 1e-5),
        ("divide-by-one", |x, _| x / 1.0),
        ("reciprocal", |x, _| 1.0 / x),
        ("divide-by-power-of-two", |x, _| x / 4.0),
        ("divide-negated", |x, y| (-x) / y),
        ("power", |x, y| x.powf(2.0) + x.powf(1.0) - y.powf(-1.0) + y.powf(0.0)),
        ("power", |x, y| x.powf(0.5) + (x.square() + y.abs()).powf(0.5)),
        ("extremum-of-one", |x, y| x.maximum(x) - y.minimum(y)),
        ("order", |x, y| (x.sin() + y) * (y + x.sin())),
        ("choice", |x, y| Expr::select(&Expr::scalar(1.0), x, y) + Expr::select(&x.gt(y), y, y)),
        ("softmax-of-logarithms", |x, _| x.log_softmax() * x.softmax()),
        ("function-of-repeated", |x, y| x.slice(0, 0..1).broadcast_to([3, 4]).sin() + y),
        ("function-of-two-repeated", |x, y| {
            (x.slice(0, 0..1).broadcast_to([2, 1, 4]) + y.slice(0, 1..2).broadcast_to([2, 1, 4])).sum(0) + y
        }),
        ("add-rows", |x, y| x - added(y) + added(&y.sin())),
        ("multiply-rows", |x, y| x + added(y) * 3.0),
        ("add-parts", |x, y| {
            let part = |x: &Expr<T>, from: usize, to: usize| x.slice(1, from..to).sin().pad(1, from, 4 - to);
            let apart = part(x, 0, 1) + part(y, 3, 4);
            apart + part(x, 1, 3) + (part(y, 1, 2) + part(x, 2, 3))
        }),
        ("negate-rows", |x, y| -added(y) + x),
        ("same-shape", |x, _| x.slice(1, 0..4).pad(0, 0, 0).exp()),
        ("reshape-of-reshape", |x, _| x.reshape([12]).reshape([4, 3]).sin()),
        ("reshape-of-number", |x, _| {
            x.slice(0, 0..1).slice(1, 0..1).broadcast_to([3, 4]).reshape([4, 3]).sin()
        }),
        ("broadcast-of-view", |x, y| {
            x.slice(0, 0..1).reshape([1, 1, 4]).broadcast_to([2, 1, 4]).broadcast_to([2, 3, 4]).sum(0) + y
        }),
        ("transpose-of-nothing", |x, _| x.transpose(&[0, 1]).sin()),
        ("transpose-of-number", |x, _| x.t() + Expr::full([3, 4], 2.0).t()),
        ("transpose-of-transpose", |x, _| x.t().t().sin()),
        ("sum-over-ones", |x, y| x.insert_axis(1).sum(1) + y),
        ("sum-of-sum", |x, y| x.sum(1).sum(0) + y),
        ("sum-of-reshaped", |x, y| x.reshape([2, 6]).sum_all() + y),
        ("sum-of-negated", |x, _| (-x).sum(0)),
        ("sum-of-multiples", |x, y| (x * 3.0).sum(1) + (-1e3 * y).sum(1)),
        ("sum-of-repeats", |x, y| x.slice(0, 0..1).broadcast_to([5, 3, 4]).sum([0, 1]) + y),
    ]
}

fn counts(roots: &[Expr<f64>], inputs: &[Expr<f64>], off: HashSet<&'static str>) -> Vec<usize> {
    let graph = Graph::trace(
        &stabilise(&all_untyped(roots)),
        &all_untyped(inputs),
        &Sizes::new(),
        &mut Inners::new(&TARGET, &mut Watch::start()),
    )
    .expect("concrete sizes");
    let mut simplification = Simplification { off, fired: Vec::new() };
    simplify_with(graph, &mut simplification);
    simplification.fired
}

#[test]
fn every_rule_applies_where_it_should_and_can_be_switched_off() {
    let inputs = ["x", "y"].map(|name| Expr::<f64>::input(name, [3, 4]));
    for (rule, formula) in rows() {
        let place = rules().position(|row| row.name == rule).unwrap_or_else(|| panic!("no rule {rule}"));
        let roots = [formula(&inputs[0], &inputs[1])];
        assert!(counts(&roots, &inputs, HashSet::new())[place] > 0, "{rule} does not apply to {}", roots[0]);
        assert_eq!(counts(&roots, &inputs, HashSet::from([rule]))[place], 0, "{rule}");
    }
    let names: Vec<&str> = rules().map(|rule| rule.name).collect();
    let tested: HashSet<&str> = rows::<f64>().iter().map(|row| row.0).collect();
    assert_eq!(names.iter().copied().collect::<HashSet<_>>(), tested);
    assert_eq!(names.len(), tested.len(), "two rules of one name");
}

/// Values and slopes, compiled and interpreted.
fn compare<T: Float>(
    rule: &str,
    formula: fn(&Expr<T>, &Expr<T>) -> Expr<T>,
    at: [&Tensor<T>; 2],
    tolerance: f64,
) {
    let inputs = ["x", "y"].map(|name| Expr::<T>::input(name, [3, 4]));
    let y = formula(&inputs[0], &inputs[1]);
    let mut roots = grad(&y.sum_all(), &inputs);
    roots.push(y);
    let f = Function::new(&inputs, &roots).expect("both are inputs");
    let found = f.call(&at).expect("runs");
    let expected = interpret(&roots, &[(&inputs[0], at[0]), (&inputs[1], at[1])], 0).expect("runs");
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (a, b) in found.iter().zip(expected.iter()) {
            let (a, b) = (a.to_f64(), b.to_f64());
            let alike = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * b.abs().max(1.0);
            assert!(alike, "{rule}, root {i}: compiled {a}, interpreted {b}\n{} at {at:?}\n{f}", roots[i]);
        }
    }
}

#[test]
fn every_rule_keeps_values_and_slopes() {
    fn check<T: Float>(tolerance: f64, large: f64) {
        let numbers = |stream| {
            let mut data = vec![T::ZERO; 12];
            random::fill_normal(5, stream, 0, &mut data);
            Tensor::new([3, 4], data)
        };
        let special = [
            0.0,
            -0.0,
            1.0,
            f64::INFINITY,
            -2.5,
            f64::NEG_INFINITY,
            large,
            -large,
            f64::NAN,
            1.0 / large,
            3.0,
            -1.0,
        ];
        let rotated =
            |by: usize| Tensor::from_fn([3, 4], |i| T::from_f64(special[(4 * i[0] + i[1] + by) % 12]));
        let one_each =
            |by: usize| Tensor::from_fn([3, 4], |i| T::from_f64(if i == [1, 2] { special[by] } else { 0.5 }));
        for (rule, formula) in rows::<T>() {
            for stream in 0..3 {
                compare(rule, formula, [&numbers(stream), &numbers(stream + 10)], tolerance);
            }
            for by in 0..12 {
                compare(rule, formula, [&rotated(0), &rotated(by)], tolerance);
                compare(rule, formula, [&one_each(by), &one_each((5 * by) % 12)], tolerance);
            }
        }
    }
    check::<f64>(1e-12, 1e300);
    check::<f32>(1e-5, 1e30);
}

/// Sums of very many addends are looked at in a time that grows with their number, and on a small stack.
#[test]
fn long_sums_are_no_burden() {
    let x = Expr::<f64>::input("x", [2]);
    let parts = |k: usize| if k.is_multiple_of(3) { x.slice(0, 0..1).pad(0, 0, 1) } else { &x * (k as f64) };
    let sum = (0..30_000).map(parts).reduce(|a, b| a + b).expect("some");
    let f = Function::new([&x], [&sum]).expect("builds");
    let found = f.call(&[&Tensor::from_slice(&[1.0, 1.0])]).expect("runs")[0].to_vec();
    let others: f64 = (0..30_000).filter(|k| k % 3 != 0).map(f64::from).sum();
    assert_eq!(found, [others + 10_000.0, others]);
}

#[test]
fn no_rule_makes_an_infinity() {
    fn check<T: Float>(large: f64, small: f64) {
        let x = Expr::<T>::input("x", [4]);
        let c = Expr::<T>::input("c", ());
        let n = Expr::<T>::input("n", [0, 4]);
        let sums = [
            (&x * small).sum_all(),
            (&x * &c).sum_all(),
            (&x / (1.0 / small)).sum_all(),
            x.mean_all() * (4.0 * small),
            (&n * (1.0 / &c * 0.0)).sum_all(),
        ];
        let f = Function::new([&x, &c, &n], &sums).expect("inputs");
        let [values, factor] = [Tensor::full([4], T::from_f64(large)), Tensor::scalar(T::from_f64(small))];
        let found = f.call(&[&values, &factor, &Tensor::zeros([0, 4])]).expect("runs");
        for (i, found) in found.iter().enumerate() {
            let sum = 4.0 * (large * small);
            let expected = [sum, sum, sum, f64::INFINITY, 0.0][i];
            let found = found.item().to_f64();
            assert!(
                found == expected || (found - expected).abs() < 1e-6 * expected,
                "{i}: {found}, not {expected}"
            );
        }
    }
    check::<f32>(2e38, 1e-30);
    check::<f64>(1.5e308, 1e-30);
}
