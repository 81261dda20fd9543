//! Buffers of a program while it is planned: how large each must be, and which are free.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The elements each slot must hold; `None` for an output, which has a slot of its own shape.
    capacities: Vec<Option<usize>>,
    /// The free slots by what they hold; of those alike, the one freed last, which is likeliest in a cache, is the last.
    free: BTreeMap<usize, Vec<usize>>,
}

impl Slots {
    /// A slot for an output.
    pub fn output(&mut self) -> usize {
        self.push(None)
    }

    /// The free slot that fits best: the smallest that is large enough, else the largest, which grows.
    pub fn take(&mut self, len: usize) -> usize {
        let smallest = self.free.range(len..).next();
        let Some((&capacity, _)) = smallest.or_else(|| self.free.last_key_value()) else {
            return self.push(Some(len));
        };
        let Some(slot) = self.free_slot(capacity) else { unreachable!("there is one of this capacity") };
        self.capacities[slot] = Some(capacity.max(len));
        slot
    }

    fn free_slot(&mut self, capacity: usize) -> Option<usize> {
        let slots = self.free.get_mut(&capacity)?;
        let slot = slots.pop();
        if slots.is_empty() {
            self.free.remove(&capacity);
        }
        slot
    }

    /// Frees a slot, unless it is an output's.
    pub fn release(&mut self, slot: usize) {
        if let Some(capacity) = self.capacities[slot] {
            self.free.entry(capacity).or_default().push(slot);
        }
    }

    /// How large each slot must be, 0 for outputs.
    pub fn capacities(self) -> impl Iterator<Item = usize> {
        self.capacities.into_iter().map(Option::unwrap_or_default)
    }

    fn push(&mut self, capacity: Option<usize>) -> usize {
        self.capacities.push(capacity);
        self.capacities.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_is_large_enough_is_taken_else_the_largest_grows() {
        let mut slots = Slots::default();
        let output = slots.output();
        let [a, b, c] = [10, 20, 20].map(|len| slots.take(len));
        for slot in [c, a, b, output] {
            slots.release(slot);
        }
        assert_eq!([slots.take(15), slots.take(30), slots.take(1)], [b, c, a]);
        assert_eq!(slots.take(5), 4);
        assert_eq!(slots.capacities().collect::<Vec<usize>>(), [0, 10, 20, 30, 5]);
    }
}
