//! All values of `data/continuous.csv`, in both precisions.

use std::collections::BTreeMap;

use bayeux_autodiff::{Expr, Function};
use bayeux_tensor::{Float, Tensor};

use super::distribution;

struct Group {
    name: String,
    parameters: Vec<f64>,
    /// With log density, log cdf and log survival.
    points: Vec<(f64, [Option<f64>; 3])>,
    moments: [Option<f64>; 2],
}

fn groups() -> Vec<Group> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    let number = |field: &str| (!field.is_empty()).then(|| field.parse::<f64>().expect("a number"));
    for line in include_str!("../data/continuous.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let group = groups.entry((fields[0].into(), fields[1].into())).or_insert_with(|| Group {
            name: fields[0].into(),
            parameters: fields[1].split(' ').map(|p| p.parse().expect("a number")).collect(),
            points: Vec::new(),
            moments: [None; 2],
        });
        let [a, b, c] = [3, 4, 5].map(|i| number(fields[i]));
        match number(fields[2]) {
            Some(x) => group.points.push((x, [a, b, c])),
            None => group.moments = [a, b],
        }
    }
    groups.into_values().collect()
}

fn close(found: f64, known: f64, tolerance: f64) -> bool {
    if !known.is_finite() || known.abs() > 1e30 {
        return found == known || (known.is_nan() && found.is_nan()) || (known < -1e30 && found < -1e30);
    }
    (found - known).abs() <= tolerance * known.abs().max(1e-30)
}

/// All functions of all rows; what is wrong, by lines.
fn compare<T: Float>(tolerance: f64) -> Vec<String> {
    let mut wrong = Vec::new();
    for group in groups() {
        let values: Vec<Tensor<T>> =
            group.parameters.iter().map(|&p| Tensor::scalar(T::from_f64(p))).collect();
        let leaves: Vec<Expr<T>> = values.iter().map(|_| Expr::input("parameter", ())).collect();
        let d = distribution(&group.name, &leaves);
        let x = Expr::input("x", [group.points.len()]);
        let functions = [Some(d.log_prob(&x)), d.log_cdf(&x), d.log_survival(&x)];
        let inputs = [vec![x.clone()], leaves.clone()].concat();
        let at: Vec<T> = group.points.iter().map(|point| T::from_f64(point.0)).collect();
        let at = Tensor::from_slice(&at);
        let arguments: Vec<&Tensor<T>> = [&at].into_iter().chain(&values).collect();
        let call = |y: &Expr<T>| {
            let f = Function::new(&inputs, [y]).expect("builds");
            f.call(&arguments).expect("runs").remove(0)
        };
        for (i, what) in ["log density", "log cdf", "log survival"].into_iter().enumerate() {
            let known = group.points.iter().map(|point| point.1[i]);
            let Some(y) = &functions[i] else {
                assert!(known.into_iter().all(|known| known.is_none()), "{} has no {what}", group.name);
                continue;
            };
            let found = call(y);
            for ((found, known), point) in found.iter().zip(known).zip(&group.points) {
                let (found, known) = (found.to_f64(), known.expect("known"));
                // A density of 1 has a logarithm that is a difference.
                let near = i == 0 && (found - known).abs() < tolerance;
                if !near && !close(found, known, tolerance) {
                    let Group { name, parameters, .. } = &group;
                    wrong.push(format!(
                        "{name}{parameters:?} {what} at {}: {found:e}, not {known:e}",
                        point.0
                    ));
                }
            }
        }
        for (i, (what, y)) in [("mean", d.mean()), ("variance", d.variance())].into_iter().enumerate() {
            assert_eq!(y.is_some(), group.moments[i].is_some(), "{} {what}", group.name);
            if let (Some(y), Some(known)) = (y, group.moments[i]) {
                let found = call(&y).item().to_f64();
                // Next to 0 a mean is a difference.
                let near = i == 0 && known.abs() < 1e-6 && (found - known).abs() < 1e-10;
                // What its documentation says of intervals far out and of narrow ones.
                let near =
                    near || (i == 1 && group.name == "TruncatedNormal" && (found - known).abs() < 1e-9);
                if !near && !close(found, known, tolerance) {
                    wrong.push(format!(
                        "{}{:?} {what}: {found:e}, not {known:e}",
                        group.name, group.parameters
                    ));
                }
            }
        }
    }
    wrong
}

#[test]
fn densities_distribution_functions_and_moments_are_those_of_mpmath() {
    let wrong = compare::<f64>(1e-10);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn they_are_in_single_precision_too() {
    let wrong = compare::<f32>(1e-5);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
