//! Instructions on vectors.

use super::parts::{Parts, text};
use crate::native::assembler::{Assembler, Condition, Form, Memory, Shift, Source, Vector, Whole};

pub const KINDS: u8 = 36;

const VECTORS: [(Vector, &str); 10] = [
    (Vector::And, "vand"),
    (Vector::Or, "vor"),
    (Vector::Xor, "vxor"),
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

const SHIFTS: [(Shift, &str); 3] =
    [(Shift::Up, "vpsll"), (Shift::Down, "vpsrl"), (Shift::DownSigned, "vpsra")];

const FORMS: [(Form, &str); 3] = [(Form::F132, "132"), (Form::F213, "213"), (Form::F231, "231")];

pub fn write(assembler: &mut Assembler, kind: u8, parts: &Parts) -> Option<Vec<String>> {
    let [to, a] = [0, 2].map(|i| parts.register(i));
    let [to_text, a_text] = [0, 2].map(|i| parts.vector(i));
    let (b, b_text) = parts.source();
    let (memory, memory_text) = (parts.memory, text(parts.memory));
    let (mask, mask_text) = parts.mask();
    // Of 64 bits or of 32.
    let size = if parts.double { "q" } else { "d" };
    let instruction = match kind {
        0..9 => {
            let (vector, name) = VECTORS[usize::from(kind)];
            assembler.vector(vector, to, Some(a), b);
            format!("{} {to_text},{a_text},{b_text}", parts.typed(name))
        }
        9 => {
            assembler.vector(Vector::Sqrt, to, None, b);
            format!("{} {to_text},{b_text}", parts.typed("vsqrt"))
        }
        10 => {
            assembler.load(to, b);
            match (b, parts.avx512, parts.double) {
                (Source::Number(_), true, false) => format!("vbroadcastss {to_text},[number]"),
                (Source::Number(_), true, true) => format!("vbroadcastsd {to_text},[number]"),
                _ => format!("{} {to_text},{b_text}", parts.typed("vmovu")),
            }
        }
        11 => {
            assembler.store(to, memory);
            format!("{} {memory_text},{to_text}", parts.typed("vmovu"))
        }
        12..19 => {
            let (condition, name) = CONDITIONS[usize::from(kind) - 12];
            assembler.compare(condition, mask, a, b);
            format!("{} {mask_text},{a_text},{b_text}", parts.typed(name))
        }
        19 => {
            assembler.blend(to, a, b, mask);
            match parts.avx512 {
                true => format!("{} {to_text}{{{mask_text}}},{a_text},{b_text}", parts.typed("vblendm")),
                false => format!("{} {to_text},{a_text},{b_text},{mask_text}", parts.typed("vblendv")),
            }
        }
        20 => {
            assembler.keep(to, parts.bits, mask);
            match (parts.avx512, parts.double) {
                (true, false) => format!("vbroadcastss {to_text}{{{mask_text}}}{{z}},[number]"),
                (true, true) => format!("vbroadcastsd {to_text}{{{mask_text}}}{{z}},[number]"),
                _ => format!("{} {to_text},{mask_text},[number]", parts.typed("vand")),
            }
        }
        21 => {
            assembler.stream(to, memory);
            format!("{} {memory_text},{to_text}", parts.typed("vmovnt"))
        }
        22 => return Some(stream_parts(assembler, parts)),
        23..26 => {
            let (form, name) = FORMS[usize::from(kind) - 23];
            let (negative, minus) = (parts.number & 1 == 1, parts.number & 2 == 2);
            assembler.mul_add(form, (negative, minus), to, a, b);
            let signs = format!("{}m{}", if negative { "n" } else { "" }, if minus { "sub" } else { "add" });
            format!("{} {to_text},{a_text},{b_text}", parts.typed(&format!("vf{signs}{name}")))
        }
        26 | 27 => {
            let (op, name) = [(Whole::Add, "vpadd"), (Whole::Sub, "vpsub")][usize::from(kind) - 26];
            assembler.whole_numbers(op, to, a, b);
            format!("{name}{size} {to_text},{a_text},{b_text}")
        }
        28..31 => {
            let (way, name) = SHIFTS[usize::from(kind) - 28];
            if way == Shift::DownSigned && parts.double && !parts.avx512 {
                return None;
            }
            let places = parts.number as u8 & 63;
            assembler.shift(way, to, a, places);
            format!("{name}{size} {to_text},{a_text},{places:#x}")
        }
        31 => {
            assembler.floor(to, b);
            let name = if parts.avx512 { "vrndscale" } else { "vround" };
            format!("{} {to_text},{b_text},0x9", parts.typed(name))
        }
        32 if parts.avx512 => {
            assembler.scale(to, a, b);
            format!("{} {to_text},{a_text},{b_text}", parts.typed("vscalef"))
        }
        33 if parts.avx512 => {
            assembler.blend_bits(to, a, b);
            format!("vpternlog{size} {to_text},{a_text},{b_text},0xac")
        }
        34 if parts.avx512 || !parts.double => {
            assembler.convert_whole(to, b);
            let name = if parts.double { "vcvtqq2pd" } else { "vcvtdq2ps" };
            format!("{name} {to_text},{b_text}")
        }
        _ => return None,
    };
    Some(vec![instruction])
}

fn stream_parts(assembler: &mut Assembler, parts: &Parts) -> Vec<String> {
    let (from, part, memory) = (parts.register(0), parts.register(2), parts.memory);
    assembler.stream_parts(from, memory, part);
    let name = parts.typed("vmovnt");
    let mut texts = vec![format!("{name} {},xmm{from}", text(memory))];
    let extract = if parts.avx512 { "vextractf32x4" } else { "vextractf128" };
    for i in 1..parts.target().width / 16 {
        let place = text(Memory { offset: memory.offset + 16 * i as i32, ..memory });
        texts.push(format!("{extract} xmm{part},{},{i:#x}", parts.vector(0)));
        texts.push(format!("{name} {place},xmm{part}"));
    }
    texts
}
