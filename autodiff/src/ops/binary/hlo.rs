//! The functions in StableHLO and CHLO.

use super::Binary;
use crate::{Hlo, HloValue};

impl Binary {
    /// The operation that is the same.
    fn counterpart(self) -> Option<&'static str> {
        Some(match self {
            Binary::Add => "add",
            Binary::Sub => "subtract",
            Binary::Mul => "multiply",
            Binary::Div => "divide",
            Binary::Pow => "power",
            Binary::Maximum => "maximum",
            Binary::Minimum => "minimum",
            Binary::Fmod => "remainder",
            Binary::Atan2 => "atan2",
            Binary::Polygamma => "chlo.polygamma",
            _ => return None,
        })
    }

    pub(super) fn hlo(self, hlo: &mut Hlo, a: &HloValue, b: &HloValue) -> HloValue {
        if let Some(name) = self.counterpart() {
            return hlo.binary(name, a, b);
        }
        match self {
            Binary::Remainder => remainder(hlo, a, b),
            Binary::FloorDivide => floor_divide(hlo, a, b),
            Binary::Hypot => hypot(hlo, a, b),
            Binary::Xlogy => times_logarithm(hlo, a, b, ("log", 0.0)),
            Binary::Xlog1py => times_logarithm(hlo, a, b, ("log_plus_one", -1.0)),
            Binary::LogAddExp => log_add_exp(hlo, a, b),
            // Comparisons: `Gt` is GT there.
            _ => hlo.compare(&self.method().to_uppercase(), a, b),
        }
    }
}

/// That of C, and b more where its sign is not b's. Of whole numbers 0 if b is 0.
fn remainder(hlo: &mut Hlo, a: &HloValue, b: &HloValue) -> HloValue {
    let (zero, one) = (hlo.full(a.of(), 0.0), hlo.full(a.of(), 1.0));
    let nothing = hlo.compare("EQ", b, &zero);
    let divisor = if a.of().element.is_float() { b.clone() } else { hlo.select(&nothing, &one, b) };
    let rest = hlo.binary("remainder", a, &divisor);
    let (below, divisor_below) = (hlo.compare("LT", &rest, &zero), hlo.compare("LT", b, &zero));
    let differ = hlo.binary("xor", &below, &divisor_below);
    let is_some = hlo.compare("NE", &rest, &zero);
    let is_apart = hlo.binary("and", &differ, &is_some);
    let moved = hlo.binary("add", &rest, &divisor);
    let rest = hlo.select(&is_apart, &moved, &rest);
    if a.of().element.is_float() { rest } else { hlo.select(&nothing, &zero, &rest) }
}

/// (a − remainder)/b, rounded where that is not exact. Of whole numbers 0 if b is 0.
fn floor_divide(hlo: &mut Hlo, a: &HloValue, b: &HloValue) -> HloValue {
    let rest = remainder(hlo, a, b);
    let multiple = hlo.binary("subtract", a, &rest);
    if a.of().element.is_float() {
        let quotient = hlo.binary("divide", &multiple, b);
        return hlo.unary("round_nearest_even", &quotient);
    }
    let (zero, one) = (hlo.full(a.of(), 0.0), hlo.full(a.of(), 1.0));
    let nothing = hlo.compare("EQ", b, &zero);
    let divisor = hlo.select(&nothing, &one, b);
    let quotient = hlo.binary("divide", &multiple, &divisor);
    hlo.select(&nothing, &zero, &quotient)
}

/// m √(1 + (n/m)²), m the larger modulus and n the smaller.
fn hypot(hlo: &mut Hlo, a: &HloValue, b: &HloValue) -> HloValue {
    let (a, b) = (hlo.unary("abs", a), hlo.unary("abs", b));
    let (large, small) = (hlo.binary("maximum", &a, &b), hlo.binary("minimum", &a, &b));
    let (zero, one) = (hlo.full(a.of(), 0.0), hlo.full(a.of(), 1.0));
    let infinite = hlo.full(a.of(), f64::INFINITY);
    // As in C, an infinite side makes the length infinite, whatever the other is.
    let (first, second) = (hlo.compare("EQ", &a, &infinite), hlo.compare("EQ", &b, &infinite));
    let endless = hlo.binary("or", &first, &second);
    let nothing = hlo.compare("EQ", &large, &zero);
    let plain = hlo.binary("or", &nothing, &endless);
    let divisor = hlo.select(&plain, &one, &large);
    let part = hlo.select(&plain, &zero, &small);
    let ratio = hlo.binary("divide", &part, &divisor);
    let square = hlo.binary("multiply", &ratio, &ratio);
    let sum = hlo.binary("add", &one, &square);
    let root = hlo.unary("sqrt", &sum);
    let length = hlo.binary("multiply", &divisor, &root);
    let length = hlo.select(&plain, &large, &length);
    hlo.select(&endless, &infinite, &length)
}

/// a times a logarithm of b, and 0 where a is 0. Where b is in the range of numbers, the slope in a is the logarithm there, too.
fn times_logarithm(hlo: &mut Hlo, a: &HloValue, b: &HloValue, (name, least): (&str, f64)) -> HloValue {
    let (zero, one) = (hlo.full(a.of(), 0.0), hlo.full(a.of(), 1.0));
    let (least, most) = (hlo.full(a.of(), least), hlo.full(a.of(), f64::INFINITY));
    let (above, below) = (hlo.compare("GT", b, &least), hlo.compare("LT", b, &most));
    let inside = hlo.binary("and", &above, &below);
    let some = hlo.compare("NE", a, &zero);
    let counts = hlo.binary("or", &inside, &some);
    let b = hlo.select(&counts, b, &one);
    let logarithm = hlo.unary(name, &b);
    hlo.binary("multiply", a, &logarithm)
}

/// max(a, b) + ln(1 + exp(−|a − b|)), and a + b where the difference is undefined.
fn log_add_exp(hlo: &mut Hlo, a: &HloValue, b: &HloValue) -> HloValue {
    let larger = hlo.binary("maximum", a, b);
    let difference = hlo.binary("subtract", a, b);
    let defined = hlo.compare("EQ", &difference, &difference);
    let zero = hlo.full(a.of(), 0.0);
    let apart = hlo.select(&defined, &difference, &zero);
    let modulus = hlo.unary("abs", &apart);
    let opposite = hlo.unary("negate", &modulus);
    let power = hlo.unary("exponential", &opposite);
    let rest = hlo.unary("log_plus_one", &power);
    let value = hlo.binary("add", &larger, &rest);
    let sum = hlo.binary("add", a, b);
    hlo.select(&defined, &value, &sum)
}
