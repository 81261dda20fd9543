//! The few x86-64 instructions that loops need, as bytes: Intel's manual, volume 2, 2.3 (VEX), 2.7 (EVEX) and chapters 3 to 5.

mod encoding;
#[cfg(test)]
mod fuzz;
mod general;
mod masks;
mod vectors;

use super::target::Target;
/// A register: of vectors, of masks or of addresses, as the instruction has it.
pub(super) type Register = u8;

pub(super) const RAX: Register = 0;
pub(super) const RCX: Register = 1;
pub(super) const RDX: Register = 2;
pub(super) const RBX: Register = 3;
pub(super) const RSP: Register = 4;
pub(super) const RBP: Register = 5;
pub(super) const RSI: Register = 6;
pub(super) const RDI: Register = 7;

/// `base + index + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Memory {
    pub base: Register,
    pub index: Option<Register>,
    pub offset: i32,
}

/// A vector, where an instruction may take it from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Register(Register),
    Memory(Memory),
    /// The same number everywhere: its bits.
    Number(u64),
}

/// What encodes like an addition: the opcode in the map 0F.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(super) enum Vector {
    Sqrt = 0x51,
    And = 0x54,
    Or = 0x56,
    Xor = 0x57,
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5C,
    Min = 0x5D,
    Div = 0x5E,
    Max = 0x5F,
}

/// Operations on the bits of elements, as whole numbers. The opcodes are those for elements of 32 bits and of 64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Whole {
    Add,
    Sub,
}

/// Where bits are moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shift {
    Up,
    Down,
    /// Down, with copies of the sign. Doubles only with masks in registers.
    DownSigned,
}

/// `to ← ± factor · factor ± summand` in one rounding: which of the three is overwritten, which may be in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(super) enum Form {
    /// to · rm + v.
    F132 = 0x90,
    /// v · to + rm.
    F213 = 0xA0,
    /// v · rm + to.
    F231 = 0xB0,
}

/// The condition of a comparison: quiet, and false for NaN except where it says so.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(super) enum Condition {
    Eq = 0x00,
    /// Either is NaN.
    Unordered = 0x03,
    /// True for NaN.
    Ne = 0x04,
    Lt = 0x11,
    Le = 0x12,
    Ge = 0x1D,
    Gt = 0x1E,
}

/// Operations on masks, as opcodes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(super) enum Mask {
    And = 0x41,
    Or = 0x45,
}

/// Instructions written one after the other, and the numbers that they read.
#[derive(Debug)]
pub(super) struct Assembler {
    pub bytes: Vec<u8>,
    target: Target,
    /// Whether vectors hold doubles.
    double: bool,
    numbers: Vec<u64>,
    /// Where instructions have the distance to a number: its place, the end of its instruction, which number.
    distances: Vec<(usize, usize, usize)>,
}

impl Assembler {
    pub fn new(target: Target, double: bool) -> Self {
        Assembler { bytes: Vec::new(), target, double, numbers: Vec::new(), distances: Vec::new() }
    }

    /// The code, and behind it the numbers.
    pub fn finish(mut self) -> Vec<u8> {
        // Repeated all over a vector, unless instructions do that.
        let copies = if self.has_masks() { 1 } else { self.target.width / self.element() };
        let size = copies * self.element();
        self.bytes.resize(self.bytes.len().next_multiple_of(self.target.width), 0);
        let start = self.bytes.len();
        for (place, end, number) in std::mem::take(&mut self.distances) {
            let distance = (start + number * size) as i32 - end as i32;
            self.bytes[place..place + 4].copy_from_slice(&distance.to_le_bytes());
        }
        for number in &self.numbers {
            for _ in 0..copies {
                self.bytes.extend(&number.to_le_bytes()[..size / copies]);
            }
        }
        self.bytes
    }

    /// Whether masks have registers of their own, which is where instructions have the prefix EVEX.
    fn has_masks(&self) -> bool {
        self.target.masks > 0
    }

    /// Bytes of an element.
    fn element(&self) -> usize {
        if self.double { 8 } else { 4 }
    }
}
