//! Dimensions as a file keeps them: a number, or a polynomial as the list of its terms.

use serde::{Deserialize, Serialize};

use super::Dim;
use super::dimension::Form;
use super::polynomial::{Atom, Polynomial};

/// What stands in a file. A polynomial is multiplied out and gathered again when it is read, so that its form is the normal one
/// whatever the file holds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Saved {
    Number(i64),
    Terms(Vec<SavedTerm>),
}

/// A number times symbols and floor divisions.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedTerm {
    times: i64,
    of: Vec<SavedAtom>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SavedAtom {
    Symbol(String),
    Floor { floor: Vec<SavedTerm>, by: i64 },
}

fn terms(polynomial: &Polynomial) -> Vec<SavedTerm> {
    let atom = |atom: &Atom| match atom {
        Atom::Symbol(name) => SavedAtom::Symbol(name.to_string()),
        Atom::Floor(floor) => SavedAtom::Floor { floor: terms(&floor.numerator), by: floor.divisor },
    };
    let term = polynomial.terms().iter();
    term.map(|term| SavedTerm {
        times: term.coefficient,
        of: term.monomial.atoms().iter().map(atom).collect(),
    })
    .collect()
}

fn polynomial(terms: &[SavedTerm]) -> Option<Polynomial> {
    terms.iter().try_fold(Polynomial::default(), |sum, term| {
        let product = term.of.iter().try_fold(Polynomial::from(term.times), |product, atom| {
            product.times(&match atom {
                SavedAtom::Symbol(name) => Atom::Symbol(name.as_str().into()).into(),
                SavedAtom::Floor { by, .. } if *by < 1 => return None,
                SavedAtom::Floor { floor, by } => polynomial(floor)?.div_floor(*by)?,
            })
        })?;
        sum.plus(&product)
    })
}

impl From<Dim> for Saved {
    fn from(dim: Dim) -> Self {
        match dim.0 {
            Form::Number(number) => Saved::Number(number),
            Form::Polynomial(polynomial) => Saved::Terms(terms(&polynomial)),
        }
    }
}

impl TryFrom<Saved> for Dim {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        match saved {
            Saved::Number(number) => Ok(number.into()),
            Saved::Terms(terms) => polynomial(&terms).map(Dim::from).ok_or("is no dimension"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dim::properties::trees;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_dimension_comes_back(tree in trees(true)) {
            let dim = tree.dim();
            let text = serde_json::to_string(&dim).unwrap();
            prop_assert_eq!(serde_json::from_str::<Dim>(&text).unwrap(), dim);
        }
    }

    #[test]
    fn what_is_no_dimension_is_refused() {
        for text in [
            r#"[{"times": 1, "of": [{"floor": [{"times": 1, "of": ["n"]}], "by": 0}]}]"#,
            r#"[{"times": 9223372036854775807, "of": ["n"]}, {"times": 1, "of": ["n"]}]"#,
            r#""n""#,
        ] {
            assert!(serde_json::from_str::<Dim>(text).is_err(), "{text}");
        }
    }
}
