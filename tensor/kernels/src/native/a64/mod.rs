//! Machine code for aarch64, with the vectors of NEON, which have 128 bits.

mod assembler;
mod lines;

pub use assembler::Assembler;

use super::program::{Line, Op, Operand, Program};
use super::registers::Registers;
use super::target::NEON;
use crate::simd::combined::TILE;
use assembler::{Memory, Register, SP};

/// Where a function finds what it is given: the table of its arrays' addresses, its tiles, how many bytes to go through.
const TABLE: Register = 0;
const TILES: Register = 1;
const BYTES: Register = 2;
/// How many bytes are behind it.
const DONE: Register = 3;
/// What holds the present places in the first arrays, and how many those are; others are computed when needed.
const PLACES: Register = 4;
const MOST_PLACES: usize = 12;
/// For an address that is needed now.
const NOW: Register = 16;
/// Vectors of which a function must leave the lower halves as they were, two by two, and where it keeps them.
const SAVED: [(Register, usize); 4] = [(8, 0), (10, 16), (12, 32), (14, 48)];
/// Bytes of the stack that those take.
const SAVED_BYTES: usize = 64;
/// The most bytes of the stack that a function takes: what one instruction can add to the stack pointer.
const MOST_STACK: usize = 4096 - NEON.width;
/// Vectors that keep something all the time, at most, and those of them that collect reductions.
const MOST_KEPT: usize = 20;
const MOST_TOTALS: usize = 16;

/// Appends a function that runs the program, and says where it begins, in bytes. Nothing if it would take too much of the stack.
pub fn emit<T>(assembler: &mut Assembler, program: &Program) -> Option<usize> {
    let entry = assembler.words.len() * size_of::<u32>();
    let step = TILE * size_of::<T>();
    let vectors = step / NEON.width;
    let places = 0..program.arrays.min(MOST_PLACES);
    let room = assembler.take_room();
    for (vector, offset) in SAVED {
        assembler.save_pair(vector, Memory { base: SP, offset });
    }
    for array in places.clone() {
        assembler.load_address(PLACES + array as Register, in_table(array));
    }
    let mut body = Body::new::<T>(assembler, program);
    body.begin(vectors);
    body.assembler.set_zero(DONE);
    let start = body.assembler.words.len();
    for vector in 0..vectors {
        body.vector(vector);
    }
    for array in places {
        let place = PLACES + array as Register;
        body.assembler.add_number(place, place, step);
    }
    body.assembler.add_number(DONE, DONE, step);
    body.assembler.loop_while_less(DONE, BYTES, start);
    body.end(vectors);
    let bytes = SAVED_BYTES + body.registers.frame();
    for (vector, offset) in SAVED {
        assembler.restore_pair(vector, Memory { base: SP, offset });
    }
    assembler.add_number(SP, SP, bytes);
    assembler.ret();
    (bytes <= MOST_STACK).then(|| {
        assembler.set_room(room, bytes);
        entry
    })
}

/// Where the address of an array stands.
fn in_table(array: usize) -> Memory {
    Memory { base: TABLE, offset: array * size_of::<usize>() }
}

/// The body of a loop.
struct Body<'a> {
    program: &'a Program,
    assembler: &'a mut Assembler,
    /// For each line, whether its result is a mask.
    masks: Vec<bool>,
    /// Whether vectors hold doubles; bytes of a tile.
    double: bool,
    tile: usize,
    /// Operands that are the same everywhere and stand in a register all the time.
    kept: Vec<(Operand, Register)>,
    /// Tiles whose lanes stand in registers all the time, of each the first of those.
    totals: Vec<(usize, Register)>,
    /// All others.
    registers: Registers,
    /// The vector being worked on, of those of a tile.
    vector: usize,
}

impl<'a> Body<'a> {
    fn new<T>(assembler: &'a mut Assembler, program: &'a Program) -> Self {
        let tile = TILE * size_of::<T>();
        let mut free = NEON.vectors;
        let mut keep = |count: usize| {
            free -= count;
            free as Register
        };
        let vectors = tile / NEON.width;
        let reduced = program.lines.iter().flat_map(|line| &line.reduced);
        let totals: Vec<(usize, Register)> =
            reduced.take(MOST_TOTALS / vectors).map(|&(_, tile)| (tile, keep(vectors))).collect();
        let masks = program.masks();
        let one = if size_of::<T>() == 8 { 1f64.to_bits() } else { 1f32.to_bits().into() };
        let most = MOST_KEPT - totals.len() * vectors;
        let kept: Vec<(Operand, Register)> = most_read(program, &masks, one)
            .into_iter()
            .take(most)
            .map(|operand| (operand, keep(1)))
            .collect();
        let target = super::target::Target { vectors: free, ..NEON };
        let mut body = Body {
            program,
            assembler,
            masks,
            double: size_of::<T>() == 8,
            tile,
            kept,
            totals,
            registers: Registers::new(target, program.arrays + program.lines.len()),
            vector: 0,
        };
        for (time, line) in program.lines.iter().enumerate() {
            for &operand in &line.from {
                if let Some(value) = body.value(operand) {
                    body.registers.read_at(value, time);
                }
            }
        }
        body
    }

