//! Activations, their first and second derivatives, where numbers end and where the functions have corners.

use bayeux_autodiff::{Expr, Function, grad};
use bayeux_nets::activations::*;
use bayeux_tensor::{Float, Tensor};

const INF: f64 = f64::INFINITY;

/// x, f(x), f′(x), f″(x).
type Row = [f64; 4];

fn check<T: Float>(name: &str, f: impl Fn(&Expr<T>) -> Expr<T>, rows: &[Row]) {
    let x = Expr::<T>::input("x", [rows.len()]);
    let y = f(&x);
    let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
    let second = grad(&slope.sum_all(), std::slice::from_ref(&x)).remove(0);
    let at = Tensor::from_fn([rows.len()], |i| T::from_f64(rows[i[0]][0]));
    let values = Function::new([&x], [&y, &slope, &second]).unwrap().call(&[&at]).unwrap();
    let epsilon = T::EPSILON.to_f64();
    for (i, row) in rows.iter().enumerate() {
        for (order, value) in values.iter().enumerate() {
            let (found, expected) = (value.get(&[i]).to_f64(), row[order + 1]);
            // A tail as e^−x² shows the rounding of its argument; where f32 has no such number, it is the next.
            let tail = if row[0].abs() < 20.0 { row[0] * row[0] } else { 0.0 };
            let room = (40.0 + tail) * epsilon * expected.abs() + T::MIN_POSITIVE.to_f64();
            let near = found == expected || (found - expected).abs() <= room;
            assert!(near, "{name} in {}, at {}, order {order}: {found:e}, not {expected:e}", T::TYPE, row[0]);
        }
    }
}

macro_rules! check {
    ($name:ident, $rows:expr) => {
        check::<f32>(stringify!($name), $name::<f32>, $rows);
        check::<f64>(stringify!($name), $name::<f64>, $rows);
    };
}

/// The numbers are from mpmath.
#[test]
fn activations_have_their_limits_and_one_sided_slopes() {
    check!(
        gelu,
        &[
            [-INF, 0.0, 0.0, 0.0],
            [-1e20, 0.0, 0.0, 0.0],
            [-40.0, 0.0, 0.0, 0.0],
            [-6.0, -5.919525870226189e-9, -3.5468709453902015e-8, -2.065800168939917e-7],
            [-12.0, -2.1317785344932148e-32, -2.557895661674896e-31, -3.0478649046415457e-30],
            [-0.0, 0.0, 0.5, 0.7978845608028654],
            [0.0, 0.0, 0.5, 0.7978845608028654],
            [6.0, 5.999999994080474, 1.0000000354687095, -2.065800168939917e-7],
            [40.0, 40.0, 1.0, 0.0],
            [1e20, 1e20, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    check!(
        swish,
        &[
            [-INF, 0.0, 0.0, 0.0],
            [-1e20, 0.0, 0.0, 0.0],
            [-80.0, -1.443881110276332e-33, -1.425832596397878e-33, -1.4077840825194238e-33],
            [-0.0, 0.0, 0.5, 0.5],
            [0.0, 0.0, 0.5, 0.5],
            [1e20, 1e20, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    let e = (-1f64).exp();
    check!(
        elu,
        &[
            [-INF, -1.0, 0.0, 0.0],
            [-1e20, -1.0, 0.0, 0.0],
            [-1.0, e - 1.0, e, e],
            [-1e-20, -1e-20, 1.0, 1.0],
            [-0.0, 0.0, 1.0, 1.0],
            [0.0, 0.0, 1.0, 1.0],
            [1e-20, 1e-20, 1.0, 0.0],
            [1e20, 1e20, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    check!(
        leaky_relu,
        &[
            [-INF, -INF, 0.01, 0.0],
            [-1e20, -1e18, 0.01, 0.0],
            [-0.0, 0.0, 0.01, 0.0],
            [0.0, 0.0, 0.01, 0.0],
            [1e20, 1e20, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    check!(
        relu,
        &[
            [-INF, 0.0, 0.0, 0.0],
            [-0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
            [1e-30, 1e-30, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    check!(
        softplus,
        &[
            [-INF, 0.0, 0.0, 0.0],
            [-80.0, 1.8048513878454153e-35, 1.8048513878454153e-35, 1.8048513878454153e-35],
            [0.0, std::f64::consts::LN_2, 0.5, 0.25],
            [1e20, 1e20, 1.0, 0.0],
            [INF, INF, 1.0, 0.0],
        ]
    );
    check!(tanh, &[[-INF, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [INF, 1.0, 0.0, 0.0]]);
    check!(sigmoid, &[[-INF, 0.0, 0.0, 0.0], [0.0, 0.5, 0.25, 0.0], [INF, 1.0, 0.0, 0.0]]);
    check!(identity, &[[-INF, -INF, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0], [INF, INF, 1.0, 0.0]]);
}

#[test]
fn what_is_not_a_number_stays() {
    let x = Expr::<f32>::input("x", ());
    type Activation = fn(&Expr<f32>) -> Expr<f32>;
    let all: [Activation; 9] = [identity, tanh, sigmoid, relu, leaky_relu, elu, softplus, swish, gelu];
    for (i, activation) in all.into_iter().enumerate() {
        let f = Function::new([&x], [&activation(&x)]).unwrap();
        assert!(f.call(&[&Tensor::scalar(f32::NAN)]).unwrap()[0].item().is_nan(), "{i}");
    }
}
