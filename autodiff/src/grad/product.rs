//! Products in the reverse sweep, in which nothing times infinity is nothing.
//!
//! Most adjoints are products of ordinary numbers, and are left alone. Two kinds are watched: those that may be exactly 0 because
//! somebody chose so (a branch, a mask, a slice), and those that may be infinite because they come from a function that is
//! infinitely steep somewhere (√, ln, 1/x, …). Only their products are guarded, and only where the other factor could do harm.

use crate::known::{is_finite, is_mask, is_nonnegative, is_nonzero, is_number, is_positive, number};
use crate::ops::{Binary, Op, Softmax, Unary};
use crate::{AnyExpr, Expr};

/// An adjoint (or a tangent, in forward mode), and what it may hold.
#[derive(Clone)]
pub(super) struct Adjoint {
    pub value: AnyExpr,
    zeros: Zeros,
    /// Infinities, from an infinite slope.
    infinite: bool,
}

/// Why an adjoint may be exactly 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Zeros {
    /// Only by chance.
    Chance,
    /// Because nothing has been received yet, in the first step back through a loop. It is over when something is.
    Nothing,
    /// By somebody's choice.
    Choice,
}

impl Zeros {
    /// Of a value, if it receives such zeros from two sides.
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Zeros::Choice, _) | (_, Zeros::Choice) => Zeros::Choice,
            (Zeros::Nothing, Zeros::Nothing) => Zeros::Nothing,
            _ => Zeros::Chance,
        }
    }

    fn any(self) -> bool {
        self != Zeros::Chance
    }
}

impl Adjoint {
    pub fn new(value: AnyExpr) -> Self {
        Adjoint { value, zeros: Zeros::Chance, infinite: false }
    }

    /// Zeros for what has received nothing.
    pub fn nothing(value: AnyExpr) -> Self {
        Adjoint { zeros: Zeros::Nothing, ..Adjoint::new(value) }
    }

    /// Zeros by choice and infinities: nothing is known of it.
    pub fn anything(value: AnyExpr) -> Self {
        Adjoint { value, zeros: Zeros::Choice, infinite: true }
    }

    /// Of an operation of several values, which may choose.
    pub fn chosen(value: AnyExpr) -> Self {
        Adjoint { zeros: Zeros::Choice, ..Adjoint::new(value) }
    }

    /// Another value, which may hold the same.
    pub fn with(&self, value: AnyExpr) -> Self {
        Adjoint { value, ..*self }
    }

    /// The same, which may be 0 by somebody's choice.
    pub fn or_chosen(&self) -> Self {
        Adjoint { zeros: Zeros::Choice, ..self.clone() }
    }

    /// Takes it to hold what another may as well; whether that is more.
    pub fn may_hold_what(&mut self, other: &Self) -> bool {
        let before = (self.zeros, self.infinite);
        self.zeros = self.zeros.max(other.zeros);
        self.infinite |= other.infinite;
        (self.zeros, self.infinite) != before
    }

    pub fn plus(self, other: Self) -> Self {
        Adjoint {
            value: self.value + other.value,
            zeros: self.zeros.plus(other.zeros),
            infinite: self.infinite || other.infinite,
        }
    }
}

/// What the inputs of a node receive.
pub(super) fn parts(adjoint: &Adjoint, inputs: &[AnyExpr], node: &AnyExpr) -> Vec<Option<Adjoint>> {
    let rule = node.op().rule();
    let Adjoint { value: g, zeros, infinite } = adjoint;
    let alike = |zeros: Zeros, parts: Vec<Option<AnyExpr>>| -> Vec<Option<Adjoint>> {
        let infinite = *infinite;
        parts.into_iter().map(|part| part.map(|value| Adjoint { value, zeros, infinite })).collect()
    };
    match node.op() {
        // Without a factor.
        Op::Unary(Unary::Neg) | Op::Binary(Binary::Add | Binary::Sub) => {
            alike(*zeros, rule.gradient(g, inputs, node))
        }
        Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Broadcast(_)
        | Op::Sum(_)
        | Op::Pad(_)
        | Op::Cast(_)
        | Op::StopGradient(_) => alike(*zeros, rule.gradient(g, inputs, node)),
        Op::Other(op) if op.operation().only_moves() => alike(*zeros, rule.gradient(g, inputs, node)),
        // What is not chosen gets 0; operations that are not known are taken to choose.
        Op::Select(_)
        | Op::Slice(_)
        | Op::Max(_)
        | Op::Pool2d(_)
        | Op::Take(_)
        | Op::Scatter(_)
        | Op::Other(_) => alike(Zeros::Choice, rule.gradient(g, inputs, node)),
        Op::Unary(_) | Op::Binary(_) => elementwise(adjoint, inputs, node),
        Op::Softmax(op) if zeros.any() => alike(Zeros::Choice, vec![Some(softmax(*op, g, &inputs[0], node))]),
        Op::Softmax(_) => alike(Zeros::Chance, rule.gradient(g, inputs, node)),
        // Here everything is mixed with everything.
        _ => {
            let zeros = if *zeros == Zeros::Nothing { Zeros::Nothing } else { Zeros::Chance };
            let parts = rule.gradient(g, inputs, node).into_iter();
            parts.map(|part| part.map(|value| Adjoint { value, zeros, infinite: false })).collect()
        }
    }
}

