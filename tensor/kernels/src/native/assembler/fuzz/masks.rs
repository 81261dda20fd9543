//! Instructions on masks, or on the vectors that stand for them.

use super::parts::{Parts, text};
use crate::native::assembler::{Assembler, Mask};

pub const KINDS: u8 = 9;

pub fn write(assembler: &mut Assembler, kind: u8, parts: &Parts) -> Option<Vec<String>> {
    let [a, b, c] = match parts.avx512 {
        true => parts.masks,
        false => [0, 1, 2].map(|i| parts.register(i)),
    };
    let [a_text, b_text, c_text] = [a, b, c].map(|mask| match parts.avx512 {
        true => format!("k{mask}"),
        false => format!("ymm{mask}"),
    });
    let (vector, vector_text) = (parts.register(0), parts.vector(0));
    let (memory, memory_text) = (parts.memory, text(parts.memory));
    let type_ = if parts.double { "pd" } else { "ps" };
    let jump = |assembler: &mut Assembler, unless: bool, all: &str, condition: &str| {
        let jump = assembler.jump_if(a, unless);
        assembler.set_target(jump, 0);
        match parts.avx512 {
            true => {
                let size = if parts.double { "b" } else { "w" };
                vec![format!("kortest{size} {a_text},{a_text}"), format!("{condition} near 0x0")]
            }
            false => {
                vec![
                    format!("vmovmsk{type_} {}ax,{a_text}", if parts.double { "r" } else { "e" }),
                    format!("cmp rax,{all}"),
                    "jne near 0x0".into(),
                ]
            }
        }
    };
    Some(match kind {
        0 => {
            assembler.load_mask(parts.masks[0], memory);
            vec![format!("kmovw k{},{memory_text}", parts.masks[0])]
        }
        1 => {
            assembler.store_mask(parts.masks[0], memory);
            vec![format!("kmovw {memory_text},k{}", parts.masks[0])]
        }
        2 => {
            assembler.sign_mask(a, vector);
            match parts.avx512 {
                true => {
                    vec![format!("vpmov{}2m {a_text},{vector_text}", if parts.double { "q" } else { "d" })]
                }
                false if a == vector => vec![],
                false => vec![format!("vmovu{type_} {a_text},{vector_text}")],
            }
        }
        3 if parts.avx512 => {
            assembler.unusual_mask(a, vector);
            vec![format!("vfpclass{type_} {a_text},{vector_text},0xff")]
        }
        3 => return None,
        4 | 5 => {
            let (op, name) = [(Mask::And, "and"), (Mask::Or, "or")][usize::from(kind) - 4];
            assembler.combine_masks(op, a, b, c);
            match parts.avx512 {
                true => vec![format!("k{name}w {a_text},{b_text},{c_text}")],
                false => vec![format!("v{name}{type_} {a_text},{b_text},{c_text}")],
            }
        }
        6 if parts.avx512 => {
            assembler.invert_mask(a, b);
            vec![format!("knotw {a_text},{b_text}")]
        }
        // All bits.
        6 if parts.bits == if parts.double { !0 } else { !0 >> 32 } => {
            assembler.invert_mask(a, b);
            vec![format!("vxor{type_} {a_text},{b_text},[number]")]
        }
        6 => return None,
        7 => jump(assembler, false, "0x0", "jne"),
        _ => jump(assembler, true, if parts.double { "0xf" } else { "0xff" }, "jae"),
    })
}
