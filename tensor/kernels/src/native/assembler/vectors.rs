//! Instructions on vectors and masks.

use super::encoding::{MAP_0F, MAP_0F3A, MAP_0F38, Opcode, Operands};
use super::{Assembler, Condition, Form, Memory, Register, Shift, Source, Vector, Whole};

/// Bytes of the shortest vector.
const SHORT: usize = 16;

impl Assembler {
    /// `to ← a ∘ b`; roots have no `a`.
    pub fn vector(&mut self, op: Vector, to: Register, a: Option<Register>, b: Source) {
        let operands = self.whole(to, a.unwrap_or(0), b);
        self.instruction(self.packed(op as u8), operands);
    }

    pub fn load(&mut self, to: Register, from: Source) {
        let operands = self.whole(to, 0, from);
        match from {
            Source::Number(_) if self.has_masks() => self.instruction(self.repeat(), self.one(operands)),
            _ => self.instruction(self.packed(0x10), operands),
        }
    }

    pub fn store(&mut self, from: Register, to: Memory) {
        let operands = self.whole(from, 0, Source::Memory(to));
        self.instruction(self.packed(0x11), operands);
    }

    /// Where the condition holds: a mask.
    pub fn compare(&mut self, condition: Condition, to: Register, a: Register, b: Source) {
        let operands = Operands { immediate: Some(condition as u8), ..self.whole(to, a, b) };
        self.instruction(self.packed(0xC2), operands);
    }

    /// `to ← yes` where the mask is set, `no` elsewhere.
    pub fn blend(&mut self, to: Register, no: Register, yes: Source, mask: Register) {
        let operands = self.whole(to, no, yes);
        if self.has_masks() {
            let opcode = Opcode { map: MAP_0F38, prefix: 1, wide: self.double, byte: 0x65 };
            self.instruction(opcode, Operands { mask: (mask, false), ..operands });
        } else {
            let byte = 0x4A + u8::from(self.double);
            let opcode = Opcode { map: MAP_0F3A, prefix: 1, wide: false, byte };
            self.instruction(opcode, Operands { immediate: Some(mask << 4), ..operands });
        }
    }

    /// `to ← number` where the mask is set, 0 elsewhere.
    pub fn keep(&mut self, to: Register, number: u64, mask: Register) {
        let number = Source::Number(number);
        if self.has_masks() {
            let operands = self.one(self.whole(to, 0, number));
            self.instruction(self.repeat(), Operands { mask: (mask, true), ..operands });
        } else {
            self.vector(Vector::And, to, Some(mask), number);
        }
    }

    /// `to ← ± a · b ± c`: the product `negative`, c subtracted if `minus`, in a form that says which is which.
    pub fn mul_add(
        &mut self,
        form: Form,
        (negative, minus): (bool, bool),
        to: Register,
        v: Register,
        rm: Source,
    ) {
        let byte = form as u8 + 8 + 4 * u8::from(negative) + 2 * u8::from(minus);
        let opcode = Opcode { map: MAP_0F38, prefix: 1, wide: self.double, byte };
        let operands = self.whole(to, v, rm);
        self.instruction(opcode, operands);
    }

    pub fn whole_numbers(&mut self, op: Whole, to: Register, a: Register, b: Source) {
        let byte = match (op, self.double) {
            (Whole::Add, false) => 0xFE,
            (Whole::Add, true) => 0xD4,
            (Whole::Sub, false) => 0xFA,
            (Whole::Sub, true) => 0xFB,
        };
        let operands = self.whole(to, a, b);
        self.instruction(Opcode { map: MAP_0F, prefix: 1, wide: self.double, byte }, operands);
    }

    /// The bits moved by so many places.
    pub fn shift(&mut self, way: Shift, to: Register, from: Register, places: u8) {
        let (byte, extension) = match way {
            Shift::Up => (0x72 + u8::from(self.double), 6),
            Shift::Down => (0x72 + u8::from(self.double), 2),
            Shift::DownSigned => (0x72, 4),
        };
        let operands = self.whole(extension, to, Source::Register(from));
        let opcode = Opcode { map: MAP_0F, prefix: 1, wide: self.double, byte };
        self.instruction(opcode, Operands { immediate: Some(places), ..operands });
    }

    /// The numbers that the bits are as whole numbers. Doubles only with masks in registers.
    pub fn convert_whole(&mut self, to: Register, from: Source) {
        let (prefix, byte) = if self.double { (2, 0xE6) } else { (0, 0x5B) };
        let operands = self.whole(to, 0, from);
        self.instruction(Opcode { map: MAP_0F, prefix, wide: self.double, byte }, operands);
    }

    pub fn floor(&mut self, to: Register, from: Source) {
        const DOWN_AND_QUIET: u8 = 9;
        let byte = 0x08 + u8::from(self.double);
        let operands = Operands { immediate: Some(DOWN_AND_QUIET), ..self.whole(to, 0, from) };
        self.instruction(Opcode { map: MAP_0F3A, prefix: 1, wide: self.double, byte }, operands);
    }

    /// `to ← a · 2^b`. Only with masks in registers, as the next one.
    pub fn scale(&mut self, to: Register, a: Register, b: Source) {
        let operands = self.whole(to, a, b);
        self.instruction(Opcode { map: MAP_0F38, prefix: 1, wide: self.double, byte: 0x2C }, operands);
    }

    /// `to ← b` where a bit of `to` is set, `a` elsewhere, bit by bit.
    pub fn blend_bits(&mut self, to: Register, a: Register, b: Source) {
        const B_OR_A: u8 = 0xAC;
        let operands = Operands { immediate: Some(B_OR_A), ..self.whole(to, a, b) };
        self.instruction(Opcode { map: MAP_0F3A, prefix: 1, wide: self.double, byte: 0x25 }, operands);
    }

    /// Stores past the caches: the address is a multiple of a vector's length.
    pub fn stream(&mut self, from: Register, to: Memory) {
        let operands = self.whole(from, 0, Source::Memory(to));
        self.instruction(self.packed(0x2B), operands);
    }

    /// Stores past the caches, part by part: the address is a multiple of 16. `part` is overwritten.
    pub fn stream_parts(&mut self, from: Register, to: Memory, part: Register) {
        let store = |at: usize, register: Register, assembler: &mut Self| {
            let at = Source::Memory(Memory { offset: to.offset + at as i32, ..to });
            let operands = Operands { length: SHORT, memory: SHORT, ..assembler.whole(register, 0, at) };
            assembler.instruction(assembler.packed(0x2B), operands);
        };
        store(0, from, self);
        for i in 1..self.target.width / SHORT {
            let opcode = Opcode { map: MAP_0F3A, prefix: 1, wide: false, byte: 0x19 };
            let operands = self.whole(from, 0, Source::Register(part));
            self.instruction(opcode, Operands { immediate: Some(i as u8), ..operands });
            store(i * SHORT, part, self);
        }
    }

    /// An instruction for packed numbers in the map 0F.
    pub(super) fn packed(&self, byte: u8) -> Opcode {
        Opcode { map: MAP_0F, prefix: u8::from(self.double), wide: self.double, byte }
    }

    /// What repeats a number in memory all over a vector.
    fn repeat(&self) -> Opcode {
        Opcode { map: MAP_0F38, prefix: 1, wide: self.double, byte: 0x18 + u8::from(self.double) }
    }

    /// Operands of which the one in memory is a single number.
    fn one(&self, operands: Operands) -> Operands {
        Operands { memory: self.element(), ..operands }
    }
}