/// What one of the inputs of a node receives.
pub(super) fn part(adjoint: &Adjoint, inputs: &[AnyExpr], node: &AnyExpr, i: usize) -> Option<Adjoint> {
    parts(adjoint, inputs, node).swap_remove(i)
}

/// The parts of a function of one number or two: g times the slopes.
fn elementwise(
    Adjoint { value: g, zeros, infinite }: &Adjoint,
    inputs: &[AnyExpr],
    node: &AnyExpr,
) -> Vec<Option<Adjoint>> {
    let rule = node.op().rule();
    let plain = rule.gradient(g, inputs, node);
    let slopes = rule.gradient(&g.ones_like(), inputs, node);
    plain
        .into_iter()
        .zip(slopes)
        .enumerate()
        .map(|(i, (plain, slope))| {
            let (plain, slope) = (plain?, slope?);
            if is_number(&slope, 0.0) {
                return None;
            }
            let steep = may_be_steep(node.op(), inputs, i);
            let g_may_vanish = zeros.any() || steep && !is_nonzero(g);
            let guard_g = g_may_vanish && (steep || !is_finite(&slope));
            let guard_slope = *infinite && !is_nonzero(&slope);
            let value = match (guard_g, guard_slope) {
                (false, false) => plain,
                (true, false) => g * harmless(&slope, g),
                (false, true) => harmless(g, &slope) * slope,
                (true, true) => harmless(g, &slope) * harmless(&slope, g),
            };
            let chooses =
                matches!(node.op(), Op::Unary(Unary::Relu) | Op::Binary(Binary::Maximum | Binary::Minimum))
                    || matches!(node.op(), Op::Binary(Binary::Mul)) && chooses(&inputs[1 - i]);
            let zeros = if chooses { Zeros::Choice } else { *zeros };
            Some(Adjoint { value, zeros, infinite: *infinite || steep })
        })
        .collect()
}

/// Whether a factor lets through some elements and not others.
pub(super) fn chooses(x: &AnyExpr) -> bool {
    is_mask(x) || matches!(x.op(), Op::Constant(_)) && number(x).is_none() && !is_nonzero(x)
}

/// Whether the slope of a function with respect to its i-th argument may be infinite where the function is finite.
fn may_be_steep(op: &Op, inputs: &[AnyExpr], i: usize) -> bool {
    let x = &inputs[0];
    match op {
        Op::Unary(Unary::Sqrt | Unary::Lgamma | Unary::Digamma) => !is_positive(x),
        Op::Unary(Unary::Ln | Unary::Log2 | Unary::Log10 | Unary::Recip | Unary::Rsqrt | Unary::Cbrt) => {
            !is_nonzero(x)
        }
        Op::Unary(Unary::Asin | Unary::Acos | Unary::Acosh | Unary::Atanh | Unary::Erfinv | Unary::Ndtri) => {
            true
        }
        Op::Unary(Unary::Log1p) => !is_nonnegative(x),
        Op::Binary(Binary::Div | Binary::Xlogy) => !is_nonzero(&inputs[1]),
        Op::Binary(Binary::Xlog1py) => !is_nonnegative(&inputs[1]),
        Op::Binary(Binary::Polygamma) => !is_positive(&inputs[1]),
        Op::Binary(Binary::Pow) => {
            let whole = number(&inputs[1]).is_some_and(|p| p == 0.0 || p >= 1.0);
            !(is_positive(x) || i == 0 && whole)
        }
        _ => false,
    }
}

/// A factor, and 0 in its place where it is not finite and the other factor is 0. Where both are finite the product is the
/// ordinary one, also to those who differentiate it.
fn harmless(factor: &AnyExpr, other: &AnyExpr) -> AnyExpr {
    let zero = factor.number_like(0.0);
    let finite = factor.abs().lt(&factor.number_like(f64::INFINITY));
    Expr::select(&(other.ne(&zero) | finite), factor, &zero)
}

/// The part of a softmax whose adjoint has rows of zeros: these pass nothing on.
fn softmax(op: Softmax, g: &AnyExpr, x: &AnyExpr, y: &AnyExpr) -> AnyExpr {
    let weighted = |p: AnyExpr, total: &AnyExpr| {
        if is_nonzero(total) { p * total } else { harmless(&p, total) * total }
    };
    match op {
        Softmax::Logarithms => g - weighted(x.softmax(), &g.sum_keep(-1)),
        Softmax::Normaliser => weighted(x.softmax(), &g.insert_axis(g.rank())),
        Softmax::Probabilities => {
            let last = g.rank() - 1;
            let y = harmless(y, &g.abs().max(last).reshape(g.shape().with_ones(&[last])));
            &y * (g - (g * &y).sum_keep(-1))
        }
    }
}
