//! Rules for known numbers.

use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::Op;

pub(super) fn rules() -> &'static [Rule] {
    &[
        // An op on known numbers is a known number.
        Rule {
            name: "constants",
            on: |op| !op.is_leaf() && !matches!(op, Op::Broadcast(_) | Op::Output(_) | Op::Placed(_)),
            apply: fold,
        },
    ]
}

/// The largest constant computed at compile time.
const FOLD: usize = 4096;

fn fold(r: &mut Rewriter<'_>, node: &Node) -> Option<Id> {
    let scalar =
        |&input: &Id| Some(AnyTensor::from(Tensor::scalar(r.number(input)?)).cast_to(r.element(input)));
    let uniform: Option<Vec<AnyTensor>> = node.inputs.iter().map(scalar).collect();
    if let (Some(scalars), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Reshape(_)) =
        (uniform, &node.op)
    {
        let value = value_of(node, scalars, &[])?;
        return Some(r.full(node.element, value.item_f64(), &node.shape));
    }
    let constant = |&input: &Id| match &r.node(input).op {
        Op::Constant(value) if value.0.len() <= FOLD => Some(value.0.clone()),
        _ => None,
    };
    let constants: Option<Vec<AnyTensor>> = node.inputs.iter().map(constant).collect();
    if node.shape.iter().product::<usize>() > FOLD || !node.others.is_empty() {
        return None;
    }
    Some(r.constant(value_of(node, constants?, &node.shape)?))
}

/// The value of an op on known inputs. An op that refuses its data will say so when the program runs.
fn value_of(node: &Node, mut inputs: Vec<AnyTensor>, shape: &[usize]) -> Option<AnyTensor> {
    if let Op::Select(_) = node.op {
        inputs[0] = inputs[0].cast_to(ElementType::Bool);
    }
    let values = node.op.forward(&inputs, &[(node.element, shape.to_vec())]).ok()?;
    Some(values[0].cast_to(node.element).contiguous())
}
