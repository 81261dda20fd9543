//! Which variables are updated where they stand, instead of by a buffer that is exchanged for theirs: less memory to move.

use std::collections::HashMap;

use super::fuse::{Unit, is_reduction};
use super::graph::{Graph, Id};
use super::layout::Layout;
use crate::ops::Op;
use crate::{Shared, Untyped};

/// For each new value that may be written over the old one: the variable's node. `updated` are the variables of the last
/// outputs.
///
/// A loop that computes the new value must read the old one, element by element, and be the last to read it. After it
/// nothing may fail, since a call that fails changes no variable.
pub(super) fn in_place(
    graph: &Graph,
    layouts: &[Layout],
    units: &[Unit],
    updated: &[Shared<Untyped>],
) -> HashMap<Id, Id> {
    let fails = |unit: &Unit| unit.members.iter().any(|&member| graph.nodes[member].op.rule().can_fail());
    let safe = units.iter().rposition(fails).map_or(0, |position| position + 1);
    let variable = |shared: &Shared<Untyped>| {
        graph.nodes.iter().position(|node| matches!(&node.op, Op::Shared(other) if other == shared))
    };
    // The nodes that a unit reads, as they are read.
    let reads = |unit: &Unit| {
        let inputs = unit.members.iter().flat_map(|&member| graph.nodes[member].inputs.iter().copied());
        inputs.collect::<Vec<Id>>()
    };
    let values = &graph.outputs[graph.outputs.len() - updated.len()..];
    let mut result = HashMap::new();
    for (&new, shared) in values.iter().zip(updated) {
        let computes = |unit: &Unit| unit.members.contains(&new);
        let (Some(old), Some(position)) = (variable(shared), units.iter().position(computes)) else {
            continue;
        };
        let (unit, shape) = (&units[position], &graph.nodes[new].shape);
        let of_old = |id: &Id| layouts[*id].root == old;
        let read: Vec<Id> = reads(unit).into_iter().filter(of_old).collect();
        let element_by_element = |&id: &Id| layouts[id] == layouts[old] && graph.nodes[id].shape == *shape;
        let only_here = units[position + 1..]
            .iter()
            .all(|later| reads(later).iter().all(|id| !of_old(id) && layouts[*id].root != new));
        let by_rows = |product: Id| graph.nodes[product].inputs.iter().any(of_old);
        let outputs = graph.outputs.iter().filter(|&&output| output == new).count();
        if position >= safe
            && unit.space.as_ref() == Some(shape)
            && !is_reduction(graph, new)
            && shape.iter().product::<usize>() > 1
            && !read.is_empty()
            && read.iter().all(element_by_element)
            && !unit.product.is_some_and(by_rows)
            && only_here
            && outputs == 1
        {
            result.insert(new, old);
        }
    }
    result
}
