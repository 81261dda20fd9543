//! Buffers of a program while it is planned: how large each must be, and which are free.

use bayeux_tensor::ElementType;

#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The elements each slot must hold, and of which type; `None` for an output, which has a slot of its own shape.
    capacities: Vec<Option<(ElementType, usize)>>,
    free: Vec<usize>,
}

impl Slots {
    /// A slot for an output.
    pub fn output(&mut self) -> usize {
        self.push(None)
    }

    /// The free slot that fits best: the smallest that is large enough, else the largest, which grows.
    pub fn take(&mut self, element: ElementType, len: usize) -> usize {
        let capacity = |i: usize| match self.capacities[self.free[i]] {
            Some((of, capacity)) if of == element => Some(capacity),
            _ => None,
        };
        let candidates = || (0..self.free.len()).filter_map(|i| Some((i, capacity(i)?)));
        let best = candidates()
            .filter(|&(_, capacity)| capacity >= len)
            .min_by_key(|&(_, capacity)| capacity)
            .or_else(|| candidates().max_by_key(|&(_, capacity)| capacity));
        match best {
            Some((i, capacity)) => {
                let slot = self.free.swap_remove(i);
                self.capacities[slot] = Some((element, capacity.max(len)));
                slot
            }
            None => self.push(Some((element, len))),
        }
    }

    /// Frees a slot, unless it is an output's.
    pub fn release(&mut self, slot: usize) {
        if self.capacities[slot].is_some() {
            self.free.push(slot);
        }
    }

    /// What each slot must hold, outputs left out.
    pub fn capacities(self) -> impl Iterator<Item = Option<(ElementType, usize)>> {
        self.capacities.into_iter()
    }

    fn push(&mut self, capacity: Option<(ElementType, usize)>) -> usize {
        self.capacities.push(capacity);
        self.capacities.len() - 1
    }
}
