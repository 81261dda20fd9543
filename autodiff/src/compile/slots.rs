//! Buffers of a program while it is planned: how large each must be, and which are free.

use std::collections::BTreeMap;

use bayeux_tensor::ElementType;

#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The elements each slot must hold, and of which type; `None` for an output, which has a slot of its own shape.
    capacities: Vec<Option<(ElementType, usize)>>,
    /// The free slots by what they hold; of those alike, the one freed last, which is likeliest in a cache, is the last.
    free: BTreeMap<(ElementType, usize), Vec<usize>>,
}

impl Slots {
    /// A slot for an output.
    pub fn output(&mut self) -> usize {
        self.push(None)
    }

    /// The free slot that fits best: the smallest of this type that is large enough, else the largest, which grows.
    pub fn take(&mut self, element: ElementType, len: usize) -> usize {
        let large_enough = self.free.range((element, len)..=(element, usize::MAX)).next();
        let best = large_enough.or_else(|| self.free.range((element, 0)..(element, len)).next_back());
        let Some((&(_, capacity), _)) = best else { return self.push(Some((element, len))) };
        let Some(slot) = self.free_slot((element, capacity)) else {
            unreachable!("there is one of this capacity")
        };
        self.capacities[slot] = Some((element, capacity.max(len)));
        slot
    }

    fn free_slot(&mut self, capacity: (ElementType, usize)) -> Option<usize> {
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

    /// What each slot must hold; `None` for an output.
    pub fn capacities(self) -> impl Iterator<Item = Option<(ElementType, usize)>> {
        self.capacities.into_iter()
    }

    fn push(&mut self, capacity: Option<(ElementType, usize)>) -> usize {
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
        let [a, b, c] = [10, 20, 20].map(|len| slots.take(ElementType::F32, len));
        for slot in [c, a, b, output] {
            slots.release(slot);
        }
        assert_eq!([15, 30, 1].map(|len| slots.take(ElementType::F32, len)), [b, c, a]);
        assert_eq!(slots.take(ElementType::F32, 5), 4);
        // Of another type, whatever is free.
        slots.release(c);
        assert_eq!(slots.take(ElementType::U8, 7), 5);
        let lengths: Vec<usize> =
            slots.capacities().map(|capacity| capacity.map_or(0, |(_, len)| len)).collect();
        assert_eq!(lengths, [0, 10, 20, 30, 5, 7]);
    }
}
