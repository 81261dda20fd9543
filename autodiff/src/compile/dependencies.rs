//! Which units wait for which, while units merge: asked for every node that might join a loop, so that no answer may cost a walk
//! through the whole graph.
//!
//! Units have an order in which they could run, which is kept up to date as D. J. Pearce and P. H. J. Kelly do (A dynamic
//! topological sort algorithm for directed acyclic graphs, 2006). Whether one waits for another is then a matter of the units
//! between the two alone, which are searched from both ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::fuse::Unit;
use super::graph::Graph;
use super::layout::Layout;

/// The most edges from either end that one question looks at. Where that does not suffice the answer is that it waits, which is
/// always safe: a loop may then be cut in two. It takes thousands of units between the two.
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
    /// The place of each unit in the order: after all that it needs.
    place: Vec<usize>,
    question: Question,
}

/// What was asked last. Units are marked by the question's number, or that of the answer.
#[derive(Debug, Default)]
struct Question {
    number: u32,
    /// The units that are asked about,
    asked: Vec<u32>,
    /// the last of which is here;
    last: usize,
    /// those that these are known to wait for,
    needed: Vec<u32>,
    /// as far as they come after this place;
    first: usize,
    /// needs from before it.
    before: Vec<usize>,
    answer: u32,
    /// Those that are known to wait for the unit of the answer, and that one itself.
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
            needs.iter().for_each(|&need| dependencies.readers[need].push(index));
            dependencies.needs[index] = needs;
        }
        for (place, unit) in dependencies.order(units).into_iter().enumerate() {
            dependencies.place[unit] = place;
        }
        dependencies
    }

    /// A unit that needs nothing yet; its number.
    pub fn add_unit(&mut self) -> usize {
        let unit = self.merged.len();
        self.merged.push(unit);
        self.place.push(unit);
        self.needs.push(Vec::new());
        self.readers.push(Vec::new());
        self.question.asked.push(0);
        self.question.needed.push(0);
        self.question.waiting.push(0);
        unit
    }

    /// Adds what a unit needs besides what it needed before. None of that may wait for the unit.
    pub fn add(&mut self, unit: usize, needs: &[usize]) {
        let before = self.needs[unit].len();
        for &need in needs.iter().filter(|&&need| need != unit) {
            if !self.needs[unit][..before].contains(&need) {
                if self.place[need] > self.place[unit] {
                    self.move_before(need, unit);
                }
                self.needs[unit].push(need);
                self.readers[need].push(unit);
            }
        }
    }

    /// What a unit needs, in the order of their numbers.
    pub fn needs(&mut self, unit: usize) -> Vec<usize> {
        let edges = self.needs[unit].clone();
        self.present(unit, edges)
    }

    /// What needs a unit, in the order of their numbers.
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

    /// Makes one unit of two: `gone` becomes part of `unit`. No third one may both wait for one of them and be waited for by the
    /// other.
    pub fn merge(&mut self, unit: usize, gone: usize) {
        match self.place[gone] < self.place[unit] {
            true => self.move_before(unit, gone),
            false => self.move_before(gone, unit),
        }
        self.merged[gone] = unit;
        for edges in [&mut self.needs, &mut self.readers] {
            let mut fewer = std::mem::take(&mut edges[gone]);
            if fewer.len() > edges[unit].len() {
                std::mem::swap(&mut fewer, &mut edges[unit]);
            }
            edges[unit].extend(fewer);
        }
    }

    /// Puts a unit and what it needs before another that was before it, and what needs that after them. An edge between the two
    /// themselves does not count.
    fn move_before(&mut self, unit: usize, other: usize) {
        let range = self.place[other]..=self.place[unit];
        let mut before = self.reachable(unit, other, &range, |units| &units.needs);
        let mut after = self.reachable(other, unit, &range, |units| &units.readers);
        for units in [&mut before, &mut after] {
            units.sort_unstable_by_key(|&unit| self.place[unit]);
        }
        before.extend(after);
        let mut places: Vec<usize> = before.iter().map(|&unit| self.place[unit]).collect();
        places.sort_unstable();
        before.into_iter().zip(places).for_each(|(unit, place)| self.place[unit] = place);
    }

    /// A unit, and all units in a part of the order that can be reached from it, but for one.
    fn reachable(
        &mut self,
        from: usize,
        but: usize,
        range: &std::ops::RangeInclusive<usize>,
        edges: fn(&Self) -> &Vec<Vec<usize>>,
    ) -> Vec<usize> {
        self.question.answer += 1;
        let mark = self.question.answer;
        self.question.waiting[from] = mark;
        self.question.waiting[but] = mark;
        let mut found = vec![from];
        let mut next = 0;
        while let Some(&unit) = found.get(next) {
            next += 1;
            for edge in 0..edges(self)[unit].len() {
                let other = edges(self)[unit][edge];
                let other = find(&mut self.merged, other);
                if self.question.waiting[other] != mark && range.contains(&self.place[other]) {
                    self.question.waiting[other] = mark;
                    found.push(other);
                }
            }
        }
        found
    }

    /// Begins a question: what do these units wait for?
    pub fn ask(&mut self, units: &[usize]) {
        let question = &mut self.question;
        question.number += 1;
        question.left = MOST_EDGES;
        question.first = usize::MAX;
        question.before.clear();
        question.down.restart();
        for &unit in units {
            question.asked[unit] = question.number;
            question.down.units.push(unit);
        }
        question.last = units.iter().map(|&unit| self.place[unit]).max().unwrap_or(0);
    }

    /// Whether one of the units of the question needs this one, directly or through others. That it is one of them does not count.
    ///
    /// Looks from both ends, an edge of each at a time, until one of them comes to an end: mostly, one is short.
    pub fn is_needed(&mut self, target: usize) -> bool {
        let Dependencies { needs, readers, merged, place, question } = self;
        if place[target] < question.first {
            question.first = place[target];
            for need in std::mem::take(&mut question.before) {
                question.reach(need, place);
            }
        }
        if question.needed[target] == question.number {
            return true;
        }
        question.answer += 1;
        question.waiting[target] = question.answer;
        question.up.restart();
        question.up.units.push(target);
        while question.left > 0 {
            question.left -= 1;
            let Some((unit, need)) = question.down.edge(needs) else { return false };
            let need = find(merged, need);
            if need != unit && question.reach(need, place) && question.waiting[need] == question.answer {
                return true;
            }
            let Some((unit, reader)) = question.up.edge(readers) else { return false };
            let reader = find(merged, reader);
            let new = question.waiting[reader] != question.answer && place[reader] <= question.last;
            if reader != unit && new {
                question.waiting[reader] = question.answer;
                question.up.units.push(reader);
                if [question.asked[reader], question.needed[reader]].contains(&question.number) {
                    return true;
                }
            }
        }
        true
    }

    /// The units after those they need; among those that could run, the one whose last node came first.
    pub fn order(&mut self, units: &[Option<Unit>]) -> Vec<usize> {
        let mut waits: Vec<usize> = Vec::with_capacity(units.len());
        let (mut ready, mut order) = (BinaryHeap::new(), Vec::new());
        let first = |index: usize| {
            let unit = units[index].as_ref()?;
            Some(Reverse((unit.members.last().copied(), index)))
        };
        for index in 0..units.len() {
            waits.push(self.needs(index).len());
            ready.extend(first(index).filter(|_| waits[index] == 0));
        }
        while let Some(Reverse((_, index))) = ready.pop() {
            order.push(index);
            for reader in self.readers(index) {
                waits[reader] -= 1;
                ready.extend(first(reader).filter(|_| waits[reader] == 0));
            }
        }
        assert!(order.len() == units.iter().flatten().count(), "units do not need each other in a circle");
        order
    }
}

impl Question {
    /// Notes that a unit is needed by those that are asked about; false if that is known, or of no interest yet.
    fn reach(&mut self, unit: usize, place: &[usize]) -> bool {
        if self.needed[unit] == self.number {
            return false;
        }
        if place[unit] < self.first {
            self.before.push(unit);
            return false;
        }
        self.needed[unit] = self.number;
        if self.asked[unit] != self.number {
            self.down.units.push(unit);
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
