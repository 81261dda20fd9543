//! Functions of numbers against tables of mpmath over tails and edges: those with vector code against the kernels' table, the others, and
//! slopes, against `data/special.csv`, which `data/special.py` writes.

use std::collections::BTreeMap;

use bayeux_autodiff::{Expr, Function, Untyped, grad};
use bayeux_tensor::{Float, Tensor};

/// Points of one function: arguments, and the value.
type Points = Vec<(Vec<f64>, f64)>;

fn tables() -> BTreeMap<String, Points> {
    let mut tables: BTreeMap<String, Points> = BTreeMap::new();
    let mut add = |name: &str, mut numbers: Vec<f64>| {
        let value = numbers.pop().expect("a value");
        tables.entry(name.into()).or_default().push((numbers, value));
    };
    let number = |text: &str| text.parse::<f64>().expect("a number");
    for line in include_str!("data/special.csv").lines() {
        let (name, numbers) = line.split_once(',').expect("a name");
        add(name, numbers.split(',').map(number).collect());
    }
    // These lines end with what the value leaves out, in units of its last place.
    for line in include_str!("../../../tensor/kernels/tests/it/data/functions.txt").lines() {
        let (name, numbers) = line.split_once(' ').expect("a name");
        let mut numbers: Vec<f64> = numbers.split(' ').map(number).collect();
        numbers.pop();
        add(name, numbers);
    }
    tables
}

/// The function of a name.
fn function<T: Float>(name: &str, x: &[Expr<T>]) -> Expr<T> {
    if let Some(of) = name.strip_prefix("slope a of ") {
        return grad(&function(of, x).sum_all(), &x[..1]).remove(0);
    }
    if let Some(of) = name.strip_prefix("slope b of ") {
        return grad(&function(of, x).sum_all(), &x[1..2]).remove(0);
    }
    if let Some(of) = name.strip_prefix("slope of ") {
        return grad(&function(of, x).sum_all(), x).remove(0);
    }
    if let Some(order) = name.strip_prefix("ive ") {
        return x[0].ive(order.parse().expect("an order"));
    }
    if let Some(order) = name.strip_prefix("polygamma") {
        return x[0].polygamma(order.parse().expect("an order"));
    }
    macro_rules! by_name {
        (one: $($one:ident)+; two: $($two:ident)+; three: $($three:ident)+) => {
            match name {
                $(stringify!($one) => x[0].$one(),)+
                $(stringify!($two) => x[0].$two(&x[1]),)+
                $(stringify!($three) => x[0].$three(&x[1], &x[2]),)+
                _ => panic!("no function is called {name}"),
            }
        };
    }
    by_name! {
        one: exp expm1 ln log1p tanh sigmoid softplus sin cos erf erfc lgamma digamma exp2 exp10 log2 log10 cbrt rsqrt tan sinc
            asin acos atan sinh cosh asinh acosh atanh erfcx ndtr log_ndtr ndtri erfinv i0e i1e i0 i1 logit entr gelu gelu_tanh silu
            softsign;
        two: pow atan2 hypot xlogy xlog1py logaddexp betaln beta gammainc gammaincc;
        three: betainc
    }
}

/// The values of a function at points.
fn values<T: Float>(name: &str, points: &Points) -> Vec<f64> {
    let shape = [points.len()];
    let inputs: Vec<Expr<T>> = (0..points[0].0.len()).map(|_| Expr::input("x", shape)).collect();
    let f = Function::new(&inputs, [function(name, &inputs)]).expect("builds");
    let column = |k: usize| Tensor::new(shape, points.iter().map(|(x, _)| T::from_f64(x[k])).collect());
    let given: Vec<Tensor<T>> = (0..inputs.len()).map(column).collect();
    let found = f.call(&given.iter().collect::<Vec<_>>()).expect("runs").remove(0);
    found.to_vec().into_iter().map(T::to_f64).collect()
}

/// The error relative to the value, and next to roots and where numbers have few digits to what stands here.
fn floor(name: &str, wanted: f64) -> f64 {
    let least = match name {
        "lgamma" => 0.1,
        "digamma" | "logaddexp" | "betaln" => 1.0,
        _ => 1e-290,
    };
    wanted.abs().max(least)
}

