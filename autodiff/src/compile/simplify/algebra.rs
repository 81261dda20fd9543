//! Rules for functions of one and of two numbers.

use super::shapes::{before_broadcast, scattered};
use super::{argument, arguments, is, make, make_binary, make_unary, number, other};
use crate::compile::graph::{Builder, Id};
use crate::ops::{Binary, Op, Reshape, Softmax, Unary};

pub(super) fn unary(b: &mut Builder, op: Unary, x: Id) -> Option<Id> {
    // f(broadcast x) = broadcast f(x), on fewer elements.
    if let Op::Broadcast(_) = b.node(x).op {
        let shape = b.shape(x).to_vec();
        let inner = b.node(x).inputs[0];
        let inner = make_unary(b, op, inner);
        return Some(b.broadcast(inner, &shape));
    }
    match op {
        // −(−x) = x;   −(x − y) = y − x
        Unary::Neg => argument(b, x, Unary::Neg).or_else(|| {
            let (p, q) = arguments(b, x, Binary::Sub)?;
            Some(make_binary(b, Binary::Sub, q, p))
        }),
        // (−x)² = |x|² = x²;   (√x)² = x where that is a number: kept, for negative x
        Unary::Square => {
            let inner = argument(b, x, Unary::Neg).or_else(|| argument(b, x, Unary::Abs))?;
            Some(make_unary(b, op, inner))
        }
        // |−x| = ||x|| = |x|
        Unary::Abs => {
            let inner = argument(b, x, Unary::Neg).or_else(|| argument(b, x, Unary::Abs))?;
            Some(make_unary(b, op, inner))
        }
        // ln(1 + x), eˣ − 1 and their relatives
        Unary::Ln => logarithm(b, x),
        // ln(1 + eˣ) = softplus x
        Unary::Log1p => argument(b, x, Unary::Exp).map(|x| make_unary(b, Unary::Softplus, x)),
        _ => None,
    }
}

/// Stable forms of a logarithm.
fn logarithm(b: &mut Builder, x: Id) -> Option<Id> {
    let shape = b.shape(x).to_vec();
    // ln eˣ = x
    if let Some(inner) = argument(b, x, Unary::Exp) {
        return Some(inner);
    }
    // ln sigmoid x = −softplus(−x)
    if let Some(inner) = argument(b, x, Unary::Sigmoid) {
        return Some(negative_softplus(b, inner, true));
    }
    // ln softmax x = log_softmax x
    if let (Op::Softmax(Softmax::Probabilities), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice()) {
        let inner = *inner;
        return Some(b.add(Softmax::Logarithms, vec![inner], shape));
    }
    // ln Σ eˣ along the last axis = logsumexp x
    if let (Op::Sum(axes), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice())
        && let Some(logits) = argument(b, *inner, Unary::Exp)
        && axes.0 == [b.shape(logits).len() - 1]
    {
        return Some(b.add(Softmax::Normaliser, vec![logits], shape));
    }
    // ln of a reshaped one of these: the reshape after
    if let (Op::Reshape(_), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice()) {
        let inner = logarithm(b, *inner)?;
        return Some(make(b, Reshape, &[inner], &shape));
    }
    // ln(1 − sigmoid x) = −softplus x
    if let Some((p, q)) = arguments(b, x, Binary::Sub)
        && is(b, p, 1.0)
        && let Some(inner) = argument(b, q, Unary::Sigmoid)
    {
        return Some(negative_softplus(b, inner, false));
    }
    // ln(1 + eˣ) = softplus x;   ln(1 + x) = log1p x
    let inner = other(b, arguments(b, x, Binary::Add)?, 1.0)?;
    Some(make_unary(b, Unary::Log1p, inner))
}

/// −softplus(±x)
fn negative_softplus(b: &mut Builder, x: Id, minus: bool) -> Id {
    let x = if minus { make_unary(b, Unary::Neg, x) } else { x };
    let softplus = make_unary(b, Unary::Softplus, x);
    make_unary(b, Unary::Neg, softplus)
}

