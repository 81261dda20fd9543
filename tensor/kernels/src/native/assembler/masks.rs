//! Instructions on masks that have registers of their own, and on what stands for them otherwise.

use super::encoding::{MAP_0F, MAP_0F3A, MAP_0F38, Opcode, Operands};
use super::{Assembler, Mask, Memory, RAX, Register, Source, Vector};

impl Assembler {
    pub fn load_mask(&mut self, to: Register, from: Memory) {
        self.mask(0x90, 16, to, 0, Source::Memory(from));
    }

    pub fn store_mask(&mut self, from: Register, to: Memory) {
        self.mask(0x91, 16, from, 0, Source::Memory(to));
    }

    /// Where the sign bit is set.
    pub fn sign_mask(&mut self, to: Register, from: Register) {
        if self.has_masks() {
            let opcode = Opcode { map: MAP_0F38, prefix: 2, wide: self.double, byte: 0x39 };
            let operands = self.whole(to, 0, Source::Register(from));
            self.instruction(opcode, operands);
        } else if to != from {
            self.load(to, Source::Register(from));
        }
    }

    /// Where a number is not positive, normal and finite. Only with masks in registers.
    pub fn unusual_mask(&mut self, to: Register, from: Register) {
        // NaN, zeros, infinities, subnormal and negative numbers.
        const ALL_CLASSES: u8 = 0xFF;
        let opcode = Opcode { map: MAP_0F3A, prefix: 1, wide: self.double, byte: 0x66 };
        let operands = self.whole(to, 0, Source::Register(from));
        self.instruction(opcode, Operands { immediate: Some(ALL_CLASSES), ..operands });
    }

    pub fn combine_masks(&mut self, op: Mask, to: Register, a: Register, b: Register) {
        if self.has_masks() {
            self.mask(op as u8, 32, to, a, Source::Register(b));
        } else {
            let op = if op == Mask::And { Vector::And } else { Vector::Or };
            self.vector(op, to, Some(a), Source::Register(b));
        }
    }

    pub fn invert_mask(&mut self, to: Register, from: Register) {
        if self.has_masks() {
            self.mask(0x44, 16, to, 0, Source::Register(from));
        } else {
            self.vector(Vector::Xor, to, Some(from), Source::Number(!0 >> if self.double { 0 } else { 32 }));
        }
    }

    /// Goes elsewhere if a mask holds anywhere or, if `unless`, unless it holds everywhere. Where to is for
    /// [`Assembler::set_target`].
    pub fn jump_if(&mut self, mask: Register, unless: bool) -> usize {
        const NOT_EQUAL: u8 = 0x85;
        const NO_CARRY: u8 = 0x83;
        let all = self.target.width / self.element();
        if self.has_masks() {
            // Of 16 bits or of 8. The carry says that all are set.
            let prefix = u8::from(all == 8);
            let operands = Operands { length: 16, ..self.whole(mask, 0, Source::Register(mask)) };
            self.vex(Opcode { map: MAP_0F, prefix, wide: false, byte: 0x98 }, operands);
            return self.jump(if unless { NO_CARRY } else { NOT_EQUAL });
        }
        let operands = self.whole(RAX, 0, Source::Register(mask));
        self.instruction(self.packed(0x50), operands);
        self.compare_number(RAX, if unless { (1 << all) - 1 } else { 0 });
        self.jump(NOT_EQUAL)
    }

    fn mask(&mut self, byte: u8, length: usize, reg: Register, v: Register, rm: Source) {
        let operands = Operands { length, ..self.whole(reg, v, rm) };
        self.vex(Opcode { map: MAP_0F, prefix: 0, wide: false, byte }, operands);
    }
}
