//! From a program to instructions, line by line.

mod registers;

use super::assembler::{Assembler, Condition, Memory, RCX, RDI, RDX, RSI, RSP, Register, Source, Vector};
use super::program::{Line, Op, Operand, Program};
use crate::fused::Reduce;
use crate::simd::Arithmetic;
use crate::simd::combined::TILE;
use registers::value;

/// Bytes of a vector, and the registers for them.
const WIDTH: usize = 32;
const VECTORS: usize = 16;
/// Bytes that memory moves at once.
const LINE: usize = 64;
/// How many bytes are fetched ahead of their use, of all arrays together and of each at least.
const AHEAD: (usize, usize) = (8192, 512);
/// What holds the addresses of the first arrays during the loop; those of further ones are loaded when needed.
const ADDRESSES: [Register; 10] = [8, 9, 10, 11, 3, 5, 12, 13, 14, 15];
/// The first of those that belong to the caller.
const SAVED: usize = 4;
/// For an address that is needed now.
const RAX: Register = 0;

/// Appends a function that runs the program; `streaming` if the arrays that may go past the caches do.
pub(super) fn emit<T>(code: &mut Vec<u8>, program: &Program, streaming: bool) {
    let mut body = Body::new::<T>(program, streaming);
    let step = TILE * size_of::<T>();
    let ahead = (AHEAD.0 / program.ahead.len().max(2)).max(AHEAD.1);
    for &array in &program.ahead {
        for line in 0..step.div_ceil(LINE) {
            let at = body.array(array, ahead + line * LINE);
            body.assembler.fetch(at);
        }
    }
    for vector in 0..step / WIDTH {
        body.vector(vector);
    }
    let frame = (body.frame * WIDTH) as i32;

    let mut function = Assembler::new(false);
    let saved = &ADDRESSES[SAVED..program.arrays.clamp(SAVED, ADDRESSES.len())];
    saved.iter().for_each(|&register| function.push(register));
    function.add_number(RSP, -frame);
    for (i, &register) in ADDRESSES.iter().enumerate().take(program.arrays) {
        function.load_address(register, in_table(i));
    }
    function.set_zero(RCX);
    let start = function.bytes.len();
    function.bytes.extend(body.assembler.bytes);
    function.add_number(RCX, step as i32);
    function.loop_while_less(RCX, RDX, start);
    function.add_number(RSP, frame);
    saved.iter().rev().for_each(|&register| function.pop(register));
    function.ret();
    code.extend(function.bytes);
}

/// Where the address of an array stands.
fn in_table(array: usize) -> Memory {
    Memory { base: RDI, index: None, offset: (array * size_of::<usize>()) as i32 }
}

/// The loop's body.
struct Body<'a> {
    program: &'a Program,
    assembler: Assembler,
    masks: Vec<bool>,
    streaming: bool,
    /// Bytes of a tile.
    tile: usize,
    /// For each value, arrays first, then lines: the lines that read it,
    uses: Vec<Vec<usize>>,
    /// its register,
    register: Vec<Option<Register>>,
    /// and its place on the stack.
    spilled: Vec<Option<usize>>,
    /// What a register holds.
    holds: [Option<usize>; VECTORS],
    /// Registers that the present line needs, as bits.
    taken: u16,
    /// The vector being worked on, of those in a tile.
    vector: usize,
    /// Vectors on the stack.
    frame: usize,
    spills: usize,
}

impl<'a> Body<'a> {
    fn new<T>(program: &'a Program, streaming: bool) -> Self {
        let values = program.arrays + program.lines.len();
        let mut uses = vec![Vec::new(); values];
        for (i, line) in program.lines.iter().enumerate() {
            for &operand in &line.from {
                if let Some(value) = value(program, operand) {
                    uses[value].push(i);
                }
            }
        }
        Body {
            program,
            assembler: Assembler::new(size_of::<T>() == 8),
            masks: program.masks(),
            streaming,
            tile: TILE * size_of::<T>(),
            uses,
            register: vec![None; values],
            spilled: vec![None; values],
            holds: [None; VECTORS],
            taken: 0,
            vector: 0,
            frame: 0,
            spills: 0,
        }
    }

    /// All lines for one vector of a tile.
    fn vector(&mut self, vector: usize) {
        (self.vector, self.spills, self.holds) = (vector, 0, [None; VECTORS]);
        self.register.fill(None);
        self.spilled.fill(None);
        let program = self.program;
        for (i, line) in program.lines.iter().enumerate() {
            self.taken = 0;
            let result = self.line(i, line);
            self.finish(i, line, result);
        }
    }

    /// Computes a line.
    fn line(&mut self, i: usize, line: &Line) -> Register {
        match line.op {
            Op::Copy => {
                let x = self.source(line.from[0], i);
                let to = self.result(i);
                if x != Source::Register(to) {
                    self.assembler.load(to, x);
                }
                to
            }
            Op::Sqrt => {
                let x = self.source(line.from[0], i);
                let to = self.result(i);
                self.assembler.vector(Vector::Sqrt, to, None, x);
                to
            }
            Op::Select => {
                let mask = self.mask(line.from[0], i);
                let no = self.load(line.from[2], i);
                let yes = self.source(line.from[1], i);
                let to = self.result(i);
                self.assembler.blend(to, no, yes, mask);
                to
            }
            Op::Arithmetic(op) => self.arithmetic(i, op, line.from[0], line.from[1]),
        }
    }

