//! The textbook's formulas in f32, where they fail as they are written: node by node, each node's slope by the rule of its op. Compiled,
//! their values and slopes are those of stable formulas in f64.

use std::collections::HashMap;

use bayeux_tensor::Tensor;

use crate::expr::topological;
use crate::interpreter::as_written;
use crate::{AnyExpr, Expr, Function, grad};

/// What is wrong with a formula as written, at one of its points.
#[derive(Clone, Copy, PartialEq)]
enum Fails {
    Both,
    Slope,
}

type Formula = fn(&Expr<f32>) -> Expr<f32>;
type Exact = fn(&[f64]) -> (Vec<f64>, Vec<f64>);

struct Row {
    name: &'static str,
    /// As a user writes it.
    formula: Formula,
    /// As the textbook has it, where that is no operation here.
    textbook: Option<Formula>,
    fails: Fails,
    points: Vec<Vec<f64>>,
    /// The values, and the slopes of their sum, by a formula that keeps its digits in f64.
    exact: Exact,
}

fn each(x: &[f64], f: fn(f64) -> (f64, f64)) -> (Vec<f64>, Vec<f64>) {
    x.iter().map(|&x| f(x)).unzip()
}

/// ln Σ eˣ, and the softmax.
fn logsumexp(x: &[f64]) -> (f64, Vec<f64>) {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
    (largest + sum.ln(), x.iter().map(|x| (x - largest).exp() / sum).collect())
}

fn norm(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    (vec![norm], x.iter().map(|x| if norm == 0.0 { 0.0 } else { x / norm }).collect())
}

/// diag x + 1 1ᵀ
fn matrix(x: &Expr<f32>) -> Expr<f32> {
    Expr::eye(N) * x + 1.0
}

const N: usize = 40;

/// ln ∏ x (1 + Σ 1/x), by the lemma on determinants.
fn log_determinant(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let one_and_sum = 1.0 + x.iter().map(|x| 1.0 / x).sum::<f64>();
    let value = x.iter().map(|x| x.ln()).sum::<f64>() + one_and_sum.ln();
    (vec![value], x.iter().map(|x| 1.0 / x - 1.0 / (x * x * one_and_sum)).collect())
}

fn variance(x: &[f64]) -> (f64, Vec<f64>) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (variance, x.iter().map(|x| 2.0 * (x - mean) / n).collect())
}

fn mean_of_squares_less_square_of_mean(x: &Expr<f32>) -> Expr<f32> {
    x.square().mean(0) - x.mean(0).square()
}

/// 1 for the third of three.
fn label() -> Expr<f32> {
    Expr::constant(Tensor::from_slice(&[0.0, 0.0, 1.0]))
}

