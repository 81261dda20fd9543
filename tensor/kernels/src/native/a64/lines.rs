//! From a line to instructions.

use super::assembler::{Bits, Register, Vector};
use super::{Body, Line, Op, Operand};
use crate::fused::Reduce;
use crate::native::registers::{Class, Spill};
use crate::simd::Arithmetic;

impl Body<'_> {
    /// Computes a line.
    pub fn line(&mut self, i: usize, line: &Line) -> Register {
        match line.op {
            Op::Copy => {
                let x = self.load(line.from[0]);
                if let Some(same) = self.reuse(line.from[0], x) {
                    return same;
                }
                let to = self.result(line);
                self.assembler.copy(to, x);
                to
            }
            Op::Sqrt => {
                let x = self.load(line.from[0]);
                let to = self.result(line);
                self.assembler.sqrt(to, x);
                to
            }
            Op::Select => self.select(line),
            Op::Arithmetic(op) => self.arithmetic(i, line, op),
            op => unreachable!("{op:?}, which only functions are written out as"),
        }
    }

    fn arithmetic(&mut self, i: usize, line: &Line, op: Arithmetic) -> Register {
        use Arithmetic as A;
        let [a, b] = [line.from[0], line.from[1]];
        let [x, y] = [a, b].map(|operand| self.load(operand));
        let (vector, [x, y]) = match op {
            A::Add => (Vector::Add, [x, y]),
            A::Sub => (Vector::Sub, [x, y]),
            A::Mul => (Vector::Mul, [x, y]),
            A::Div => (Vector::Div, [x, y]),
            A::Maximum | A::Minimum => return self.extremum(line, op == A::Maximum, [x, y]),
            A::Gt => (Vector::Greater, [x, y]),
            A::Ge => (Vector::GreaterOrEqual, [x, y]),
            A::Lt => (Vector::Greater, [y, x]),
            A::Le => (Vector::GreaterOrEqual, [y, x]),
            A::Eq | A::Ne => (Vector::Equal, [x, y]),
        };
        let one = (op.is_comparison() && !self.masks[i]).then(|| self.load(self.one()));
        let to = self.result(line);
        self.assembler.vector(vector, to, x, y);
        match (op, one) {
            (A::Ne, Some(one)) => self.assembler.bits(Bits::AndNot, to, one, to),
            (A::Ne, None) => self.assembler.not(to, to),
            (_, Some(one)) => self.assembler.bits(Bits::And, to, one, to),
            (_, None) => {}
        }
        to
    }

    /// x where it is larger, or smaller, or NaN; y elsewhere.
    fn extremum(&mut self, line: &Line, maximum: bool, [x, y]: [Register; 2]) -> Register {
        let [a, b] = [line.from[0], line.from[1]].map(|operand| self.number(operand));
        // The hardware's gives NaN if either is, which is the same; but of two zeros another than is asked for.
        if [a, b].into_iter().flatten().any(|number| number != 0.0 && !number.is_nan()) {
            let to = self.result(line);
            self.assembler.vector(if maximum { Vector::Max } else { Vector::Min }, to, x, y);
            return to;
        }
        let to = self.take();
        let is_number = a.is_some_and(|a| !a.is_nan());
        let equal = (!is_number).then(|| self.take());
        self.exceeds(to, equal, maximum, [x, y]);
        self.assembler.bits(Bits::Select, to, x, y);
        to
    }

    /// Where x is larger than y, or smaller; with another register: or NaN.
    fn exceeds(&mut self, to: Register, equal: Option<Register>, larger: bool, [x, y]: [Register; 2]) {
        let (a, b) = if larger { (x, y) } else { (y, x) };
        self.assembler.vector(Vector::Greater, to, a, b);
        if let Some(equal) = equal {
            self.assembler.vector(Vector::Equal, equal, x, x);
            self.assembler.bits(Bits::OrNot, to, to, equal);
        }
    }

    fn select(&mut self, line: &Line) -> Register {
        let (condition, mut values) = (line.from[0], [line.from[1], line.from[2]]);
        let (mask, free) = match condition {
            Operand::Line(i) if self.masks[i] => (self.load(condition), None),
            _ => {
                let x = self.load(condition);
                let mask = self.take();
                self.assembler.is_zero(mask, x);
                values.swap(0, 1);
                (mask, Some(mask))
            }
        };
        let [yes, no] = values.map(|operand| self.load(operand));
        if let Some(to) = free.or_else(|| self.reuse(condition, mask)) {
            self.assembler.bits(Bits::Select, to, yes, no);
            return to;
        }
        if let Some(to) = self.reuse(values[0], yes) {
            self.assembler.bits(Bits::InsertNot, to, no, mask);
            return to;
        }
        if let Some(to) = self.reuse(values[1], no) {
            self.assembler.bits(Bits::Insert, to, yes, mask);
            return to;
        }
        let to = self.take();
        self.assembler.copy(to, mask);
        self.assembler.bits(Bits::Select, to, yes, no);
        to
    }

    /// Writes a line's result where it is wanted.
    pub fn finish(&mut self, i: usize, line: &Line, result: Register) {
        let value = self.program.arrays + i;
        self.registers.hold(Class::Vector, result, value);
        self.registers.keep_only(Class::Vector, result);
        for &array in &line.to {
            let to = self.in_array(array);
            self.assembler.store(result, to);
        }
        for &(kind, tile) in &line.reduced {
            self.registers.keep_only(Class::Vector, result);
            let known = self.totals.iter().find(|(known, _)| *known == tile);
            let known = known.map(|&(_, first)| first + self.vector as Register);
            let total = known.unwrap_or_else(|| {
                let total = self.take();
                let from = self.in_tile(tile);
                self.assembler.load(total, from);
                total
            });
            match kind {
                Reduce::Sum => self.assembler.vector(Vector::Add, total, total, result),
                Reduce::Max => {
                    let [mask, equal] = [self.take(), self.take()];
                    self.exceeds(mask, Some(equal), true, [total, result]);
                    self.assembler.bits(Bits::InsertNot, total, result, mask);
                }
            }
            if known.is_none() {
                let to = self.in_tile(tile);
                self.assembler.store(total, to);
            }
        }
        if !self.registers.is_read_again(value) {
            self.registers.forget(value);
        }
    }

    /// An operand in a register, which the present line keeps.
    fn load(&mut self, operand: Operand) -> Register {
        if let Some(&(_, register)) = self.kept.iter().find(|(kept, _)| *kept == operand) {
            return register;
        }
        let Some(value) = self.value(operand) else {
            let register = self.take();
            self.load_uniform(register, operand);
            return register;
        };
        if let Some(register) = self.registers.find(value) {
            return register;
        }
        let register = self.take();
        let from = match operand {
            Operand::Array(array) => self.in_array(array),
            _ => {
                let slot = self.registers.slot(value);
                self.on_stack(slot.expect("what is not in a register was put on the stack"))
            }
        };
        self.assembler.load(register, from);
        self.registers.hold(Class::Vector, register, value);
        register
    }

    /// The register that an operand is in, for the line's result, if nothing reads it again.
    fn reuse(&mut self, operand: Operand, register: Register) -> Option<Register> {
        let value = self.value(operand).filter(|&value| !self.registers.is_read_again(value))?;
        self.registers.forget(value);
        Some(register)
    }

    /// The register for a line's result: what the line is the last to read may be overwritten.
    fn result(&mut self, line: &Line) -> Register {
        for &operand in &line.from {
            if let Some(value) = self.value(operand) {
                self.registers.release(value);
            }
        }
        self.take()
    }

    fn take(&mut self) -> Register {
        let arrays = self.program.arrays;
        let (register, spill) = self.registers.take(Class::Vector, |value| value < arrays);
        if let Some(Spill { register, slot, .. }) = spill {
            let to = self.on_stack(slot);
            self.assembler.store(register, to);
        }
        register
    }
}
