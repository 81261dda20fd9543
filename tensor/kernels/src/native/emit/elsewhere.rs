//! The few elements that a function's instructions are not made for.

use super::super::assembler::{Register, Source};
use super::super::program::Line;
use super::super::registers::Class;
use super::Body;
use super::stub::Stub;
use crate::simd::Function;

impl Body<'_> {
    /// The function of x where the mask says so, y elsewhere.
    pub fn elsewhere(&mut self, line: &Line, function: Function, unless: bool) -> Register {
        let mut y = self.load(line.from[0]);
        let x = self.load(line.from[1]);
        let mask = self.load(line.from[2]);
        if self.value(line.from[0]).is_none_or(|value| self.registers.is_read_again(value)) {
            let copy = self.take(Class::Vector);
            self.assembler.load(copy, Source::Register(y));
            y = copy;
        }
        let jump = self.assembler.jump_if(mask, unless);
        let back = self.assembler.bytes.len();
        self.release(line);
        self.registers.claim(Class::Vector, y);
        let held = self.registers.held();
        self.stubs.push(Stub { jump, back, function, x, y, held });
        y
    }
}
