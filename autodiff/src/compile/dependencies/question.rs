//! The search from both ends: whether one unit waits for another.

/// The most edges from either end that one question looks at. Where that does not suffice the answer is that it waits, which is
/// always safe: a loop may then be cut in two. It takes thousands of units between the two.
const MOST_EDGES: usize = 1 << 12;

/// What was asked last. Units are marked by the question's number, or that of the answer.
#[derive(Debug, Default)]
pub(super) struct Question {
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

impl Question {
    pub fn add_unit(&mut self) {
        for marks in [&mut self.asked, &mut self.needed, &mut self.waiting] {
            marks.push(0);
        }
    }

    /// Begins a question about some units, of which the last is at a place.
    pub fn begin(&mut self, units: &[usize], last: usize) {
        self.number += 1;
        self.left = MOST_EDGES;
        (self.first, self.last) = (usize::MAX, last);
        self.before.clear();
        self.down.restart();
        for &unit in units {
            self.asked[unit] = self.number;
            self.down.units.push(unit);
        }
    }

    /// Begins to mark other units.
    pub fn begin_answer(&mut self) {
        self.answer += 1;
    }

    /// Marks a unit. False if it is marked.
    pub fn mark(&mut self, unit: usize) -> bool {
        std::mem::replace(&mut self.waiting[unit], self.answer) != self.answer
    }

    /// Whether one of the units needs this one. `find` says what a number means today.
    ///
    /// Looks from both ends, an edge of each at a time, until one of them comes to an end: mostly, one is short.
    pub fn is_needed(
        &mut self,
        target: usize,
        [needs, readers]: [&[Vec<usize>]; 2],
        place: &[usize],
        mut find: impl FnMut(usize) -> usize,
    ) -> bool {
        if place[target] < self.first {
            self.first = place[target];
            for need in std::mem::take(&mut self.before) {
                self.reach(need, place);
            }
        }
        if self.needed[target] == self.number {
            return true;
        }
        self.begin_answer();
        self.mark(target);
        self.up.restart();
        self.up.units.push(target);
        while self.left > 0 {
            self.left -= 1;
            let Some((unit, need)) = self.down.edge(needs) else { return false };
            let need = find(need);
            if need != unit && self.reach(need, place) && self.waiting[need] == self.answer {
                return true;
            }
            let Some((unit, reader)) = self.up.edge(readers) else { return false };
            let reader = find(reader);
            if reader != unit && place[reader] <= self.last && self.mark(reader) {
                self.up.units.push(reader);
                if [self.asked[reader], self.needed[reader]].contains(&self.number) {
                    return true;
                }
            }
        }
        true
    }

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
