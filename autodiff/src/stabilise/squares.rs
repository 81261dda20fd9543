//! Stable forms of what is made of squares, which overflow and vanish long before their roots do, and cancel where a mean is large.

use super::Stabiliser;
use super::logarithm::is_view;
use crate::known::{is_number, number};
use crate::ops::{Binary, Op, Unary};
use crate::{AnyExpr, Dim, Expr};

/// How many squares of a sum become distances of distances.
const MOST: usize = 4;

impl Stabiliser {
    /// √(x² + y²) = hypot(x, y), and so on for a few more.
    pub(super) fn hypot(&self, sum: &AnyExpr) -> Option<AnyExpr> {
        let op = self.op(sum)?;
        if is_view(op) {
            return Some(Expr::new(op.clone(), vec![self.hypot(&sum.inputs()[0])?], sum.shape()));
        }
        let mut sides = Vec::new();
        self.collect_sides(sum, MOST, &mut sides)?;
        (sides.len() > 1).then(|| sides.into_iter().reduce(|a, b| a.hypot(&b)))?
    }

    /// A sum that is deeper than it may have terms is too long: it is left before it is walked through.
    fn collect_sides(&self, sum: &AnyExpr, depth: usize, sides: &mut Vec<AnyExpr>) -> Option<()> {
        if let Some([a, b]) = self.arguments(sum, Binary::Add) {
            let depth = depth.checked_sub(1)?;
            self.collect_sides(a, depth, sides)?;
            return self.collect_sides(b, depth, sides);
        }
        sides.push(self.square_root(sum)?);
        (sides.len() <= MOST).then_some(())
    }

    /// √Σx² = the norm of x
    pub(super) fn norm(&self, sum: &AnyExpr) -> Option<AnyExpr> {
        match self.op(sum)? {
            Op::Sum(axes) => Some(self.square_root(&sum.inputs()[0])?.norm(axes.0.as_slice())),
            op if is_view(op) => Some(Expr::new(op.clone(), vec![self.norm(&sum.inputs()[0])?], sum.shape())),
            _ => None,
        }
    }

    /// The mean of squares less the square of the mean, along the same axes: the variance, by moments.
    pub(super) fn variance(&self, node: &AnyExpr) -> Option<AnyExpr> {
        let [of_squares, of_mean] = self.arguments(node, Binary::Sub)?;
        let (squares, axes) = self.mean(of_squares)?;
        let (x, same_axes) = self.mean(&self.square_root(of_mean)?)?;
        let fits = axes == same_axes && self.same(&self.square_root(&squares)?, &x);
        fits.then(|| x.moments(axes.as_slice()).1.reshape(node.shape()))
    }

    /// x, if an expression is x² or x · x, perhaps seen otherwise.
    fn square_root(&self, square: &AnyExpr) -> Option<AnyExpr> {
        let inputs = square.inputs();
        match self.op(square)? {
            Op::Unary(Unary::Square) => Some(inputs[0].clone()),
            Op::Binary(Binary::Mul) if self.same(&inputs[0], &inputs[1]) => Some(inputs[0].clone()),
            Op::Binary(Binary::Pow) if is_number(&inputs[1], 2.0) => Some(inputs[0].clone()),
            op if is_view(op) => {
                Some(Expr::new(op.clone(), vec![self.square_root(&inputs[0])?], square.shape()))
            }
            _ => None,
        }
    }

    /// What an expression is the mean of and along which axes, if it is a sum divided by how many there are, in any shape.
    fn mean(&self, mean: &AnyExpr) -> Option<(AnyExpr, Vec<usize>)> {
        let mut at = mean;
        let mut divisor = Dim::from(1usize);
        loop {
            let inputs = at.inputs();
            match self.op(at)? {
                Op::Reshape(_) => at = &inputs[0],
                Op::Binary(Binary::Div) => {
                    divisor *= count(&inputs[1])?;
                    at = &inputs[0];
                }
                Op::Sum(axes) => {
                    let x = &inputs[0];
                    let terms: Dim = axes.0.iter().map(|&axis| x.dim(axis)).product();
                    return (terms == divisor).then(|| (x.clone(), axes.0.clone()));
                }
                _ => return None,
            }
        }
    }
}

/// The size that an expression holds everywhere.
fn count(x: &AnyExpr) -> Option<Dim> {
    match x.op() {
        Op::Size(dim) => Some(dim.clone()),
        Op::Broadcast(_) | Op::Reshape(_) => count(&x.inputs()[0]),
        _ => {
            let number = number(x)?;
            (number >= 1.0 && number.fract() == 0.0 && number < 1e9).then(|| Dim::from(number as usize))
        }
    }
}