    /// Loads what stands in a register all the time.
    fn begin(&mut self, vectors: usize) {
        for (operand, register) in self.kept.clone() {
            self.load_uniform(register, operand);
        }
        for (tile, first) in self.totals.clone() {
            for vector in 0..vectors {
                self.vector = vector;
                let from = self.in_tile(tile);
                self.assembler.load(first + vector as Register, from);
            }
        }
    }

    /// Puts totals back.
    fn end(&mut self, vectors: usize) {
        for (tile, first) in self.totals.clone() {
            for vector in 0..vectors {
                self.vector = vector;
                let to = self.in_tile(tile);
                self.assembler.store(first + vector as Register, to);
            }
        }
    }

    /// All lines for one vector of a tile.
    fn vector(&mut self, vector: usize) {
        self.vector = vector;
        self.registers.forget_all();
        let program = self.program;
        for (i, line) in program.lines.iter().enumerate() {
            self.registers.begin(i);
            let result = self.line(i, line);
            self.finish(i, line, result);
        }
    }

    /// The number of a value that comes and goes in registers.
    fn value(&self, operand: Operand) -> Option<usize> {
        match operand {
            Operand::Array(array) => Some(array),
            Operand::Line(line) => Some(self.program.arrays + line),
            Operand::Tile(_) | Operand::Number(_) => None,
        }
    }

    fn load_uniform(&mut self, to: Register, operand: Operand) {
        match operand {
            Operand::Number(bits) => self.assembler.load_number(to, bits),
            Operand::Tile(tile) => {
                let from = self.in_tile(tile);
                self.assembler.load(to, from);
            }
            Operand::Array(_) | Operand::Line(_) => {
                unreachable!("an operand that is not the same everywhere")
            }
        }
    }

    /// The present vector of a tile.
    fn in_tile(&mut self, tile: usize) -> Memory {
        let offset = tile * self.tile + self.vector * NEON.width;
        if offset < NEON.width << 12 {
            return Memory { base: TILES, offset };
        }
        self.assembler.add_number(NOW, TILES, offset);
        Memory { base: NOW, offset: 0 }
    }

    /// The present vector of an array.
    fn in_array(&mut self, array: usize) -> Memory {
        let offset = self.vector * NEON.width;
        if array < MOST_PLACES {
            return Memory { base: PLACES + array as Register, offset };
        }
        self.assembler.load_address(NOW, in_table(array));
        self.assembler.add(NOW, NOW, DONE);
        Memory { base: NOW, offset }
    }

    fn on_stack(&self, slot: usize) -> Memory {
        Memory { base: SP, offset: SAVED_BYTES + slot * NEON.width }
    }

    /// An operand that is a known number.
    fn number(&self, operand: Operand) -> Option<f64> {
        match operand {
            Operand::Number(bits) if self.double => Some(f64::from_bits(bits)),
            Operand::Number(bits) => Some(f32::from_bits(bits as u32).into()),
            _ => None,
        }
    }

    /// The number 1.
    fn one(&self) -> Operand {
        Operand::Number(if self.double { 1f64.to_bits() } else { 1f32.to_bits().into() })
    }
}

/// The operands that are the same everywhere, those that most lines read first.
fn most_read(program: &Program, masks: &[bool], one: u64) -> Vec<Operand> {
    let mut read: Vec<(usize, Operand)> = Vec::new();
    let mut count = |operand: Operand| match read.iter_mut().find(|(_, known)| *known == operand) {
        Some((times, _)) => *times += 1,
        None => read.push((1, operand)),
    };
    for (i, Line { op, from, .. }) in program.lines.iter().enumerate() {
        from.iter().for_each(|&operand| count(operand));
        if matches!(op, Op::Arithmetic(f) if f.is_comparison()) && !masks[i] {
            count(Operand::Number(one));
        }
    }
    read.retain(|(_, operand)| matches!(operand, Operand::Tile(_) | Operand::Number(_)));
    read.sort_by_key(|&(times, _)| std::cmp::Reverse(times));
    read.into_iter().map(|(_, operand)| operand).collect()
}
