//! What random instructions are made of, and how that reads.

use proptest::prelude::*;

use crate::native::assembler::{Memory, RSP, Register, Source};
use crate::native::target::{AVX2, AVX512, Target};

/// What an instruction is made of. Each takes what it needs.
#[derive(Clone, Debug)]
pub struct Parts {
    pub avx512: bool,
    pub double: bool,
    pub registers: [Register; 3],
    pub masks: [Register; 3],
    pub memory: Memory,
    /// What the last operand is: a register, in memory, a number.
    pub last: u8,
    pub bits: u64,
    pub number: i32,
}

impl Parts {
    pub fn target(&self) -> Target {
        if self.avx512 { AVX512 } else { AVX2 }
    }

    /// One of the three registers for vectors.
    pub fn register(&self, i: usize) -> Register {
        self.registers[i] % self.target().vectors as u8
    }

    pub fn vector(&self, i: usize) -> String {
        format!("{}{}", if self.avx512 { "zmm" } else { "ymm" }, self.register(i))
    }

    /// A mask, where it is a register of its own or a vector.
    pub fn mask(&self) -> (Register, String) {
        match self.avx512 {
            true => (self.masks[0], format!("k{}", self.masks[0])),
            false => (self.register(2), self.vector(2)),
        }
    }

    pub fn source(&self) -> (Source, String) {
        match self.last {
            0 => (Source::Register(self.register(1)), self.vector(1)),
            1 => (Source::Memory(self.memory), text(self.memory)),
            _ => {
                let repeated = match (self.avx512, self.double) {
                    (false, _) => "",
                    (true, false) => "{1to16}",
                    (true, true) => "{1to8}",
                };
                (Source::Number(self.bits), format!("[number]{repeated}"))
            }
        }
    }

    /// The mnemonic with the type of the numbers.
    pub fn typed(&self, name: &str) -> String {
        format!("{name}{}", if self.double { "pd" } else { "ps" })
    }
}

pub const ADDRESSES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

pub fn text(Memory { base, index, offset }: Memory) -> String {
    let base = ADDRESSES[usize::from(base)];
    let index = index.map_or(String::new(), |index| format!("+{}", ADDRESSES[usize::from(index)]));
    match offset {
        0 => format!("[{base}{index}]"),
        1.. => format!("[{base}{index}+{offset:#x}]"),
        _ => format!("[{base}{index}-{:#x}]", offset.unsigned_abs()),
    }
}

pub fn parts() -> impl Strategy<Value = Parts> {
    // Around the ends of one-byte offsets, whatever they count.
    let near =
        (-160i32..160, prop::sample::select(vec![1, 2, 4, 8, 16, 32, 64])).prop_map(|(n, unit)| n * unit);
    let offset = prop_oneof![near, any::<i32>().prop_map(|n| n / 2)];
    let index = prop::option::of((0u8..16).prop_filter("no index", |&index| index != RSP));
    let memory = (0u8..16, index, offset).prop_map(|(base, index, offset)| Memory { base, index, offset });
    let registers = [0u8..32, 0u8..32, 0u8..32];
    (
        any::<(bool, bool)>(),
        registers,
        [1u8..8, 1u8..8, 1u8..8],
        memory,
        0u8..3,
        prop_oneof![any::<u64>(), Just(!0)],
        any::<i32>(),
    )
        .prop_map(|((avx512, double), registers, masks, memory, last, bits, number)| {
            let bits = if double { bits } else { bits & 0xFFFF_FFFF };
            Parts { avx512, double, registers, masks, memory, last, bits, number }
        })
}
