//! The few x86-64 instructions that loops need, as bytes: Intel's manual, volume 2, 2.3 (VEX) and chapters 3 to 5.

/// A register: of vectors or of addresses, as the instruction has it.
pub(super) type Register = u8;

pub(super) const RCX: Register = 1;
pub(super) const RDX: Register = 2;
pub(super) const RSP: Register = 4;
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
}

/// What encodes like an addition: the opcode in the map 0F.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(super) enum Vector {
    Load = 0x10,
    Store = 0x11,
    Sqrt = 0x51,
    And = 0x54,
    Xor = 0x57,
    Add = 0x58,
    Mul = 0x59,
    Sub = 0x5C,
    Min = 0x5D,
    Div = 0x5E,
    Max = 0x5F,
    Compare = 0xC2,
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

/// Instructions written one after the other, for vectors of 256 bits.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    pub bytes: Vec<u8>,
    /// Whether vectors hold doubles.
    double: bool,
}

/// Opcode maps.
const MAP_0F: u8 = 1;
const MAP_0F3A: u8 = 3;

impl Assembler {
    pub fn new(double: bool) -> Self {
        Assembler { bytes: Vec::new(), double }
    }

    /// `to ← a ∘ b`; loads, stores and roots have no `a`.
    pub fn vector(&mut self, op: Vector, to: Register, a: Option<Register>, b: Source) {
        let prefix = u8::from(self.double);
        self.vex(MAP_0F, prefix, true, op as u8, to, a.unwrap_or(0), b);
    }

    pub fn load(&mut self, to: Register, from: Source) {
        self.vector(Vector::Load, to, None, from);
    }

    pub fn store(&mut self, from: Register, to: Memory) {
        self.vector(Vector::Store, from, None, Source::Memory(to));
    }

    /// All bits where the condition holds.
    pub fn compare(&mut self, condition: Condition, to: Register, a: Register, b: Source) {
        self.vector(Vector::Compare, to, Some(a), b);
        self.bytes.push(condition as u8);
    }

    /// `to ← yes` where the mask's sign bit is set, `no` elsewhere.
    pub fn blend(&mut self, to: Register, no: Register, yes: Source, mask: Register) {
        self.vex(MAP_0F3A, 1, true, 0x4A + u8::from(self.double), to, no, yes);
        self.bytes.push(mask << 4);
    }

    /// Stores past the caches, in halves: the address is a multiple of 16. `half` is overwritten.
    pub fn stream(&mut self, from: Register, to: Memory, half: Register) {
        self.vex(MAP_0F, 0, false, 0x2B, from, 0, Source::Memory(to));
        self.vex(MAP_0F3A, 1, true, 0x19, from, 0, Source::Register(half));
        self.bytes.push(1);
        let upper = Memory { offset: to.offset + 16, ..to };
        self.vex(MAP_0F, 0, false, 0x2B, half, 0, Source::Memory(upper));
    }

    /// Asks for the line of memory at an address, which need not be readable.
    pub fn fetch(&mut self, at: Memory) {
        const TO_ALL_CACHES: u8 = 1;
        self.rex(false, 0, Source::Memory(at));
        self.bytes.extend([0x0F, 0x18]);
        self.operand(TO_ALL_CACHES, Source::Memory(at));
    }

    /// Loads an address.
    pub fn load_address(&mut self, to: Register, from: Memory) {
        self.rex(true, to, Source::Memory(from));
        self.bytes.push(0x8B);
        self.operand(to, Source::Memory(from));
    }

    pub fn push(&mut self, register: Register) {
        self.rex(false, 0, Source::Register(register));
        self.bytes.push(0x50 + (register & 7));
    }

    pub fn pop(&mut self, register: Register) {
        self.rex(false, 0, Source::Register(register));
        self.bytes.push(0x58 + (register & 7));
    }

    /// `to ← to + number`.
    pub fn add_number(&mut self, to: Register, number: i32) {
        self.rex(true, 0, Source::Register(to));
        self.bytes.push(0x81);
        self.operand(0, Source::Register(to));
        self.bytes.extend(number.to_le_bytes());
    }

    pub fn set_zero(&mut self, register: Register) {
        self.rex(false, register, Source::Register(register));
        self.bytes.push(0x31);
        self.operand(register, Source::Register(register));
    }

    /// Goes back to `start` while `a < b`.
    pub fn loop_while_less(&mut self, a: Register, b: Register, start: usize) {
        self.rex(true, b, Source::Register(a));
        self.bytes.push(0x39);
        self.operand(b, Source::Register(a));
        self.bytes.extend([0x0F, 0x82]);
        let end = self.bytes.len() + 4;
        self.bytes.extend((start as i32 - end as i32).to_le_bytes());
    }

    /// Returns, with the upper halves of all vectors cleared, as code for shorter vectors expects them.
    pub fn ret(&mut self) {
        self.bytes.extend([0xC5, 0xF8, 0x77, 0xC3]);
    }

    #[allow(clippy::too_many_arguments)] // the parts of an instruction
    fn vex(&mut self, map: u8, prefix: u8, wide: bool, opcode: u8, reg: Register, v: Register, rm: Source) {
        let (index, base) = high_bits(rm);
        self.bytes.push(0xC4);
        self.bytes.push((((reg >> 3) ^ 1) << 7) | ((index ^ 1) << 6) | ((base ^ 1) << 5) | map);
        self.bytes.push(((v ^ 0xF) << 3) | (u8::from(wide) << 2) | prefix);
        self.bytes.push(opcode);
        self.operand(reg & 7, rm);
    }

