//! Functions of numbers against tables of mpmath over tails and edges: those with vector code against the kernels' table, the others, and
//! slopes, against `data/special.csv`, which `data/special.py` writes.

use std::collections::BTreeMap;

use bayeux_autodiff::{Expr, Function, grad};
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
            "betainc" => 2e-12, // with a shape of 5000 beside one of 0.01
            _ => 1e-13,
        };
        for ((x, wanted), found) in points.iter().zip(values::<f64>(&name, &points)) {
            let error = (found - wanted).abs() / floor(&name, *wanted);
            if !(error <= limit) {
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
            if !(error <= limit) {
                broken.push(format!("{name} of {x:?}: {found:e}, not {wanted:e}, off by {error}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}\n{}", broken.len(), broken.join("\n"));
}
