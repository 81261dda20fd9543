//! From a line to instructions.

use super::super::assembler::{Condition, Mask, Memory, RSP, Register, Shift, Source, Vector};
use super::super::program::{Line, Op, Operand};
use super::{Body, Streaming};
use crate::fused::Reduce;
use crate::native::registers::{Class, Spill};
use crate::simd::Arithmetic;

impl Body<'_> {
    /// Computes a line.
    pub fn line(&mut self, i: usize, line: &Line) -> Register {
        match line.op {
            Op::Copy => {
                let x = self.source(line.from[0]);
                let to = self.result(line);
                if x != Source::Register(to) {
                    self.assembler.load(to, x);
                }
                to
            }
            Op::Sqrt => {
                let x = self.source(line.from[0]);
                let to = self.result(line);
                self.assembler.vector(Vector::Sqrt, to, None, x);
                to
            }
            Op::Select => {
                let mask = self.mask(line.from[0]);
                let no = self.load(line.from[2]);
                let yes = self.source(line.from[1]);
                let to = self.result(line);
                self.assembler.blend(to, no, yes, mask);
                to
            }
            Op::Arithmetic(op) => self.arithmetic(i, line, op),
            Op::MulAdd { negative, minus } => self.mul_add(line, (negative, minus)),
            Op::Bits(op) => self.bits(line, op),
            Op::Up(places) => self.shift(line, Shift::Up, places),
            Op::Down(places) => self.shift(line, Shift::Down, places),
            Op::DownSigned(places) => self.shift(line, Shift::DownSigned, places),
            Op::WithSign => self.with_sign(line),
            Op::Floor | Op::FromWhole => {
                let x = self.source(line.from[0]);
                let to = self.result(line);
                match line.op {
                    Op::Floor => self.assembler.floor(to, x),
                    _ => self.assembler.convert_whole(to, x),
                }
                to
            }
            Op::Scale => {
                let x = self.load(line.from[0]);
                let y = self.source(line.from[1]);
                let to = self.result(line);
                self.assembler.scale(to, x, y);
                to
            }
            Op::IsNegative | Op::IsUnusual | Op::Not => {
                let x = self.load(line.from[0]);
                self.release(line);
                let to = self.take(self.mask_class());
                match line.op {
                    Op::Not => self.assembler.invert_mask(to, x),
                    Op::IsUnusual => self.assembler.unusual_mask(to, x),
                    _ => self.assembler.sign_mask(to, x),
                }
                to
            }
            Op::Both | Op::Either => {
                let [x, y] = [0, 1].map(|k| self.load(line.from[k]));
                self.release(line);
                let to = self.take(self.mask_class());
                let op = if line.op == Op::Both { Mask::And } else { Mask::Or };
                self.assembler.combine_masks(op, to, x, y);
                to
            }
            Op::Elsewhere { function, unless } => self.elsewhere(line, function, unless),
            Op::Function(_) => unreachable!("functions are written out before"),
        }
    }

    fn arithmetic(&mut self, i: usize, line: &Line, op: Arithmetic) -> Register {
        use Arithmetic as A;
        let (a, b) = (line.from[0], line.from[1]);
        let plain = match op {
            A::Add => Some(Vector::Add),
            A::Sub => Some(Vector::Sub),
            A::Mul => Some(Vector::Mul),
            A::Div => Some(Vector::Div),
            // The hardware's maximum is b unless a is larger: also where a is NaN.
            A::Maximum if self.number(a).is_some_and(|a| !a.is_nan()) => Some(Vector::Max),
            A::Minimum if self.number(a).is_some_and(|a| !a.is_nan()) => Some(Vector::Min),
            _ => None,
        };
        // With a number on the right, a can be there in its place: NaN passes, and of equal numbers but zeros any will do.
        let swapped = match (op, self.number(b)) {
            (A::Maximum, Some(b)) if !b.is_nan() && b != 0.0 => Some(Vector::Max),
            (A::Minimum, Some(b)) if !b.is_nan() && b != 0.0 => Some(Vector::Min),
            // Tiles and numbers are not kept in registers, so they are better on the right.
            (A::Add | A::Mul, None) if matches!(a, Operand::Tile(_) | Operand::Number(_)) => plain,
            _ => None,
        };
        if let Some(vector) = swapped.or(plain) {
            let (a, b) = if swapped.is_some() { (b, a) } else { (a, b) };
            let x = self.load(a);
            let y = self.source(b);
            let to = self.result(line);
            self.assembler.vector(vector, to, Some(x), y);
            return to;
        }
        let x = self.load(a);
        let y = self.source(b);
        let condition = match op {
            A::Gt => Condition::Gt,
            A::Ge => Condition::Ge,
            A::Lt => Condition::Lt,
            A::Le => Condition::Le,
            A::Eq => Condition::Eq,
            A::Ne => Condition::Ne,
            A::Maximum => return self.extremum(line, Vector::Max, x, y),
            _ => return self.extremum(line, Vector::Min, x, y),
        };
        if self.masks[i] {
            self.release(line);
            let to = self.take(self.mask_class());
            self.assembler.compare(condition, to, x, y);
            return to;
        }
        let mask = self.take(self.mask_class());
        self.assembler.compare(condition, mask, x, y);
        let to = self.result(line);
        let one = if self.double { 1f64.to_bits() } else { 1f32.to_bits().into() };
        self.assembler.keep(to, one, mask);
        to
    }

    /// a where it is larger, or smaller, or NaN; b elsewhere.
    fn extremum(&mut self, line: &Line, vector: Vector, a: Register, b: Source) -> Register {
        let (mask, other) = (self.take(self.mask_class()), self.take(Class::Vector));
        self.assembler.compare(Condition::Unordered, mask, a, Source::Register(a));
        self.assembler.vector(vector, other, Some(a), b);
        let to = self.result(line);
        self.assembler.blend(to, other, Source::Register(a), mask);
        to
    }

    /// Where a condition is not 0.
    fn mask(&mut self, condition: Operand) -> Register {
        match condition {
            Operand::Line(line) if self.masks[line] => self.load(condition),
            _ => {
                let x = self.load(condition);
                let mask = self.take(self.mask_class());
                self.assembler.compare(Condition::Ne, mask, x, Source::Number(0));
                mask
            }
        }
    }

    /// Writes a line's result where it is wanted.
    pub fn finish(&mut self, i: usize, line: &Line, result: Register) {
        let class = if self.masks[i] { self.mask_class() } else { Class::Vector };
        if let Some(value) = self.value(Operand::Line(i)) {
            self.registers.hold(class, result, value);
            self.registers.keep_only(class, result);
        }
        for &array in &line.to {
            let to = self.array(array, self.vector * self.target.width);
            match self.streaming {
                Streaming::Parts if self.program.streamed.contains(&array) => {
                    let part = self.take(Class::Vector);
                    self.assembler.stream_parts(result, to, part);
                }
                Streaming::Whole if self.program.streamed.contains(&array) => {
                    self.assembler.stream(result, to);
                }
                _ => self.assembler.store(result, to),
            }
        }
        for &(kind, tile) in &line.reduced {
            self.registers.keep_only(class, result);
            let tile = self.lanes(tile);
            let total = self.take(Class::Vector);
            self.assembler.load(total, Source::Memory(tile));
            let total = match kind {
                Reduce::Sum => {
                    self.assembler.vector(Vector::Add, total, Some(total), Source::Register(result));
                    total
                }
                Reduce::Max => {
                    let (mask, larger) = (self.take(self.mask_class()), self.take(Class::Vector));
                    self.assembler.compare(Condition::Unordered, mask, total, Source::Register(total));
                    self.assembler.vector(Vector::Max, larger, Some(total), Source::Register(result));
                    self.assembler.blend(larger, larger, Source::Register(total), mask);
                    larger
                }
            };
            self.assembler.store(total, tile);
        }
        if let Some(value) = self.value(Operand::Line(i))
            && !self.registers.is_read_again(value)
        {
            self.registers.forget(value);
        }
    }

    /// An operand in a register, which the present line keeps.
    pub fn load(&mut self, operand: Operand) -> Register {
        let value = self.value(operand);
        if let Some(register) = value.and_then(|value| self.registers.find(value)) {
            return register;
        }
        let class = match operand {
            Operand::Line(line) if self.masks[line] => self.mask_class(),
            _ => Class::Vector,
        };
        let from = self.place(operand);
        let register = self.take(class);
        match (class, from) {
            (Class::Mask, Source::Memory(from)) => self.assembler.load_mask(register, from),
            _ => self.assembler.load(register, from),
        }
        if let Some(value) = value {
            self.registers.hold(class, register, value);
        }
        register
    }

    /// An operand where it is; if it will be read again, better in a register.
    pub fn source(&mut self, operand: Operand) -> Source {
        let Some(value) = self.value(operand) else {
            return self.place(operand);
        };
        if let Some(register) = self.registers.find(value) {
            return Source::Register(register);
        }
        if self.registers.is_read_again(value) && self.registers.has_room(Class::Vector) {
            Source::Register(self.load(operand))
        } else {
            self.place(operand)
        }
    }

    /// Where an operand stands if it is in no register.
    fn place(&mut self, operand: Operand) -> Source {
        match operand {
            Operand::Tile(tile) => Source::Memory(self.in_tile(tile)),
            Operand::Number(number) => Source::Number(number),
            Operand::Array(array) => Source::Memory(self.array(array, self.vector * self.target.width)),
            Operand::Line(_) => {
                let slot = self.value(operand).and_then(|value| self.registers.slot(value));
                Source::Memory(self.on_stack(slot.expect("what is not in a register was put on the stack")))
            }
        }
    }

    /// The register for a line's result: what the line is the last to read may be overwritten.
    pub fn result(&mut self, line: &Line) -> Register {
        self.release(line);
        self.take(Class::Vector)
    }

    pub fn release(&mut self, line: &Line) {
        for &operand in &line.from {
            if let Some(value) = self.value(operand) {
                self.registers.release(value);
            }
        }
    }

    pub fn take(&mut self, class: Class) -> Register {
        let arrays = self.program.arrays * self.turn.ways;
        let (register, spill) = self.registers.take(class, |value| value < arrays);
        if let Some(Spill { class, register, slot }) = spill {
            let to = self.on_stack(slot);
            match class {
                Class::Vector => self.assembler.store(register, to),
                Class::Mask => self.assembler.store_mask(register, to),
            }
        }
        register
    }

    /// Where masks stand.
    fn mask_class(&self) -> Class {
        if self.target.masks > 0 { Class::Mask } else { Class::Vector }
    }

    fn on_stack(&self, slot: usize) -> Memory {
        Memory { base: RSP, index: None, offset: (slot * self.target.width) as i32 }
    }
}
