//! Which units wait for which, while units merge: asked for every node that might join a loop, so that no answer may cost a walk
//! through the whole graph.
//!
//! Units have an order in which they could run, which is kept up to date as D. J. Pearce and P. H. J. Kelly do (A dynamic
//! topological sort algorithm for directed acyclic graphs, 2006). Whether one waits for another is then a matter of the units
//! between the two alone, which are searched from both ends.

mod question;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::graph::Graph;
use super::layout::Layout;
use super::unit::Unit;
use question::Question;

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
        self.question.add_unit();
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
        self.question.begin_answer();
        for unit in [from, but] {
            self.question.mark(unit);
        }
        let mut found = vec![from];
        let mut next = 0;
        while let Some(&unit) = found.get(next) {
            next += 1;
            for edge in 0..edges(self)[unit].len() {
                let other = edges(self)[unit][edge];
                let other = find(&mut self.merged, other);
                if range.contains(&self.place[other]) && self.question.mark(other) {
                    found.push(other);
                }
            }
        }
        found
    }

    /// Begins a question: what do these units wait for?
    pub fn ask(&mut self, units: &[usize]) {
        let last = units.iter().map(|&unit| self.place[unit]).max().unwrap_or(0);
        self.question.begin(units, last);
    }

    /// Whether one of the units of the question needs this one, directly or through others. That it is one of them does not count.
    pub fn is_needed(&mut self, target: usize) -> bool {
        let Dependencies { needs, readers, merged, place, question } = self;
        question.is_needed(target, [needs, readers], place, |unit| find(merged, unit))
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

/// The unit that a number means today.
fn find(merged: &mut [usize], mut unit: usize) -> usize {
    while merged[unit] != unit {
        merged[unit] = merged[merged[unit]];
        unit = merged[unit];
    }
    unit
}
