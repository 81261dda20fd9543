//! Moving element-wise operations into the loop that needs their results.
//!
//! Fusion puts an operation beside its inputs. Where all its readers are in one later loop, the value is stored for them and
//! read again. Often that loop has the inputs at hand too: an adjoint reads the parameters that the forward pass read, and
//! y suffices for 1 − y². Then the operation moves, and less memory is touched. A cheap operation on the way, which the first
//! loop needs as well, is computed in both.

use std::collections::HashSet;

use super::graph::{Graph, Id};
use super::layout::Layout;
use super::target::Target;
use super::unit::{Unit, is_reduction};
use crate::ops::{Binary, Op, Unary};

/// Moves operations between the units where it pays. Gives for each node the unit that computes it for the others.
pub(super) fn sink(
    graph: &Graph,
    layouts: &[Layout],
    target: &Target,
    units: &mut [Option<Unit>],
) -> Vec<Option<usize>> {
    let mut readers = vec![Vec::new(); graph.nodes.len()];
    for (id, node) in graph.nodes.iter().enumerate().filter(|&(id, _)| layouts[id].root == id) {
        node.inputs.iter().for_each(|&input| readers[layouts[input].root].push((id, input)));
    }
    let mut unit_of = vec![None; graph.nodes.len()];
    for (index, unit) in units.iter().enumerate() {
        unit.iter().flat_map(|unit| &unit.members).for_each(|&member| unit_of[member] = Some(index));
    }
    let mut is_output = vec![false; graph.nodes.len()];
    graph.outputs.iter().for_each(|&output| is_output[output] = true);
    let mut sinking = Sinking { graph, layouts, target, units, readers, is_output, unit_of };
    for from in (0..sinking.units.len()).rev() {
        for to in sinking.later_loops(from) {
            sinking.move_between(from, to);
        }
    }
    for index in 0..sinking.units.len() {
        sinking.repeat_in(index);
    }
    sinking.unit_of
}

/// Whether an operation costs less than reading its result.
fn is_cheap(op: &Op) -> bool {
    match op {
        Op::Unary(op) => matches!(op, Unary::Neg | Unary::Square | Unary::Abs),
        Op::Binary(op) => matches!(op, Binary::Add | Binary::Sub | Binary::Mul),
        _ => false,
    }
}

struct Sinking<'a> {
    graph: &'a Graph,
    layouts: &'a [Layout],
    target: &'a Target,
    units: &'a mut [Option<Unit>],
    /// For each buffer the nodes that read it, and through which node they see it.
    readers: Vec<Vec<(Id, Id)>>,
    is_output: Vec<bool>,
    unit_of: Vec<Option<usize>>,
}

