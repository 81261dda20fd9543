//! What can be wrong with data.

/// Why data was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to diagnose.
    #[error("{what} is empty")]
    Empty {
        /// Which argument.
        what: &'static str,
    },
    /// Parts that must be of one length are not.
    #[error("{what} {index} has length {found}, where {expected} was expected")]
    Length {
        /// Which argument.
        what: &'static str,
        /// Which of its parts, counted from 0; 0 if the argument has no parts.
        index: usize,
        /// The length that the others have.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
    /// A flat slice cannot be cut into this many equal rows.
    #[error("{len} values cannot be cut into {rows} equal rows")]
    Rows {
        /// Length of the slice.
        len: usize,
        /// How many rows were asked for.
        rows: usize,
    },
    /// Too few values for what was asked.
    #[error("{what}: {found} are too few, it takes at least {needed}")]
    TooFew {
        /// What there is too little of.
        what: &'static str,
        /// The least number.
        needed: usize,
        /// The number that was given.
        found: usize,
    },
    /// A value is NaN, or infinite where that has no meaning.
    #[error("{what}: value {index} is {value}")]
    NotFinite {
        /// Which argument.
        what: &'static str,
        /// Its place in the flat data, from 0 on.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// A number is outside the range that its meaning allows.
    #[error("{what} is {value}, outside {range}")]
    OutOfRange {
        /// Which argument.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The range, written as an interval.
        range: &'static str,
    },
}

/// Refuses NaN and infinities.
pub(crate) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::NotFinite { what, index, value: values[index] }),
        None => Ok(()),
    }
}

/// Refuses what is not within [0, 1].
pub(crate) fn all_probabilities(what: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().find(|v| !(0.0..=1.0).contains(*v)) {
        Some(&value) => Err(Error::OutOfRange { what, value, range: "[0, 1]" }),
        None => Ok(()),
    }
}

/// Refuses probabilities of 0 and 1, of which no interval or quantile error can be made.
pub(crate) fn inner_probability(what: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(Error::OutOfRange { what, value, range: "(0, 1)" }) }
}
