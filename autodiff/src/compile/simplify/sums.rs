//! Rules for sums.

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::{Binary, Op, Reshape, Sum, Unary};

/// A rule for a sum: its axes, the node and what is summed.
macro_rules! of_sum {
    ($name:literal, $apply:expr) => {
        Rule {
            name: $name,
            on: |op| matches!(op, Op::Sum(_)),
            apply: |r, node| {
                let apply: fn(&mut Rewriter<'_>, &Sum, &Node, Node) -> Option<Id> = $apply;
                let Op::Sum(sum) = &node.op else { return None };
                let input = r.node(node.inputs[0]).clone();
                apply(r, sum, node, input)
            },
        }
    };
}

pub(super) fn rules() -> &'static [Rule] {
    &[
        // Over axes of size 1 there is nothing to add.
        of_sum!("sum-over-ones", |r, sum, node, input| {
            let one = sum.0.iter().all(|&axis| input.shape[axis] == 1);
            one.then(|| r.make(Reshape, &[node.inputs[0]], &node.shape))
        }),
        // Σ Σ is one sum. The order of a sum is nobody's promise.
        of_sum!("sum-of-sum", |r, sum, node, input| {
            let Op::Sum(inner) = &input.op else { return None };
            let mut kept: Vec<usize> = (0..r.shape(input.inputs[0]).len()).collect();
            kept.retain(|axis| !inner.0.contains(axis));
            let mut axes: Vec<usize> =
                sum.0.iter().map(|&axis| kept[axis]).chain(inner.0.iter().copied()).collect();
            axes.sort_unstable();
            Some(r.make(Sum(axes), &[input.inputs[0]], &node.shape))
        }),
        // The sum of all elements does not mind the shape.
        of_sum!("sum-of-reshaped", |r, _, node, input| {
            let all = matches!(input.op, Op::Reshape(_)) && node.shape.is_empty();
            all.then(|| {
                let axes = (0..r.shape(input.inputs[0]).len()).collect();
                r.make(Sum(axes), &[input.inputs[0]], &[])
            })
        }),
        // Σ −x = −Σ x
        of_sum!("sum-of-negated", |r, sum, node, input| {
            let Op::Unary(Unary::Neg) = input.op else { return None };
            let total = r.make(sum.clone(), &[input.inputs[0]], &node.shape);
            Some(r.make_unary(Unary::Neg, total))
        }),
        // Σ c x = c Σ x for a number 1 ≤ |c| < ∞: Σ x is no larger than the result. With a smaller c it might overflow.
        of_sum!("sum-of-multiples", |r, sum, node, input| {
            let Op::Binary(Binary::Mul) = input.op else { return None };
            let (p, q) = (input.inputs[0], input.inputs[1]);
            let (factor, rest) = r.number(p).map(|c| (c, q)).or_else(|| r.number(q).map(|c| (c, p)))?;
            if factor.abs() < 1.0 || !factor.is_finite() {
                return None;
            }
            let total = r.make(sum.clone(), &[rest], &node.shape);
            let factor = r.full(node.element, factor, &node.shape);
            Some(r.make_binary(Binary::Mul, factor, total))
        }),
        // Σ over repeats is a product with their number.
        of_sum!("sum-of-repeats", |r, sum, node, input| {
            let Op::Broadcast(_) = input.op else { return None };
            let inner = input.inputs[0];
            let added = input.shape.len() - r.shape(inner).len();
            let repeated =
                |axis: usize| axis < added || (r.shape(inner)[axis - added] == 1 && input.shape[axis] != 1);
            if !sum.0.iter().all(|&axis| repeated(axis)) {
                return None;
            }
            let count: usize = sum.0.iter().map(|&axis| input.shape[axis]).product();
            // What is left of the inner shape, without the axes of size 1 that were summed over.
            let left: Vec<usize> = (added..input.shape.len())
                .filter(|axis| !sum.0.contains(axis))
                .map(|axis| r.shape(inner)[axis - added])
                .collect();
            let inner = r.make(Reshape, &[inner], &left);
            let inner = r.make_broadcast(inner, &node.shape);
            let count = r.full(node.element, count as f64, &node.shape);
            Some(r.make_binary(Binary::Mul, inner, count))
        }),
    ]
}
