//! What is known of the values of an expression without computing them: one number, a sign, that they are finite.
//!
//! The answers are in exact arithmetic: eˣ counts as positive, though it may underflow to 0. They say "known" only; a `false`
//! means nothing. At most [`FUEL`] nodes are looked at.

use bayeux_tensor::Float;

use crate::Expr;
use crate::ops::{Binary, Constant, NoiseKind, Op, Softmax, Sum, Unary};

const FUEL: usize = 64;

/// The one number an expression holds everywhere.
pub(crate) fn number<T: Float>(x: &Expr<T>) -> Option<f64> {
    number_within(x, DEPTH)
}

/// How deep arithmetic with numbers is followed.
const DEPTH: usize = 4;

fn number_within<T: Float>(x: &Expr<T>, depth: usize) -> Option<f64> {
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
                return Some(T::from_f64(value).to_f64());
            }
            Op::Constant(Constant(value)) => {
                let first = value.iter().next()?;
                let uniform = value.len() == 1 || (value.len() <= FUEL && value.iter().all(|x| x == first));
                return uniform.then(|| first.to_f64());
            }
            Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) => x = &x.inputs()[0],
            _ => return None,
        }
    }
}

pub(crate) fn is_number<T: Float>(x: &Expr<T>, value: f64) -> bool {
    number(x) == Some(value)
}

/// Above 0.
pub(crate) fn is_positive<T: Float>(x: &Expr<T>) -> bool {
    positive(x, &mut { FUEL })
}

/// 0 or above.
pub(crate) fn is_nonnegative<T: Float>(x: &Expr<T>) -> bool {
    nonnegative(x, &mut { FUEL })
}

/// Not 0.
pub(crate) fn is_nonzero<T: Float>(x: &Expr<T>) -> bool {
    nonzero(x, &mut { FUEL })
}

/// Neither infinite nor undefined, whatever the leaves hold.
pub(crate) fn is_finite<T: Float>(x: &Expr<T>) -> bool {
    finite(x, &mut { FUEL })
}

/// Nothing but zeros and ones.
pub(crate) fn is_mask<T: Float>(x: &Expr<T>) -> bool {
    match x.op() {
        Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) | Op::Flip(_) => {
            is_mask(&x.inputs()[0])
        }
        Op::OneHot(_) => true,
        Op::Binary(op) => is_comparison(*op),
        _ => false,
    }
}

fn is_comparison(op: Binary) -> bool {
    matches!(op, Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne)
}

/// All elements of a constant.
fn all<T: Float>(value: &Constant<T>, holds: impl Fn(f64) -> bool) -> bool {
    value.0.len() <= FUEL * FUEL && value.0.iter().all(|x| holds(x.to_f64()))
}

/// The same elements, perhaps fewer or oftener.
fn only_moves<T: Float>(op: &Op<T>) -> bool {
    matches!(
        op,
        Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_) | Op::Flip(_) | Op::Concat(_)
    ) || matches!(op, Op::Max(_) | Op::StopGradient(_) | Op::Copy)
}

fn spend(fuel: &mut usize) -> bool {
    *fuel = fuel.saturating_sub(1);
    *fuel > 0
}

fn positive<T: Float>(x: &Expr<T>, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, |x| x > 0.0),
            Op::Size(_) | Op::Softmax(Softmax::Probabilities) => true,
            Op::Unary(Unary::Exp | Unary::Sigmoid | Unary::Softplus | Unary::SechSquared) => true,
            Op::Unary(Unary::Sqrt | Unary::Recip) => positive(&inputs[0], fuel),
            Op::Unary(Unary::Square | Unary::Abs) => nonzero(&inputs[0], fuel),
            Op::Binary(Binary::Add) => {
                let one =
                    |a: &Expr<T>, b: &Expr<T>, fuel: &mut usize| positive(a, fuel) && nonnegative(b, fuel);
                one(&inputs[0], &inputs[1], fuel) || one(&inputs[1], &inputs[0], fuel)
            }
            Op::Binary(Binary::Mul | Binary::Div | Binary::Minimum) | Op::Concat(_) => {
                inputs.iter().all(|x| positive(x, fuel))
            }
            Op::Binary(Binary::Maximum) => inputs.iter().any(|x| positive(x, fuel)),
            Op::Binary(Binary::Pow) => positive(&inputs[0], fuel),
            Op::Select(_) => inputs[1..].iter().all(|x| positive(x, fuel)),
            Op::Sum(_) => positive(&inputs[0], fuel),
            op => only_moves(op) && inputs.iter().all(|x| positive(x, fuel)),
        }
}

fn nonnegative<T: Float>(x: &Expr<T>, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, |x| x >= 0.0),
            Op::OneHot(_) | Op::Unary(Unary::Square | Unary::Abs | Unary::Sqrt | Unary::Relu) => true,
            Op::Binary(op) if is_comparison(*op) => true,
            Op::Noise(noise) => noise.kind == NoiseKind::Uniform,
            Op::Binary(Binary::Add | Binary::Mul | Binary::Minimum) | Op::Concat(_) => {
                inputs.iter().all(|x| nonnegative(x, fuel))
            }
            Op::Binary(Binary::Maximum) => inputs.iter().any(|x| nonnegative(x, fuel)),
            Op::Select(_) => inputs[1..].iter().all(|x| nonnegative(x, fuel)),
            Op::Sum(_) | Op::Pad(_) => nonnegative(&inputs[0], fuel),
            op if only_moves(op) => inputs.iter().all(|x| nonnegative(x, fuel)),
            _ => positive(x, fuel),
        }
}

fn nonzero<T: Float>(x: &Expr<T>, fuel: &mut usize) -> bool {
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
            Op::Sum(op) => counts_one(x, op) && nonzero(&inputs[0].inputs()[1], fuel),
            op if only_moves(op) => inputs.iter().all(|x| nonzero(x, fuel)),
            _ => positive(x, fuel),
        }
}

/// Whether of each sum's terms one is chosen and the others are 0: Σ select(one-hot, c, 0).
fn counts_one<T: Float>(x: &Expr<T>, sum: &Sum) -> bool {
    let term = &x.inputs()[0];
    matches!(term.op(), Op::Select(_))
        && is_one_hot(&term.inputs()[0])
        && sum.0 == [term.rank() - 1]
        && is_number(&term.inputs()[2], 0.0)
}

/// Whether along the last axis one element is 1 and the others are 0.
pub(crate) fn is_one_hot<T: Float>(x: &Expr<T>) -> bool {
    match x.op() {
        Op::OneHot(_) => true,
        Op::Broadcast(_) => {
            let inner = &x.inputs()[0];
            inner.shape().dims().last() == x.shape().dims().last() && is_one_hot(inner)
        }
        _ => false,
    }
}

fn finite<T: Float>(x: &Expr<T>, fuel: &mut usize) -> bool {
    let inputs = x.inputs();
    spend(fuel)
        && match x.op() {
            Op::Constant(value) => all(value, f64::is_finite),
            Op::OneHot(_) | Op::Noise(_) | Op::Size(_) => true,
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
