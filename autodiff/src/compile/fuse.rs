//! Gathering element-wise operations, and the reductions that end them, into loops.
//!
//! Nodes are taken in order. An element-wise node joins a loop over the same shape in which one of its inputs is
//! computed; failing that, one that reads the same buffers. A reduction joins the loop of its input. What keeps a node
//! out: needing, through some other instruction, a result of the very loop it would join. Where a node's inputs come
//! from several loops, those are merged if nothing in between needs them apart.

use std::collections::HashSet;

use super::epilogue::{depends, epilogues};
use super::graph::{Graph, Id};
use super::layout::Layout;
use super::sink::sink;
use crate::ops::Op;

/// The most operations in one loop: what it keeps for a block must fit into a cache.
pub(super) const MOST: usize = 48;

/// What becomes one instruction.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// The nodes it computes, in order. Several only in a loop.
    pub members: Vec<Id>,
    /// Of a loop: the shape it runs over.
    pub space: Option<Vec<usize>>,
    /// Of a loop: the member that is a matrix product, with which it goes on.
    pub product: Option<Id>,
    /// The units whose results it reads.
    pub needs: HashSet<usize>,
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

/// The instructions, in an order in which they can run.
pub(super) fn fuse(graph: &Graph, layouts: &[Layout]) -> Vec<Unit> {
    let mut fusion = Fusion { graph, layouts, units: Vec::new(), unit_of: vec![None; graph.nodes.len()] };
    let drawn = drawn_in_loops(graph, layouts);
    for (id, layout) in layouts.iter().enumerate() {
        let noise = matches!(graph.nodes[id].op, Op::Noise(_)) && !drawn[id];
        if layout.root == id && (noise || !graph.nodes[id].op.is_leaf()) {
            fusion.place(id);
        }
    }
    fusion.units = sink(graph, layouts, fusion.units);
    epilogues(graph, layouts, &mut fusion.units);
    fusion.in_order()
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

struct Fusion<'a> {
    graph: &'a Graph,
    layouts: &'a [Layout],
    /// A merged unit is left behind as `None`.
    units: Vec<Option<Unit>>,
    unit_of: Vec<Option<usize>>,
}

impl Fusion<'_> {
    fn unit(&self, index: usize) -> &Unit {
        self.units[index].as_ref().expect("a merged unit is not referred to")
    }

    /// The units whose results a node reads.
    fn sources(&self, id: Id) -> HashSet<usize> {
        let inputs = self.graph.nodes[id].inputs.iter();
        inputs.filter_map(|&input| self.unit_of[self.layouts[input].root]).collect()
    }

    fn place(&mut self, id: Id) {
        let space = space_of(self.graph, id).map(<[usize]>::to_vec);
        let home = match self.graph.nodes[id].op {
            // One of several values, with the others.
            Op::Output(_) => self.unit_of[self.graph.nodes[id].inputs[0]],
            _ => space.as_ref().and_then(|space| self.home(id, space)),
        };
        let index = match home {
            Some(index) => index,
            None => {
                self.units.push(Some(Unit {
                    members: Vec::new(),
                    space,
                    product: None,
                    needs: HashSet::new(),
                }));
                self.units.len() - 1
            }
        };
        let sources = self.sources(id);
        self.unit_of[id] = Some(index);
        let unit = self.units[index].as_mut().expect("just found or made");
        unit.members.push(id);
        unit.needs.extend(sources.into_iter().filter(|&source| source != index));
    }

    /// The loop a node joins: that of an input if it may, merged with the loops of the other inputs if they may.
    fn home(&mut self, id: Id, space: &[usize]) -> Option<usize> {
        let mut candidates: Vec<usize> = self.sources(id).into_iter().collect();
        candidates.retain(|&unit| self.unit(unit).space.as_deref() == Some(space));
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        let mut home = candidates.iter().copied().find(|&unit| self.may_join(id, unit));
        if let Some(mut found) = home {
            for other in candidates {
                if other != found && self.units[other].is_some() && self.may_join(id, other) {
                    found = self.merge(found, other).unwrap_or(found);
                }
            }
            home = Some(found);
        }
        home.or_else(|| {
            let reads = self.buffers(id);
            let alike = |index: usize| {
                self.units[index].as_ref().is_some_and(|unit| {
                    unit.space.as_deref() == Some(space)
                        && (space.is_empty()
                            || unit.members.iter().any(|&member| !self.buffers(member).is_disjoint(&reads)))
                })
            };
            (0..self.units.len()).rev().find(|&index| alike(index) && self.may_join(id, index))
        })
    }

    /// The buffers with many elements that a node reads.
    fn buffers(&self, id: Id) -> HashSet<Id> {
        let inputs = self.graph.nodes[id].inputs.iter().map(|&input| self.layouts[input].root);
        inputs.filter(|&root| self.graph.nodes[root].shape.iter().product::<usize>() > 1).collect()
    }

    /// Whether a node can be computed inside a loop: what it reads of the loop is there element by element, and what
    /// it reads of others does not wait for the loop.
    fn may_join(&self, id: Id, index: usize) -> bool {
        let unit = self.unit(index);
        let inside = |&input: &Id| {
            let root = self.layouts[input].root;
            self.unit_of[root] != Some(index) || (root == input && !is_reduction(self.graph, root))
        };
        unit.members.len() < MOST
            && self.graph.nodes[id].inputs.iter().all(inside)
            && self
                .sources(id)
                .into_iter()
                .all(|source| source == index || !depends(&self.units, source, index))
    }

    /// Makes one loop of two, if no third instruction must run between them and no view or reduction of one is read
    /// by the other. Gives the loop that is left.
    fn merge(&mut self, a: usize, b: usize) -> Option<usize> {
        let (first, second) = if depends(&self.units, a, b) { (b, a) } else { (a, b) };
        let between = |&need: &usize| need != first && depends(&self.units, need, first);
        if self.unit(second).needs.iter().any(between) || depends(&self.units, first, second) {
            return None;
        }
        let reads_inside = |&input: &Id| {
            let root = self.layouts[input].root;
            self.unit_of[root] != Some(first) || (root == input && !is_reduction(self.graph, root))
        };
        let fits =
            self.unit(second).members.iter().all(|&m| self.graph.nodes[m].inputs.iter().all(reads_inside));
        if !fits || self.unit(first).members.len() + self.unit(second).members.len() >= MOST {
            return None;
        }
        let gone = self.units[second].take()?;
        gone.members.iter().for_each(|&member| self.unit_of[member] = Some(first));
        for unit in self.units.iter_mut().flatten() {
            if unit.needs.remove(&second) {
                unit.needs.insert(first);
            }
        }
        let unit = self.units[first].as_mut()?;
        unit.members.extend(gone.members);
        unit.members.sort_unstable();
        unit.needs.extend(gone.needs);
        unit.needs.remove(&first);
        Some(first)
    }

    /// Units after those they need; among those that could run, the one whose last node came first.
    fn in_order(self) -> Vec<Unit> {
        let mut waiting: Vec<(usize, Unit)> =
            self.units.into_iter().enumerate().filter_map(|(index, unit)| Some((index, unit?))).collect();
        waiting.sort_by_key(|(_, unit)| unit.members.last().copied());
        let mut done = HashSet::new();
        let mut order = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|(_, unit)| unit.needs.is_subset(&done));
            let (index, unit) = waiting.remove(ready.expect("units do not need each other in a circle"));
            done.insert(index);
            order.push(unit);
        }
        order
    }
}
