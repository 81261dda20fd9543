//! An operation of one's own: a curve through points of a table, straight between them, whose table is then trained.
//!
//! It says its types, its values and its gradient. The rest comes by itself: second derivatives and forward mode from the gradient,
//! loops over stacks, a place in compiled programs. `check_gradient` tells whether the gradient is right.
//!
//! ```text
//! cargo run --release --example custom_op
//! ```

use std::error::Error;

use bayeux::autodiff::optimizers::{Adam, Optimizer};
use bayeux::autodiff::{
    AnyExpr, Error as CallError, Expr, Function, Operation, Shared, ValueType, View, check_gradient,
};
use bayeux::tensor::{AnySliceMut, ElementType, Tensor};

/// table [n], x → the table's values at x, where its points stand at 0, 1, …, n − 1; constant beyond the ends.
#[derive(Debug, PartialEq, Hash)]
struct Curve;

/// table's length, x, g → what each point of the table receives.
#[derive(Debug, PartialEq, Hash)]
struct Spread(usize);

/// The point to the left of x, and how far x is from it.
fn place(x: f64, points: usize) -> (usize, f64) {
    let x = x.clamp(0.0, (points - 1) as f64);
    let left = (x as usize).min(points - 2);
    (left, x - left as f64)
}

impl Operation for Curve {
    fn name(&self) -> String {
        "curve".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        match inputs {
            [table, x]
                if table.shape.rank() == 1
                    && table.element == ElementType::F64
                    && x.element == ElementType::F64 =>
            {
                Ok(vec![x.clone()])
            }
            _ => Err(format!("a table and places of f64, not {inputs:?}")),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), CallError> {
        let (table, x) = (inputs[0].elements::<f64>(), inputs[1].elements::<f64>());
        for (y, &x) in outputs[0].reborrow().get::<f64>().iter_mut().zip(x) {
            let (left, part) = place(x, table.len());
            *y = table[left] + part * (table[left + 1] - table[left]);
        }
        Ok(())
    }

    /// The table's points share the adjoint; x gets it times the steepness there, which is a difference of two curves.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (table, x) = (&inputs[0], &inputs[1]);
        let points = table.shape()[0].size().unwrap_or_default();
        let of_table = AnyExpr::values(Spread(points), &[x.clone(), g.clone()]).remove(0);
        vec![Some(of_table), Some(g * steepness(table, x, points))]
    }
}

/// How steep the curve of a table is at x: a difference of two of its points.
fn steepness(table: &AnyExpr, x: &AnyExpr, points: usize) -> AnyExpr {
    let curve = |x: AnyExpr| AnyExpr::values(Curve, &[table.clone(), x]).remove(0);
    let (left, zero) = (x.floor(), AnyExpr::number(ElementType::F64, 0.0));
    let inside = x.gt(&zero) & x.lt(&AnyExpr::number(ElementType::F64, (points - 1) as f64));
    Expr::select(&inside, &(curve(&left + 1.0) - curve(left)), &zero)
}

impl Operation for Spread {
    fn name(&self) -> String {
        "spread over a curve".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![ValueType::new(inputs[1].element, [self.0])])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), CallError> {
        let (x, g) = (inputs[0].elements::<f64>(), inputs[1].elements::<f64>());
        let table = outputs[0].reborrow().get::<f64>();
        table.fill(0.0);
        for (&x, &g) in x.iter().zip(g) {
            let (left, part) = place(x, table.len());
            table[left] += (1.0 - part) * g;
            table[left + 1] += part * g;
        }
        Ok(())
    }

    /// Linear in g, whose part is a curve again; and x moves what it gives from one point to the next.
    fn gradient(&self, v: &AnyExpr, inputs: &[AnyExpr], _y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (x, g) = (&inputs[0], &inputs[1]);
        let of_g = AnyExpr::values(Curve, &[v.clone(), x.clone()]).remove(0);
        vec![Some(g * steepness(v, x, self.0)), Some(of_g)]
    }
}

fn curve(table: &Expr<f64>, x: &Expr<f64>) -> Expr<f64> {
    Expr::apply(Curve, &[table.clone(), x.clone()])
}

fn main() -> Result<(), Box<dyn Error>> {
    const POINTS: usize = 9;
    let (table, x) = (Expr::<f64>::input("table", [POINTS]), Expr::<f64>::input("x", [5]));
    let cost = (curve(&table, &x).square() * &x).sum_all();
    let at = [
        (&table, &Tensor::from_fn([POINTS], |i| (i[0] as f64).sin())),
        (&x, &Tensor::from_slice(&[0.3, 1.7, 3.2, 5.5, 7.9])),
    ];
    println!("gradient against differences: {:?}", check_gradient(&cost, &at)?);

    // A wave, seen at many places, becomes nine numbers.
    let places = Tensor::from_fn([500], |i| i[0] as f64 / 499.0 * 8.0);
    let wave = Tensor::from_fn([500], |i| (i[0] as f64 / 499.0 * 8.0 * 0.8).sin());
    let weights = Shared::new("table", Tensor::zeros([POINTS]));
    let (x, y) = (Expr::<f64>::input("x", [500]), Expr::<f64>::input("y", [500]));
    let cost = (curve(&weights.expr(), &x) - &y).square().mean_all();
    let updates = Adam::new(0.05).updates_for(&cost, std::slice::from_ref(&weights));
    let train = Function::builder().inputs([&x, &y]).outputs([&cost]).updates(updates).build()?;
    for step in 0..=300 {
        let cost = train.call(&[&places, &wave])?[0].item();
        if step % 100 == 0 {
            println!("step {step:>3}: mean square error {cost:.6}");
        }
    }
    println!("\n  x   learnt    wave");
    for (i, value) in weights.get().iter().enumerate() {
        println!("{i:>3} {value:>8.4} {:>7.4}", (i as f64 * 0.8).sin());
    }
    Ok(())
}
