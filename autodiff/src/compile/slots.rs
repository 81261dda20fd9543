//! Buffers of a program while it is planned: how large each must be, and which are free.

#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The elements each slot must hold; `None` for an output, which has a slot of its own shape.
    capacities: Vec<Option<usize>>,
    free: Vec<usize>,
}

impl Slots {
    /// A slot for an output.
    pub fn output(&mut self) -> usize {
        self.push(None)
    }

    /// The free slot that fits best: the smallest that is large enough, else the largest, which grows.
    pub fn take(&mut self, len: usize) -> usize {
        let capacity = |slot: usize| self.capacities[slot].unwrap_or_default();
        let fitting = (0..self.free.len()).filter(|&i| capacity(self.free[i]) >= len);
        let best = fitting
            .min_by_key(|&i| capacity(self.free[i]))
            .or_else(|| (0..self.free.len()).max_by_key(|&i| capacity(self.free[i])));
        match best {
            Some(i) => {
                let slot = self.free.swap_remove(i);
                self.grow(slot, len);
                slot
            }
            None => self.push(Some(len)),
        }
    }

    /// Frees a slot, unless it is an output's.
    pub fn release(&mut self, slot: usize) {
        if self.capacities[slot].is_some() {
            self.free.push(slot);
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

    fn grow(&mut self, slot: usize, len: usize) {
        self.capacities[slot] = self.capacities[slot].map(|capacity| capacity.max(len));
    }
}
