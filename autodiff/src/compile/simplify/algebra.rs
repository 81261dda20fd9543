//! Rules for functions of one number, of two, and for choices.

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::{Binary, Op, Select, Softmax, Unary};

/// A rule for a function of one number: its argument.
macro_rules! of_one {
    ($name:literal, $pattern:pat, $apply:expr) => {
        Rule {
            name: $name,
            on: |op| matches!(op, Op::Unary($pattern)),
            apply: |r, node| {
                let apply: fn(&mut Rewriter<'_>, Id) -> Option<Id> = $apply;
                apply(r, node.inputs[0])
            },
        }
    };
}

/// A rule for a function of two numbers: its arguments.
macro_rules! of_two {
    ($name:literal, $pattern:pat, $apply:expr) => {
        Rule {
            name: $name,
            on: |op| matches!(op, Op::Binary($pattern)),
            apply: |r, node| {
                let apply: fn(&mut Rewriter<'_>, Id, Id) -> Option<Id> = $apply;
                apply(r, node.inputs[0], node.inputs[1])
            },
        }
    };
}

pub(super) fn rules() -> &'static [Rule] {
    &[
        // −(−x) = x
        of_one!("double-negation", Unary::Neg, |r, x| r.argument(x, Unary::Neg)),
        // −(x − y) = y − x
        of_one!("negated-difference", Unary::Neg, |r, x| {
            let (p, q) = r.arguments(x, Binary::Sub)?;
            Some(r.make_binary(Binary::Sub, q, p))
        }),
        // (−x)² = |x|² = x²;   (√x)² = x where that is a number: kept, for negative x
        of_one!("square-of-signed", Unary::Square, |r, x| {
            let inner = r.argument(x, Unary::Neg).or_else(|| r.argument(x, Unary::Abs))?;
            Some(r.make_unary(Unary::Square, inner))
        }),
        // |−x| = ||x|| = |x|
        of_one!("absolute-of-signed", Unary::Abs, |r, x| {
            let inner = r.argument(x, Unary::Neg).or_else(|| r.argument(x, Unary::Abs))?;
            Some(r.make_unary(Unary::Abs, inner))
        }),
        // x + 0 = x
        of_two!("add-zero", Binary::Add, |r, x, y| r.other((x, y), 0.0)),
        // x + (−y) = x − y
        of_two!("add-negated", Binary::Add, |r, x, y| {
            if let Some(y) = r.argument(y, Unary::Neg) {
                return Some(r.make_binary(Binary::Sub, x, y));
            }
            let x = r.argument(x, Unary::Neg)?;
            Some(r.make_binary(Binary::Sub, y, x))
        }),
        // x − 0 = x
        of_two!("subtract-zero", Binary::Sub, |r, x, y| r.is(y, 0.0).then_some(x)),
        // 0 − y = −y
        of_two!("subtract-from-zero", Binary::Sub, |r, x, y| {
            r.is(x, 0.0).then(|| r.make_unary(Unary::Neg, y))
        }),
        // x − (−y) = x + y
        of_two!("subtract-negated", Binary::Sub, |r, x, y| {
            let y = r.argument(y, Unary::Neg)?;
            Some(r.make_binary(Binary::Add, x, y))
        }),
        // x · 0 = 0 for what is finite whatever the leaves hold
        of_two!("multiply-by-zero", Binary::Mul, |r, x, y| {
            let x = r.other((x, y), 0.0)?;
            let shape = r.shape(x).to_vec();
            is_finite(r, x).then(|| r.full_like(x, 0.0, &shape))
        }),
        // x · 1 = x
        of_two!("multiply-by-one", Binary::Mul, |r, x, y| r.other((x, y), 1.0)),
        // x · −1 = −x
        of_two!("multiply-by-minus-one", Binary::Mul, |r, x, y| {
            let x = r.other((x, y), -1.0)?;
            Some(r.make_unary(Unary::Neg, x))
        }),
        // x · x = x²
        of_two!("multiply-by-itself", Binary::Mul, |r, x, y| {
            (x == y).then(|| r.make_unary(Unary::Square, x))
        }),
        // (−x) · y = −(x · y), so that signs meet and cancel
        of_two!("multiply-negated", Binary::Mul, |r, x, y| {
            let negated = |r: &Rewriter<'_>, x, y| r.argument(x, Unary::Neg).map(|x| (x, y));
            let (x, y) = negated(r, x, y).or_else(|| r.argument(y, Unary::Neg).map(|y| (x, y)))?;
            let product = r.make_binary(Binary::Mul, x, y);
            Some(r.make_unary(Unary::Neg, product))
        }),
        // c · (d · x) = (c · d) · x, where c · d is far from overflow and underflow: then (c · d) · x overflows only where
        // c · (d · x) does
        of_two!("multiply-numbers", Binary::Mul, |r, x, y| {
            [(x, y), (y, x)].into_iter().find_map(|(c, product)| {
                let (c, (p, q)) = (r.number(c)?, r.arguments(product, Binary::Mul)?);
                let (d, rest) = r.number(p).map(|d| (d, q)).or(r.number(q).map(|d| (d, p)))?;
                if !(1e-30..1e30).contains(&(c * d).abs()) {
                    return None;
                }
                let shape = r.shape(rest).to_vec();
                let factor = r.full_like(rest, c * d, &shape);
                Some(r.make_binary(Binary::Mul, factor, rest))
            })
        }),
        // x / 1 = x
        of_two!("divide-by-one", Binary::Div, |r, x, y| r.is(y, 1.0).then_some(x)),
        // 1 / y = recip y
        of_two!("reciprocal", Binary::Div, |r, x, y| r.is(x, 1.0).then(|| r.make_unary(Unary::Recip, y))),
        // x / c = x · (1/c) where 1/c is exact: c is a power of two
        of_two!("divide-by-power-of-two", Binary::Div, |r, x, y| {
            let c = r.number(y).filter(|&c| exactly_invertible(c))?;
            let shape = r.shape(x).to_vec();
            let inverse = r.full_like(x, 1.0 / c, &shape);
            Some(r.make_binary(Binary::Mul, x, inverse))
        }),
        // (−x) / y = −(x / y)
        of_two!("divide-negated", Binary::Div, |r, x, y| {
            let x = r.argument(x, Unary::Neg)?;
            let quotient = r.make_binary(Binary::Div, x, y);
            Some(r.make_unary(Unary::Neg, quotient))
        }),
        // x⁰ = 1, x¹ = x, x² = square, x⁻¹ = 1/x;   x^½ = √x where x is 0 or more: not for −0 and −∞
        of_two!("power", Binary::Pow, |r, x, y| {
            let shape = r.shape(x).to_vec();
            match r.number(y)? {
                0.0 => Some(r.full_like(x, 1.0, &shape)),
                1.0 => Some(x),
                2.0 => Some(r.make_unary(Unary::Square, x)),
                0.5 if is_nonnegative(r, x) => Some(r.make_unary(Unary::Sqrt, x)),
                -1.0 => Some(r.make_unary(Unary::Recip, x)),
                _ => None,
            }
        }),
        // max(x, x) = min(x, x) = x
        of_two!("extremum-of-one", Binary::Maximum | Binary::Minimum, |_, x, y| (x == y).then_some(x)),
        // x + y = y + x, so that equal computations look equal
        Rule {
            name: "order",
            on: |op| {
                matches!(
                    op,
                    Op::Binary(
                        Binary::Add
                            | Binary::Mul
                            | Binary::Maximum
                            | Binary::Minimum
                            | Binary::Eq
                            | Binary::Ne
                    )
                )
            },
            apply: |r, node| {
                let [x, y] = node.inputs[..] else { return None };
                (x > y).then(|| r.add(node.op.clone(), vec![y, x], node.shape.clone()))
            },
        },
        // A known condition chooses now; equal choices need none.
        Rule { name: "choice", on: |op| matches!(op, Op::Select(_)), apply: choice },
        // softmax x = exp(log_softmax x), where that is there: cross-entropy and its adjoint share the exponentials
        Rule {
            name: "softmax-of-logarithms",
            on: |op| matches!(op, Op::Softmax(Softmax::Probabilities)),
            apply: |r, node| {
                let logarithms = r.find(Softmax::Logarithms, &node.inputs, node.element, &node.shape)?;
                Some(r.make_unary(Unary::Exp, logarithms))
            },
        },
    ]
}

fn choice(r: &mut Rewriter<'_>, node: &Node) -> Option<Id> {
    let [condition, x, y] = node.inputs[..] else { return None };
    if x == y {
        return Some(x);
    }
    // c ≠ 0 chooses as c does: among floats a condition is true unless it is 0.
    if let Some((c, zero)) = r.arguments(condition, Binary::Ne)
        && r.is(zero, 0.0)
    {
        return Some(r.make(Select, &[c, x, y], &node.shape));
    }
    r.number(condition).map(|condition| if condition != 0.0 { x } else { y })
}

/// A power of two, whose inverse is exact too.
fn exactly_invertible(c: f64) -> bool {
    let c = c.abs();
    let fraction = (1u64 << (f64::MANTISSA_DIGITS - 1)) - 1;
    (1e-30..1e30).contains(&c) && c.to_bits() & fraction == 0
}

/// Whether a value is neither infinite nor undefined, whatever the leaves hold.
fn is_finite(r: &Rewriter<'_>, id: Id) -> bool {
    let node = r.node(id);
    match &node.op {
        Op::Constant(value) => value.0.all(f64::is_finite),
        Op::Noise(_) => true,
        Op::Other(op) if op.operation().is_one_hot() => true,
        Op::Binary(Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le | Binary::Eq | Binary::Ne) => true,
        Op::Unary(Unary::Neg | Unary::Abs) | Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) => {
            is_finite(r, node.inputs[0])
        }
        _ => false,
    }
}

/// Whether a value is positive, +0 or undefined.
fn is_nonnegative(r: &Rewriter<'_>, id: Id) -> bool {
    let node = r.node(id);
    match &node.op {
        Op::Constant(value) => value.0.all(|x| x > 0.0),
        Op::Unary(Unary::Square | Unary::Abs | Unary::Exp | Unary::Softplus | Unary::Sigmoid) => true,
        Op::Binary(Binary::Add | Binary::Mul) => node.inputs.iter().all(|&input| is_nonnegative(r, input)),
        Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Sum(_) => {
            is_nonnegative(r, node.inputs[0])
        }
        _ => false,
    }
}
