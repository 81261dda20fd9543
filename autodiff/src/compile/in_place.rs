//! Which variables are updated where they stand, instead of by a buffer that is exchanged for theirs: less memory to move.

use std::collections::HashMap;

use super::graph::{Graph, Id, Node};
use super::layout::Layout;
use super::unit::{Unit, is_reduction};
use crate::ops::Op;
use crate::{Shared, Untyped};

/// For each new value that may be written over the old one: the variable's node. `updated` are the variables of the last
/// outputs.
///
/// A loop that computes the new value must read the old one, element by element, and be the last to read it; or it is an operation
/// that adds to what is there, and looks at all that it is given before. After it nothing may fail, since a call that fails
/// changes no variable.
pub(super) fn in_place(
    graph: &Graph,
    layouts: &[Layout],
    units: &[Unit],
    updated: &[Shared<Untyped>],
) -> HashMap<Id, Id> {
    let positions = Positions::of(graph, layouts, units);
    let looked_at = looked_at(graph);
    let fails = |(position, unit): (usize, &Unit)| {
        unit.members.iter().any(|&member| {
            let node = &graph.nodes[member];
            let before = indices_of(graph, node).and_then(|indices| looked_at.get(&indices));
            let known =
                before.and_then(|&taken| positions.computed[taken]).is_some_and(|taken| taken < position);
            node.op.rule().can_fail() && !known
        })
    };
    let last = units.iter().enumerate().rev().find(|&unit| fails(unit)).map(|(position, _)| position);
    let safe = last.map_or(0, |position| position + 1);
    let mut variables: HashMap<usize, Id> = HashMap::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        if let Op::Shared(shared) = &node.op {
            variables.entry(shared.address()).or_insert(id);
        }
    }
    let mut outputs = vec![0; graph.nodes.len()];
    graph.outputs.iter().for_each(|&output| outputs[output] += 1);
    let values = &graph.outputs[graph.outputs.len() - updated.len()..];
    let mut result = HashMap::new();
    for (&new, shared) in values.iter().zip(updated) {
        let (Some(&old), Some(position)) = (variables.get(&shared.address()), positions.computed[new]) else {
            continue;
        };
        let (unit, shape) = (&units[position], &graph.nodes[new].shape);
        let of_old = |&&id: &&Id| layouts[id].root == old;
        let inputs = || unit.members.iter().flat_map(|&member| &graph.nodes[member].inputs);
        let mut read = inputs().filter(of_old).peekable();
        let element_by_element = |&id: &Id| layouts[id] == layouts[old] && graph.nodes[id].shape == *shape;
        let by_rows = |product: Id| graph.nodes[product].inputs.iter().any(|id| of_old(&id));
        let read_later = |id: Id| positions.last_read[id].is_some_and(|last| last > position);
        let over = graph.nodes[new].op.rule().writes_over().map(|input| graph.nodes[new].inputs[input]);
        // It looks before it writes.
        let adds_to = over == Some(old) && inputs().filter(of_old).count() == 1 && position + 1 >= safe;
        let in_loop = position >= safe && unit.space.as_ref() == Some(shape) && !is_reduction(graph, new);
        if (in_loop || adds_to)
            && shape.iter().product::<usize>() > 1
            && read.peek().is_some()
            && read.all(element_by_element)
            && !unit.product.is_some_and(by_rows)
            && !read_later(old)
            && !read_later(new)
            && outputs[new] == 1
        {
            result.insert(new, old);
        }
    }
    result
}

/// The positions that a node takes parts from, or adds parts to, and how many there are.
fn indices_of(graph: &Graph, node: &Node) -> Option<(Id, usize)> {
    match &node.op {
        Op::Take(op) => Some((node.inputs[1], graph.nodes[node.inputs[0]].shape[op.axis])),
        Op::Scatter(op) => Some((node.inputs[1], node.shape[op.axis])),
        _ => None,
    }
}

/// For the positions that some node has taken parts from: the first of them. They are not out of range for others then.
fn looked_at(graph: &Graph) -> HashMap<(Id, usize), Id> {
    let mut result = HashMap::new();
    for (id, node) in graph.nodes.iter().enumerate().filter(|(_, node)| matches!(node.op, Op::Take(_))) {
        if let Some(indices) = indices_of(graph, node) {
            result.entry(indices).or_insert(id);
        }
    }
    result
}

/// When values are computed and read, as positions of units.
struct Positions {
    /// Of each node, the first unit that computes it.
    computed: Vec<Option<usize>>,
    /// Of each buffer, the last unit that reads it.
    last_read: Vec<Option<usize>>,
}

impl Positions {
    fn of(graph: &Graph, layouts: &[Layout], units: &[Unit]) -> Self {
        let mut computed = vec![None; graph.nodes.len()];
        let mut last_read = computed.clone();
        for (position, unit) in units.iter().enumerate() {
            for &member in &unit.members {
                computed[member].get_or_insert(position);
                let inputs = graph.nodes[member].inputs.iter();
                inputs.for_each(|&input| last_read[layouts[input].root] = Some(position));
            }
        }
        Positions { computed, last_read }
    }
}
