//! Polynomials with integer coefficients over symbols and floor divisions, in a normal form.
//!
//! Terms are sorted and no two have the same monomial, so that two polynomials are the same exactly if their forms are.
//! Every operation gives `None` where a number leaves the range of `i64`.

use std::cmp::Ordering;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::floor::Floor;

/// What a polynomial is a polynomial in. As an unknown, a floor division is independent of the symbols in it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    Symbol(Arc<str>),
    Floor(Arc<Floor>),
}

impl Atom {
    fn degree(&self) -> usize {
        match self {
            Atom::Symbol(_) => 1,
            Atom::Floor(floor) => floor.numerator.degree(),
        }
    }
}

/// A product of atoms; the empty one is 1.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Monomial {
    degree: usize,
    /// Sorted; an atom that occurs twice stands twice.
    atoms: SmallVec<[Atom; 2]>,
}

impl Monomial {
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    pub fn is_one(&self) -> bool {
        self.atoms.is_empty()
    }

    /// The atom, if it is only one.
    pub fn atom(&self) -> Option<&Atom> {
        match self.atoms() {
            [atom] => Some(atom),
            _ => None,
        }
    }

    fn times(&self, other: &Monomial) -> Monomial {
        let mut atoms = self.atoms.clone();
        atoms.extend(other.atoms.iter().cloned());
        atoms.sort();
        Monomial { degree: self.degree + other.degree, atoms }
    }

    fn divide(&self, other: &Monomial) -> Option<Monomial> {
        let mut atoms = self.atoms.clone();
        for atom in &other.atoms {
            let at = atoms.iter().position(|a| a == atom)?;
            atoms.remove(at);
        }
        Some(Monomial { degree: self.degree - other.degree, atoms })
    }
}

/// Higher degrees first, then the one with more of the first atom in which they differ: an order that multiplication
/// preserves, as the exact division needs.
impl Ord for Monomial {
    fn cmp(&self, other: &Self) -> Ordering {
        other.degree.cmp(&self.degree).then_with(|| self.atoms.cmp(&other.atoms))
    }
}

impl PartialOrd for Monomial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Term {
    pub monomial: Monomial,
    /// Not 0.
    pub coefficient: i64,
}

/// A sum of terms, in the order of their monomials; the empty one is 0.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Polynomial(Vec<Term>);

impl From<Atom> for Polynomial {
    fn from(atom: Atom) -> Self {
        let monomial = Monomial { degree: atom.degree(), atoms: smallvec![atom] };
        Polynomial(vec![Term { monomial, coefficient: 1 }])
    }
}

impl From<i64> for Polynomial {
    fn from(coefficient: i64) -> Self {
        let constant = Term { monomial: Monomial::default(), coefficient };
        Polynomial(if coefficient == 0 { Vec::new() } else { vec![constant] })
    }
}

impl Polynomial {
    pub fn terms(&self) -> &[Term] {
        &self.0
    }

    fn degree(&self) -> usize {
        self.0.first().map_or(0, |term| term.monomial.degree)
    }

    /// The number, if it is one.
    pub fn constant(&self) -> Option<i64> {
        match self.0.as_slice() {
            [] => Some(0),
            [term] if term.monomial.is_one() => Some(term.coefficient),
            _ => None,
        }
    }

    /// The sum of terms in any order, of which several may have the same monomial.
    pub fn sum(terms: impl IntoIterator<Item = Term>) -> Option<Polynomial> {
        let mut sorted: Vec<Term> = terms.into_iter().collect();
        sorted.sort_by(|a, b| a.monomial.cmp(&b.monomial));
        let mut sum: Vec<Term> = Vec::with_capacity(sorted.len());
        for term in sorted {
            match sum.last_mut() {
                Some(last) if last.monomial == term.monomial => {
                    last.coefficient = last.coefficient.checked_add(term.coefficient)?;
                }
                _ => sum.push(term),
            }
        }
        sum.retain(|term| term.coefficient != 0);
        Some(Polynomial(sum))
    }

    /// Each coefficient replaced, each term kept.
    pub fn map(&self, coefficient: impl Fn(&Term) -> Option<i64>) -> Option<Polynomial> {
        let with = |term: &Term| Some(Term { coefficient: coefficient(term)?, ..term.clone() });
        let mut terms = self.0.iter().map(with).collect::<Option<Vec<_>>>()?;
        terms.retain(|term| term.coefficient != 0);
        Some(Polynomial(terms))
    }

    pub fn plus(&self, other: &Polynomial) -> Option<Polynomial> {
        Polynomial::sum(self.0.iter().chain(&other.0).cloned())
    }

    pub fn minus(&self, other: &Polynomial) -> Option<Polynomial> {
        self.plus(&other.map(|term| term.coefficient.checked_neg())?)
    }

    pub fn times(&self, other: &Polynomial) -> Option<Polynomial> {
        if let Some(factor) = other.constant() {
            return self.map(|term| term.coefficient.checked_mul(factor));
        }
        let mut products = Vec::with_capacity(self.0.len() * other.0.len());
        for (a, b) in self.0.iter().flat_map(|a| other.0.iter().map(move |b| (a, b))) {
            let coefficient = a.coefficient.checked_mul(b.coefficient)?;
            products.push(Term { monomial: a.monomial.times(&b.monomial), coefficient });
        }
        Polynomial::sum(products)
    }

    /// The polynomial that times `other` is this, if there is one: long division, which leaves no rest where `other` is
    /// a factor, since a product's first term is the product of the first terms.
    pub fn divide(&self, other: &Polynomial) -> Option<Polynomial> {
        let first = other.0.first()?;
        let mut rest = self.clone();
        let mut quotient = Vec::new();
        while let Some(term) = rest.0.first() {
            if term.coefficient.checked_rem(first.coefficient)? != 0 {
                return None;
            }
            let coefficient = term.coefficient / first.coefficient;
            let next = Term { monomial: term.monomial.divide(&first.monomial)?, coefficient };
            rest = rest.minus(&other.times(&Polynomial(vec![next.clone()]))?)?;
            quotient.push(next);
        }
        Some(Polynomial(quotient))
    }
}
