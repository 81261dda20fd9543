//! Gathering element-wise operations, and the reductions that end them, into loops.
//!
//! Nodes are taken in order. An element-wise node joins a loop over the same shape in which one of its inputs is
//! computed; failing that, one that reads the same buffers. A reduction joins the loop of its input. What keeps a node
//! out: needing, through some other instruction, a result of the very loop it would join. Where a node's inputs come
//! from several loops, those are merged if nothing in between needs them apart.

use std::collections::{BTreeSet, HashMap};

use bayeux_tensor::ElementType;

use super::dependencies::Dependencies;
use super::epilogue::epilogues;
use super::graph::{Graph, Id};
use super::layout::Layout;
use super::passes::Off;
use super::sink::sink;
use super::target::Target;
use super::unit::{Unit, drawn_in_loops, is_reduction, space_of};
use super::verify::{verify_order, verify_units};
use super::watch::Watch;
use crate::ops::Op;

/// The instructions, in an order in which they can run.
pub(super) fn fuse(
    graph: &Graph,
    layouts: &[Layout],
    target: &Target,
    off: &Off,
    watch: &mut Watch,
) -> Vec<Unit> {
    let mut fusion = Fusion {
        graph,
        target,
        joins: !off.contains("fuse"),
        layouts,
        units: Vec::new(),
        unit_of: vec![None; graph.nodes.len()],
        dependencies: Dependencies::default(),
        open: HashMap::new(),
    };
    let drawn = drawn_in_loops(graph, layouts);
    for (id, layout) in layouts.iter().enumerate() {
        let noise = matches!(graph.nodes[id].op, Op::Noise(_)) && !drawn[id];
        if layout.root == id && (noise || !graph.nodes[id].op.is_leaf()) {
            fusion.place(id);
        }
    }
    let mut units = watch.lap("fuse", fusion.units);
    let check = |units: &[Option<Unit>]| {
        if cfg!(debug_assertions) {
            verify_units(graph, layouts, units);
        }
    };
    check(&units);
    let unit_of = match off.contains("sink") {
        true => fusion.unit_of,
        false => watch.lap("sink", sink(graph, layouts, target, &mut units)),
    };
    check(&units);
    let mut dependencies = Dependencies::of(graph, layouts, &units, &unit_of);
    if !off.contains("epilogue") {
        epilogues(graph, layouts, target, &mut units, &mut dependencies);
    }
    check(&units);
    watch.lap("epilogue", ());
    let order = dependencies.order(&units);
    let units: Vec<Unit> = order.into_iter().filter_map(|index| units[index].take()).collect();
    if cfg!(debug_assertions) {
        verify_order(graph, layouts, &units);
    }
    watch.lap("order", units)
}

struct Fusion<'a> {
    graph: &'a Graph,
    target: &'a Target,
    /// Whether nodes join loops, or each is one of its own.
    joins: bool,
    layouts: &'a [Layout],
    /// A merged unit is left behind as `None`.
    units: Vec<Option<Unit>>,
    unit_of: Vec<Option<usize>>,
    dependencies: Dependencies,
    /// The loops that have room, by their shape and the buffers that they read.
    open: HashMap<Vec<usize>, HashMap<Buffer, BTreeSet<usize>>>,
}

/// A buffer that a loop of a float type reads. Loops over a single element are all alike, and read `None`.
type Buffer = (ElementType, Option<Id>);

