//! The slope of tanh from its value: sech² x = 1 − tanh² x.
//!
//! The right side costs two operations and mostly reads what is stored anyway, but it loses the digits of slopes below the rounding of 1:
//! it is 0 where |x| > 19 (f32: 9). That does not matter where slopes only go into sums with others, as in a network: through matrix
//! products and convolutions, which keep no more than the rounding of their largest term. There, and only there, the pass puts it.
//! Everywhere else the slope is computed from x: 4 e / (1 + e)² with e = exp(−2|x|). The logistic function's slope
//! sech²(x/2) / 4 is y (1 − y) under the same conditions.

use super::graph::{Builder, Graph, Id, Node};
use super::watch::Watch;
use crate::ops::{Binary, Constant, Op, PlacedMap, PoolMap, Unary};

pub(super) fn slopes(graph: Graph, _watch: &mut Watch) -> Graph {
    let is_slope = |node: &Node| matches!(node.op, Op::Unary(Unary::SechSquared));
    if !graph.nodes.iter().any(is_slope) {
        return graph;
    }
    let mixed = mixed(&graph);
    graph.rebuild_from(|b, node, id| {
        if !is_slope(node) {
            return b.push(node.clone());
        }
        if mixed[id] { from_value(b, node.inputs[0]) } else { from_argument(b, node.inputs[0]) }
    })
}

/// Which values go nowhere but into sums with others, and into some matrix product or convolution.
fn mixed(graph: &Graph) -> Vec<bool> {
    let n = graph.nodes.len();
    let (mut only_summed, mut in_products) = (vec![true; n], vec![false; n]);
    graph.outputs.iter().for_each(|&output| only_summed[output] = false);
    for (id, node) in graph.nodes.iter().enumerate().rev() {
        let (summed, product) = match &node.op {
            Op::Matmul(_) | Op::Conv2d(_) => (true, true),
            Op::Placed(op) if matches!(op.map, PlacedMap::Images(_) | PlacedMap::Filters(_)) => (true, true),
            Op::Sum(_) => (true, in_products[id]),
            Op::Pool2d(op) if op.map == PoolMap::Largest => (false, false),
            Op::Binary(Binary::Mul | Binary::Add | Binary::Sub)
            | Op::Unary(Unary::Neg)
            | Op::Select(_)
            | Op::Reshape(_)
            | Op::Transpose(_)
            | Op::Slice(_)
            | Op::Pad(_)
            | Op::Copy
            | Op::Pool2d(_)
            | Op::Placed(_) => (only_summed[id], in_products[id]),
            Op::Other(op) if op.operation().only_moves() => (only_summed[id], in_products[id]),
            _ => (false, false),
        };
        for &input in &node.inputs {
            only_summed[input] &= summed;
            in_products[input] |= product;
        }
    }
    only_summed.into_iter().zip(in_products).map(|(summed, product)| summed && product).collect()
}

/// 1 − y² of y = tanh x, or 4 y (1 − y) of y = σ(2x) for x that is half of something, as it is in the slope of σ. Mostly y is there
/// already. If not, it is computed all the same: that the value itself is needed elsewhere must not change the slope's digits.
fn from_value(b: &mut Builder, x: Id) -> Id {
    let shape = b.shape(x).to_vec();
    let is_there = b.find(Unary::Tanh, &[x], b.element(x), &shape).is_some();
    if let (false, Some(doubled)) = (is_there, doubled(b, x)) {
        let y = b.add(Unary::Sigmoid, vec![doubled], shape.clone());
        let [one, four] = [1.0, 4.0].map(|number| b.full_like(x, number, &shape));
        let rest = b.add(Binary::Sub, vec![one, y], shape.clone());
        let product = b.add(Binary::Mul, vec![y, rest], shape.clone());
        return b.add(Binary::Mul, vec![four, product], shape);
    }
    let y = b.add(Unary::Tanh, vec![x], shape.clone());
    let one = b.full_like(x, 1.0, &shape);
    let square = b.add(Unary::Square, vec![y], shape.clone());
    b.add(Binary::Sub, vec![one, square], shape)
}

/// The other factor of a product with ½.
fn doubled(b: &Builder, x: Id) -> Option<Id> {
    let Op::Binary(Binary::Mul) = b.node(x).op else { return None };
    let (p, q) = (b.node(x).inputs[0], b.node(x).inputs[1]);
    if is_half(b, p) { Some(q) } else { is_half(b, q).then_some(p) }
}

fn is_half(b: &Builder, id: Id) -> bool {
    match &b.node(id).op {
        Op::Constant(Constant(value)) => value.len() == 1 && value.item_f64() == 0.5,
        Op::Broadcast(_) | Op::Reshape(_) => is_half(b, b.node(id).inputs[0]),
        _ => false,
    }
}

/// 4 e / (1 + e)² with e = exp(−2|x|).
fn from_argument(b: &mut Builder, x: Id) -> Id {
    let shape = b.shape(x).to_vec();
    let [one, four, minus_two] = [1.0, 4.0, -2.0].map(|number| b.full_like(x, number, &shape));
    let mut add = |op: Op, inputs: Vec<Id>| b.add(op, inputs, shape.clone());
    let size = add(Unary::Abs.into(), vec![x]);
    let power = add(Binary::Mul.into(), vec![minus_two, size]);
    let e = add(Unary::Exp.into(), vec![power]);
    let sum = add(Binary::Add.into(), vec![one, e]);
    let square = add(Unary::Square.into(), vec![sum]);
    let above = add(Binary::Mul.into(), vec![four, e]);
    add(Binary::Div.into(), vec![above, square])
}
