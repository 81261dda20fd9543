//! What stands for a number in a program that is being written: a function that is run with symbols writes down its lines.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::program::{Bits, Op, Operand};
use super::target::Target;
use crate::Float;
use crate::simd::Arithmetic;
use crate::simd::fma::{Instruction, MulAdd};
use crate::simd::number::Number;
use crate::simd::real::Real;

/// A line: what is done, and with what.
pub(super) type Written = (Op, Vec<Operand>);

thread_local! {
    static WRITING: RefCell<(Vec<Written>, Option<Target>)> = const { RefCell::new((Vec::new(), None)) };
}

/// The lines that a function of the first of them writes for a target, and what it returns.
pub(super) fn write<T: Float, R>(target: Target, f: impl FnOnce(Symbol<T>) -> R) -> (Vec<Written>, R) {
    WRITING.set((vec![(Op::Copy, vec![])], Some(target)));
    let result = f(Symbol::Line(0));
    (WRITING.take().0, result)
}

/// A number that is known, or the result of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol<T> {
    Known(T),
    Line(usize),
}

/// A mask, the result of a line, or what it does not hold for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth<T> {
    pub line: usize,
    pub negated: bool,
    numbers: PhantomData<T>,
}

impl<T: Float> From<Symbol<T>> for Operand {
    fn from(symbol: Symbol<T>) -> Operand {
        match symbol {
            Symbol::Known(number) => Operand::Number(number.bits()),
            Symbol::Line(line) => Operand::Line(line),
        }
    }
}

/// Writes a line, or finds it.
fn line(op: Op, from: &[Operand]) -> usize {
    WRITING.with_borrow_mut(|(lines, _)| {
        let known = lines.iter().position(|(other, operands)| *other == op && operands == from);
        known.unwrap_or_else(|| {
            lines.push((op, from.to_vec()));
            lines.len() - 1
        })
    })
}

fn result<T>(op: Op, from: &[Operand]) -> Symbol<T> {
    Symbol::Line(line(op, from))
}

fn truth<T>(op: Op, from: &[Operand]) -> Truth<T> {
    Truth { line: line(op, from), negated: false, numbers: PhantomData }
}

/// Whether vectors have the instructions that came with masks.
fn has_exponents() -> bool {
    WRITING.with_borrow(|(_, target)| target.is_some_and(|target| target.masks > 0))
}

impl<T: Float> Symbol<T> {
    const IS_DOUBLE: bool = size_of::<T>() == 8;
    const SIGN: Operand = Operand::Number(if Self::IS_DOUBLE { 1 << 63 } else { 1 << 31 });
    const MAGNITUDE: Operand = Operand::Number(if Self::IS_DOUBLE { !0 >> 1 } else { !0 >> 33 });
    /// Bits of the mantissa.
    const MANTISSA: u8 = if Self::IS_DOUBLE { 52 } else { 23 };

    fn arithmetic(self, op: Arithmetic, other: Self) -> Self {
        result(Op::Arithmetic(op), &[self.into(), other.into()])
    }

    fn compare(self, op: Arithmetic, other: Self) -> Truth<T> {
        // What is known is better on the right.
        let swapped = match op {
            Arithmetic::Gt => Arithmetic::Lt,
            Arithmetic::Ge => Arithmetic::Le,
            _ => op,
        };
        match (self, other) {
            (Symbol::Known(_), _) => truth(Op::Arithmetic(swapped), &[other.into(), self.into()]),
            _ => truth(Op::Arithmetic(op), &[self.into(), other.into()]),
        }
    }

    fn bits(self, op: Bits, other: Operand) -> Self {
        result(Op::Bits(op), &[self.into(), other])
    }

    /// What it is the negative of, if that is how it was computed.
    fn positive(self) -> Option<Operand> {
        let Symbol::Line(line) = self else { return None };
        WRITING.with_borrow(|(lines, _)| match &lines[line] {
            (Op::Bits(Bits::Xor), from) if from[1] == Self::SIGN => Some(from[0]),
            _ => None,
        })
    }

    /// Whether vectors of whole numbers of this size can be moved down with their sign, and become numbers.
    fn converts() -> bool {
        has_exponents() || !Self::IS_DOUBLE
    }