    fn arithmetic(&mut self, i: usize, op: Arithmetic, a: Operand, b: Operand) -> Register {
        use Arithmetic as A;
        let plain = match op {
            A::Add => Some(Vector::Add),
            A::Sub => Some(Vector::Sub),
            A::Mul => Some(Vector::Mul),
            A::Div => Some(Vector::Div),
            // The hardware's maximum is b unless a is larger: also where a is NaN.
            A::Maximum if number(a).is_some_and(|a| !a.is_nan()) => Some(Vector::Max),
            A::Minimum if number(a).is_some_and(|a| !a.is_nan()) => Some(Vector::Min),
            _ => None,
        };
        // With a number on the right, a can be there in its place: NaN passes, and of equal numbers but zeros any will do.
        let swapped = match (op, number(b)) {
            (A::Maximum, Some(b)) if !b.is_nan() && b != 0.0 => Some(Vector::Max),
            (A::Minimum, Some(b)) if !b.is_nan() && b != 0.0 => Some(Vector::Min),
            // Tiles are not kept in registers, so they are better on the right.
            (A::Add | A::Mul, None) if matches!(a, Operand::Tile(..)) => plain,
            _ => None,
        };
        if let Some(vector) = swapped.or(plain) {
            let (a, b) = if swapped.is_some() { (b, a) } else { (a, b) };
            let x = self.load(a, i);
            let y = self.source(b, i);
            let to = self.result(i);
            self.assembler.vector(vector, to, Some(x), y);
            return to;
        }
        let condition = match op {
            A::Gt => Condition::Gt,
            A::Ge => Condition::Ge,
            A::Lt => Condition::Lt,
            A::Le => Condition::Le,
            A::Eq => Condition::Eq,
            A::Ne => Condition::Ne,
            _ => {
                let x = self.load(a, i);
                let y = self.source(b, i);
                let vector = if op == A::Maximum { Vector::Max } else { Vector::Min };
                return self.extremum(i, vector, x, y);
            }
        };
        let x = self.load(a, i);
        let y = self.source(b, i);
        let to = self.result(i);
        self.assembler.compare(condition, to, x, y);
        if !self.masks[i] {
            let one = Source::Memory(self.in_tile(self.program.one));
            self.assembler.vector(Vector::And, to, Some(to), one);
        }
        to
    }

    /// a where it is larger, or smaller, or NaN; b elsewhere.
    fn extremum(&mut self, i: usize, vector: Vector, a: Register, b: Source) -> Register {
        let (mask, other) = (self.take(i), self.take(i));
        self.assembler.compare(Condition::Unordered, mask, a, Source::Register(a));
        self.assembler.vector(vector, other, Some(a), b);
        let to = self.result(i);
        self.assembler.blend(to, other, Source::Register(a), mask);
        to
    }

    /// Where a condition is not 0.
    fn mask(&mut self, condition: Operand, i: usize) -> Register {
        match condition {
            Operand::Line(line) if self.masks[line] => self.load(condition, i),
            _ => {
                let x = self.source(condition, i);
                let mask = self.take(i);
                self.assembler.vector(Vector::Xor, mask, Some(mask), Source::Register(mask));
                self.assembler.compare(Condition::Ne, mask, mask, x);
                mask
            }
        }
    }

    /// Writes a line's result where it is wanted.
    fn finish(&mut self, i: usize, line: &Line, result: Register) {
        let value = self.program.arrays + i;
        self.holds[usize::from(result)] = Some(value);
        self.register[value] = Some(result);
        self.taken = 1 << result;
        for &array in &line.to {
            let to = self.array(array, self.vector * WIDTH);
            if self.streaming && self.program.streamed.contains(&array) {
                let half = self.take(i);
                self.assembler.stream(result, to, half);
            } else {
                self.assembler.store(result, to);
            }
        }
        for &(kind, tile) in &line.reduced {
            self.taken = 1 << result;
            let tile = self.in_tile(tile);
            let total = self.take(i);
            self.assembler.load(total, Source::Memory(tile));
            let total = match kind {
                Reduce::Sum => {
                    self.assembler.vector(Vector::Add, total, Some(total), Source::Register(result));
                    total
                }
                Reduce::Max => {
                    let (mask, larger) = (self.take(i), self.take(i));
                    self.assembler.compare(Condition::Unordered, mask, total, Source::Register(total));
                    self.assembler.vector(Vector::Max, larger, Some(total), Source::Register(result));
                    self.assembler.blend(larger, larger, Source::Register(total), mask);
                    larger
                }
            };
            self.assembler.store(total, tile);
        }
        if self.uses[value].is_empty() {
            self.forget(value);
        }
    }

    fn in_tile(&self, tile: usize) -> Memory {
        Memory { base: RSI, index: None, offset: (tile * self.tile + self.vector * WIDTH) as i32 }
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

fn number(operand: Operand) -> Option<f64> {
    match operand {
        Operand::Tile(_, number) => number,
        _ => None,
    }
}