fn rows() -> Vec<Row> {
    let row = |name, fails, points: &[&[f64]], formula, exact| Row {
        name,
        formula,
        textbook: None,
        fails,
        points: points.iter().map(|x| x.to_vec()).collect(),
        exact,
    };
    let diagonal: Vec<f64> = (0..N).map(|i| 50.0 + i as f64).collect();
    let large: Vec<f64> = [-3.0, -1.0, 0.0, 1.0, 3.0].map(|x| 2f64.powi(20) + x).to_vec();
    vec![
        row(
            "ln softmax",
            Fails::Both,
            &[&[0.0, 200.0, -3.0], &[-1.0, 2.0, 0.5]],
            |x| (x.exp() / x.exp().sum_keep(0)).ln(),
            |x| {
                let (log, p) = logsumexp(x);
                let n = x.len() as f64;
                (x.iter().map(|x| x - log).collect(), p.iter().map(|p| 1.0 - n * p).collect())
            },
        ),
        row(
            "ln(1 + eˣ)",
            Fails::Both,
            &[&[100.0, -50.0, 0.3]],
            |x| (1.0 + x.exp()).ln(),
            |x| each(x, |x| (x.max(0.0) + (-x.abs()).exp().ln_1p(), 1.0 / (1.0 + (-x).exp()))),
        ),
        row(
            "ln(1 − eˣ)",
            Fails::Both,
            &[&[-1e-10, -1e-3, -0.7, -30.0]],
            |x| (1.0 - x.exp()).ln(),
            |x| {
                let value = |x: f64| if x > -0.7 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() };
                x.iter().map(|&x| (value(x), -1.0 / (-x).exp_m1())).unzip()
            },
        ),
        row(
            "ln σ(x)",
            Fails::Both,
            &[&[-100.0, 30.0, 0.3]],
            |x| (1.0 / (1.0 + (-x).exp())).ln(),
            |x| each(x, |x| (x.min(0.0) - (-x.abs()).exp().ln_1p(), 1.0 / (1.0 + x.exp()))),
        ),
        row(
            "ln Σ eˣ",
            Fails::Both,
            &[&[100.0, 99.0, -5.0], &[-200.0, -201.0, -300.0]],
            |x| x.exp().sum(0).ln(),
            |x| {
                let (log, p) = logsumexp(x);
                (vec![log], p)
            },
        ),
        row(
            "cross-entropy of a softmax",
            Fails::Both,
            &[&[0.0, 200.0, -3.0], &[0.4, -1.0, 2.0]],
            |x| -(label() * (x.exp() / x.exp().sum_keep(0)).ln()).sum(0),
            |x| {
                let (log, mut p) = logsumexp(x);
                p[2] -= 1.0;
                (vec![log - x[2]], p)
            },
        ),
        row(
            "ln of a sum of probabilities",
            Fails::Both,
            &[&[-200.0, -201.0, 3.0], &[0.4, -1.0, 2.0]],
            |x| x.softmax().slice(0, ..2).sum(0).ln(),
            |x| {
                let ((some, q), (all, p)) = (logsumexp(&x[..2]), logsumexp(x));
                (vec![some - all], vec![q[0] - p[0], q[1] - p[1], -p[2]])
            },
        ),
        row(
            "√(x² + y²)",
            Fails::Both,
            &[&[1e30, -2e30], &[3e-30, 4e-30], &[0.0, 0.0], &[3.0, -4.0]],
            |x| (x.slice(0, 0..1).square() + x.slice(0, 1..2).square()).sqrt(),
            norm,
        ),
        row(
            "√(x² + y² + z²)",
            Fails::Both,
            &[&[1e30, -2e30, 0.0], &[3e-30, 4e-30, 1e-30], &[0.0, 0.0, 0.0]],
            |x| {
                let [a, b, c] = [0, 1, 2].map(|i| x.slice(0, i..i + 1));
                (&a * &a + b.powf(2.0) + c.square()).sqrt()
            },
            norm,
        ),
        row(
            "‖x‖",
            Fails::Both,
            &[&[0.0, 0.0, 0.0], &[1e30, -2e30, 0.0], &[3e-30, 4e-30, 1e-30], &[1.0, 2.0, -3.0]],
            |x| x.square().sum_keep(0).sqrt(),
            norm,
        ),
        row(
            "|x| as √x²",
            Fails::Both,
            &[&[0.0, 1e-30, -1e30, -0.5]],
            |x| x.square().sqrt(),
            |x| each(x, |x| (x.abs(), if x == 0.0 { 0.0 } else { x.signum() })),
        ),
        Row {
            textbook: Some(|x| x.square() / x.abs()),
            ..row(
                "|x|",
                Fails::Both,
                &[&[0.0, -2.5]],
                |x| x.abs(),
                |x| each(x, |x| (x.abs(), if x == 0.0 { 0.0 } else { x.signum() })),
            )
        },
        row("ln det A", Fails::Both, &[&diagonal], |x| matrix(x).det().ln(), log_determinant),
        row("ln |det −A|", Fails::Both, &[&diagonal], |x| (-matrix(x)).det().abs().ln(), log_determinant),
        row(
            "ln det by Cholesky",
            Fails::Both,
            &[&diagonal],
            |x| matrix(x).cholesky().diagonal(0).prod(0).square().ln(),
            log_determinant,
        ),
        row(
            "−ln of a normal density",
            Fails::Both,
            &[&diagonal],
            |x| -(1.0 / (std::f64::consts::TAU.powi(N as i32) * matrix(x).det()).sqrt()).ln(),
            |x| {
                let (mut log, slopes) = log_determinant(x);
                log[0] = 0.5 * (log[0] + N as f64 * std::f64::consts::TAU.ln());
                (log, slopes.iter().map(|slope| slope / 2.0).collect())
            },
        ),
        row(
            "ln of a likelihood",
            Fails::Both,
            &[&[-50.0, -60.0, 1.0]],
            |x| x.sigmoid().prod(0).ln(),
            |x| {
                let value = x.iter().map(|x| x.min(0.0) - (-x.abs()).exp().ln_1p()).sum();
                (vec![value], x.iter().map(|x| 1.0 / (1.0 + x.exp())).collect())
            },
        ),
        row("variance of a large mean", Fails::Both, &[&large], mean_of_squares_less_square_of_mean, |x| {
            let (variance, slopes) = variance(x);
            (vec![variance], slopes)
        }),
        row(
            "deviation of a large mean",
            Fails::Both,
            &[&large],
            |x| mean_of_squares_less_square_of_mean(x).sqrt(),
            |x| {
                let (variance, slopes) = variance(x);
                let deviation = variance.sqrt();
                (vec![deviation], slopes.iter().map(|slope| slope / (2.0 * deviation)).collect())
            },
        ),
        Row {
            textbook: Some(|x| (x * x.ln()).exp()),
            ..row(
                "xˣ",
                Fails::Both,
                &[&[0.0, 0.5, 2.0]],
                |x| x.pow(x),
                // The slope at 0, −∞ from the right, is taken to be 0.
                |x| each(x, |x| if x == 0.0 { (1.0, 0.0) } else { (x.powf(x), x.powf(x) * (x.ln() + 1.0)) }),
            )
        },
        row(
            "√x where x > 0",
            Fails::Slope,
            &[&[0.0, -1.0, 4.0]],
            |x| Expr::select(&x.gt(&x.zeros_like()), &x.sqrt(), &x.zeros_like()),
            |x| each(x, |x| if x > 0.0 { (x.sqrt(), 0.5 / x.sqrt()) } else { (0.0, 0.0) }),
        ),
        row(
            "sin x / x where x ≠ 0",
            Fails::Slope,
            &[&[0.0, 1.0]],
            |x| Expr::select(&x.ne(&x.zeros_like()), &(x.sin() / x), &x.ones_like()),
            |x| {
                let sinc = |x: f64| (x.sin() / x, (x.cos() - x.sin() / x) / x);
                x.iter().map(|&x| if x == 0.0 { (1.0, 0.0) } else { sinc(x) }).unzip()
            },
        ),
        row(
            "eˣ where x < 50",
            Fails::Slope,
            &[&[1000.0, 1.0]],
            |x| Expr::select(&x.lt(&Expr::scalar(50.0)), &x.exp(), &(x * 2.0)),
            |x| each(x, |x| if x < 50.0 { (x.exp(), x.exp()) } else { (2.0 * x, 2.0) }),
        ),
    ]
}

