//! Polynomials as one writes them: `2·batch² + ⌊(n + 1)/2⌋ − 3`.

use std::fmt;

use super::polynomial::{Atom, Monomial, Polynomial};

impl fmt::Display for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms().is_empty() {
            return f.write_str("0");
        }
        for (i, term) in self.terms().iter().enumerate() {
            f.write_str(match (i, term.coefficient < 0) {
                (0, false) => "",
                (0, true) => "−",
                (_, false) => " + ",
                (_, true) => " − ",
            })?;
            match (term.coefficient.unsigned_abs(), term.monomial.is_one()) {
                (number, true) => write!(f, "{number}")?,
                (1, false) => write!(f, "{}", term.monomial)?,
                (number, false) => write!(f, "{number}·{}", term.monomial)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Monomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, equal) in self.atoms().chunk_by(|a, b| a == b).enumerate() {
            write!(f, "{}{}", if i > 0 { "·" } else { "" }, equal[0])?;
            if equal.len() > 1 {
                let digits = equal.len().to_string().into_bytes();
                let superscripts = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
                f.write_str(&digits.iter().map(|d| superscripts[usize::from(d - b'0')]).collect::<String>())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Symbol(name) => f.write_str(name),
            Atom::Floor(floor) if floor.numerator.terms().len() == 1 => {
                write!(f, "⌊{}/{}⌋", floor.numerator, floor.divisor)
            }
            Atom::Floor(floor) => write!(f, "⌊({})/{}⌋", floor.numerator, floor.divisor),
        }
    }
}
