//! How instructions become bytes: prefixes and operands.

use super::{Assembler, Memory, RSP, Register, Source};

/// An instruction apart from its operands.
#[derive(Clone, Copy)]
pub(super) struct Opcode {
    pub map: u8,
    /// 0 for none, 1 for 66, 2 for F3, 3 for F2.
    pub prefix: u8,
    pub wide: bool,
    pub byte: u8,
}

/// Opcode maps.
pub(super) const MAP_0F: u8 = 1;
pub(super) const MAP_0F38: u8 = 2;
pub(super) const MAP_0F3A: u8 = 3;

/// What an instruction works on.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    pub reg: Register,
    /// A further register, or 0.
    pub v: Register,
    pub rm: Source,
    /// Bytes of a vector: 16, or the target's width.
    pub length: usize,
    /// Bytes that are read from memory or written there.
    pub memory: usize,
    /// What chooses elements, or 0; and whether the others become 0.
    pub mask: (Register, bool),
    pub immediate: Option<u8>,
}

impl Assembler {
    /// Operands of whole vectors.
    pub(super) fn whole(&self, reg: Register, v: Register, rm: Source) -> Operands {
        let length = self.target.width;
        Operands { reg, v, rm, length, memory: length, mask: (0, false), immediate: None }
    }

    /// An instruction on vectors, in the target's encoding.
    pub(super) fn instruction(&mut self, opcode: Opcode, operands: Operands) {
        if self.has_masks() { self.evex(opcode, operands) } else { self.vex(opcode, operands) }
    }

    /// The encoding with three bytes of prefix, of registers up to the fifteenth.
    pub(super) fn vex(&mut self, opcode: Opcode, operands: Operands) {
        let Operands { reg, v, rm, length, immediate, .. } = operands;
        let Opcode { map, prefix, wide, byte } = opcode;
        let (index, base) = high_bits(rm);
        self.bytes.push(0xC4);
        self.bytes.push((((reg >> 3) ^ 1) << 7) | ((index ^ 1) << 6) | ((base ^ 1) << 5) | map);
        let length = u8::from(length == 32);
        self.bytes.push((u8::from(wide) << 7) | ((v ^ 0xF) << 3) | (length << 2) | prefix);
        self.bytes.push(byte);
        self.operand(reg & 7, rm, 1, immediate);
    }

    /// The encoding with four bytes of prefix. Offsets of one byte count what the instruction reads or writes at once.
    pub(super) fn evex(&mut self, opcode: Opcode, operands: Operands) {
        let Operands { reg, v, rm, length, memory, mask: (mask, zeros), immediate } = operands;
        let Opcode { map, prefix, wide, byte } = opcode;
        let (index, base) = match rm {
            Source::Register(register) => (register >> 4, register >> 3 & 1),
            _ => high_bits(rm),
        };
        // A number in memory is repeated, unless that is what the instruction is for.
        let repeats = matches!(rm, Source::Number(_)) && memory == length;
        self.bytes.push(0x62);
        let reg_bits = ((reg >> 3 & 1 ^ 1) << 7) | ((reg >> 4 ^ 1) << 4);
        self.bytes.push(reg_bits | ((index ^ 1) << 6) | ((base ^ 1) << 5) | map);
        self.bytes.push((u8::from(wide) << 7) | ((v & 0xF ^ 0xF) << 3) | 4 | prefix);
        let length = (length / 32) as u8;
        let flags = (u8::from(zeros) << 7) | (length << 5) | (u8::from(repeats) << 4);
        self.bytes.push(flags | ((v >> 4 ^ 1) << 3) | mask);
        self.bytes.push(byte);
        self.operand(reg & 7, rm, memory, immediate);
    }

    /// The prefix for 64 bits and for registers from the eighth on, if one is needed.
    pub(super) fn rex(&mut self, wide: bool, reg: Register, rm: Source) {
        let (index, base) = high_bits(rm);
        let rex = 0x40 | (u8::from(wide) << 3) | ((reg >> 3) << 2) | (index << 1) | base;
        if rex != 0x40 {
            self.bytes.push(rex);
        }
    }

    /// The bytes ModRM and SIB, the offset, which if it is short counts so many bytes, and the immediate operand.
    pub(super) fn operand(&mut self, reg: u8, rm: Source, unit: usize, immediate: Option<u8>) {
        let reg = (reg & 7) << 3;
        match rm {
            Source::Register(register) => self.bytes.push(0xC0 | reg | (register & 7)),
            Source::Memory(Memory { base, index, offset }) => {
                let unit = unit as i32;
                let short = if offset % unit == 0 { i8::try_from(offset / unit).ok() } else { None };
                let mode = if short.is_some() { 0x40 } else { 0x80 };
                match index {
                    None if base & 7 != RSP => self.bytes.push(mode | reg | (base & 7)),
                    // Without an index: that of the stack pointer, which cannot be one.
                    _ => {
                        let index = index.unwrap_or(RSP) & 7;
                        self.bytes.extend([mode | reg | RSP, (index << 3) | (base & 7)]);
                    }
                }
                match short {
                    Some(short) => self.bytes.extend(short.to_le_bytes()),
                    None => self.bytes.extend(offset.to_le_bytes()),
                }
            }
            // Relative to the next instruction.
            Source::Number(number) => {
                const NEXT: u8 = 5;
                let known = self.numbers.iter().position(|&known| known == number);
                let number = known.unwrap_or_else(|| {
                    self.numbers.push(number);
                    self.numbers.len() - 1
                });
                self.bytes.push(reg | NEXT);
                let place = self.bytes.len();
                self.distances.push((place, place + 4 + usize::from(immediate.is_some()), number));
                self.bytes.extend([0; 4]);
            }
        }
        self.bytes.extend(immediate);
    }
}

/// The fourth bits of the index and of the base, or of the register.
fn high_bits(rm: Source) -> (u8, u8) {
    match rm {
        Source::Register(register) => (0, register >> 3),
        Source::Memory(Memory { base, index, .. }) => (index.unwrap_or(0) >> 3, base >> 3),
        Source::Number(_) => (0, 0),
    }
}
