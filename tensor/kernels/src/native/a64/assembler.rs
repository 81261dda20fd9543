//! The few A64 instructions that loops need, as words: Arm's Architecture Reference Manual for A-profile, C6 and C7.

#[cfg(test)]
mod words;

/// A register: of vectors or of addresses, as the instruction has it.
pub type Register = u8;

/// The stack pointer, where an instruction takes an address.
pub const SP: Register = 31;

/// `base + offset`; the offset is a multiple of what is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    pub base: Register,
    pub offset: usize,
}

/// What encodes like an addition of vectors: the word without registers, for floats.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
pub enum Vector {
    Add = 0x4E20_D400,
    Sub = 0x4EA0_D400,
    Mul = 0x6E20_DC00,
    Div = 0x6E20_FC00,
    /// NaN if either is.
    Max = 0x4E20_F400,
    Min = 0x4EA0_F400,
    /// All bits where it holds; false for NaN.
    Equal = 0x4E20_E400,
    GreaterOrEqual = 0x6E20_E400,
    Greater = 0x6EA0_E400,
}

/// What works on bits, whatever they mean.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
pub enum Bits {
    And = 0x4E20_1C00,
    /// a and not b.
    AndNot = 0x4E60_1C00,
    Or = 0x4EA0_1C00,
    /// a or not b.
    OrNot = 0x4EE0_1C00,
    /// a where the result's register has a bit, b elsewhere.
    Select = 0x6E60_1C00,
    /// a where b has a bit; elsewhere what was there.
    Insert = 0x6EA0_1C00,
    /// a where b has none.
    InsertNot = 0x6EE0_1C00,
}

/// Instructions written one after the other, and the numbers that they read.
#[derive(Debug)]
pub struct Assembler {
    pub words: Vec<u32>,
    /// Whether vectors hold doubles.
    double: bool,
    numbers: Vec<u64>,
    /// Where instructions have the distance to a number: their place, which number.
    distances: Vec<(usize, usize)>,
    /// Whether something is farther away than an instruction can say.
    out_of_reach: bool,
}

/// Bytes of a vector.
const WIDTH: usize = 16;

impl Assembler {
    pub fn new(double: bool) -> Self {
        Assembler {
            words: Vec::new(),
            double,
            numbers: Vec::new(),
            distances: Vec::new(),
            out_of_reach: false,
        }
    }

    /// The code, and behind it the numbers, repeated all over a vector; nothing if something is out of reach.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        if self.out_of_reach {
            return None;
        }
        self.words.resize(self.words.len().next_multiple_of(WIDTH / 4), 0);
        for &(place, number) in &self.distances {
            let distance = self.words.len() + number * (WIDTH / 4) - place;
            if distance >= 1 << 18 {
                return None;
            }
            self.words[place] |= (distance as u32) << 5;
        }
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for number in self.numbers {
            match self.double {
                true => bytes.extend([number.to_le_bytes(); 2].concat()),
                false => bytes.extend([(number as u32).to_le_bytes(); 4].concat()),
            }
        }
        Some(bytes)
    }

    /// `to ← a ∘ b`.
    pub fn vector(&mut self, op: Vector, to: Register, a: Register, b: Register) {
        self.three(op as u32 | self.size(), to, a, b);
    }

    pub fn bits(&mut self, op: Bits, to: Register, a: Register, b: Register) {
        self.three(op as u32, to, a, b);
    }

    pub fn copy(&mut self, to: Register, from: Register) {
        self.bits(Bits::Or, to, from, from);
    }

    pub fn sqrt(&mut self, to: Register, x: Register) {
        self.three(0x6EA1_F800 | self.size(), to, x, 0);
    }

    /// All bits where x is 0.
    pub fn is_zero(&mut self, to: Register, x: Register) {
        self.three(0x4EA0_D800 | self.size(), to, x, 0);
    }

    /// All bits the other way round.
    pub fn not(&mut self, to: Register, x: Register) {
        self.three(0x6E20_5800, to, x, 0);
    }

    pub fn load(&mut self, to: Register, from: Memory) {
        self.move_at(0x3DC0_0000, to, from, WIDTH);
    }

    pub fn store(&mut self, from: Register, to: Memory) {
        self.move_at(0x3D80_0000, from, to, WIDTH);
    }

    /// Loads a number, all over the vector.
    pub fn load_number(&mut self, to: Register, bits: u64) {
        let number = self.numbers.iter().position(|&known| known == bits).unwrap_or_else(|| {
            self.numbers.push(bits);
            self.numbers.len() - 1
        });
        self.distances.push((self.words.len(), number));
        self.words.push(0x9C00_0000 | u32::from(to));
    }

    /// Loads an address.
    pub fn load_address(&mut self, to: Register, from: Memory) {
        self.move_at(0xF940_0000, to, from, 8);
    }

    /// The lower halves of two vectors, which a function must leave as they were, to memory that is less than 512 bytes away.
    pub fn save_pair(&mut self, from: Register, to: Memory) {
        self.pair(0x6D00_0000, from, to);
    }

    pub fn restore_pair(&mut self, to: Register, from: Memory) {
        self.pair(0x6D40_0000, to, from);
    }

    /// `to ← a + number`, which is below 2²⁴.
    pub fn add_number(&mut self, to: Register, a: Register, number: usize) {
        let (low, high) = (number as u32 & 0xFFF, number as u32 >> 12);
        self.three(0x9100_0000 | (low << 10), to, a, 0);
        if high > 0 {
            self.three(0x9140_0000 | (high << 10), to, to, 0);
        }
    }

    /// Room on the stack, of fewer bytes than 4096; the word's place, for [`Assembler::set_room`].
    pub fn take_room(&mut self) -> usize {
        self.three(0xD100_0000, SP, SP, 0);
        self.words.len() - 1
    }

    pub fn set_room(&mut self, place: usize, bytes: usize) {
        self.words[place] |= (bytes as u32) << 10;
    }

    /// `to ← a + b`.
    pub fn add(&mut self, to: Register, a: Register, b: Register) {
        self.three(0x8B00_0000, to, a, b);
    }

    pub fn set_zero(&mut self, register: Register) {
        self.words.push(0xD280_0000 | u32::from(register));
    }

    /// Goes back to `start` while `a < b`.
    pub fn loop_while_less(&mut self, a: Register, b: Register, start: usize) {
        const LOWER: u32 = 3;
        self.three(0xEB00_001F, 0, a, b);
        let distance = start as i32 - self.words.len() as i32;
        self.out_of_reach |= distance < -(1 << 18);
        self.words.push(0x5400_0000 | ((distance as u32 & 0x7_FFFF) << 5) | LOWER);
    }

    pub fn ret(&mut self) {
        self.words.push(0xD65F_03C0);
    }

    fn size(&self) -> u32 {
        u32::from(self.double) << 22
    }

    fn three(&mut self, word: u32, d: Register, n: Register, m: Register) {
        self.words.push(word | (u32::from(m) << 16) | (u32::from(n) << 5) | u32::from(d));
    }

    fn move_at(&mut self, word: u32, register: Register, Memory { base, offset }: Memory, size: usize) {
        self.out_of_reach |= !offset.is_multiple_of(size) || offset / size >= 1 << 12;
        self.three(word | ((offset / size) as u32) << 10, register, base, 0);
    }

    fn pair(&mut self, word: u32, first: Register, Memory { base, offset }: Memory) {
        self.out_of_reach |= !offset.is_multiple_of(8) || offset / 8 >= 1 << 6;
        self.three(word | ((offset / 8) as u32) << 15 | u32::from(first + 1) << 10, first, base, 0);
    }
}
