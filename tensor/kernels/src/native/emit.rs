//! From a program to a function: its frame and its loops.

mod elsewhere;
mod functions;
mod lines;
mod stub;
mod turns;

use super::assembler::{Assembler, Memory, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, Register};
use super::program::{Operand, Program};
use super::registers::Registers;
use super::target::Target;
use crate::Float;
use crate::simd::combined::TILE;
use stub::Stub;
use turns::{MOST_STACK, Turn, Turns};

/// Bytes that memory moves at once.
const LINE: usize = 64;
/// How many bytes are fetched ahead of their use, of all arrays together and of each at least.
const AHEAD: (usize, usize) = (8192, 512);
/// What holds the addresses of the first arrays during the loop; those of further ones are loaded when needed.
const ADDRESSES: [Register; 8] = [8, 9, 10, 11, RBX, 12, 13, 14];
/// The first of those that belong to the caller.
const SAVED: usize = 4;
/// What holds the offset within a tile, where a turn of the loop is less than one.
const LANES: Register = 15;
/// A page of the stack, at whose end there is one that must be met before anything behind it.
const PAGE: usize = 4096;

/// How a function writes the arrays that may go past the caches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Streaming {
    /// As any other.
    None,
    /// Past them, in parts of 16 bytes.
    Parts,
    /// Past them, a vector at once.
    Whole,
}

/// Appends a function that runs the program, and says where it begins. Nothing if it would take too much of the stack.
pub(super) fn emit<T: Float>(
    assembler: &mut Assembler,
    target: Target,
    program: &Program,
    streaming: Streaming,
) -> Option<usize> {
    let entry = assembler.bytes.len();
    let turns = Turns::of::<T>(program, target);
    let mut saved = ADDRESSES[SAVED..program.arrays.clamp(SAVED, ADDRESSES.len())].to_vec();
    saved.extend([LANES, RBP]);
    saved.iter().for_each(|&register| assembler.push(register));
    assembler.copy(RBP, RSP);
    let frame = assembler.add_number(RSP, 0);
    // So that no vector straddles two lines of the cache.
    assembler.and_number(RSP, -(LINE as i32));
    for page in 1..=MOST_STACK / PAGE {
        assembler.load_address(RAX, Memory { base: RBP, index: None, offset: -((page * PAGE) as i32) });
    }
    for (i, &register) in ADDRESSES.iter().enumerate().take(program.arrays) {
        assembler.load_address(register, in_table(i));
    }
    assembler.set_zero(RCX);
    let (mut stubs, mut spilled) = (Vec::new(), 0);
    for &turn in &turns.0 {
        let start = assembler.bytes.len();
        let step = turn.vectors * target.width;
        assembler.address(RAX, Memory { base: RCX, index: None, offset: step as i32 });
        let end = assembler.jump_if_above(RAX, RDX);
        let mut body = Body::new::<T>(assembler, target, program, streaming, turn);
        body.run();
        spilled = spilled.max(body.registers.frame());
        stubs.append(&mut body.stubs);
        assembler.add_number(RCX, step as i32);
        let again = assembler.go();
        assembler.set_target(again, start);
        assembler.set_target(end, assembler.bytes.len());
    }
    assembler.copy(RSP, RBP);
    saved.iter().rev().for_each(|&register| assembler.pop(register));
    assembler.ret();
    let mut bytes = spilled;
    for stub in stubs {
        bytes = bytes.max(stub.emit::<T>(assembler, target, spilled));
    }
    assembler.set_number(frame, -(bytes as i32));
    (bytes + LINE <= MOST_STACK).then_some(entry)
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
    streaming: Streaming,
    /// Whether vectors hold doubles; bytes of a tile.
    double: bool,
    tile: usize,
    turn: Turn,
    /// The lines to be done, and for which of the vectors side by side.
    order: Vec<(usize, usize)>,
    registers: Registers,
    /// The vector being worked on, of all that the loop goes through in a turn; and of those side by side.
    vector: usize,
    way: usize,
    /// What is done elsewhere.
    stubs: Vec<Stub>,
}

impl<'a> Body<'a> {
    fn new<T>(
        assembler: &'a mut Assembler,
        target: Target,
        program: &'a Program,
        streaming: Streaming,
        turn: Turn,
    ) -> Self {
        let mut body = Body {
            program,
            target,
            assembler,
            masks: program.masks(),
            streaming,
            double: size_of::<T>() == 8,
            tile: TILE * size_of::<T>(),
            turn,
            order: turn.order(program.lines.len()),
            registers: Registers::new(target, (program.arrays + program.lines.len()) * turn.ways),
            vector: 0,
            way: 0,
            stubs: Vec::new(),
        };
        for time in 0..body.order.len() {
            let (line, way) = body.order[time];
            body.way = way;
            for &operand in &program.lines[line].from {
                if let Some(value) = body.value(operand) {
                    body.registers.read_at(value, time);
                }
            }
        }
        body
    }

    /// A turn of the loop. Little by little it asks for what will be read some turns later.
    fn run(&mut self) {
        let Turn { vectors, ways, .. } = self.turn;
        let step = vectors * self.target.width;
        if step < self.tile {
            self.assembler.copy(LANES, RCX);
            self.assembler.and_number(LANES, self.tile as i32 - 1);
        }
        let program = self.program;
        let ahead = (AHEAD.0 / program.ahead.len().max(2)).max(AHEAD.1);
        let lines = (ahead..ahead + step).step_by(LINE);
        let fetched: Vec<(usize, usize)> =
            lines.flat_map(|at| program.ahead.iter().map(move |&array| (array, at))).collect();
        let all = self.order.len() * (vectors / ways);
        for (part, first) in (0..vectors).step_by(ways).enumerate() {
            self.registers.forget_all();
            for time in 0..self.order.len() {
                let done = part * self.order.len() + time;
                for &(array, at) in &fetched[fetched.len() * done / all..fetched.len() * (done + 1) / all] {
                    let at = self.array(array, at);
                    self.assembler.fetch(at);
                }
                let (line, way) = self.order[time];
                (self.vector, self.way) = (first + way, way);
                self.registers.begin(time);
                let result = self.line(line, &program.lines[line]);
                self.finish(line, &program.lines[line], result);
            }
        }
    }

    /// The number of a value that can stand in a register.
    fn value(&self, operand: Operand) -> Option<usize> {
        match operand {
            Operand::Array(array) => Some(array * self.turn.ways + self.way),
            Operand::Line(line) => Some((self.program.arrays + line) * self.turn.ways + self.way),
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

    /// A tile that holds the same number everywhere.
    fn in_tile(&self, tile: usize) -> Memory {
        Memory { base: RSI, index: None, offset: (tile * self.tile) as i32 }
    }

    /// The lanes of a tile that belong to the vector.
    fn lanes(&self, tile: usize) -> Memory {
        let (within, step) = (self.vector * self.target.width, self.turn.vectors * self.target.width);
        let index = (step < self.tile).then_some(LANES);
        Memory { base: RSI, index, offset: (tile * self.tile + within % self.tile) as i32 }
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