pub(super) fn binary(b: &mut Builder, op: Binary, x: Id, y: Id) -> Option<Id> {
    if let Some(id) = before_broadcast(b, op, x, y) {
        return Some(id);
    }
    if let Some(id) = scattered(b, op, x, y) {
        return Some(id);
    }
    let shape = b.shape(x).to_vec();
    match op {
        Binary::Add => {
            // x + 0 = x
            if let Some(x) = other(b, (x, y), 0.0) {
                return Some(x);
            }
            // x + (−y) = x − y
            if let Some(y) = argument(b, y, Unary::Neg) {
                return Some(make_binary(b, Binary::Sub, x, y));
            }
            if let Some(x) = argument(b, x, Unary::Neg) {
                return Some(make_binary(b, Binary::Sub, y, x));
            }
            in_order(b, op, x, y)
        }
        Binary::Sub => {
            // x − 0 = x
            if is(b, y, 0.0) {
                return Some(x);
            }
            // eˣ − 1 = expm1 x
            if let (true, Some(x)) = (is(b, y, 1.0), argument(b, x, Unary::Exp)) {
                return Some(make_unary(b, Unary::Expm1, x));
            }
            // 0 − y = −y
            if is(b, x, 0.0) {
                return Some(make_unary(b, Unary::Neg, y));
            }
            // x − (−y) = x + y
            let y = argument(b, y, Unary::Neg)?;
            Some(make_binary(b, Binary::Add, x, y))
        }
        Binary::Mul => {
            // x · 0 = 0: also for an infinite x, which has no better answer
            if is(b, x, 0.0) || is(b, y, 0.0) {
                return Some(b.full(b.element(x), 0.0, &shape));
            }
            // x · 1 = x;   x · −1 = −x
            if let Some(x) = other(b, (x, y), 1.0) {
                return Some(x);
            }
            if let Some(x) = other(b, (x, y), -1.0) {
                return Some(make_unary(b, Unary::Neg, x));
            }
            // x · x = x²
            if x == y {
                return Some(make_unary(b, Unary::Square, x));
            }
            // (−x) · y = −(x · y), so that signs meet and cancel
            if let Some(x) = argument(b, x, Unary::Neg) {
                let product = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, product));
            }
            if let Some(y) = argument(b, y, Unary::Neg) {
                let product = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, product));
            }
            // c · (d · x) = (c · d) · x
            for (c, product) in [(x, y), (y, x)] {
                if let (Some(c), Some((p, q))) = (number(b, c), arguments(b, product, Binary::Mul))
                    && let Some((d, rest)) = number(b, p).map(|d| (d, q)).or(number(b, q).map(|d| (d, p)))
                {
                    // A product that overflows or underflows would change more than the last digits.
                    if !(1e-30..1e30).contains(&(c * d).abs()) {
                        return None;
                    }
                    let factor = b.full(b.element(x), c * d, &shape);
                    return Some(make_binary(b, op, factor, rest));
                }
            }
            in_order(b, op, x, y)
        }
        Binary::Div => {
            // x / 1 = x;   1 / y = recip y
            if is(b, y, 1.0) {
                return Some(x);
            }
            if is(b, x, 1.0) {
                return Some(make_unary(b, Unary::Recip, y));
            }
            // x / c = x · (1/c) where 1/c is exact
            if let Some(c) = number(b, y)
                && exactly_invertible(c)
            {
                let inverse = b.full(b.element(x), 1.0 / c, &shape);
                return Some(make_binary(b, Binary::Mul, x, inverse));
            }
            // (−x) / y = −(x / y)
            if let Some(x) = argument(b, x, Unary::Neg) {
                let quotient = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, quotient));
            }
            softmax(b, x, y)
        }
        Binary::Pow => {
            // x⁰ = 1, x¹ = x, x² = square, x^½ = √x, x⁻¹ = 1/x
            let exponent = number(b, y)?;
            match exponent {
                0.0 => Some(b.full(b.element(x), 1.0, &shape)),
                1.0 => Some(x),
                2.0 => Some(make_unary(b, Unary::Square, x)),
                0.5 => Some(make_unary(b, Unary::Sqrt, x)),
                -1.0 => Some(make_unary(b, Unary::Recip, x)),
                _ => None,
            }
        }
        // max(x, x) = min(x, x) = x
        Binary::Maximum | Binary::Minimum if x == y => Some(x),
        Binary::Maximum | Binary::Minimum | Binary::Eq | Binary::Ne => in_order(b, op, x, y),
        _ => None,
    }
}

/// A power of two, whose inverse is exact too.
fn exactly_invertible(c: f64) -> bool {
    let c = c.abs();
    (1e-30..1e30).contains(&c) && c.log2().fract() == 0.0
}

/// eˣ / Σ eˣ along the last axis = softmax x
fn softmax(b: &mut Builder, x: Id, y: Id) -> Option<Id> {
    let logits = argument(b, x, Unary::Exp)?;
    let shape = b.shape(x).to_vec();
    let mut total = y;
    while let Op::Broadcast(_) | Op::Reshape(_) = b.node(total).op {
        total = b.node(total).inputs[0];
    }
    let node = b.node(total);
    let last = shape.len().checked_sub(1)?;
    let sums_last = matches!(&node.op, Op::Sum(axes) if axes.0 == [last]) && node.inputs == [x];
    // The sum must be repeated along the axis it was taken over; leading axes of size 1 may have been left out.
    let mut keep = shape.clone();
    keep[last] = 1;
    let repeated = matches!(b.node(y).op, Op::Broadcast(_)) && {
        let inner = b.shape(b.node(y).inputs[0]);
        let (lead, rest) = keep.split_at(keep.len().saturating_sub(inner.len()));
        rest == inner && lead.iter().all(|&n| n == 1)
    };
    (sums_last && repeated).then(|| b.add(Softmax::Probabilities, vec![logits], shape))
}

/// Exchanges the inputs of a commutative op so that equal computations look equal.
fn in_order(b: &mut Builder, op: Binary, x: Id, y: Id) -> Option<Id> {
    (x > y).then(|| {
        let shape = b.shape(x).to_vec();
        b.add(op, vec![y, x], shape)
    })
}
