//! What is known of the values of an expression without computing them: one number, a sign, that they are finite.
//!
//! The answers are in exact arithmetic: eˣ counts as positive, though it may underflow to 0. They say "known" only; a `false`
//! means nothing. At most [`FUEL`] nodes are looked at for a sign.

use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use crate::AnyExpr;
use crate::ops::{Binary, Constant, NoiseKind, Op, Softmax, Sum, Unary};

const FUEL: usize = 64;

/// The one number an expression holds everywhere.
pub(crate) fn number(x: &AnyExpr) -> Option<f64> {
    number_within(x, DEPTH)
}

/// How deep arithmetic with numbers is followed.
const DEPTH: usize = 4;

fn number_within(x: &AnyExpr, depth: usize) -> Option<f64> {
    let mut x = x;
    loop {
        match x.op() {
            Op::Binary(op) => {
                let inputs = x.inputs();
                let depth = depth.checked_sub(1)?;
                let (a, b) = (number_within(&inputs[0], depth)?, number_within(&inputs[1], depth)?);
                let value = match op {
                    Binary::Add => a + b,
                    Binary::Sub => a - b,
                    Binary::Mul => a * b,
                    Binary::Div => a / b,
                    _ => return None,
                };
                return Some(AnyTensor::from(Tensor::scalar(value)).cast_to(x.element_type()).item_f64());
            }
            Op::Constant(Constant(value)) => {
                let uniform = value.element_type().is_float() && !value.is_empty();
                return if uniform && value.len() <= FUEL { value.uniform() } else { None };
            }
            Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) => x = &x.inputs()[0],
            _ => return None,
        }
    }
}

pub(crate) fn is_number(x: &AnyExpr, value: f64) -> bool {
    number(x) == Some(value)
}

/// Above 0.
pub(crate) fn is_positive(x: &AnyExpr) -> bool {
    positive(x, &mut { FUEL })
}

/// 0 or above.
pub(crate) fn is_nonnegative(x: &AnyExpr) -> bool {
    nonnegative(x, &mut { FUEL })
}

/// Above 0, or 0 where somebody chose so: by a mask, a branch or a constant, of none of which slopes are taken.
pub(crate) fn is_weight(x: &AnyExpr) -> bool {
    weight(x, &mut { FUEL })
}

fn weight(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    is_positive(x)
        || spend(fuel)
            && match x.op() {
                Op::Constant(_) => is_nonnegative(x),
                Op::Binary(Binary::Mul) => inputs.iter().all(|x| weight(x, fuel)),
                Op::Select(_) => inputs[1..].iter().all(|x| weight(x, fuel)),
                Op::Sum(_) | Op::Pad(_) => weight(&inputs[0], fuel),
                op if is_mask(x) || op.is_leaf() => is_mask(x),
                op => only_moves(op) && inputs.iter().all(|x| weight(x, fuel)),
            }
}

/// Not 0.
pub(crate) fn is_nonzero(x: &AnyExpr) -> bool {
    nonzero(x, &mut { FUEL })
}

/// Neither infinite nor undefined, whatever the leaves hold.
pub(crate) fn is_finite(x: &AnyExpr) -> bool {
    finite(x, &mut { FUEL })
}

/// Nothing but zeros and ones.
pub(crate) fn is_mask(x: &AnyExpr) -> bool {
    mask(x, &mut { FUEL })
}

fn mask(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) => mask(&inputs[0], fuel),
            Op::Cast(_) => inputs[0].element_type() == ElementType::Bool || mask(&inputs[0], fuel),
            Op::Other(op) if op.operation().only_moves() => inputs.iter().all(|x| mask(x, fuel)),
            Op::Other(op) => op.operation().is_one_hot(),
            Op::Binary(op) => is_comparison(*op),
            _ => false,
        }
}

fn is_comparison(op: Binary) -> bool {
    matches!(op, Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne)
}

/// All elements of a constant.
fn all(value: &Constant, holds: impl Fn(f64) -> bool) -> bool {
    value.0.len() <= FUEL * FUEL && value.0.all(holds)
}

/// The same elements, perhaps fewer or oftener.
fn only_moves(op: &Op) -> bool {
    match op {
        Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) => true,
        Op::Max(_) | Op::StopGradient(_) | Op::Copy => true,
        // As a whole number what is above 0 may be 0, or the last bits of it negative.
        Op::Cast(to) => to.0.is_float(),
        Op::Other(op) => op.operation().only_moves(),
        _ => false,
    }
}

fn spend(fuel: &mut usize) -> bool {
    *fuel = fuel.saturating_sub(1);
    *fuel > 0
}