impl Sinking<'_> {
    fn members(&self, index: usize) -> &[Id] {
        self.units[index].as_ref().map_or(&[], |unit| &unit.members)
    }

    /// The loops over the same shape that read what this one computes.
    fn later_loops(&self, from: usize) -> Vec<usize> {
        let Some(Unit { members, space: Some(space), .. }) = &self.units[from] else { return Vec::new() };
        let readers = members.iter().flat_map(|&member| &self.readers[member]);
        let mut loops: Vec<usize> = readers
            .filter_map(|&(reader, _)| self.unit_of[reader])
            .filter(|&unit| {
                unit != from
                    && self.units[unit].as_ref().is_some_and(|unit| unit.space.as_ref() == Some(space))
            })
            .collect();
        loops.sort_unstable();
        loops.dedup();
        loops
    }

    fn move_between(&mut self, from: usize, to: usize) {
        for group in self.groups(&self.only_for(from, to)) {
            let repeated = self.repeated(&group, from, to);
            let fits = self.members(to).len() + group.len() + repeated.len() < self.target.most_operations;
            if fits && self.cost_moved(&group, &repeated, from, to) < self.cost_stored(&group, to) {
                group.iter().for_each(|&id| self.unit_of[id] = Some(to));
                if let Some(unit) = &mut self.units[from] {
                    unit.members.retain(|id| !group.contains(id));
                }
                if let Some(unit) = &mut self.units[to] {
                    unit.members.extend(group.into_iter().chain(repeated));
                    unit.members.sort_unstable();
                    unit.members.dedup();
                }
            }
        }
        if self.members(from).is_empty() {
            self.units[from] = None;
        }
    }

    /// The operations of one loop that serve nothing but another loop, which sees their values element by element.
    fn only_for(&self, from: usize, to: usize) -> HashSet<Id> {
        let mut found: HashSet<Id> = HashSet::new();
        for &id in self.members(from).iter().rev() {
            let only = self.readers[id].iter().all(|&(reader, seen)| {
                seen == id && (self.unit_of[reader] == Some(to) || found.contains(&reader))
            });
            let needed = self.is_output[id] || self.readers[id].is_empty();
            if only && !needed && !is_reduction(self.graph, id) {
                found.insert(id);
            }
        }
        found
    }

    /// Operations that share a value, with each other or one from outside the set that has to be stored.
    fn groups(&self, ids: &HashSet<Id>) -> Vec<Vec<Id>> {
        let mut ordered: Vec<Id> = ids.iter().copied().collect();
        ordered.sort_unstable();
        let mut groups: Vec<Vec<Id>> = Vec::new();
        for id in ordered {
            let linked = |group: &Vec<Id>| {
                group.iter().any(|&other| {
                    let inputs = &self.graph.nodes[id].inputs;
                    inputs.contains(&other)
                        || self.graph.nodes[other].inputs.iter().any(|&input| {
                            inputs.contains(&input) && !self.is_cheap_to_read(input) && !self.is_leaf(input)
                        })
                })
            };
            let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(linked);
            joined.push(vec![id]);
            groups = apart;
            groups.push(joined.concat());
        }
        groups
    }

    /// Passes over memory if the group stays: each value that the other loop reads is stored.
    fn cost_stored(&self, group: &[Id], to: usize) -> usize {
        let read = |&&id: &&Id| self.readers[id].iter().any(|&(reader, _)| self.unit_of[reader] == Some(to));
        group.iter().filter(read).count() * self.target.stored
    }

    /// Computes again what a loop would read though it has all it takes at hand: a sampled weight, for one, is its mean plus
    /// noise times its deviation, and the loop that needs it for the prior's gradient has those for the updates.
    fn repeat_in(&mut self, index: usize) {
        let Some(Unit { members, space: Some(space), .. }) = &self.units[index] else { return };
        let inputs = self.outside(members);
        let mut more = Vec::new();
        for input in inputs.into_iter().filter(|&input| self.graph.nodes[input].shape == *space) {
            more.extend(
                self.made_of_what_is_read(input, members, self.target.most_repeated).unwrap_or_default(),
            );
        }
        if let Some(unit) = &mut self.units[index]
            && unit.members.len() + more.len() < self.target.most_operations
        {
            unit.members.extend(more);
            unit.members.sort_unstable();
            unit.members.dedup();
        }
    }

    /// The cheap operations, at most so many one after the other, that make a value of what some others read besides it.
    fn made_of_what_is_read(&self, id: Id, members: &[Id], steps: usize) -> Option<Vec<Id>> {
        if steps == 0 || self.layouts[id].root != id || !is_cheap(&self.graph.nodes[id].op) {
            return None;
        }
        let mut all = vec![id];
        for &input in &self.graph.nodes[id].inputs {
            // Noise is read by no one, but drawing it costs more than reading what is made of it.
            let noise = matches!(self.graph.nodes[self.layouts[input].root].op, Op::Noise(_));
            let is_read = members.contains(&input)
                || self.is_cheap_to_read(input) && !noise
                || members.iter().any(|&member| self.graph.nodes[member].inputs.contains(&input));
            if !is_read {
                all.extend(self.made_of_what_is_read(input, members, steps - 1)?);
            }
        }
        Some(all)
    }

    /// What the group reads of the loop it leaves that is not stored, but that a cheap operation makes of what is there.
    fn repeated(&self, group: &[Id], from: usize, to: usize) -> Vec<Id> {
        let mut inputs = self.outside(group);
        inputs.retain(|&id| {
            is_cheap(&self.graph.nodes[id].op)
                && self.cost_to_read(id, group, from, to) == self.target.stored
                && self
                    .outside(&[id])
                    .iter()
                    .all(|&input| self.cost_to_read(input, group, from, to) <= self.target.read)
        });
        inputs
    }

    /// The values of many elements that some operations read from outside.
    fn outside(&self, ids: &[Id]) -> Vec<Id> {
        let mut inputs: Vec<Id> = ids.iter().flat_map(|&id| self.graph.nodes[id].inputs.clone()).collect();
        inputs.sort_unstable();
        inputs.dedup();
        inputs.retain(|input| !ids.contains(input) && !self.is_cheap_to_read(*input));
        inputs
    }

    /// Passes over memory if the group moves, and with it what is repeated: what they read from outside must be there.
    fn cost_moved(&self, group: &[Id], repeated: &[Id], from: usize, to: usize) -> usize {
        let all = [group, repeated].concat();
        self.outside(&all).iter().map(|&input| self.cost_to_read(input, group, from, to)).sum()
    }

    /// Passes over memory for a value that the group brings another loop to read.
    fn cost_to_read(&self, id: Id, group: &[Id], from: usize, to: usize) -> usize {
        let layout = &self.layouts[id];
        let read_already = self.members(to).iter().any(|&member| {
            let inputs = &self.graph.nodes[member].inputs;
            member == id || inputs.iter().any(|&other| self.layouts[other] == *layout)
        });
        let stored = self.is_output[layout.root]
            || self.readers[layout.root]
                .iter()
                .any(|(reader, _)| !group.contains(reader) && self.unit_of[*reader] != Some(from));
        match self.unit_of[layout.root] {
            _ if read_already => 0,
            Some(unit) if unit == from && !stored => self.target.stored,
            _ => self.target.read,
        }
    }

    /// Whether a value has few elements, is repeated, or drawn anew.
    fn is_cheap_to_read(&self, id: Id) -> bool {
        let layout = &self.layouts[id];
        layout.strides.iter().zip(&self.graph.nodes[id].shape).any(|(&stride, &n)| stride == 0 && n > 1)
            || self.graph.nodes[id].shape.iter().product::<usize>() <= 1
            || (matches!(self.graph.nodes[layout.root].op, Op::Noise(_))
                && self.unit_of[layout.root].is_none())
    }

    fn is_leaf(&self, id: Id) -> bool {
        self.graph.nodes[self.layouts[id].root].op.is_leaf()
    }
}
