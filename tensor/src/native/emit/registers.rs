//! Which values stand in which registers.
//!
//! What a line reads is loaded when it is first read and stays in its register as long as there is room; then the value whose
//! next use is furthest away makes room (Belady, IBM Systems Journal 5, 1966), on the stack if it is nowhere else.

use super::{Body, Memory, Operand, Program, RSP, Register, Source, VECTORS, WIDTH};

impl Body<'_> {
    /// An operand in a register, which the present line keeps.
    pub fn load(&mut self, operand: Operand, i: usize) -> Register {
        let value = value(self.program, operand);
        let register = match value.and_then(|value| self.register[value]) {
            Some(register) => register,
            None => {
                let from = self.memory(operand);
                let register = self.take(i);
                self.assembler.load(register, Source::Memory(from));
                if let Some(value) = value {
                    self.register[value] = Some(register);
                    self.holds[usize::from(register)] = Some(value);
                }
                register
            }
        };
        self.taken |= 1 << register;
        register
    }

    /// An operand where it is; if it will be read again, better in a register.
    pub fn source(&mut self, operand: Operand, i: usize) -> Source {
        let Some(value) = value(self.program, operand) else {
            return Source::Memory(self.memory(operand));
        };
        let room = (0..VECTORS).any(|r| self.holds[r].is_none() && self.taken & (1 << r) == 0);
        if self.register[value].is_some() || self.next_use(value, i + 1).is_some() && room {
            Source::Register(self.load(operand, i))
        } else {
            Source::Memory(self.memory(operand))
        }
    }

    /// The register for a line's result: what the line has read for the last time may be overwritten.
    pub fn result(&mut self, i: usize) -> Register {
        for register in 0..VECTORS {
            if let Some(value) = self.holds[register]
                && self.next_use(value, i + 1).is_none()
            {
                self.forget(value);
                self.taken &= !(1 << register);
            }
        }
        self.take(i)
    }

    /// A register for whatever the present line needs it for.
    pub fn take(&mut self, i: usize) -> Register {
        let free = |register: &usize| self.taken & (1 << register) == 0;
        // Never used again before anything else.
        let distance = |register: usize| match self.holds[register] {
            None => usize::MAX,
            Some(value) => self.next_use(value, i).map_or(usize::MAX - 1, |line| line),
        };
        let register = (0..VECTORS)
            .filter(free)
            .max_by_key(|&register| (distance(register), std::cmp::Reverse(register)))
            .expect("a line needs fewer registers than there are");
        if let Some(value) = self.holds[register] {
            if self.next_use(value, i).is_some() {
                self.spill(value, register as Register);
            }
            self.forget(value);
        }
        self.taken |= 1 << register;
        register as Register
    }

    /// Puts a value on the stack, unless it is in memory.
    fn spill(&mut self, value: usize, register: Register) {
        if value < self.program.arrays || self.spilled[value].is_some() {
            return;
        }
        let slot = self.spills;
        self.spilled[value] = Some(slot);
        self.spills += 1;
        self.frame = self.frame.max(self.spills);
        self.assembler.store(register, on_stack(slot));
    }

    pub fn forget(&mut self, value: usize) {
        if let Some(register) = self.register[value].take() {
            self.holds[usize::from(register)] = None;
        }
    }

    /// The first line from `i` on that reads a value.
    fn next_use(&self, value: usize, i: usize) -> Option<usize> {
        self.uses[value].iter().copied().find(|&line| line >= i)
    }

    /// Where an operand stands in memory.
    fn memory(&mut self, operand: Operand) -> Memory {
        match operand {
            Operand::Tile(tile, _) => self.in_tile(tile),
            Operand::Array(array) => self.array(array, self.vector * WIDTH),
            Operand::Line(line) => {
                let slot = self.spilled[self.program.arrays + line];
                on_stack(slot.expect("what is not in a register was put on the stack"))
            }
        }
    }
}

fn on_stack(slot: usize) -> Memory {
    Memory { base: RSP, index: None, offset: (slot * WIDTH) as i32 }
}

/// The number of a value that can stand in a register.
pub fn value(program: &Program, operand: Operand) -> Option<usize> {
    match operand {
        Operand::Array(array) => Some(array),
        Operand::Tile(..) => None,
        Operand::Line(line) => Some(program.arrays + line),
    }
}