    /// The bits, shifted so that the exponent field counts up at √½ instead of at 1; from 0 on if it can be converted.
    fn shifted(self) -> (Self, u64) {
        let sqrt_half = T::from_f64(std::f64::consts::FRAC_1_SQRT_2).bits();
        if Self::converts() {
            return (self.bits(Bits::Sub, Operand::Number(sqrt_half)), sqrt_half);
        }
        (self.bits(Bits::Add, Operand::Number(T::ONE.bits() - sqrt_half)), sqrt_half)
    }

    /// The exponent of shifted bits.
    fn exponent_of(shifted: Self) -> Self {
        if Self::converts() {
            let whole: Self = result(Op::DownSigned(Self::MANTISSA), &[shifted.into()]);
            return result(Op::FromWhole, &[whole.into()]);
        }
        let field: Self = result(Op::Down(Self::MANTISSA), &[shifted.into()]);
        let unbiased = T::MAGIC.bits() - (T::ONE.bits() >> Self::MANTISSA);
        field.bits(Bits::Add, Operand::Number(unbiased)) - Self::MAGIC
    }
}

macro_rules! operators {
    ($($name:ident $method:ident $symbol:tt;)+) => {$(
        impl<T: Float> $name for Symbol<T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                match (self, other) {
                    (Symbol::Known(a), Symbol::Known(b)) => Symbol::Known(a $symbol b),
                    _ => self.arithmetic(Arithmetic::$name, other),
                }
            }
        }
    )+};
}

operators! {
    Add add +;
    Sub sub -;
    Mul mul *;
    Div div /;
}

impl<T: Float> Neg for Symbol<T> {
    type Output = Self;
    fn neg(self) -> Self {
        match self {
            Symbol::Known(number) => Symbol::Known(-number),
            Symbol::Line(_) => self.bits(Bits::Xor, Self::SIGN),
        }
    }
}

impl<T> Truth<T> {
    /// The mask itself.
    fn operand(self) -> Operand {
        Operand::Line(if self.negated { line(Op::Not, &[Operand::Line(self.line)]) } else { self.line })
    }
}

impl<T> BitAnd for Truth<T> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        truth(Op::Both, &[self.operand(), other.operand()])
    }
}

impl<T> BitOr for Truth<T> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        truth(Op::Either, &[self.operand(), other.operand()])
    }
}

impl<T> Not for Truth<T> {
    type Output = Self;
    fn not(self) -> Self {
        Truth { negated: !self.negated, ..self }
    }
}

macro_rules! constants {
    ($($name:ident)+) => {$(const $name: Self = Symbol::Known(T::$name);)+};
}

impl<T: Float> Real for Symbol<T> {
    constants!(MAGIC LOG2_E LN2_HI LN2_LO LN2 TWO_OVER_PI TRIG_LIMIT EXP_MAX EXP_MIN DOWN EXPM1_MIN TANH_MAX);
    constants!(SMALL UP UP_EXPONENT);
    const HALF_PI: [Self; 4] = {
        let [a, b, c, d] = T::HALF_PI;
        [Symbol::Known(a), Symbol::Known(b), Symbol::Known(c), Symbol::Known(d)]
    };
    const TWO_THIRDS: [Self; 2] = {
        let [a, b] = T::TWO_THIRDS;
        [Symbol::Known(a), Symbol::Known(b)]
    };

    fn power_of_two(magic: Self, unit: Self) -> Self {
        if has_exponents() {
            return result(Op::Scale, &[unit.into(), (magic - Self::MAGIC).into()]);
        }
        let power: Self = result(Op::Up(Self::MANTISSA), &[magic.into()]);
        power.bits(Bits::Add, unit.into())
    }

    fn if_negative(self, yes: Self, no: Self) -> Self {
        Self::select(truth(Op::IsNegative, &[self.into()]), yes, no)
    }

    fn bit_as_sign(magic: Self, n: u32) -> Self {
        result(Op::Up(8 * size_of::<T>() as u8 - 1 - n as u8), &[magic.into()])
    }

