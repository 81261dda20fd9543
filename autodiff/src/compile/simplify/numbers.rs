//! Rules for known numbers.

use bayeux_tensor::{Float, Tensor};

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::Op;

pub(super) fn rules<T: Float>() -> &'static [Rule<T>] {
    &[
        // An op on known numbers is a known number.
        Rule {
            name: "constants",
            on: |op| !op.is_leaf() && !matches!(op, Op::Broadcast(_) | Op::Custom(_)),
            apply: fold,
        },
    ]
}

/// The largest constant computed at compile time.
const FOLD: usize = 4096;

fn fold<T: Float>(r: &mut Rewriter<'_, T>, node: &Node<T>) -> Option<Id> {
    let uniform: Option<Vec<T>> = node.inputs.iter().map(|&input| r.number(input)).collect();
    if let (Some(numbers), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Reshape(_)) =
        (uniform, &node.op)
    {
        let scalars: Vec<Tensor<T>> = numbers.into_iter().map(Tensor::scalar).collect();
        let value = node.op.rule().forward(&scalars, &[]).ok()?;
        return Some(r.full(value.item(), &node.shape));
    }
    let constant = |&input: &Id| match &r.node(input).op {
        Op::Constant(value) if value.0.len() <= FOLD => Some(value.0.clone()),
        _ => None,
    };
    let constants: Option<Vec<Tensor<T>>> = node.inputs.iter().map(constant).collect();
    if node.shape.iter().product::<usize>() > FOLD {
        return None;
    }
    // An op that refuses its data will say so when the program runs.
    let value = node.op.rule().forward(&constants?, &node.shape).ok()?;
    Some(r.constant(value.contiguous()))
}
