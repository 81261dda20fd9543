//! Rules for values without elements, and for sums over nothing.

use bayeux_tensor::AnyTensor;

use super::Rule;
use crate::ops::{Op, Softmax};

pub(super) fn rules() -> &'static [Rule] {
    &[
        // A value without elements needs no computation.
        Rule {
            name: "empty",
            on: |op| !op.is_leaf() && !matches!(op, Op::Output(_) | Op::Placed(_) | Op::Other(_)),
            apply: |r, node| {
                node.shape.contains(&0).then(|| r.constant(AnyTensor::zeros(node.element, &node.shape)))
            },
        },
        // Σ, products and convolutions over nothing are 0, the largest of nothing and its ln Σ eˣ are −∞.
        Rule {
            name: "over-nothing",
            on: |op| {
                matches!(
                    op,
                    Op::Sum(_)
                        | Op::Max(_)
                        | Op::Matmul(_)
                        | Op::Conv2d(_)
                        | Op::Pad(_)
                        | Op::Softmax(Softmax::Normaliser)
                )
            },
            apply: |r, node| {
                let over_nothing = node.inputs.iter().any(|&input| r.shape(input).contains(&0));
                let value = match node.op {
                    Op::Max(_) | Op::Softmax(_) => f64::NEG_INFINITY,
                    _ => 0.0,
                };
                over_nothing.then(|| r.full(node.element, value, &node.shape))
            },
        },
    ]
}