impl Fusion<'_> {
    fn unit(&self, index: usize) -> &Unit {
        self.units[index].as_ref().expect("a merged unit is not referred to")
    }

    /// The units whose results a node reads, in order.
    fn sources(&self, id: Id) -> Vec<usize> {
        let inputs = self.graph.nodes[id].inputs.iter();
        let mut sources: Vec<usize> =
            inputs.filter_map(|&input| self.unit_of[self.layouts[input].root]).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    fn place(&mut self, id: Id) {
        let space = space_of(self.graph, id).map(<[usize]>::to_vec);
        let home = match self.graph.nodes[id].op {
            // One of several values, with the others.
            Op::Output(_) => self.unit_of[self.graph.nodes[id].inputs[0]],
            _ if !self.joins => None,
            _ => space.as_ref().and_then(|space| self.home(id, space)),
        };
        let index = home.unwrap_or_else(|| {
            self.units.push(Some(Unit { members: Vec::new(), space, product: None }));
            self.dependencies.add_unit()
        });
        let sources = self.sources(id);
        self.dependencies.add(index, &sources);
        self.unit_of[id] = Some(index);
        self.units[index].as_mut().expect("just found or made").members.push(id);
        self.list(index, &[id]);
    }

    /// Lists a loop under the buffers that some of its members read, while it is open; once it is full, under none.
    fn list(&mut self, index: usize, members: &[Id]) {
        let Some(Unit { members: all, space: Some(space), .. }) = &self.units[index] else { return };
        if all.len() >= self.target.most_operations {
            let all = all.clone();
            return self.unlist(index, &all);
        }
        let buffers: Vec<Buffer> = members.iter().flat_map(|&member| self.buffers(member, space)).collect();
        let open = match self.open.get_mut(space) {
            Some(open) => open,
            None => self.open.entry(space.clone()).or_default(),
        };
        for buffer in buffers {
            open.entry(buffer).or_default().insert(index);
        }
    }

    /// Lists a loop no longer under the buffers that some members read.
    fn unlist(&mut self, index: usize, members: &[Id]) {
        for &member in members {
            let Some(space) = space_of(self.graph, member) else { return };
            let buffers = self.buffers(member, space);
            let Some(open) = self.open.get_mut(space) else { return };
            for buffer in buffers {
                open.get_mut(&buffer).map(|loops| loops.remove(&index));
            }
        }
    }

    /// The loop a node joins: that of an input if it may, merged with the loops of the other inputs if they may.
    fn home(&mut self, id: Id, space: &[usize]) -> Option<usize> {
        let sources = self.sources(id);
        self.dependencies.ask(&sources);
        let mut candidates = sources;
        candidates.retain(|&unit| self.unit(unit).space.as_deref() == Some(space));
        candidates.reverse();
        if let Some(mut found) = candidates.iter().copied().find(|&unit| self.may_join(id, unit)) {
            for other in candidates {
                if other != found && self.units[other].is_some() && self.may_join(id, other) {
                    found = self.merge(found, other).unwrap_or(found);
                    let sources = self.sources(id);
                    self.dependencies.ask(&sources);
                }
            }
            return Some(found);
        }
        let alike = self.alike(id, space);
        alike.into_iter().find(|&unit| self.may_join(id, unit))
    }

    /// The latest open loops that read what a node reads.
    fn alike(&self, id: Id, space: &[usize]) -> Vec<usize> {
        let Some(open) = self.open.get(space) else { return Vec::new() };
        let lists = self.buffers(id, space).into_iter().filter_map(|buffer| open.get(&buffer));
        let mut loops: Vec<usize> =
            lists.flat_map(|loops| loops.iter().rev().copied().take(self.target.candidates)).collect();
        loops.sort_unstable_by(|a, b| b.cmp(a));
        loops.dedup();
        loops.truncate(self.target.candidates);
        loops
    }

    /// The buffers with many elements that a node reads in a loop over a space.
    fn buffers(&self, id: Id, space: &[usize]) -> Vec<Buffer> {
        let element = self.graph.nodes[id].element;
        if space.is_empty() {
            return vec![(element, None)];
        }
        let inputs = self.graph.nodes[id].inputs.iter().map(|&input| self.layouts[input].root);
        let many = |&root: &Id| self.graph.nodes[root].shape.iter().product::<usize>() > 1;
        inputs.filter(many).map(|root| (element, Some(root))).collect()
    }

    /// Whether a node can be computed inside a loop: what it reads of the loop is there element by element, and what
    /// it reads of others does not wait for the loop. The question asked of the dependencies is that after its sources.
    fn may_join(&mut self, id: Id, index: usize) -> bool {
        let inside = |&input: &Id| {
            let root = self.layouts[input].root;
            self.unit_of[root] != Some(index) || (root == input && !is_reduction(self.graph, root))
        };
        self.unit(index).members.len() < self.target.most_operations
            && self.graph.nodes[id].inputs.iter().all(inside)
            && !self.dependencies.is_needed(index)
    }

    /// Makes one loop of two, if no third instruction must run between them and no view or reduction of one is read
    /// by the other. Gives the loop that is left.
    fn merge(&mut self, a: usize, b: usize) -> Option<usize> {
        let [needs_of_a, needs_of_b] = [a, b].map(|unit| self.dependencies.needs(unit));
        let (first, second) = if needs_of_a.binary_search(&b).is_ok() { (b, a) } else { (a, b) };
        let reads_inside = |&input: &Id| {
            let root = self.layouts[input].root;
            self.unit_of[root] != Some(first) || (root == input && !is_reduction(self.graph, root))
        };
        let fits =
            self.unit(second).members.iter().all(|&m| self.graph.nodes[m].inputs.iter().all(reads_inside));
        if !fits
            || self.unit(first).members.len() + self.unit(second).members.len() >= self.target.most_operations
        {
            return None;
        }
        for (needs, other) in [(needs_of_a, b), (needs_of_b, a)] {
            self.dependencies.ask(&needs);
            if self.dependencies.is_needed(other) {
                return None;
            }
        }
        let Unit { members, .. } = self.units[second].take()?;
        self.dependencies.merge(first, second);
        members.iter().for_each(|&member| self.unit_of[member] = Some(first));
        self.unlist(second, &members);
        let unit = self.units[first].as_mut()?;
        unit.members.extend(&members);
        unit.members.sort_unstable();
        self.list(first, &members);
        Some(first)
    }
}
