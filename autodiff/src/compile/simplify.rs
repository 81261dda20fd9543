//! Constants, algebra, and the forms that keep their digits: here what all rules share, and known numbers.
//!
//! Every rule looks at one node whose inputs are simplified already, and either answers with what replaces it or with
//! nothing. The rules stand one below the other, grouped by the op they look at. Between numbers far from overflow a rule
//! changes results by rounding errors only; where a user writes the textbook formula, the rule puts the stable one. What is
//! multiplied by a known 0 is 0, even if it would not be a number.

mod algebra;
mod shapes;

use bayeux_tensor::{Float, Tensor};

use super::graph::{Builder, Graph, Id, Node};
use crate::ops::{Binary, Op, Softmax, Unary};
use algebra::{binary, unary};
use shapes::{broadcast, reshape, select, sum, transpose};

pub(super) fn simplify(graph: Graph) -> Graph {
    graph.rebuild(|builder, node| simplified(builder, node))
}

/// Adds a node in its simplest form.
fn simplified(b: &mut Builder, node: &Node) -> Id {
    if let Some(id) = fold(b, node) {
        return id;
    }
    let rewritten = match &node.op {
        Op::Unary(op) => unary(b, *op, node.inputs[0]),
        Op::Binary(op) => binary(b, *op, node.inputs[0], node.inputs[1]),
        Op::Select(_) => select(b, node),
        Op::Reshape(_) => reshape(b, node),
        Op::Broadcast(_) => broadcast(b, node),
        Op::Transpose(op) => transpose(b, op, node),
        Op::Sum(op) => sum(b, op, node),
        // softmax x = exp(log_softmax x), where that is there: cross-entropy and its adjoint share the exponentials
        Op::Softmax(Softmax::Probabilities) => b
            .find(Softmax::Logarithms, &node.inputs, &node.shape)
            .map(|logarithms| make_unary(b, Unary::Exp, logarithms)),
        Op::Slice(_) | Op::Pad(_) if b.shape(node.inputs[0]) == node.shape => Some(node.inputs[0]),
        _ => None,
    };
    rewritten.unwrap_or_else(|| b.add(node.op.clone(), node.inputs.clone(), node.shape.clone()))
}

/// Adds an op, simplified.
fn make(b: &mut Builder, op: impl Into<Op>, inputs: &[Id], shape: &[usize]) -> Id {
    let node = Node { op: op.into(), inputs: inputs.to_vec(), shape: shape.to_vec(), name: None };
    simplified(b, &node)
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
fn number(b: &Builder, id: Id) -> Option<T> {
    let node = b.node(id);
    match &node.op {
        Op::Constant(value) if value.0.len() == 1 => Some(value.0.item()),
        Op::Broadcast(_) | Op::Reshape(_) => number(b, node.inputs[0]),
        _ => None,
    }
}

fn is(b: &Builder, id: Id, value: f64) -> bool {
    number(b, id).is_some_and(|number| number.to_f64() == value)
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
    let uniform: Option<Vec<T>> = node.inputs.iter().map(|&input| number(b, input)).collect();
    if let (Some(numbers), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Reshape(_)) =
        (uniform, &node.op)
    {
        let scalars: Vec<Tensor<T>> = numbers.into_iter().map(Tensor::scalar).collect();
        let value = node.op.rule().forward(&scalars, &[]).ok()?;
        return Some(b.full(value.item(), &node.shape));
    }
    let constant = |&input: &Id| match &b.node(input).op {
        Op::Constant(value) if value.0.len() <= FOLD => Some(value.0.clone()),
        _ => None,
    };
    let constants: Option<Vec<Tensor<T>>> = node.inputs.iter().map(constant).collect();
    if node.shape.iter().product::<usize>() > FOLD || matches!(node.op, Op::Custom(_)) {
        return None;
    }
    // An op that refuses its data will say so when the program runs.
    let value = node.op.rule().forward(&constants?, &node.shape).ok()?;
    Some(b.constant(value.contiguous()))
}
