//! What functions are made of, as instructions.

use super::super::assembler::{Form, Register, Shift, Source, Vector, Whole};
use super::super::program::{Bits, Line};
use super::super::registers::Class;
use super::Body;

impl Body<'_> {
    /// ± a b ± c.
    pub fn mul_add(&mut self, line: &Line, signs: (bool, bool)) -> Register {
        // Of the three one may be in memory, and one is overwritten.
        let mut places = [0, 1, 2].map(|k| self.source(line.from[k]));
        let in_memory = |place: &Source| !matches!(place, Source::Register(_));
        let mut fresh = [false; 3];
        // The summand is best there: what it is added to can then be overwritten, whichever factor that is.
        for k in 0..3 {
            if in_memory(&places[k]) && places[k + 1..].iter().any(in_memory) {
                places[k] = Source::Register(self.load(line.from[k]));
                fresh[k] = true;
            }
        }
        let dies = |k: usize, body: &Self| match (places[k], body.value(line.from[k])) {
            (Source::Register(_), Some(value)) => !body.registers.is_read_again(value),
            (Source::Register(_), None) => true,
            _ => false,
        };
        let over = [2, 0, 1].into_iter().find(|&k| dies(k, self));
        let (over, to) = match (over, places) {
            (Some(k), _) => {
                let Source::Register(to) = places[k] else { unreachable!("memory is not overwritten") };
                self.release(line);
                self.registers.claim(Class::Vector, to);
                (k, to)
            }
            // A copy of one is.
            (None, _) => {
                let k = (0..3).find(|&k| in_memory(&places[k])).unwrap_or(2);
                let to = self.take(Class::Vector);
                self.assembler.load(to, places[k]);
                self.release(line);
                (k, to)
            }
        };
        let others = [[1, 2], [0, 2], [0, 1]][over];
        let [p, q] = others.map(|k| places[k]);
        let (form, v, rm) = match (over, p, q) {
            (2, Source::Register(v), rm) | (2, rm, Source::Register(v)) => (Form::F231, v, rm),
            (_, Source::Register(v), rm) => (Form::F213, v, rm),
            (_, rm, Source::Register(v)) => (Form::F132, v, rm),
            _ => unreachable!("one of them is in a register"),
        };
        self.assembler.mul_add(form, signs, to, v, rm);
        to
    }

    pub fn bits(&mut self, line: &Line, op: Bits) -> Register {
        let (mut a, mut b) = (line.from[0], line.from[1]);
        // What is in no register is better on the right.
        if op != Bits::Sub && self.value(a).is_none() {
            (a, b) = (b, a);
        }
        let x = self.load(a);
        let y = self.source(b);
        let to = self.result(line);
        match op {
            Bits::And => self.assembler.vector(Vector::And, to, Some(x), y),
            Bits::Xor => self.assembler.vector(Vector::Xor, to, Some(x), y),
            Bits::Add => self.assembler.whole_numbers(Whole::Add, to, x, y),
            Bits::Sub => self.assembler.whole_numbers(Whole::Sub, to, x, y),
        }
        to
    }

    pub fn shift(&mut self, line: &Line, way: Shift, places: u8) -> Register {
        let x = self.load(line.from[0]);
        let to = self.result(line);
        self.assembler.shift(way, to, x, places);
        to
    }

    /// |x| with the sign of y.
    pub fn with_sign(&mut self, line: &Line) -> Register {
        let sign = if self.double { 1 << 63 } else { 1 << 31 };
        let x = self.load(line.from[0]);
        if self.target.masks > 0 {
            let y = self.source(line.from[1]);
            let to = self.take(Class::Vector);
            self.assembler.load(to, Source::Number(sign));
            self.assembler.blend_bits(to, x, y);
            self.release(line);
            return to;
        }
        let y = self.load(line.from[1]);
        let part = self.take(Class::Vector);
        self.assembler.vector(Vector::And, part, Some(y), Source::Number(sign));
        let to = self.result(line);
        self.assembler.vector(Vector::And, to, Some(x), Source::Number(sign - 1));
        self.assembler.vector(Vector::Or, to, Some(to), Source::Register(part));
        to
    }
}
