//! Loops as expressions: the cases of Theano's tutorial on `scan`, each with its value, and with slopes where there are any.
//!
//! ```text
//! cargo run --release --example scan
//! ```

use std::error::Error;

use bayeux::autodiff::{Expr, Function, RandomStreams, ScanOptions, fold, grad, jacobian, scan, while_loop};
use bayeux::tensor::Tensor;

/// Nothing to go along.
const NONE: &[Expr<f64>] = &[];

fn show(what: &str, value: &Tensor<f64>) {
    let numbers: Vec<String> = value.iter().map(|x| format!("{x:.5}")).collect();
    println!("{what:<42}{}", numbers.join("  "));
}

/// The value of an expression that depends on one vector.
fn at(x: &Expr<f64>, values: &[f64], y: Expr<f64>) -> Result<Tensor<f64>, Box<dyn Error>> {
    Ok(Function::new([x], [y])?.call(&[&Tensor::from_slice(values)])?.remove(0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let x = Expr::<f64>::input("x", [3]);
    let numbers = [1.0, 2.0, 3.0];

    // Aᵏ: what is carried on is multiplied again and again; x is the same in each step.
    let power = ScanOptions::new().steps(4).fold(|p: &Expr<f64>| p * &x, x.ones_like());
    show("x⁴", &at(&x, &numbers, power.clone())?);
    let slope = grad(&power.sum_all(), std::slice::from_ref(&x)).remove(0);
    show("its slope, 4 x³", &at(&x, &numbers, slope)?);

    // A polynomial with the coefficients x at 10, by Horner's rule.
    let value = fold(|sum: &Expr<f64>, c| sum * 10.0 + &c[0], Expr::zeros(()), std::slice::from_ref(&x));
    show("x₀·10² + x₁·10 + x₂", &at(&x, &numbers, value)?);

    // Running sums, forwards and backwards.
    let add = |sum: &Expr<f64>, part: &[Expr<f64>]| (sum + &part[0], sum + &part[0]);
    let (_, sums) = scan(add, Expr::zeros(()), std::slice::from_ref(&x));
    show("running sums", &at(&x, &numbers, sums)?);
    let (_, sums) = ScanOptions::new().backwards().scan(add, Expr::zeros(()), std::slice::from_ref(&x));
    show("from the end", &at(&x, &numbers, sums)?);

    // Two taps: each value is made of the two before it.
    let start = Expr::constant(Tensor::from_slice(&[0.0, 1.0]));
    let none: &[(Expr<f64>, &[isize])] = &[];
    let fibonacci = ScanOptions::new()
        .steps(8)
        .scan_with_taps(none, &[(start, &[-2, -1])], |_, back| vec![&back[0][0] + &back[0][1]]);
    show("Fibonacci's numbers", &at(&x, &numbers, fibonacci[0].clone())?);

    // A Jacobian, row by row. Nothing is carried on, so all rows are computed at once; `jacobian` does the same.
    let y = x.square() * x.sum_all();
    let (_, rows) = scan(
        |none: &Vec<Expr<f64>>, unit| {
            (none.clone(), grad(&(&y * &unit[0]).sum_all(), std::slice::from_ref(&x)).remove(0))
        },
        Vec::new(),
        &[Expr::eye(3)],
    );
    show("the Jacobian of x² Σx, by a loop", &at(&x, &numbers, rows)?);
    show("by `jacobian`", &at(&x, &numbers, jacobian(&y, std::slice::from_ref(&x)).remove(0))?);

    // Newton's iteration for √x₁, until it changes nothing more; its slope is 1/(2√x₁).
    let a = x.slice(0, 1..2).sum_all();
    let [root, _, steps] = while_loop(
        |[x, before, _]: &[Expr<f64>; 3]| (x - before).abs().gt(&Expr::scalar(1e-14)),
        |[x, _, n]| [(x + &a / x) * 0.5, x.clone(), n + 1.0],
        [a.clone(), Expr::zeros(()), Expr::zeros(())],
        100,
    );
    let slope = grad(&root, std::slice::from_ref(&x)).remove(0);
    show("√x₁", &at(&x, &numbers, root)?);
    show("after so many steps", &at(&x, &numbers, steps)?);
    show("its slope", &at(&x, &numbers, slope)?);

    // A Gibbs chain: x and y of a normal distribution with correlation 0.8, each drawn given the other, anew in each step.
    let random = RandomStreams::new(7);
    let draw = |mean: Expr<f64>| mean + random.normal::<f64>(()) * (1.0f64 - 0.64).sqrt();
    let turn = |[_, y]: &[Expr<f64>; 2], _: &[Expr<f64>]| {
        let x = draw(y * 0.8);
        let y = draw(&x * 0.8);
        ([x.clone(), y.clone()], [x, y])
    };
    let zeros = || Expr::<f64>::zeros(());
    let (_, [xs, ys]) = ScanOptions::new().steps(100_000).scan(turn, [zeros(), zeros()], NONE);
    let correlation = (&xs * &ys).mean_all() / (xs.square().mean_all() * ys.square().mean_all()).sqrt();
    show("correlation of 100,000 draws, of 0.8", &at(&x, &numbers, correlation)?);
    Ok(())
}
