//! Which units wait for which, while units merge: asked for every node that might join a loop, so that no answer may cost a walk
//! through the whole graph.

use super::fuse::Unit;
use super::graph::Graph;
use super::layout::Layout;

/// The most edges that one question looks at. Where that does not suffice the answer is that it waits, which is always safe: a
/// loop may then be cut in two. Only graphs of thousands of units can ask as much, and then mostly of units that do wait, through
/// a long chain.
const MOST_EDGES: usize = 1 << 12;

/// The units' needs and readers. A unit that was merged into another is known by that other's number from then on.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// The units whose results each unit reads,
    needs: Vec<Vec<usize>>,
    /// and those that read its results. Both may hold numbers from before a merger.
    readers: Vec<Vec<usize>>,
    /// What each unit was merged into: itself if it is still there.
    merged: Vec<usize>,
    question: Question,
}

/// The marks of a question: a unit is marked if it has the question's number.
#[derive(Debug, Default)]
struct Question {
    number: u32,
    /// The units that are asked about,
    asked: Vec<u32>,
    /// those that these are known to wait for,
    needed: Vec<u32>,
    /// and, for the last unit that was named, those that are known to wait for it; that one itself too.
    target: u32,
    waiting: Vec<u32>,
    down: Queue,
    up: Queue,
    /// How many edges may still be looked at.
    left: usize,
}

/// Units whose edges are followed, one after the other.
#[derive(Debug, Default)]
struct Queue {
    units: Vec<usize>,
    /// The unit, and the edge of it, that is next.
    next: (usize, usize),
}

impl Queue {
    fn restart(&mut self) {
        self.units.clear();
        self.next = (0, 0);
    }

    /// The next edge: from a unit of the queue to another.
    fn edge(&mut self, edges: &[Vec<usize>]) -> Option<(usize, usize)> {
        loop {
            let &unit = self.units.get(self.next.0)?;
            if let Some(&other) = edges[unit].get(self.next.1) {
                self.next.1 += 1;
                return Some((unit, other));
            }
            self.next = (self.next.0 + 1, 0);
        }
    }
}

impl Dependencies {
    /// Those of finished units. `unit_of` says for each node which unit computes it for the others.
    pub fn of(graph: &Graph, layouts: &[Layout], units: &[Option<Unit>], unit_of: &[Option<usize>]) -> Self {
        let mut dependencies = Dependencies::default();
        units.iter().for_each(|_| _ = dependencies.add_unit());
        for (index, unit) in units.iter().enumerate() {
            let members = unit.iter().flat_map(|unit| &unit.members);
            let inputs = members.flat_map(|&member| &graph.nodes[member].inputs);
            let mut needs: Vec<usize> = inputs
                .filter_map(|&input| unit_of[layouts[input].root])
                .filter(|&need| need != index)
                .collect();
            needs.sort_unstable();
            needs.dedup();
            dependencies.add(index, &needs);
        }
        dependencies
    }

    /// A unit that needs nothing yet; its number.
    pub fn add_unit(&mut self) -> usize {
        let unit = self.merged.len();
        self.merged.push(unit);
        self.needs.push(Vec::new());
        self.readers.push(Vec::new());
        self.question.asked.push(0);
        self.question.needed.push(0);
        self.question.waiting.push(0);
        unit
    }

    /// Adds what a unit needs besides what it needed before.
    pub fn add(&mut self, unit: usize, needs: &[usize]) {
        let before = self.needs[unit].len();
        for &need in needs.iter().filter(|&&need| need != unit) {
            if !self.needs[unit][..before].contains(&need) {
                self.needs[unit].push(need);
                self.readers[need].push(unit);
            }
        }
    }

    /// What a unit needs, in order.
    pub fn needs(&mut self, unit: usize) -> Vec<usize> {
        let edges = self.needs[unit].clone();
        self.present(unit, edges)
    }

    /// What needs a unit, in order.
    pub fn readers(&mut self, unit: usize) -> Vec<usize> {
        let edges = self.readers[unit].clone();
        self.present(unit, edges)
    }

    /// The units of today that some numbers mean, but for one.
    fn present(&mut self, but: usize, mut units: Vec<usize>) -> Vec<usize> {
        units.iter_mut().for_each(|unit| *unit = find(&mut self.merged, *unit));
        units.sort_unstable();
        units.dedup();
        units.retain(|&unit| unit != but);
        units
    }

    /// Makes one unit of two: `gone` becomes part of `unit`.
    pub fn merge(&mut self, unit: usize, gone: usize) {
        self.merged[gone] = unit;
        for edges in [&mut self.needs, &mut self.readers] {
            let mut fewer = std::mem::take(&mut edges[gone]);
            if fewer.len() > edges[unit].len() {
                std::mem::swap(&mut fewer, &mut edges[unit]);
            }
            edges[unit].extend(fewer);
        }
    }

    /// Begins a question: what do these units wait for?
    pub fn ask(&mut self, units: &[usize]) {
        let question = &mut self.question;
        question.number += 1;
        question.left = MOST_EDGES;
        question.down.restart();
        for &unit in units {
            question.asked[unit] = question.number;
            question.down.units.push(unit);
        }
    }

    /// Whether one of the units of the question needs this one, directly or through others. That they contain it does not count.
    ///
    /// Looks from both sides, an edge of each at a time, until one of them comes to an end: mostly, one is short.
    pub fn is_needed(&mut self, target: usize) -> bool {
        let Dependencies { needs, readers, merged, question } = self;
        if question.needed[target] == question.number {
            return true;
        }
        question.target += 1;
        question.waiting[target] = question.target;
        question.up.restart();
        question.up.units.push(target);
        while question.left > 0 {
            question.left -= 1;
            let Some((unit, need)) = question.down.edge(needs) else { return false };
            let need = find(merged, need);
            if need != unit && question.needed[need] != question.number {
                question.needed[need] = question.number;
                if question.asked[need] != question.number {
                    question.down.units.push(need);
                }
                if question.waiting[need] == question.target {
                    return true;
                }
            }
            let Some((unit, reader)) = question.up.edge(readers) else { return false };
            let reader = find(merged, reader);
            if reader != unit && question.waiting[reader] != question.target {
                question.waiting[reader] = question.target;
                question.up.units.push(reader);
                if [question.asked[reader], question.needed[reader]].contains(&question.number) {
                    return true;
                }
            }
        }
        true
    }
}

/// The unit that a number means today.
fn find(merged: &mut [usize], mut unit: usize) -> usize {
    while merged[unit] != unit {
        merged[unit] = merged[merged[unit]];
        unit = merged[unit];
    }
    unit
}