    /// The prefix for 64 bits and for registers from the eighth on, if one is needed.
    fn rex(&mut self, wide: bool, reg: Register, rm: Source) {
        let (index, base) = high_bits(rm);
        let rex = 0x40 | (u8::from(wide) << 3) | ((reg >> 3) << 2) | (index << 1) | base;
        if rex != 0x40 {
            self.bytes.push(rex);
        }
    }

    /// The bytes ModRM and SIB and the offset.
    fn operand(&mut self, reg: u8, rm: Source) {
        let reg = (reg & 7) << 3;
        match rm {
            Source::Register(register) => self.bytes.push(0xC0 | reg | (register & 7)),
            Source::Memory(Memory { base, index, offset }) => {
                let short = i8::try_from(offset);
                let mode = if short.is_ok() { 0x40 } else { 0x80 };
                match index {
                    None if base & 7 != RSP => self.bytes.push(mode | reg | (base & 7)),
                    // Without an index: that of the stack pointer, which cannot be one.
                    _ => {
                        let index = index.unwrap_or(RSP) & 7;
                        self.bytes.extend([mode | reg | RSP, (index << 3) | (base & 7)]);
                    }
                }
                match short {
                    Ok(short) => self.bytes.extend(short.to_le_bytes()),
                    Err(_) => self.bytes.extend(offset.to_le_bytes()),
                }
            }
        }
    }
}

/// The fourth bits of the index and of the base, or of the register.
fn high_bits(rm: Source) -> (u8, u8) {
    match rm {
        Source::Register(register) => (0, register >> 3),
        Source::Memory(Memory { base, index, .. }) => (index.unwrap_or(0) >> 3, base >> 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read back with a disassembler: the comment is what it said.
    #[test]
    fn bytes_of_instructions() {
        let indexed = Memory { base: 13, index: Some(RCX), offset: 0 };
        let far = Memory { base: RSP, index: None, offset: 256 };
        let near = Memory { base: 12, index: None, offset: -8 };
        let (mut single, mut double) = (Assembler::new(false), Assembler::new(true));
        single.vector(Vector::Add, 9, Some(2), Source::Memory(indexed)); // vaddps ymm9, ymm2, [r13+rcx+0]
        single.vector(Vector::Sqrt, 2, None, Source::Register(13)); // vsqrtps ymm2, ymm13
        single.compare(Condition::Gt, 1, 12, Source::Register(9)); // vcmpgt_oqps ymm1, ymm12, ymm9
        single.store(8, near); // vmovups [r12-8], ymm8
        double.vector(Vector::Mul, 3, Some(14), Source::Register(11)); // vmulpd ymm3, ymm14, ymm11
        double.blend(5, 6, Source::Memory(indexed), 10); // vblendvpd ymm5, ymm6, [r13+rcx+0], ymm10
        double.load(15, Source::Memory(far)); // vmovupd ymm15, [rsp+0x100]
        assert_eq!(
            single.bytes,
            [
                &[0xC4, 0x41, 0x6C, 0x58, 0x4C, 0x0D, 0x00][..],
                &[0xC4, 0xC1, 0x7C, 0x51, 0xD5],
                &[0xC4, 0xC1, 0x1C, 0xC2, 0xC9, 0x1E],
                &[0xC4, 0x41, 0x7C, 0x11, 0x44, 0x24, 0xF8],
            ]
            .concat()
        );
        assert_eq!(
            double.bytes,
            [
                &[0xC4, 0xC1, 0x0D, 0x59, 0xDB][..],
                &[0xC4, 0xC3, 0x4D, 0x4B, 0x6C, 0x0D, 0x00, 0xA0],
                &[0xC4, 0x61, 0x7D, 0x10, 0xBC, 0x24, 0x00, 0x01, 0x00, 0x00],
            ]
            .concat()
        );
        let mut other = Assembler::new(false);
        other.stream(10, far, 11); // vmovntps [rsp+0x100], xmm10; vextractf128 xmm11, ymm10, 1; vmovntps [rsp+0x110], xmm11
        other.fetch(indexed); // prefetcht0 [r13+rcx+0]
        other.load_address(9, Memory { base: RDI, index: None, offset: 8 }); // mov r9, [rdi+8]
        other.push(12); // push r12
        other.pop(3); // pop rbx
        other.add_number(RSP, -64); // add rsp, -64
        other.set_zero(RCX); // xor ecx, ecx
        let start = other.bytes.len();
        other.loop_while_less(RCX, RDX, start); // cmp rcx, rdx; jb to the cmp
        assert_eq!(
            other.bytes,
            [
                &[0xC4, 0x61, 0x78, 0x2B, 0x94, 0x24, 0x00, 0x01, 0x00, 0x00][..],
                &[0xC4, 0x43, 0x7D, 0x19, 0xD3, 0x01],
                &[0xC4, 0x61, 0x78, 0x2B, 0x9C, 0x24, 0x10, 0x01, 0x00, 0x00],
                &[0x41, 0x0F, 0x18, 0x4C, 0x0D, 0x00],
                &[0x4C, 0x8B, 0x4F, 0x08],
                &[0x41, 0x54, 0x5B],
                &[0x48, 0x81, 0xC4, 0xC0, 0xFF, 0xFF, 0xFF],
                &[0x31, 0xC9],
                &[0x48, 0x39, 0xD1, 0x0F, 0x82, 0xF7, 0xFF, 0xFF, 0xFF],
            ]
            .concat()
        );
    }
}
