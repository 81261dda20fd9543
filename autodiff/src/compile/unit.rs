//! What becomes one instruction, and which nodes can be part of a loop.

use super::graph::{Graph, Id};
use super::layout::Layout;
use crate::ops::Op;

/// What becomes one instruction.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The nodes it computes, in order. Several only in a loop.
    pub members: Vec<Id>,
    /// Of a loop: the shape it runs over.
    pub space: Option<Vec<usize>>,
    /// Of a loop: the member that is a matrix product, with which it goes on.
    pub product: Option<Id>,
}

/// The shape of the loop a node can be part of.
pub(super) fn space_of(graph: &Graph, id: Id) -> Option<&[usize]> {
    let node = &graph.nodes[id];
    // Whole numbers and truth values have kernels of their own.
    if !node.element.is_float() {
        return None;
    }
    match node.op {
        Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Copy => Some(&node.shape),
        Op::Sum(_) | Op::Max(_) => Some(&graph.nodes[node.inputs[0]].shape),
        _ => None,
    }
}

pub(super) fn is_reduction(graph: &Graph, id: Id) -> bool {
    matches!(graph.nodes[id].op, Op::Sum(_) | Op::Max(_))
}

/// The noise that every reader draws for itself, element by element, so that it is never stored.
pub(super) fn drawn_in_loops(graph: &Graph, layouts: &[Layout]) -> Vec<bool> {
    let mut drawn: Vec<bool> = graph.nodes.iter().map(|node| matches!(node.op, Op::Noise(_))).collect();
    graph.outputs.iter().for_each(|&output| drawn[output] = false);
    for (id, node) in graph.nodes.iter().enumerate().filter(|&(id, _)| layouts[id].root == id) {
        for &input in &node.inputs {
            let root = layouts[input].root;
            drawn[root] &= root == input && space_of(graph, id).is_some();
        }
    }
    drawn
}