#[test]
fn double_precision_is_that_of_mpmath() {
    let mut broken = Vec::new();
    for (name, points) in tables() {
        let limit = match name.as_str() {
            "slope a of gammainc" | "slope a of betainc" | "slope b of betainc" => 1e-10,
            _ => 1e-13,
        };
        for ((x, wanted), found) in points.iter().zip(values::<f64>(&name, &points)) {
            let error = (found - wanted).abs() / floor(&name, *wanted);
            if error > limit || error.is_nan() {
                broken.push(format!("{name} of {x:?}: {found:e}, not {wanted:e}, off by {error:e}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}\n{}", broken.len(), broken.join("\n"));
}

/// Of arguments that are rounded to single precision, with double precision as the referee: it has just been checked. In units of the
/// last place, as many as are claimed; those of the gamma function, and what is made of several roundings, are not among them.
#[test]
fn single_precision_is_within_four_units() {
    let more = [
        ("erfc", 5.6),
        ("lgamma", 20.0),
        ("digamma", 20.0),
        ("ndtr", 4.9),
        ("log_ndtr", 5.2),
        ("ndtri", 4.4),
        ("erfinv", 5.0),
        ("i0e", 4.6),
        ("i1e", 4.6),
        ("ive 0", 4.6),
        ("ive 1", 4.6),
        ("gelu", 6.0),
        ("gelu_tanh", 6.0),
        ("logit", 6.0),
        ("logaddexp", 4.0),
        ("beta", 40.0),
    ];
    let mut broken = Vec::new();
    for (name, mut points) in tables() {
        if name.starts_with("slope") || name == "gelu_tanh" {
            continue;
        }
        points.iter_mut().for_each(|(x, _)| x.iter_mut().for_each(|x| *x = f64::from(*x as f32)));
        let limit = more.iter().find(|(of, _)| *of == name).map_or(4.0, |(_, limit)| *limit);
        let wanted = values::<f64>(&name, &points);
        for (((x, _), found), wanted) in points.iter().zip(values::<f32>(&name, &points)).zip(wanted) {
            let usual =
                wanted.abs() > 2.0 * f64::from(f32::MIN_POSITIVE) && wanted.abs() < 0.9 * f64::from(f32::MAX);
            if !usual || x.iter().any(|x| !x.is_finite()) {
                continue;
            }
            let unit = 2f64.powi(floor(&name, wanted).log2().floor() as i32 - 23);
            let error = (found - wanted).abs() / unit;
            if error > limit || error.is_nan() {
                broken.push(format!("{name} of {x:?}: {found:e}, not {wanted:e}, off by {error}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}\n{}", broken.len(), broken.join("\n"));
}

/// The values, and the slopes by each argument, of a function of two numbers at a point.
fn of_two(f: fn(&Expr<f64>, &Expr<f64>) -> Expr<f64>, a: f64, b: f64) -> [f64; 3] {
    let inputs = [Expr::<f64>::input("a", ()), Expr::input("b", ())];
    let y = f(&inputs[0], &inputs[1]);
    let slopes = grad(&y, &inputs);
    let f = Function::new(&inputs, [&y, &slopes[0], &slopes[1]]).expect("builds");
    let values = f.call(&[&Tensor::scalar(a), &Tensor::scalar(b)]).expect("runs");
    [values[0].item(), values[1].item(), values[2].item()]
}

#[test]
fn slopes_at_edges_are_numbers() {
    const INF: f64 = f64::INFINITY;
    assert_eq!(of_two(|a, b| a.hypot(b), 0.0, 0.0), [0.0, 0.0, 0.0]);
    let large = 2f64.powi(600); // its square is infinite
    assert_eq!(of_two(|a, b| a.hypot(b), 3.0 * large, 4.0 * large), [5.0 * large, 0.6, 0.8]);
    assert_eq!(of_two(|a, b| a.logaddexp(b), -INF, -INF), [-INF, 0.5, 0.5]);
    assert_eq!(of_two(|a, b| a.logaddexp(b), -INF, 2.0), [2.0, 0.0, 1.0]);
    assert_eq!(of_two(|a, b| a.xlogy(b), 0.0, 2.0), [0.0, 2f64.ln(), 0.0]);
    assert_eq!(of_two(|a, b| a.xlogy(b), 0.0, 0.0), [0.0, -INF, 0.0]);
    assert_eq!(of_two(|a, b| a.atan2(b), 0.0, 0.0), [0.0, 0.0, 0.0]);
    assert_eq!(of_two(|a, b| a.atan2(b), 0.0, 1.0 / large)[1], large);
    assert_eq!(of_two(|a, b| a.remainder(b), -7.0, 3.0), [2.0, 1.0, 3.0]);
    assert_eq!(of_two(|a, b| a.fmod(b), -7.0, 3.0), [-1.0, 1.0, 2.0]);
    assert_eq!(of_two(|a, b| a.floor_divide(b), -7.0, 3.0), [-3.0, 0.0, 0.0]);
}

#[test]
fn gates_have_their_limits_and_so_have_their_slopes() {
    let x = Expr::<f64>::input("x", [3]);
    let ends = Tensor::from_slice(&[f64::NEG_INFINITY, f64::INFINITY, 0.0]);
    for y in [x.silu(), x.gelu(), x.gelu_tanh()] {
        let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
        let values = Function::new([&x], [&y, &slope]).expect("builds").call(&[&ends]).expect("runs");
        assert_eq!(values[0].to_vec(), [0.0, f64::INFINITY, 0.0]);
        assert_eq!(values[1].to_vec(), [0.0, 1.0, 0.5]);
    }
}

/// NumPy's `%` and `//`, also of the least number and of 0.
#[test]
fn whole_numbers_are_divided_as_in_numpy() {
    let a = Expr::<i32>::input("a", [7]);
    let b = Expr::<i32>::input("b", [7]);
    let f = Function::<Untyped>::new(
        &[a.untyped(), b.untyped()],
        [a.remainder(&b).untyped(), a.floor_divide(&b).untyped()],
    );
    let x = Tensor::from_slice(&[7, -7, 7, -7, 5, i32::MIN, -6]);
    let y = Tensor::from_slice(&[3, 3, -3, -3, 0, -1, 3]);
    let values = f.expect("builds").call((&x, &y)).expect("runs");
    assert_eq!(values[0].get::<i32>().to_vec(), [1, 2, -2, -1, 0, 0, 0]);
    assert_eq!(values[1].get::<i32>().to_vec(), [2, -3, -3, 2, 0, i32::MIN, -2]);
}

/// Compiled as well as interpreted: a loop must not take `x ≠ x` to be never so.
#[test]
fn what_is_no_number_is_found() {
    let x = Expr::<f32>::input("x", [4]);
    let answers = [x.is_nan().untyped(), x.is_inf().untyped(), x.is_finite().untyped()];
    let given = Tensor::from_slice(&[f32::NAN, f32::NEG_INFINITY, f32::MAX, -0.0]);
    let compiled =
        Function::<Untyped>::new(&[x.untyped()], &answers).expect("builds").call((&given,)).expect("runs");
    let expected = [[true, false, false, false], [false, true, false, false], [false, false, true, true]];
    for (found, expected) in compiled.iter().zip(expected) {
        assert_eq!(found.get::<bool>().to_vec(), expected);
    }
}
