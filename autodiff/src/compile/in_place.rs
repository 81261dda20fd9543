//! Which variables are updated where they stand, instead of by a buffer that is exchanged for theirs: less memory to move.

use std::collections::HashMap;

use bayeux_tensor::Float;

use super::fuse::{Unit, is_reduction};
use super::graph::{Graph, Id};
use super::layout::Layout;
use crate::Shared;
use crate::ops::Op;

/// For each new value that may be written over the old one: the variable's node. `updated` are the variables of the last
/// outputs.
///
/// A loop that computes the new value must read the old one, element by element, and be the last to read it. After it
/// nothing may fail, since a call that fails changes no variable.
pub(super) fn in_place<T: Float>(
    graph: &Graph<T>,
    layouts: &[Layout],
    units: &[Unit],
    updated: &[Shared<T>],
) -> HashMap<Id, Id> {
    let fails = |unit: &Unit| unit.members.iter().any(|&member| graph.nodes[member].op.can_fail());
    let safe = units.iter().rposition(fails).map_or(0, |position| position + 1);
    let mut variables: HashMap<usize, Id> = HashMap::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        if let Op::Shared(shared) = &node.op {
            variables.entry(shared.address()).or_insert(id);
        }
    }
    let positions = Positions::of(graph, layouts, units);
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
        let inputs = unit.members.iter().flat_map(|&member| &graph.nodes[member].inputs);
        let mut read = inputs.filter(of_old).peekable();
        let element_by_element = |&id: &Id| layouts[id] == layouts[old] && graph.nodes[id].shape == *shape;
        let by_rows = |product: Id| graph.nodes[product].inputs.iter().any(|id| of_old(&id));
        let read_later = |id: Id| positions.last_read[id].is_some_and(|last| last > position);
        if position >= safe
            && unit.space.as_ref() == Some(shape)
            && !is_reduction(graph, new)
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

/// When values are computed and read, as positions of units.
struct Positions {
    /// Of each node, the first unit that computes it.
    computed: Vec<Option<usize>>,
    /// Of each buffer, the last unit that reads it.
    last_read: Vec<Option<usize>>,
}

impl Positions {
    fn of<T: Float>(graph: &Graph<T>, layouts: &[Layout], units: &[Unit]) -> Self {
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