/// The slopes of the sum of all elements by each node's own rule, without stable forms and with ordinary products.
fn slopes_as_written(y: &AnyExpr, x: &AnyExpr) -> AnyExpr {
    let mut adjoints = HashMap::from([(y.key(), y.ones_like())]);
    for node in topological(std::slice::from_ref(y)).iter().rev() {
        let received: Vec<Option<AnyExpr>> =
            (0..node.types().len()).map(|i| adjoints.get(&node.sibling(i).key()).cloned()).collect();
        if node.op().is_leaf() || received.iter().all(Option::is_none) {
            continue;
        }
        let outputs: Vec<AnyExpr> = (0..node.types().len()).map(|i| node.sibling(i)).collect();
        let parts = node.op().rule().gradients(&received, node.inputs(), &outputs);
        for (input, part) in node.inputs().iter().zip(parts) {
            let Some(part) = part else { continue };
            let sum = match adjoints.remove(&input.key()) {
                Some(sum) => sum + part,
                None => part,
            };
            adjoints.insert(input.key(), sum);
        }
    }
    adjoints.remove(&x.key()).expect("it depends on x")
}

#[test]
fn textbook_formulas_are_right_where_they_fail_as_written() {
    for Row { name, formula, textbook, fails, points, exact } in rows() {
        let mut failed = [false; 2];
        for point in points {
            let at: Vec<f32> = point.iter().map(|&x| x as f32).collect();
            let point: Vec<f64> = at.iter().map(|&x| x.into()).collect();
            let at = Tensor::from_slice(&at);
            let (values, slopes) = exact(&point);
            let x = Expr::<f32>::input("x", [point.len()]);
            let off = |found: &Tensor<f32>, exact: &[f64]| -> f64 {
                assert_eq!(found.len(), exact.len(), "{name}");
                let off = |(found, &exact): (f32, &f64)| {
                    let found = f64::from(found);
                    let by = (found - exact).abs();
                    if found == exact || by < 1e-36 { 0.0 } else { by / exact.abs() }
                };
                // Of NaN, too.
                found
                    .iter()
                    .zip(exact)
                    .map(off)
                    .fold(0.0, |worst, off| if off > worst || off.is_nan() { off } else { worst })
            };

            let y = textbook.unwrap_or(formula)(&x);
            let slope = slopes_as_written(&y.untyped(), &x.untyped()).typed();
            let written = as_written(&[y, slope], &[(&x, &at)], 0).expect("runs");
            for (failed, (found, exact)) in failed.iter_mut().zip(written.iter().zip([&values, &slopes])) {
                let off = off(found, exact);
                *failed |= off.is_nan() || off > 1e-2;
            }

            let y = formula(&x);
            let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
            let found = Function::new([&x], [&y, &slope]).and_then(|f| f.call(&[&at])).expect("runs");
            for (what, (found, exact)) in ["value", "slope"].iter().zip(found.iter().zip([&values, &slopes]))
            {
                let off = off(found, exact);
                assert!(off <= 1e-5, "{name}: {what} at {point:?} is {found:?}, not {exact:?}");
            }
        }
        let expected = [fails == Fails::Both, true];
        assert_eq!(failed, expected, "{name}: whether value and slope fail as written");
    }
}
