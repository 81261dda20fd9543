//! The verifier that follows every pass in debug builds.

use super::graph::{Graph, Node};
use crate::ops::{Op, PlacedMap, len_of_places};

/// Panics, with the whole graph, unless everything is computed before it is read and the shapes of inputs and outputs
/// agree with what each op does.
pub(super) fn verify(graph: &Graph) {
    for (id, node) in graph.nodes.iter().enumerate() {
        assert!(node.inputs.iter().all(|&input| input < id), "%{id} reads what comes later\n{graph}");
        let inputs: Vec<&[usize]> =
            node.inputs.iter().map(|&input| graph.nodes[input].shape.as_slice()).collect();
        assert!(agrees(node, &inputs), "%{id}: inputs {inputs:?}, output {:?}\n{graph}", node.shape);
    }
    assert!(graph.outputs.iter().all(|&output| output < graph.nodes.len()), "an output is missing\n{graph}");
}

fn agrees(node: &Node, inputs: &[&[usize]]) -> bool {
    let shape = node.shape.as_slice();
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    let arity = |n: usize| inputs.len() == n;
    match &node.op {
        Op::Input(_) | Op::Shared(_) | Op::Noise(_) => arity(0),
        Op::Constant(value) => arity(0) && value.0.shape() == shape,
        Op::Size(_) | Op::StopGradient(_) => false, // gone since the trace
        Op::Unary(_) | Op::Copy => inputs == [shape],
        Op::Binary(_) => inputs == [shape; 2],
        Op::Select(_) => inputs == [shape; 3],
        Op::Reshape(_) => arity(1) && size(inputs[0]) == size(shape),
        Op::Transpose(op) => {
            arity(1)
                && shape.iter().zip(&op.0).all(|(&n, &axis)| inputs[0][axis] == n)
                && shape.len() == op.0.len()
        }
        Op::Broadcast(_) => {
            arity(1)
                && inputs[0].len() <= shape.len()
                && inputs[0].iter().rev().zip(shape.iter().rev()).all(|(&a, &b)| a == b || a == 1)
        }
        Op::Slice(op) => arity(1) && op.start + shape[op.axis] <= inputs[0][op.axis],
        Op::Pad(op) => arity(1) && op.before + inputs[0][op.axis] <= shape[op.axis],
        Op::Flip(_) => inputs == [shape],
        Op::Sum(op) => arity(1) && without(inputs[0], &op.0) == shape,
        Op::Max(op) => arity(1) && without(inputs[0], &op.0) == shape,
        Op::Concat(op) => inputs.iter().map(|input| input[op.0]).sum::<usize>() == shape[op.0],
        Op::Matmul(_) => {
            let rank = shape.len();
            let last = |shape: &[usize]| [shape[rank - 2], shape[rank - 1]];
            arity(2)
                && inputs.iter().all(|input| input.len() == rank && input[..rank - 2] == shape[..rank - 2])
                && [last(inputs[0])[0], last(inputs[1])[1]] == last(shape)
                && last(inputs[0])[1] == last(inputs[1])[0]
        }
        Op::Conv2d(_) => arity(2) && shape.len() == 4,
        Op::Pool2d(_) => !inputs.is_empty() && shape.len() == 4,
        Op::Placed(op) => match op.map {
            PlacedMap::Largest | PlacedMap::Forward(_) => shape.len() == 1,
            PlacedMap::Gather => arity(2) && shape.len() == 4,
            PlacedMap::Scatter => arity(2) && inputs[0] == [len_of_places::<T>(size(inputs[1]))],
            PlacedMap::Images(_) | PlacedMap::Filters(_) => {
                arity(3) && inputs[0] == [len_of_places::<T>(size(inputs[1]))]
            }
        },
        Op::Softmax(_) => arity(1) && inputs[0].starts_with(&shape[..inputs[0].len() - 1]),
        Op::OneHot(op) => arity(1) && shape.split_last() == Some((&op.0, inputs[0])),
        Op::Custom(_) => true, // its own shape rule has the say
    }
}

fn without(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    kept.map(|(_, &size)| size).collect()
}