fn positive(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, |x| x > 0.0),
            Op::Size(_) | Op::Softmax(Softmax::Probabilities) => true,
            Op::Unary(Unary::Exp | Unary::Sigmoid | Unary::Softplus | Unary::SechSquared) => true,
            Op::Unary(Unary::Exp2 | Unary::Exp10 | Unary::Cosh | Unary::Erfcx | Unary::Ndtr | Unary::I0e) => {
                true
            }
            Op::Unary(Unary::Sqrt | Unary::Recip | Unary::Rsqrt) => positive(&inputs[0], fuel),
            Op::Unary(Unary::Square | Unary::Abs) => nonzero(&inputs[0], fuel),
            Op::Binary(Binary::Add) => {
                let one =
                    |a: &AnyExpr, b: &AnyExpr, fuel: &mut usize| positive(a, fuel) && nonnegative(b, fuel);
                one(&inputs[0], &inputs[1], fuel) || one(&inputs[1], &inputs[0], fuel)
            }
            Op::Binary(Binary::Mul | Binary::Div | Binary::Minimum) => {
                inputs.iter().all(|x| positive(x, fuel))
            }
            Op::Binary(Binary::Maximum) => inputs.iter().any(|x| positive(x, fuel)),
            Op::Binary(Binary::Pow) => positive(&inputs[0], fuel),
            Op::Select(_) => inputs[1..].iter().all(|x| positive(x, fuel)),
            Op::Sum(_) => positive(&inputs[0], fuel),
            op => only_moves(op) && inputs.iter().all(|x| positive(x, fuel)),
        }
}

fn nonnegative(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, |x| x >= 0.0),
            Op::Other(op) if op.operation().is_one_hot() => true,
            Op::Unary(Unary::Square | Unary::Abs | Unary::Sqrt | Unary::Relu) => true,
            Op::Binary(op) if is_comparison(*op) || *op == Binary::Hypot => true,
            Op::Noise(noise) => noise.kind == NoiseKind::Uniform,
            Op::Binary(Binary::Add | Binary::Mul | Binary::Minimum) => {
                inputs.iter().all(|x| nonnegative(x, fuel))
            }
            Op::Binary(Binary::Maximum) => inputs.iter().any(|x| nonnegative(x, fuel)),
            Op::Select(_) => inputs[1..].iter().all(|x| nonnegative(x, fuel)),
            Op::Sum(_) | Op::Pad(_) => nonnegative(&inputs[0], fuel),
            op if only_moves(op) => inputs.iter().all(|x| nonnegative(x, fuel)),
            _ => positive(x, fuel),
        }
}

fn nonzero(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, |x| x != 0.0),
            // 0 is drawn with probability 0, or once in 2²⁴.
            Op::Noise(_) => true,
            Op::Unary(Unary::Neg | Unary::Square | Unary::Abs | Unary::Sqrt | Unary::Recip) => {
                nonzero(&inputs[0], fuel)
            }
            Op::Binary(Binary::Mul | Binary::Div) => inputs.iter().all(|x| nonzero(x, fuel)),
            Op::Sum(op) if counts_one(x, op) => nonzero(&inputs[0].inputs()[1], fuel),
            op if only_moves(op) => inputs.iter().all(|x| nonzero(x, fuel)),
            _ => positive(x, fuel),
        }
}

/// Whether of each sum's terms one is chosen and the others are 0: Σ select(one-hot, c, 0).
fn counts_one(x: &AnyExpr, sum: &Sum) -> bool {
    let term = &x.inputs()[0];
    matches!(term.op(), Op::Select(_))
        && is_one_hot(&term.inputs()[0])
        && sum.0 == [term.rank() - 1]
        && is_number(&term.inputs()[2], 0.0)
}

/// Whether along the last axis one element is 1 and the others are 0.
pub(crate) fn is_one_hot(x: &AnyExpr) -> bool {
    match x.op() {
        Op::Other(op) => op.operation().is_one_hot(),
        Op::Cast(_) => is_one_hot(&x.inputs()[0]),
        Op::Broadcast(_) => {
            let inner = &x.inputs()[0];
            inner.shape().dims().last() == x.shape().dims().last() && is_one_hot(inner)
        }
        _ => false,
    }
}

fn finite(x: &AnyExpr, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, f64::is_finite),
            Op::Noise(_) | Op::Size(_) => true,
            Op::Other(op) if op.operation().is_one_hot() => true,
            Op::Cast(_) => {
                !inputs[0].element_type().is_float()
                    || finite(&inputs[0], fuel) && x.element_type() == ElementType::F64
            }
            Op::Binary(op) if is_comparison(*op) => true,
            Op::Unary(Unary::Neg | Unary::Abs | Unary::Sign | Unary::Relu) => finite(&inputs[0], fuel),
            Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Maximum | Binary::Minimum) => {
                inputs.iter().all(|x| finite(x, fuel))
            }
            Op::Select(_) => inputs[1..].iter().all(|x| finite(x, fuel)),
            Op::Pad(_) => finite(&inputs[0], fuel),
            op => only_moves(op) && inputs.iter().all(|x| finite(x, fuel)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;

    #[test]
    fn every_question_ends_where_each_level_is_asked_twice() {
        let x = Expr::<f64>::input("x", [1]);
        // Of 2⁶⁰ parts, all of which are masks.
        let mask = (0..60).fold(x.gt(&Expr::zeros([1])), |part, _| {
            let both = Expr::concat(&[part.clone(), part], 0);
            both.slice(0, 0..1)
        });
        let mask = mask.cast::<f64>().untyped();
        for question in [is_positive, is_nonnegative, is_weight, is_nonzero, is_finite, is_mask] {
            question(&mask);
        }
        assert!(is_mask(&x.gt(&Expr::zeros([1])).cast::<f64>().broadcast_to([2, 1]).untyped()));
    }
}
