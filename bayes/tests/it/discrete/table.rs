//! Every row of the table, in f64 and in f32.

use bayeux_autodiff::{Expr, Function};
use bayeux_tensor::{Float, Tensor};

use super::{columns, distribution};

struct Row {
    name: String,
    parameters: Vec<f64>,
    /// `None` in a row of moments.
    x: Option<f64>,
    known: Vec<Option<f64>>,
}

fn rows() -> Vec<Row> {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Row {
            name: fields[0].into(),
            parameters: fields[1].split(' ').map(|field| field.parse().expect("a number")).collect(),
            x: fields[2].parse().ok(),
            known: fields[3..].iter().map(|field| field.parse().ok()).collect(),
        }
    };
    include_str!("../data/discrete.csv").lines().skip(2).map(row).collect()
}

fn scipys<T: Float>(tolerance: f64, least: f64) {
    let mut rows = rows();
    let all = rows.len();
    // Large counts are numbers of f64 only.
    rows.retain(|row| row.parameters.iter().chain(&row.x).all(|&x| T::from_f64(x).to_f64() == x));
    assert!(all - rows.len() < 20);
    assert!(rows.len() > 1500);
    let same = |a: &Row, b: &Row| {
        a.name == b.name && a.parameters.len() == b.parameters.len() && a.x.is_some() == b.x.is_some()
    };
    let mut wrong = Vec::new();
    for group in rows.chunk_by(same) {
        let name = &group[0].name;
        let tensors: Vec<Tensor<T>> =
            columns(name, &group.iter().map(|row| &row.parameters[..]).collect::<Vec<_>>());
        let leaves: Vec<Expr<T>> = tensors.iter().map(|p| Expr::input("parameter", p.shape())).collect();
        // A sum needs to know how many trials there may be.
        let mut given = leaves.clone();
        if name == "BetaBinomial" {
            given[0] = Expr::constant(tensors[0].clone());
        }
        let distribution = distribution(name, &given);
        let x = Expr::input("x", [group.len()]);
        let known = |what: Option<Expr<T>>| what.expect("has one");
        let outputs: Vec<Expr<T>> = match group[0].x {
            None => vec![known(distribution.mean()), known(distribution.variance())],
            Some(_) if group[0].known[1].is_none() => vec![distribution.log_prob(&x)],
            Some(_) => vec![
                distribution.log_prob(&x),
                known(distribution.log_cdf(&x)),
                known(distribution.log_survival(&x)),
            ],
        };
        let xs: Vec<T> = group.iter().map(|row| T::from_f64(row.x.unwrap_or_default())).collect();
        let xs = Tensor::from_slice(&xs);
        let inputs = [vec![x], leaves].concat();
        let arguments: Vec<&Tensor<T>> = [&xs].into_iter().chain(&tensors).collect();
        let f = Function::new(&inputs, &outputs).expect("builds");
        // A difference of logarithms has the absolute error of these.
        let made = ["ZeroInflated", "Hurdle", "Truncated", "Censored", "Mixture"];
        let least = if made.iter().any(|made| name.starts_with(made)) { least * 100.0 } else { least };
        for (which, found) in f.call(&arguments).expect("runs").iter().enumerate() {
            for (row, found) in group.iter().zip(found.broadcast_to([group.len()]).iter()) {
                let Some(y) = row.known[which] else { continue };
                let found = found.to_f64();
                if !(found == y || (found - y).abs() <= tolerance * y.abs().max(least)) {
                    wrong.push(format!(
                        "{name}({:?}) at {:?}, {which}: {found:e}, known {y:e}",
                        row.parameters, row.x
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn log_probabilities_tails_and_moments_are_those_of_scipy() {
    scipys::<f64>(1e-10, 1e-3);
}

#[test]
fn they_are_in_f32_too() {
    scipys::<f32>(1e-5, 1e-2);
}
