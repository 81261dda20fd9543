//! Random instructions, read back by a disassembler.

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, NasmFormatter};
use proptest::prelude::*;

use super::{Assembler, Condition, Memory, RSP, Register, Source, Vector};
use crate::native::target::{AVX2, AVX512, Target};

/// What an instruction is made of. Each takes what it needs.
#[derive(Clone, Debug)]
struct Parts {
    avx512: bool,
    double: bool,
    registers: [Register; 3],
    mask: Register,
    memory: Memory,
    /// What the last operand is: a register, in memory, a number.
    last: u8,
    bits: u64,
    number: i32,
}

impl Parts {
    fn target(&self) -> Target {
        if self.avx512 { AVX512 } else { AVX2 }
    }

    /// One of the three registers for vectors.
    fn register(&self, i: usize) -> Register {
        self.registers[i] % self.target().vectors as u8
    }

    fn vector(&self, i: usize) -> String {
        format!("{}{}", if self.avx512 { "zmm" } else { "ymm" }, self.register(i))
    }

    /// A mask, where it is a register of its own or a vector.
    fn mask(&self) -> (Register, String) {
        match self.avx512 {
            true => (self.mask, format!("k{}", self.mask)),
            false => (self.register(2), self.vector(2)),
        }
    }

    fn source(&self) -> (Source, String) {
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
    fn typed(&self, name: &str) -> String {
        format!("{name}{}", if self.double { "pd" } else { "ps" })
    }
}

const ADDRESSES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

fn text(Memory { base, index, offset }: Memory) -> String {
    let base = ADDRESSES[usize::from(base)];
    let index = index.map_or(String::new(), |index| format!("+{}", ADDRESSES[usize::from(index)]));
    match offset {
        0 => format!("[{base}{index}]"),
        1.. => format!("[{base}{index}+{offset:#x}]"),
        _ => format!("[{base}{index}-{:#x}]", offset.unsigned_abs()),
    }
}

const VECTORS: [(Vector, &str); 8] = [
    (Vector::And, "vand"),
    (Vector::Add, "vadd"),
    (Vector::Mul, "vmul"),
    (Vector::Sub, "vsub"),
    (Vector::Min, "vmin"),
    (Vector::Div, "vdiv"),
    (Vector::Max, "vmax"),
    (Vector::Sqrt, "vsqrt"),
];

const CONDITIONS: [(Condition, &str); 7] = [
    (Condition::Eq, "vcmpeq"),
    (Condition::Unordered, "vcmpunord"),
    (Condition::Ne, "vcmpneq"),
    (Condition::Lt, "vcmplt_oq"),
    (Condition::Le, "vcmple_oq"),
    (Condition::Ge, "vcmpge_oq"),
    (Condition::Gt, "vcmpgt_oq"),
];

/// Writes an instruction, and says how it reads.
fn vectors(assembler: &mut Assembler, kind: u8, parts: &Parts) -> Vec<String> {
    let [to, a] = [0, 2].map(|i| parts.register(i));
    let [to_text, a_text] = [0, 2].map(|i| parts.vector(i));
    let (b, b_text) = parts.source();
    let (memory, memory_text) = (parts.memory, text(parts.memory));
    let (mask, mask_text) = parts.mask();
    let one = |instruction: String| vec![instruction];
    match kind {
        0..7 => {
            let (vector, name) = VECTORS[usize::from(kind)];
            assembler.vector(vector, to, Some(a), b);
            one(format!("{} {to_text},{a_text},{b_text}", parts.typed(name)))
        }
        7 => {
            assembler.vector(Vector::Sqrt, to, None, b);
            one(format!("{} {to_text},{b_text}", parts.typed("vsqrt")))
        }
        8 => {
            assembler.load(to, b);
            match b {
                Source::Number(_) if parts.avx512 => {
                    let type_ = if parts.double { "sd" } else { "ss" };
                    one(format!("vbroadcast{type_} {to_text},[number]"))
                }
                _ => one(format!("{} {to_text},{b_text}", parts.typed("vmovu"))),
            }
        }
        9 => {
            assembler.store(to, memory);
            one(format!("{} {memory_text},{to_text}", parts.typed("vmovu")))
        }
        10..17 => {
            let (condition, name) = CONDITIONS[usize::from(kind) - 10];
            assembler.compare(condition, mask, a, b);
            one(format!("{} {mask_text},{a_text},{b_text}", parts.typed(name)))
        }
        17 => {
            assembler.blend(to, a, b, mask);
            match parts.avx512 {
                true => one(format!("{} {to_text}{{{mask_text}}},{a_text},{b_text}", parts.typed("vblendm"))),
                false => one(format!("{} {to_text},{a_text},{b_text},{mask_text}", parts.typed("vblendv"))),
            }
        }
        18 => {
            assembler.keep(to, parts.bits, mask);
            match (parts.avx512, parts.double) {
                (true, false) => one(format!("vbroadcastss {to_text}{{{mask_text}}}{{z}},[number]")),
                (true, true) => one(format!("vbroadcastsd {to_text}{{{mask_text}}}{{z}},[number]")),
                _ => one(format!("{} {to_text},{mask_text},[number]", parts.typed("vand"))),
            }
        }
        19 => {
            assembler.stream(to, memory);
            one(format!("{} {memory_text},{to_text}", parts.typed("vmovnt")))
        }
        20 => {
            assembler.stream_parts(to, memory, a);
            let name = parts.typed("vmovnt");
            let mut texts = vec![format!("{name} {memory_text},xmm{to}")];
            let extract = if parts.avx512 { "vextractf32x4" } else { "vextractf128" };
            for i in 1..parts.target().width / 16 {
                let part = text(Memory { offset: memory.offset + 16 * i as i32, ..memory });
                texts.push(format!("{extract} xmm{a},{to_text},{i:#x}"));
                texts.push(format!("{name} {part},xmm{a}"));
            }
            texts
        }
        21 => {
            assembler.load_mask(parts.mask, memory);
            one(format!("kmovw k{},{memory_text}", parts.mask))
        }
        _ => {
            assembler.store_mask(parts.mask, memory);
            one(format!("kmovw {memory_text},k{}", parts.mask))
        }
    }
}

fn addresses(assembler: &mut Assembler, kind: u8, parts: &Parts) -> Vec<String> {
    let [a, b] = [0, 1].map(|i| parts.registers[i] % 16);
    let [a_text, b_text] = [a, b].map(|register| ADDRESSES[usize::from(register)]);
    let (memory, memory_text) = (parts.memory, text(parts.memory));
    let number = i64::from(parts.number);
    match kind {
        0 => {
            assembler.fetch(memory);
            vec![format!("prefetcht0 {memory_text}")]
        }
        1 => {
            assembler.load_address(a, memory);
            vec![format!("mov {a_text},{memory_text}")]
        }
        2 => {
            assembler.push(a);
            vec![format!("push {a_text}")]
        }
        3 => {
            assembler.pop(a);
            vec![format!("pop {a_text}")]
        }
        4 => {
            assembler.copy(a, b);
            vec![format!("mov {a_text},{b_text}")]
        }
        5 => {
            let place = assembler.add_number(a, 0);
            assembler.set_number(place, parts.number);
            vec![format!("add {a_text},{number:#x}")]
        }
        6 => {
            assembler.and_number(a, parts.number);
            vec![format!("and {a_text},{number:#x}")]
        }
        7 => {
            let half = |register: Register| match register {
                8.. => format!("r{register}d"),
                _ => format!("e{}", &ADDRESSES[usize::from(register)][1..]),
            };
            assembler.set_zero(a);
            vec![format!("xor {0},{0}", half(a))]
        }
        8 => {
            assembler.loop_while_less(a, b, 0);
            vec![format!("cmp {a_text},{b_text}"), "jb near 0x0".into()]
        }
        _ => {
            assembler.ret();
            vec!["vzeroupper".into(), "ret".into()]
        }
    }
}

/// What the disassembler says of so many instructions behind the first ones.
fn read(bytes: &[u8], before: usize, instructions: usize, parts: &Parts) -> Vec<String> {
    let mut formatter = NasmFormatter::new();
    formatter.options_mut().set_rip_relative_addresses(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_uppercase_hex(false);
    formatter.options_mut().set_small_hex_numbers_in_decimal(false);
    formatter.options_mut().set_branch_leading_zeros(false);
    let instructions =
        Decoder::new(64, bytes, DecoderOptions::NONE).into_iter().skip(before).take(instructions);
    let read = |instruction: Instruction| {
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        if instruction.is_ip_rel_memory_operand() {
            let size = if parts.double { 8 } else { 4 };
            let copies = if parts.avx512 { 1 } else { 32 / size };
            let start = instruction.ip_rel_memory_address() as usize;
            assert_eq!(start % if parts.avx512 { size } else { 32 }, 0);
            for number in bytes[start..].chunks(size).take(copies) {
                assert_eq!(number, &parts.bits.to_le_bytes()[..size]);
            }
            let (from, to) = (text.find('[').unwrap(), text.find(']').unwrap());
            text.replace_range(from..=to, "[number]");
        }
        text
    };
    instructions.map(read).collect()
}

fn parts() -> impl Strategy<Value = Parts> {
    // Around the ends of one-byte offsets, whatever they count.
    let near =
        (-160i32..160, prop::sample::select(vec![1, 2, 4, 8, 16, 32, 64])).prop_map(|(n, unit)| n * unit);
    let offset = prop_oneof![near, any::<i32>().prop_map(|n| n / 2)];
    let index = prop::option::of((0u8..16).prop_filter("no index", |&index| index != RSP));
    let memory = (0u8..16, index, offset).prop_map(|(base, index, offset)| Memory { base, index, offset });
    let registers = [0u8..32, 0u8..32, 0u8..32];
    (any::<(bool, bool)>(), registers, 1u8..8, memory, 0u8..3, any::<u64>(), any::<i32>()).prop_map(
        |((avx512, double), registers, mask, memory, last, bits, number)| {
            let bits = if double { bits } else { bits & 0xFFFF_FFFF };
            Parts { avx512, double, registers, mask, memory, last, bits, number }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn instructions_read_back(parts in parts(), kind in 0u8..33, before in 0usize..3) {
        let mut assembler = Assembler::new(parts.target(), parts.double);
        // Other numbers first.
        for i in 0..before {
            assembler.vector(Vector::Add, 0, Some(1), Source::Number(i as u64 + 1));
        }
        let expected = match kind {
            0..23 => vectors(&mut assembler, kind, &parts),
            _ => addresses(&mut assembler, kind - 23, &parts),
        };
        let found = read(&assembler.finish(), before, expected.len(), &parts);
        prop_assert_eq!(&found, &expected);
    }
}
