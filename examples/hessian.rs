//! Second derivatives: Newton's method on Rosenbrock's valley, beside gradient descent.
//!
//! The Hessian is an expression like any other, so the whole step, gradient, Hessian and the solution of a linear system, is one
//! compiled program. Where the matrix is not positive definite it is made so by its eigenvalues' absolute values.
//!
//! ```text
//! cargo run --release --example hessian
//! ```

use std::error::Error;

use bayeux::autodiff::{Expr, Function, Shared, grad, hessian};
use bayeux::tensor::Tensor;

const SIZE: usize = 6;

/// Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², which is 0 at (1, …, 1), at the end of a long bent valley.
fn valley(x: &Expr<f64>) -> Expr<f64> {
    let (first, second) = (x.slice(0, ..-1), x.slice(0, 1..));
    ((second - first.square()).square() * 100.0 + (1.0 - first).square()).sum_all()
}

fn start() -> Tensor<f64> {
    Tensor::from_fn([SIZE], |i| if i[0] % 2 == 0 { -1.2 } else { 1.0 })
}

fn main() -> Result<(), Box<dyn Error>> {
    let x = Shared::new("x", start());
    let cost = valley(&x.expr());
    let slope = grad(&cost, &[x.expr()]).remove(0);
    let (values, vectors) = hessian(&cost, &x.expr()).eigh();
    // H⁻¹ g by the eigenvectors, with |λ| in place of λ; a step is at most 1 long.
    let along = vectors.t().matmul(&slope) / values.abs().maximum(&Expr::scalar(1e-9));
    let step = vectors.matmul(&along);
    let step = &step / step.square().sum_all().sqrt().maximum(&Expr::scalar(1.0));
    // Half of it, a quarter, …, where the whole is no descent.
    let lengths = [1.0, 0.5, 0.25, 0.125, 0.0625];
    let tried: Vec<Expr<f64>> = lengths.iter().map(|&length| x.expr() - &step * length).collect();
    let costs: Vec<Expr<f64>> = tried.iter().map(|x| valley(x).reshape([1])).collect();
    let best = Expr::concat(&costs, 0).argmin(0);
    let stacked: Vec<Expr<f64>> = tried.iter().map(|x| x.insert_axis(0)).collect();
    let next = Expr::concat(&stacked, 0).take(0, &best);
    let norm = slope.square().sum_all().sqrt();
    let newton = Function::builder().outputs([&cost, &norm, &values]).updates([(&x, next)]).build()?;

    let y = Shared::new("y", start());
    let descent_cost = valley(&y.expr());
    let downhill = y.expr() - grad(&descent_cost, &[y.expr()]).remove(0) * 5e-4;
    let mut descent = Function::builder().outputs([&descent_cost]).updates([(&y, downhill)]).build()?;

    println!("{:>4} {:>14} {:>12} {:>12} {:>16}", "step", "cost", "|gradient|", "least λ", "by descent");
    for number in 0..100 {
        let found = newton.call(&[])?;
        let plain = descent.call(&[])?[0].item();
        let (cost, norm) = (found[0].item(), found[1].item());
        println!("{number:>4} {cost:>14.6e} {norm:>12.3e} {:>12.3e} {plain:>16.6e}", found[2].get(&[0]));
        if norm < 1e-10 {
            break;
        }
    }
    let end = x.get();
    println!("\nx = {:?}", end.to_vec());
    for _ in 0..100_000 {
        descent.run(&[])?;
    }
    println!("descent after 100,000 steps more: {:.3e}", descent.call(&[])?[0].item());
    Ok(())
}
