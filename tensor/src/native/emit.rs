//! From a program to a function: its frame and its loops.

mod lines;

use super::assembler::{Assembler, Memory, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, Register};
use super::program::{Operand, Program};
use super::registers::Registers;
use super::target::Target;
use crate::simd::combined::TILE;

/// Bytes that memory moves at once.
const LINE: usize = 64;
/// How many bytes are fetched ahead of their use, of all arrays together and of each at least.
const AHEAD: (usize, usize) = (8192, 512);
/// What holds the addresses of the first arrays during the loop; those of further ones are loaded when needed.
const ADDRESSES: [Register; 9] = [8, 9, 10, 11, RBX, 12, 13, 14, 15];
/// The first of those that belong to the caller.
const SAVED: usize = 4;
/// The most bytes of the stack that a function takes. It does not touch one page after the other, so these must be fewer than
/// the page that guards the end of a stack.
const MOST_STACK: usize = 4096 - LINE;

/// Appends a function that runs the program, and says where it begins; `streaming` if the arrays that may go past the caches do.
/// Nothing if it would take too much of the stack.
pub(super) fn emit<T>(
    assembler: &mut Assembler,
    target: Target,
    program: &Program,
    streaming: bool,
) -> Option<usize> {
    let entry = assembler.bytes.len();
    let step = TILE * size_of::<T>();
    let saved = &ADDRESSES[SAVED..program.arrays.clamp(SAVED, ADDRESSES.len())];
    saved.iter().for_each(|&register| assembler.push(register));
    assembler.push(RBP);
    assembler.copy(RBP, RSP);
    let frame = assembler.add_number(RSP, 0);
    // So that no vector straddles two lines of the cache.
    assembler.and_number(RSP, -(LINE as i32));
    for (i, &register) in ADDRESSES.iter().enumerate().take(program.arrays) {
        assembler.load_address(register, in_table(i));
    }
    assembler.set_zero(RCX);
    let start = assembler.bytes.len();
    let mut body = Body::new::<T>(assembler, target, program, streaming, 1);
    body.fetch(step);
    for first in 0..step / target.width {
        body.vectors(first);
    }
    let bytes = body.registers.frame();
    assembler.set_number(frame, -(bytes as i32));
    assembler.add_number(RCX, step as i32);
    assembler.loop_while_less(RCX, RDX, start);
    assembler.copy(RSP, RBP);
    assembler.pop(RBP);
    saved.iter().rev().for_each(|&register| assembler.pop(register));
    assembler.ret();
    (bytes <= MOST_STACK).then_some(entry)
}

/// Where the address of an array stands.
fn in_table(array: usize) -> Memory {
    Memory { base: RDI, index: None, offset: (array * size_of::<usize>()) as i32 }
}

/// The body of a loop. It works on some vectors side by side, so that there are as many independent instructions.
struct Body<'a> {
    program: &'a Program,
    target: Target,
    assembler: &'a mut Assembler,
    /// For each line, whether its result is a mask.
    masks: Vec<bool>,
    streaming: bool,
    /// Whether vectors hold doubles; bytes of a tile.
    double: bool,
    tile: usize,
    /// The number of vectors side by side.
    ways: usize,
    /// The lines to be done, and for which of those vectors.
    order: Vec<(usize, usize)>,
    registers: Registers,
    /// The vector being worked on, of all that the loop goes through in a turn; and of those side by side.
    vector: usize,
    way: usize,
}

impl<'a> Body<'a> {
    fn new<T>(
        assembler: &'a mut Assembler,
        target: Target,
        program: &'a Program,
        streaming: bool,
        ways: usize,
    ) -> Self {
        let lines = 0..program.lines.len();
        let order: Vec<(usize, usize)> =
            lines.flat_map(|line| (0..ways).map(move |way| (line, way))).collect();
        let masks = program.masks();
        let mut body = Body {
            program,
            target,
            assembler,
            streaming,
            double: size_of::<T>() == 8,
            tile: TILE * size_of::<T>(),
            ways,
            registers: Registers::new(target, (program.arrays + program.lines.len()) * ways),
            order,
            masks,
            vector: 0,
            way: 0,
        };
        for (time, &(line, way)) in body.order.iter().enumerate() {
            body.way = way;
            for &operand in &program.lines[line].from {
                if let Some(value) = body.value(operand) {
                    body.registers.read_at(value, time);
                }
            }
        }
        body
    }

    /// Asks for what the loop will read some steps later.
    fn fetch(&mut self, step: usize) {
        let program = self.program;
        let ahead = (AHEAD.0 / program.ahead.len().max(2)).max(AHEAD.1);
        for &array in &program.ahead {
            for line in 0..step.div_ceil(LINE) {
                let at = self.array(array, ahead + line * LINE);
                self.assembler.fetch(at);
            }
        }
    }

    /// All lines for the vectors from one on.
    fn vectors(&mut self, first: usize) {
        self.registers.forget_all();
        let program = self.program;
        for time in 0..self.order.len() {
            let (line, way) = self.order[time];
            (self.vector, self.way) = (first + way, way);
            self.registers.begin(time);
            let result = self.line(line, &program.lines[line]);
            self.finish(line, &program.lines[line], result);
        }
    }

    /// The number of a value that can stand in a register.
    fn value(&self, operand: Operand) -> Option<usize> {
        match operand {
            Operand::Array(array) => Some(array * self.ways + self.way),
            Operand::Line(line) => Some((self.program.arrays + line) * self.ways + self.way),
            Operand::Tile(_) | Operand::Number(_) => None,
        }
    }

    /// An operand that is a known number.
    fn number(&self, operand: Operand) -> Option<f64> {
        match operand {
            Operand::Number(bits) if self.double => Some(f64::from_bits(bits)),
            Operand::Number(bits) => Some(f32::from_bits(bits as u32).into()),
            _ => None,
        }
    }

    fn in_tile(&self, tile: usize) -> Memory {
        Memory { base: RSI, index: None, offset: (tile * self.tile + self.vector * self.target.width) as i32 }
    }

    fn array(&mut self, array: usize, offset: usize) -> Memory {
        let base = match ADDRESSES.get(array) {
            Some(&register) => register,
            None => {
                self.assembler.load_address(RAX, in_table(array));
                RAX
            }
        };
        Memory { base, index: Some(RCX), offset: offset as i32 }
    }
}
