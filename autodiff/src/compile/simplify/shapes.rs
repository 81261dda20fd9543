//! Rules for repetition, transposition and other shapes.

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::{Broadcast, Op, Transpose};

pub(super) fn rules() -> &'static [Rule] {
    &[
        // f(broadcast x) = broadcast f(x), on fewer elements
        Rule {
            name: "function-of-repeated",
            on: |op| matches!(op, Op::Unary(_)),
            apply: |r, node| {
                let Op::Broadcast(_) = r.node(node.inputs[0]).op else { return None };
                let inner = r.node(node.inputs[0]).inputs[0];
                let shape = r.shape(inner).to_vec();
                let inner = r.make(node.op.clone(), &[inner], &shape);
                Some(r.broadcast(inner, &node.shape))
            },
        },
        // Two repeated inputs are combined first, where they have fewer elements, and repeated then.
        Rule {
            name: "function-of-two-repeated",
            on: |op| matches!(op, Op::Binary(_)),
            apply: |r, node| {
                let (x, y) = (node.inputs[0], node.inputs[1]);
                let (Op::Broadcast(_), Op::Broadcast(_)) = (&r.node(x).op, &r.node(y).op) else {
                    return None;
                };
                let (x, y) = (r.node(x).inputs[0], r.node(y).inputs[0]);
                let joint = joint_shape(r.shape(x), r.shape(y))?;
                if joint.iter().product::<usize>() >= node.shape.iter().product() {
                    return None;
                }
                let (x, y) = (r.make_broadcast(x, &joint), r.make_broadcast(y, &joint));
                let inner = r.make(node.op.clone(), &[x, y], &joint);
                Some(r.make_broadcast(inner, &node.shape))
            },
        },
        // The same elements in the same shape.
        Rule {
            name: "same-shape",
            on: |op| matches!(op, Op::Reshape(_) | Op::Broadcast(_) | Op::Slice(_) | Op::Pad(_)),
            apply: |r, node| (r.shape(node.inputs[0]) == node.shape).then_some(node.inputs[0]),
        },
        // A reshape of a reshape is one.
        Rule {
            name: "reshape-of-reshape",
            on: |op| matches!(op, Op::Reshape(_)),
            apply: |r, node| {
                let Op::Reshape(_) = r.node(node.inputs[0]).op else { return None };
                let inner = r.node(node.inputs[0]).inputs[0];
                Some(r.reshape(inner, &node.shape))
            },
        },
        // One number repeated stays so in any shape.
        Rule {
            name: "reshape-of-number",
            on: |op| matches!(op, Op::Reshape(_)),
            apply: |r, node| {
                let Op::Broadcast(_) = r.node(node.inputs[0]).op else { return None };
                let inner = r.node(node.inputs[0]).inputs[0];
                r.shape(inner).iter().all(|&n| n == 1).then(|| {
                    let scalar = r.reshape(inner, &[]);
                    r.broadcast(scalar, &node.shape)
                })
            },
        },
        // A broadcast of a broadcast is one; leading ones come by themselves.
        Rule { name: "broadcast-of-view", on: |op| matches!(op, Op::Broadcast(_)), apply: broadcast },
        // The axes in their order.
        Rule {
            name: "transpose-of-nothing",
            on: |op| matches!(op, Op::Transpose(_)),
            apply: |_, node| {
                let Op::Transpose(op) = &node.op else { return None };
                op.0.iter().copied().eq(0..op.0.len()).then_some(node.inputs[0])
            },
        },
        Rule {
            name: "transpose-of-number",
            on: |op| matches!(op, Op::Transpose(_)),
            apply: |r, node| {
                let value = r.number(node.inputs[0])?;
                Some(r.full(node.element, value, &node.shape))
            },
        },
        // A transpose of a transpose is one.
        Rule {
            name: "transpose-of-transpose",
            on: |op| matches!(op, Op::Transpose(_)),
            apply: |r, node| {
                let input = r.node(node.inputs[0]);
                let (Op::Transpose(op), Op::Transpose(first)) = (&node.op, &input.op) else { return None };
                let both = op.0.iter().map(|&axis| first.0[axis]).collect();
                let inner = input.inputs[0];
                Some(r.make(Transpose(both), &[inner], &node.shape))
            },
        },
    ]
}

impl Rewriter<'_> {
    pub(super) fn make_broadcast(&mut self, x: Id, shape: &[usize]) -> Id {
        if self.shape(x) == shape { x } else { self.make(Broadcast, &[x], shape) }
    }
}

fn joint_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        })
        .collect()
}

fn broadcast(r: &mut Rewriter<'_>, node: &Node) -> Option<Id> {
    let input = r.node(node.inputs[0]);
    match input.op {
        Op::Broadcast(_) => {
            let inner = input.inputs[0];
            Some(r.broadcast(inner, &node.shape))
        }
        Op::Reshape(_) => {
            let inner = input.inputs[0];
            let lead = input.shape.len().checked_sub(r.shape(inner).len())?;
            let adds_ones =
                input.shape[..lead].iter().all(|&n| n == 1) && &input.shape[lead..] == r.shape(inner);
            adds_ones.then(|| r.broadcast(inner, &node.shape))
        }
        _ => None,
    }
}