    fn split_exponent(self) -> (Self, Self) {
        let (shifted, sqrt_half) = self.shifted();
        let mantissa = shifted.bits(Bits::And, Operand::Number((1 << Self::MANTISSA) - 1));
        (mantissa.bits(Bits::Add, Operand::Number(sqrt_half)), Self::exponent_of(shifted))
    }

    fn exponent(self) -> (Self, Self) {
        let (shifted, _) = self.shifted();
        let all = if Self::IS_DOUBLE { !0 } else { !0 >> 32 };
        let field = shifted.bits(Bits::And, Operand::Number(all >> Self::MANTISSA << Self::MANTISSA));
        let zero = if Self::converts() { T::ONE.bits() } else { T::ONE.bits() << 1 };
        let power = result(Op::Bits(Bits::Sub), &[Operand::Number(zero), field.into()]);
        (Self::exponent_of(shifted), power)
    }

    fn with_sign(self, sign: Self) -> Self {
        result(Op::WithSign, &[self.into(), sign.into()])
    }

    fn emulated_mul_add(a: Self, b: Self, c: Self) -> Self {
        a.mul_add(b, c)
    }
}

impl<T: Float> Number for Symbol<T> {
    type Element = T;
    type Truth = Truth<T>;
    constants!(ZERO ONE EPSILON INFINITY NAN);

    fn known(number: T) -> Self {
        Symbol::Known(number)
    }

    fn from_f64(value: f64) -> Self {
        Symbol::Known(T::from_f64(value))
    }

    fn mul_add(self, a: Self, b: Self) -> Self {
        let factors = [(self, self.positive()), (a, a.positive())];
        let negative = factors.iter().filter(|(_, positive)| positive.is_some()).count() % 2 == 1;
        let [x, y] = factors.map(|(factor, positive)| positive.unwrap_or(factor.into()));
        let minus = b.positive();
        result(Op::MulAdd { negative, minus: minus.is_some() }, &[x, y, minus.unwrap_or(b.into())])
    }

    fn abs(self) -> Self {
        self.bits(Bits::And, Self::MAGNITUDE)
    }

    fn sqrt(self) -> Self {
        result(Op::Sqrt, &[self.into()])
    }

    fn floor(self) -> Self {
        result(Op::Floor, &[self.into()])
    }

    fn is_above(self, other: Self) -> Truth<T> {
        self.compare(Arithmetic::Gt, other)
    }

    fn is_at_least(self, other: Self) -> Truth<T> {
        self.compare(Arithmetic::Ge, other)
    }

    fn equals(self, other: Self) -> Truth<T> {
        self.compare(Arithmetic::Eq, other)
    }

    fn is_ordinary(self) -> Truth<T> {
        if has_exponents() {
            return !truth(Op::IsUnusual, &[self.into()]);
        }
        self.is_at_least(Self::SMALL) & self.is_below(Self::INFINITY)
    }

    fn select(truth: Truth<T>, yes: Self, no: Self) -> Self {
        let (yes, no): (Operand, Operand) =
            if truth.negated { (no.into(), yes.into()) } else { (yes.into(), no.into()) };
        // Where x is above, or below, a number: that number.
        let limit = WRITING.with_borrow(|(lines, _)| match &lines[truth.line] {
            (Op::Arithmetic(op), from) if from[..] == [no, yes] && matches!(yes, Operand::Number(_)) => {
                match op {
                    Arithmetic::Gt => Some(Arithmetic::Minimum),
                    Arithmetic::Lt => Some(Arithmetic::Maximum),
                    _ => None,
                }
            }
            _ => None,
        });
        match limit {
            Some(limit) if !truth.negated => result(Op::Arithmetic(limit), &[yes, no]),
            _ => result(Op::Select, &[Operand::Line(truth.line), yes, no]),
        }
    }

    fn scale<M: MulAdd>(tail: Self, magic: Self, sign: Self) -> Self {
        if has_exponents() {
            let k = magic - Self::MAGIC;
            return result(Op::Scale, &[(tail + Self::ONE).into(), k.into()]);
        }
        let (down, up) = (Self::DOWN, Self::ONE / Self::DOWN);
        let power = Self::power_of_two(magic, sign.if_negative(up, down));
        Instruction::mul_add(tail, power, power) * sign.if_negative(down, up)
    }
}
