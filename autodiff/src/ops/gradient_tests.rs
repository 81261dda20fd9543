//! Every op's gradient against finite differences, at orders one and two, along random directions.

use bayeux_tensor::{Tensor, random};

use super::{Binary, Op, Unary};
use crate::{Conv2dOptions, Expr, Pool2dOptions, Shape, check_gradient};

/// Numbers uniform on an interval, in a shape.
fn numbers(shape: &[usize], low: f64, high: f64, stream: u64) -> Tensor<f64> {
    let mut data = vec![0.0; shape.iter().product()];
    random::fill_uniform(11, stream, 0, &mut data);
    Tensor::new(shape, data.into_iter().map(|u| low + (high - low) * u).collect())
}

/// A scalar of some outputs in which every element counts differently and not linearly, so that second derivatives do
/// not vanish and exchanged elements show.
fn mixed(y: &Expr<f64>) -> Expr<f64> {
    let sizes = y.shape().sizes().expect("concrete sizes");
    let weights = Expr::constant(numbers(&sizes, 0.5, 1.5, 99));
    (y * &weights).sum_all() + (y * weights).square().sum_all() * 0.3
}

#[track_caller]
fn check(what: &str, cost: &Expr<f64>, points: &[(&Expr<f64>, &Tensor<f64>)]) {
    let errors = check_gradient(cost, points).expect("the gradient's function runs");
    assert!(errors.first <= 1e-6 && errors.second <= 1e-5, "{what}: {errors:?} of {cost}");
}

/// Checks a function of inputs with the given shapes, at points in an interval.
#[track_caller]
fn check_op(
    what: &str,
    shapes: &[&[usize]],
    interval: std::ops::Range<f64>,
    op: impl Fn(&[Expr<f64>]) -> Expr<f64>,
) {
    let inputs: Vec<Expr<f64>> =
        shapes.iter().enumerate().map(|(i, &s)| Expr::input(&format!("x{i}"), Shape::from(s))).collect();
    let points: Vec<Tensor<f64>> = shapes
        .iter()
        .enumerate()
        .map(|(i, s)| numbers(s, interval.start, interval.end, i as u64 + what.len() as u64 * 16))
        .collect();
    let pairs: Vec<_> = inputs.iter().zip(&points).collect();
    check(what, &mixed(&op(&inputs)), &pairs);
}

#[test]
fn orders_and_places() {
    let places = Expr::constant(Tensor::new([3, 2], vec![3i64, 0, 1, 1, 2, 3]));
    check_op("sort", &[&[3, 4]], -1.0..1.0, |x| x[0].sort().0);
    check_op("top_k", &[&[3, 4]], -1.0..1.0, |x| x[0].top_k(2).0);
    check_op("take_along_last", &[&[3, 4]], -1.0..1.0, |x| x[0].take_along_last(&places));
    check_op("put_along_last", &[&[3, 4], &[3, 2]], -1.0..1.0, |x| x[0].put_along_last(&places, &x[1]));
}

#[test]
fn functions_of_one_number() {
    for (op, interval) in Unary::ALL {
        let apply = |x: &[Expr<f64>]| Expr::new(Op::Unary(*op), vec![x[0].untyped()], x[0].shape());
        check_op(op.method(), &[&[7]], interval.clone(), apply);
        // Even and odd functions, on the other side as well, where the interval does not cross 0 by itself.
        if matches!(op, Unary::Abs | Unary::Sign | Unary::Floor | Unary::Relu | Unary::Recip) {
            check_op(op.method(), &[&[7]], -interval.end..-interval.start, apply);
        }
    }
}

#[test]
fn functions_of_two_numbers() {
    for &op in Binary::ALL.iter().filter(|op| !op.is_comparison()) {
        let name = op.method();
        check_op(name, &[&[3, 4], &[3, 4]], 0.4..2.5, |x| {
            // The order of a polygamma function is a whole number.
            let x = if name == "polygamma" { vec![Expr::ones([3, 4]), x[1].clone()] } else { x.to_vec() };
            Expr::new(Op::Binary(op), x.iter().map(Expr::untyped).collect(), [3, 4])
        });
    }
    check_op("repeated inputs", &[&[3, 1], &[4], &[]], 0.4..2.5, |x| &x[0] * &x[1] / &x[2] - &x[1]);
    check_op("a power", &[&[5]], 0.4..2.5, |x| x[0].powf(2.7) + 2.0 / &x[0] - x[0].powf(-1.5));
}

#[test]
fn a_tie_is_split_evenly() {
    let x = Expr::<f64>::input("x", [2]);
    let y = Expr::<f64>::input("y", [2]);
    let ones = Tensor::ones([2]);
    let slope = |cost: &Expr<f64>, by: &Expr<f64>| {
        let slope = crate::grad(cost, std::slice::from_ref(by)).remove(0);
        crate::interpret(&[slope], &[(&x, &ones), (&y, &ones)], 0).expect("runs").remove(0).to_vec()
    };
    for both in [x.maximum(&y), x.minimum(&y)] {
        assert_eq!(slope(&both.sum_all(), &x), [0.5, 0.5]);
        assert_eq!(slope(&both.sum_all(), &y), [0.5, 0.5]);
    }
    assert_eq!(slope(&x.max_all(), &x), [0.5, 0.5]);
    assert_eq!(slope(&(&x - 1.0).relu().sum_all(), &x), [0.0, 0.0]);
    assert_eq!(slope(&(&x - 1.0).abs().sum_all(), &x), [0.0, 0.0]);
}

