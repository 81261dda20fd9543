//! Between which numbers a dimension lies at all sizes.

use super::polynomial::{Atom, Polynomial};

impl Polynomial {
    /// Numbers between which all values lie, whatever sizes the symbols have. Each atom is bounded for itself, so the
    /// interval may be wider than need be.
    pub fn bounds(&self) -> Interval {
        self.terms().iter().fold(Interval::number(0), |sum, term| {
            let coefficient = Interval::number(term.coefficient.into());
            sum.plus(term.monomial.atoms().iter().fold(coefficient, |product, atom| {
                product.times(match atom {
                    Atom::Symbol(_) => Interval { least: 0, most: INFINITE },
                    Atom::Floor(floor) => floor.numerator.bounds().div_floor(floor.divisor.into()),
                })
            }))
        })
    }
}

/// As a bound: none, in this direction.
const INFINITE: i128 = i128::MAX;

#[derive(Clone, Copy)]
pub(super) struct Interval {
    pub least: i128,
    pub most: i128,
}

impl Interval {
    fn number(number: i128) -> Self {
        Interval { least: number, most: number }
    }

    fn plus(self, other: Interval) -> Interval {
        let sum = |a: i128, b: i128| match [a, b].into_iter().find(|end| end.abs() == INFINITE) {
            Some(infinite) => infinite,
            None => a.saturating_add(b).max(-INFINITE),
        };
        Interval { least: sum(self.least, other.least), most: sum(self.most, other.most) }
    }

    fn times(self, other: Interval) -> Interval {
        let [a, b] = [self.least, self.most]
            .map(|x| [other.least, other.most].map(|y| x.saturating_mul(y).max(-INFINITE)));
        Interval { least: a[0].min(a[1]).min(b[0]).min(b[1]), most: a[0].max(a[1]).max(b[0]).max(b[1]) }
    }

    fn div_floor(self, divisor: i128) -> Interval {
        let quotient = |end: i128| if end.abs() == INFINITE { end } else { end.div_euclid(divisor) };
        Interval { least: quotient(self.least), most: quotient(self.most) }
    }
}
