//! Constants, algebra, and the forms that keep their digits: here what all rules share, and known numbers.
//!
//! Every rule looks at one node whose inputs are simplified already, and either answers with what replaces it or with
//! nothing. The rules stand one below the other, grouped by the op they look at. Between numbers far from overflow a rule
//! changes results by rounding errors only; where a user writes the textbook formula, the rule puts the stable one. What is
//! multiplied by a known 0 is 0, even if it would not be a number.

mod algebra;
mod shapes;

use bayeux_tensor::{AnyTensor, ElementType, Tensor};

use super::graph::{Builder, Graph, Id, Node};
use crate::ops::{Binary, Op, Softmax, Unary};
use algebra::{binary, unary};
use shapes::{broadcast, reshape, select, sum, transpose};

pub(super) fn simplify(graph: Graph) -> Graph {
    graph.rebuild(simplified)
}

/// Adds a node in its simplest form.
fn simplified(b: &mut Builder, node: &Node) -> Id {
    if let Some(id) = fold(b, node) {
        return id;
    }
    let rewritten = match &node.op {
        // The rules are those of real numbers.
        Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Sum(_) if !node.element.is_float() => None,
        Op::Unary(op) => unary(b, *op, node.inputs[0]),
        Op::Binary(op) => binary(b, *op, node.inputs[0], node.inputs[1]),
        Op::Select(_) => select(b, node),
        Op::Reshape(_) => reshape(b, node),
        Op::Broadcast(_) => broadcast(b, node),
        Op::Transpose(op) => transpose(b, op, node),
        Op::Sum(op) => sum(b, op, node),
        // softmax x = exp(log_softmax x), where that is there: cross-entropy and its adjoint share the exponentials
        Op::Softmax(Softmax::Probabilities) => b
            .find(Softmax::Logarithms, &node.inputs, node.element, &node.shape)
            .map(|logarithms| make_unary(b, Unary::Exp, logarithms)),
        Op::Slice(_) | Op::Pad(_) if b.shape(node.inputs[0]) == node.shape => Some(node.inputs[0]),
        _ => None,
    };
    rewritten.unwrap_or_else(|| b.push(node.clone()))
}

/// Adds an op, simplified.
fn make(b: &mut Builder, op: impl Into<Op>, inputs: &[Id], shape: &[usize]) -> Id {
    let element = inputs.last().map_or(ElementType::F32, |&input| b.element(input));
    simplified(b, &Node::new(op, inputs, element, shape))
}

fn make_unary(b: &mut Builder, op: Unary, x: Id) -> Id {
    let shape = b.shape(x).to_vec();
    make(b, op, &[x], &shape)
}

fn make_binary(b: &mut Builder, op: Binary, x: Id, y: Id) -> Id {
    let shape = b.shape(x).to_vec();
    make(b, op, &[x, y], &shape)
}

/// The one number a node holds everywhere, if it is known.
fn number(b: &Builder, id: Id) -> Option<f64> {
    let node = b.node(id);
    match &node.op {
        Op::Constant(value) if value.0.len() == 1 && node.element.is_float() => Some(value.0.item_f64()),
        Op::Broadcast(_) | Op::Reshape(_) => number(b, node.inputs[0]),
        _ => None,
    }
}

fn is(b: &Builder, id: Id, value: f64) -> bool {
    number(b, id).is_some_and(|number| number == value)
}

/// The input of a node that is this function.
fn argument(b: &Builder, id: Id, op: Unary) -> Option<Id> {
    let node = b.node(id);
    matches!(&node.op, Op::Unary(found) if *found == op).then(|| node.inputs[0])
}

fn arguments(b: &Builder, id: Id, op: Binary) -> Option<(Id, Id)> {
    let node = b.node(id);
    matches!(&node.op, Op::Binary(found) if *found == op).then(|| (node.inputs[0], node.inputs[1]))
}

/// If one of two is the number, the other.
fn other(b: &Builder, (x, y): (Id, Id), value: f64) -> Option<Id> {
    if is(b, x, value) {
        Some(y)
    } else if is(b, y, value) {
        Some(x)
    } else {
        None
    }
}

/// The largest constant computed at compile time.
const FOLD: usize = 4096;

/// An op on known numbers is a known number.
fn fold(b: &mut Builder, node: &Node) -> Option<Id> {
    if node.inputs.is_empty() || matches!(node.op, Op::Broadcast(_)) {
        return None;
    }
    let uniform: Option<Vec<AnyTensor>> = node
        .inputs
        .iter()
        .map(|&input| Some(AnyTensor::from(Tensor::scalar(number(b, input)?)).cast_to(b.element(input))))
        .collect();
    if let (Some(scalars), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Reshape(_)) =
        (uniform, &node.op)
    {
        let value = value_of(node, scalars, &[])?;
        return Some(b.full(node.element, value.item_f64(), &node.shape));
    }
    let constant = |&input: &Id| match &b.node(input).op {
        Op::Constant(value) if value.0.len() <= FOLD => Some(value.0.clone()),
        _ => None,
    };
    let constants: Option<Vec<AnyTensor>> = node.inputs.iter().map(constant).collect();
    let several = matches!(node.op, Op::Output(_) | Op::Placed(_)) || !node.others.is_empty();
    if node.shape.iter().product::<usize>() > FOLD || several {
        return None;
    }
    Some(b.constant(value_of(node, constants?, &node.shape)?))
}

/// The value of an op on known inputs. An op that refuses its data will say so when the program runs.
fn value_of(node: &Node, mut inputs: Vec<AnyTensor>, shape: &[usize]) -> Option<AnyTensor> {
    if let Op::Select(_) = node.op {
        inputs[0] = inputs[0].cast_to(ElementType::Bool);
    }
    let values = node.op.forward(&inputs, &[(node.element, shape.to_vec())]).ok()?;
    Some(values[0].cast_to(node.element).contiguous())
}