#[test]
fn choices_and_stops() {
    check_op("select", &[&[6], &[6]], 0.2..2.0, |x| {
        Expr::select(&x[0].gt(&x[1]), &(&x[0] * &x[1]), &x[1].square())
    });
    // What is not chosen may be infinite or undefined; its gradient is still exactly zero.
    let x = Expr::<f64>::input("x", [2]);
    let safe = Expr::select(&x.gt(&Expr::zeros([2])), &x.ln(), &Expr::zeros([2])).sum_all();
    let slope = crate::grad(&safe, std::slice::from_ref(&x));
    let at = Tensor::from_slice(&[2.0, -1.0]);
    let value = crate::interpret(&slope, &[(&x, &at)], 0).expect("runs").remove(0);
    assert_eq!(value.get(&[0]), 0.5);
    let stopped = (x.stop_gradient() * &x).sum_all();
    let slope = crate::interpret(&crate::grad(&stopped, std::slice::from_ref(&x)), &[(&x, &at)], 0)
        .expect("runs")
        .remove(0);
    assert_eq!(slope.to_vec(), [2.0, -1.0]);
}

#[test]
fn shapes_and_views() {
    check_op("reshape", &[&[2, 6]], -1.0..1.0, |x| x[0].reshape([3, 4]).tanh());
    check_op("transpose", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].transpose(&[2, 0, 1]).tanh());
    check_op("broadcast", &[&[3, 1]], -1.0..1.0, |x| x[0].broadcast_to([2, 3, 4]).tanh());
    check_op("slice", &[&[4, 5]], -1.0..1.0, |x| x[0].slice(1, 1..4).tanh());
    check_op("pad", &[&[2, 3]], -1.0..1.0, |x| x[0].pad(1, 2, 1).tanh());
    check_op("flip", &[&[2, 3]], -1.0..1.0, |x| x[0].flip(1).tanh());
    check_op("concat", &[&[2, 3], &[2, 1]], -1.0..1.0, |x| Expr::concat(&[x[0].clone(), x[1].tanh()], 1));
    check_op("flatten", &[&[2, 3, 2]], -1.0..1.0, |x| x[0].flatten_from(1).insert_axis(1).tanh());
}

#[test]
fn reductions() {
    check_op("sum", &[&[3, 4, 2]], -1.0..1.0, |x| x[0].tanh().sum([0, 2]));
    check_op("sum of all", &[&[3, 4]], -1.0..1.0, |x| x[0].tanh().sum_all());
    check_op("mean", &[&[3, 4]], -1.0..1.0, |x| x[0].tanh().mean(-1));
    check_op("max", &[&[3, 4, 2]], -1.0..1.0, |x| x[0].max([1, 2]).tanh());
    check_op("softmax", &[&[3, 4]], -2.0..2.0, |x| x[0].softmax());
    check_op("log_softmax", &[&[3, 4]], -2.0..2.0, |x| x[0].log_softmax());
    check_op("logsumexp", &[&[3, 4]], -2.0..2.0, |x| x[0].logsumexp());
    let labels = Expr::constant(Tensor::from_slice(&[2.0, 0.0, 3.0]));
    check_op("cross-entropy", &[&[3, 4]], -2.0..2.0, |x| -(labels.one_hot(4) * x[0].log_softmax()).sum(1));
}

#[test]
fn products() {
    check_op("matmul", &[&[3, 4], &[4, 2]], -1.0..1.0, |x| x[0].matmul(&x[1]));
    check_op("matmul, transposed", &[&[4, 3], &[2, 4]], -1.0..1.0, |x| x[0].t().matmul(&x[1].t()));
    check_op("matmul of stacks", &[&[2, 3, 4], &[4, 2]], -1.0..1.0, |x| x[0].matmul(&x[1]));
    check_op("matrix times vector", &[&[3, 4], &[4]], -1.0..1.0, |x| x[0].matmul(&x[1]));
    check_op("vector times matrix", &[&[3], &[3, 4]], -1.0..1.0, |x| x[0].matmul(&x[1]));
    check_op("dot product", &[&[3], &[3]], -1.0..1.0, |x| x[0].matmul(&x[1]));
    check_op("quadratic form", &[&[3], &[3, 3]], -1.0..1.0, |x| x[0].matmul(&x[1]).matmul(&x[0]));
}

#[test]
fn convolutions() {
    let options = |stride, padding| Conv2dOptions { stride, padding };
    for (stride, padding) in [
        ([1, 1], [[0, 0], [0, 0]]),
        ([2, 1], [[1, 1], [0, 2]]),
        ([2, 3], [[2, 0], [1, 1]]),
        ([1, 1], [[1, 1], [1, 1]]),
    ] {
        check_op("conv2d", &[&[2, 3, 5, 4], &[2, 3, 3, 2]], -1.0..1.0, |x| {
            x[0].conv2d(&x[1], options(stride, padding))
        });
    }
    check_op("1×1 filters, one image", &[&[1, 2, 3, 3], &[4, 2, 1, 1]], -1.0..1.0, |x| {
        x[0].conv2d(&x[1], Conv2dOptions::default()).tanh()
    });
}

#[test]
fn pools() {
    let overlapping = Pool2dOptions { window: [3, 2], stride: [2, 1], padding: [[1, 0], [0, 1]] };
    for options in [Pool2dOptions::new([2, 2]), overlapping] {
        check_op("max_pool2d", &[&[2, 3, 5, 4]], -1.0..1.0, |x| x[0].max_pool2d(options).tanh());
        check_op("tanh, then max_pool2d", &[&[2, 3, 5, 4], &[3, 1, 1]], -1.0..1.0, |x| {
            (&x[0] + &x[1]).tanh().max_pool2d(options)
        });
    }
}
