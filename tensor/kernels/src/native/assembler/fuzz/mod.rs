//! Random instructions, read back by a disassembler.

mod addresses;
mod masks;
mod parts;
mod vectors;

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, NasmFormatter};
use proptest::prelude::*;

use super::{Assembler, Source, Vector};
use parts::{Parts, parts};

/// Writes an instruction of a kind, and says how it reads; nothing if the target has none such.
type Write = fn(&mut Assembler, u8, &Parts) -> Option<Vec<String>>;

/// All of them, with the number of kinds.
const ALL: [(u8, Write); 3] =
    [(vectors::KINDS, vectors::write), (masks::KINDS, masks::write), (addresses::KINDS, addresses::write)];

/// What the disassembler says of so many instructions behind the first ones, and how many bytes there are up to their end.
fn read(bytes: &[u8], before: usize, instructions: usize, parts: &Parts) -> (Vec<String>, usize) {
    let mut formatter = NasmFormatter::new();
    formatter.options_mut().set_rip_relative_addresses(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_uppercase_hex(false);
    formatter.options_mut().set_small_hex_numbers_in_decimal(false);
    formatter.options_mut().set_branch_leading_zeros(false);
    let decoder = Decoder::new(64, bytes, DecoderOptions::NONE);
    let instructions: Vec<Instruction> = decoder.into_iter().take(before + instructions).collect();
    let length = instructions.iter().map(Instruction::len).sum();
    let text = |instruction: &Instruction| {
        let mut text = String::new();
        formatter.format(instruction, &mut text);
        if instruction.is_ip_rel_memory_operand() {
            let size = if parts.double { 8 } else { 4 };
            let copies = if parts.avx512 { 1 } else { 32 / size };
            let start = instruction.ip_rel_memory_address() as usize;
            assert_eq!(start % (copies * size), 0);
            for number in bytes[start..].chunks(size).take(copies) {
                assert_eq!(number, &parts.bits.to_le_bytes()[..size]);
            }
            let (from, to) = (text.find('[').unwrap(), text.find(']').unwrap());
            text.replace_range(from..=to, "[number]");
        }
        text
    };
    (instructions[before..].iter().map(text).collect(), length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]
    #[test]
    fn instructions_read_back(
        parts in parts(),
        (kinds, write) in prop::sample::select(&ALL[..]),
        kind: u8,
        before in 0usize..3,
    ) {
        let mut assembler = Assembler::new(parts.target(), parts.double);
        // Other numbers first.
        for i in 0..before {
            assembler.vector(Vector::Add, 0, Some(1), Source::Number(i as u64 + 1));
        }
        if let Some(expected) = write(&mut assembler, kind % kinds, &parts) {
            let code = assembler.bytes.len();
            let (found, length) = read(&assembler.finish(), before, expected.len(), &parts);
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(length, code);
        }
    }
}
