//! Floor division of polynomials by a number.

use std::sync::Arc;

use super::polynomial::{Atom, Polynomial, Term};

/// ⌊numerator / divisor⌋ in lowest terms: the divisor is at least 2, coefficients lie between 0 and it, and those of the
/// symbols have no factor in common with it.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Floor {
    pub numerator: Polynomial,
    pub divisor: i64,
}

impl Polynomial {
    /// ⌊self / divisor⌋ for a positive divisor: the multiples of the divisor are taken out, as p = d·q + r gives
    /// ⌊p / d⌋ = q + ⌊r / d⌋.
    pub fn div_floor(&self, divisor: i64) -> Option<Polynomial> {
        let whole = self.map(|term| Some(term.coefficient.div_euclid(divisor)))?;
        let rest = self.map(|term| Some(term.coefficient.rem_euclid(divisor)))?;
        whole.plus(&fraction(rest, divisor)?)
    }
}

/// ⌊rest / divisor⌋ where all coefficients lie between 0 and the divisor.
fn fraction(rest: Polynomial, divisor: i64) -> Option<Polynomial> {
    let symbolic = rest.terms().iter().filter(|term| !term.monomial.is_one());
    let common = symbolic.fold(divisor, |common, term| gcd(common, term.coefficient));
    if common == divisor {
        // A constant below the divisor.
        return Some(Polynomial::default());
    }
    // ⌊(g·p + c) / (g·d)⌋ = ⌊(p + ⌊c / g⌋) / d⌋
    let numerator = rest.map(|term| Some(term.coefficient / common))?;
    let divisor = divisor / common;
    if let Some(flat) = nested(&numerator, divisor) {
        return Some(flat);
    }
    Some(Atom::Floor(Arc::new(Floor { numerator, divisor })).into())
}

/// A floor division of a floor division is one: ⌊(⌊p / b⌋ + q) / d⌋ = ⌊(p + b·q) / (b·d)⌋.
fn nested(numerator: &Polynomial, divisor: i64) -> Option<Polynomial> {
    let inner = |term: &Term| match term.monomial.atom() {
        Some(Atom::Floor(floor)) if term.coefficient == 1 => Some(floor.clone()),
        _ => None,
    };
    let inner = numerator.terms().iter().find_map(inner)?;
    let q = numerator.minus(&Atom::Floor(inner.clone()).into())?;
    let flat = inner.numerator.plus(&q.times(&inner.divisor.into())?)?;
    flat.div_floor(inner.divisor.checked_mul(divisor)?)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
