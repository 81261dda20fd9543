//! Instructions on addresses, and those that go elsewhere.

use super::{Assembler, Memory, Register, Source};

impl Assembler {
    /// Asks for the line of memory at an address, which need not be readable.
    pub fn fetch(&mut self, at: Memory) {
        const TO_ALL_CACHES: u8 = 1;
        self.rex(false, 0, Source::Memory(at));
        self.bytes.extend([0x0F, 0x18]);
        self.operand(TO_ALL_CACHES, Source::Memory(at), 1, None);
    }

    /// Loads an address.
    pub fn load_address(&mut self, to: Register, from: Memory) {
        self.rex(true, to, Source::Memory(from));
        self.bytes.push(0x8B);
        self.operand(to, Source::Memory(from), 1, None);
    }

    pub fn push(&mut self, register: Register) {
        self.rex(false, 0, Source::Register(register));
        self.bytes.push(0x50 + (register & 7));
    }

    pub fn pop(&mut self, register: Register) {
        self.rex(false, 0, Source::Register(register));
        self.bytes.push(0x58 + (register & 7));
    }

    pub fn copy(&mut self, to: Register, from: Register) {
        self.rex(true, from, Source::Register(to));
        self.bytes.push(0x89);
        self.operand(from, Source::Register(to), 1, None);
    }

    /// `to ← to + number`; where the number stands, for [`Assembler::set_number`].
    pub fn add_number(&mut self, to: Register, number: i32) -> usize {
        self.with_number(0, to, number)
    }

    /// `to ← to & number`, bit by bit.
    pub fn and_number(&mut self, to: Register, number: i32) {
        self.with_number(4, to, number);
    }

    pub(super) fn compare_number(&mut self, a: Register, number: i32) {
        self.with_number(7, a, number);
    }

    /// `to ← number`.
    pub fn set_register(&mut self, to: Register, number: u64) {
        self.rex(true, 0, Source::Register(to));
        self.bytes.push(0xB8 + (to & 7));
        self.bytes.extend(number.to_le_bytes());
    }

    /// `to ←` the address itself.
    pub fn address(&mut self, to: Register, of: Memory) {
        self.rex(true, to, Source::Memory(of));
        self.bytes.push(0x8D);
        self.operand(to, Source::Memory(of), 1, None);
    }

    /// Calls the function whose address a register holds.
    pub fn call(&mut self, address: Register) {
        self.rex(false, 0, Source::Register(address));
        self.bytes.push(0xFF);
        self.operand(2, Source::Register(address), 1, None);
    }

    /// Goes elsewhere if a condition holds, given as the second byte of the opcode.
    pub(super) fn jump(&mut self, condition: u8) -> usize {
        self.bytes.extend([0x0F, condition]);
        self.bytes.extend([0; 4]);
        self.bytes.len()
    }

    /// Goes elsewhere.
    pub fn go(&mut self) -> usize {
        self.bytes.push(0xE9);
        self.bytes.extend([0; 4]);
        self.bytes.len()
    }

    /// Says where a jump goes; `jump` is what writing it gave.
    pub fn set_target(&mut self, jump: usize, target: usize) {
        self.set_number(jump - 4, target as i32 - jump as i32);
    }

    /// Goes elsewhere if the address a is above b.
    pub fn jump_if_above(&mut self, a: Register, b: Register) -> usize {
        const ABOVE: u8 = 0x87;
        self.rex(true, b, Source::Register(a));
        self.bytes.push(0x39);
        self.operand(b, Source::Register(a), 1, None);
        self.jump(ABOVE)
    }

    /// Clears the upper parts of all vectors, as code for shorter ones expects.
    pub fn clear_upper(&mut self) {
        self.bytes.extend([0xC5, 0xF8, 0x77]);
    }

    fn with_number(&mut self, operation: u8, to: Register, number: i32) -> usize {
        self.rex(true, 0, Source::Register(to));
        self.bytes.push(0x81);
        self.operand(operation, Source::Register(to), 1, None);
        self.bytes.extend(number.to_le_bytes());
        self.bytes.len() - 4
    }

    /// Changes the number of an earlier instruction.
    pub fn set_number(&mut self, place: usize, number: i32) {
        self.bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
    }

    pub fn set_zero(&mut self, register: Register) {
        self.rex(false, register, Source::Register(register));
        self.bytes.push(0x31);
        self.operand(register, Source::Register(register), 1, None);
    }

    pub fn ret(&mut self) {
        self.clear_upper();
        self.bytes.push(0xC3);
    }
}
