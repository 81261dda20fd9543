//! What dimensions are at concrete sizes, and what sizes they tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::dimension::{Dim, Form, Sizes};
use super::polynomial::{Atom, Polynomial, Term};
use crate::Error;

impl Dim {
    /// The size once the symbols are known.
    ///
    /// # Errors
    /// [`Error::FreeDimension`] if one is not, [`Error::Dimension`] if the value is none that an axis can have.
    pub(crate) fn resolve(&self, sizes: &Sizes) -> Result<usize, Error> {
        let value = match &self.0 {
            Form::Number(number) => Ok(i128::from(*number)),
            Form::Polynomial(polynomial) => polynomial.evaluate(sizes),
        };
        let what = match value {
            Err(Undefined::Missing(symbol)) => return Err(Error::FreeDimension(symbol.to_string())),
            Ok(value) if value < 0 && matches!(self.0, Form::Number(_)) => "is negative".into(),
            Ok(value) if value < 0 => format!("is −{}", value.unsigned_abs()),
            Ok(value) if value <= isize::MAX as i128 => return Ok(value as usize),
            Ok(_) | Err(Undefined::TooLarge) => "is too large".into(),
        };
        Err(Error::Dimension { dim: self.to_string(), what, place: self.place(sizes) })
    }

    /// Learns a symbol's size from `size`, the concrete length of this dimension, where that is linear in it and all
    /// other symbols are known. `Ok(true)` if the dimension has this length, by what was known or has been learnt;
    /// `Ok(false)` if that must wait until other dimensions have told more.
    ///
    /// # Errors
    /// In words, why it cannot have this length; none are needed for two numbers.
    pub(crate) fn bind(&self, size: usize, sizes: &mut Sizes) -> Result<bool, String> {
        let Form::Polynomial(polynomial) = &self.0 else {
            return (self.size() == Some(size)).then_some(true).ok_or_else(String::new);
        };
        let too_large = || format!("{self} is too large{}", self.place(sizes));
        let polynomial = polynomial.substitute(sizes).ok_or_else(too_large)?;
        let length = i64::try_from(size).map_err(|_| too_large())?;
        if let Some(number) = polynomial.constant() {
            let differs = || format!("{self} is {}{}", Dim::from(number), self.place(sizes));
            return (number == length).then_some(true).ok_or_else(differs);
        }
        let Some((a, symbol, b)) = polynomial.linear() else { return Ok(false) };
        let solution =
            length.checked_sub(b).filter(|rest| rest.checked_rem(a) == Some(0)).map(|rest| rest / a);
        match solution.and_then(|solution| usize::try_from(solution).ok()) {
            Some(solution) => {
                sizes.insert(symbol.clone(), solution);
                Ok(true)
            }
            None => Err(format!("no {symbol} makes {self} equal to {size}{}", self.place(sizes))),
        }
    }

    /// The known sizes of its symbols: ` where n = 3, t = 4`.
    fn place(&self, sizes: &Sizes) -> String {
        let polynomial = self.polynomial();
        let symbols = polynomial.symbols().into_iter();
        let known = symbols.filter_map(|symbol| sizes.get(symbol).map(|size| format!("{symbol} = {size}")));
        let known = known.collect::<Vec<_>>().join(", ");
        if known.is_empty() { known } else { format!(" where {known}") }
    }
}

/// Why a polynomial has no value at some sizes.
enum Undefined<'a> {
    Missing(&'a Arc<str>),
    TooLarge,
}

impl Polynomial {
    /// The symbols in it, within floor divisions too.
    fn symbols(&self) -> BTreeSet<&Arc<str>> {
        let atoms = self.terms().iter().flat_map(|term| term.monomial.atoms());
        atoms
            .flat_map(|atom| match atom {
                Atom::Symbol(symbol) => BTreeSet::from([symbol]),
                Atom::Floor(floor) => floor.numerator.symbols(),
            })
            .collect()
    }

    fn evaluate(&self, sizes: &Sizes) -> Result<i128, Undefined<'_>> {
        let mut sum = 0i128;
        for Term { monomial, coefficient } in self.terms() {
            let mut factors: SmallVec<[i128; 4]> = smallvec![i128::from(*coefficient)];
            for atom in monomial.atoms() {
                factors.push(match atom {
                    Atom::Symbol(symbol) => *sizes.get(symbol).ok_or(Undefined::Missing(symbol))? as i128,
                    Atom::Floor(floor) => {
                        floor.numerator.evaluate(sizes)?.div_euclid(i128::from(floor.divisor))
                    }
                });
            }
            // Nothing times anything is nothing, in whatever order.
            let product = if factors.contains(&0) {
                Some(0)
            } else {
                factors.into_iter().try_fold(1i128, i128::checked_mul)
            };
            sum = product.and_then(|product| sum.checked_add(product)).ok_or(Undefined::TooLarge)?;
        }
        Ok(sum)
    }

    /// The polynomial in those symbols that are not known.
    fn substitute(&self, sizes: &Sizes) -> Option<Polynomial> {
        let mut sum = Vec::new();
        for Term { monomial, coefficient } in self.terms() {
            let mut product = Polynomial::from(*coefficient);
            for atom in monomial.atoms() {
                let factor = match atom {
                    Atom::Symbol(symbol) => match sizes.get(symbol) {
                        Some(&size) => i64::try_from(size).ok()?.into(),
                        None => atom.clone().into(),
                    },
                    Atom::Floor(floor) => floor.numerator.substitute(sizes)?.div_floor(floor.divisor)?,
                };
                product = product.times(&factor)?;
            }
            sum.extend(product.terms().iter().cloned());
        }
        Polynomial::sum(sum)
    }

    /// `(a, s, b)` for a polynomial a·s + b.
    fn linear(&self) -> Option<(i64, &Arc<str>, i64)> {
        let (first, constant) = match self.terms() {
            [first] => (first, 0),
            [first, last] if last.monomial.is_one() => (first, last.coefficient),
            _ => return None,
        };
        match first.monomial.atom()? {
            Atom::Symbol(symbol) => Some((first.coefficient, symbol, constant)),
            Atom::Floor(_) => None,
        }
    }
}
