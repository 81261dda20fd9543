//! Instructions on addresses, and jumps.

use super::parts::{ADDRESSES, Parts, text};
use crate::native::assembler::{Assembler, Register};

pub const KINDS: u8 = 17;

pub fn write(assembler: &mut Assembler, kind: u8, parts: &Parts) -> Option<Vec<String>> {
    let [a, b] = [0, 1].map(|i| parts.registers[i] % 16);
    let [a_text, b_text] = [a, b].map(|register| ADDRESSES[usize::from(register)]);
    let (memory, memory_text) = (parts.memory, text(parts.memory));
    let number = i64::from(parts.number);
    Some(match kind {
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
            let jump = assembler.jump_if_above(a, b);
            assembler.set_target(jump, 0);
            vec![format!("cmp {a_text},{b_text}"), "ja near 0x0".into()]
        }
        9 => {
            assembler.compare_number(a, parts.number);
            vec![format!("cmp {a_text},{number:#x}")]
        }
        10 => {
            assembler.set_register(a, parts.bits);
            vec![format!("mov {a_text},{:#x}", parts.bits)]
        }
        11 => {
            assembler.address(a, memory);
            vec![format!("lea {a_text},{memory_text}")]
        }
        12 => {
            assembler.call(a);
            vec![format!("call {a_text}")]
        }
        13 => {
            let jump = assembler.go();
            assembler.set_target(jump, 0x123);
            vec!["jmp 0x123".into()]
        }
        14 => {
            let jump = assembler.jump(0x85);
            assembler.set_target(jump, 0x12345);
            vec!["jne near 0x12345".into()]
        }
        15 => {
            assembler.clear_upper();
            vec!["vzeroupper".into()]
        }
        _ => {
            assembler.ret();
            vec!["vzeroupper".into(), "ret".into()]
        }
    })
}
