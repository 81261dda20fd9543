//! Pointwise log likelihoods: draws by observations.

use std::borrow::Cow;

use crate::Error;
use crate::error::all_finite;

/// log p(yᵢ | θₛ) for each draw s and observation i, natural logarithms.
///
/// Values lie draw by draw: that of draw `s` and observation `i` is `values[s * observations + i]`, as in R's `loo`.
/// All are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLikelihood<'a> {
    values: Cow<'a, [f64]>,
    draws: usize,
}

impl<'a> LogLikelihood<'a> {
    /// A view of the values of `draws` draws.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without values, [`Error::TooFew`] below two draws, [`Error::Rows`] if the slice cannot be cut
    /// into `draws` equal rows, [`Error::NotFinite`].
    pub fn new(values: &'a [f64], draws: usize) -> Result<Self, Error> {
        Self::checked(Cow::Borrowed(values), draws)
    }

    /// A copy of rows that lie apart, one per draw.
    ///
    /// # Errors
    ///
    /// Those of [`LogLikelihood::new`], and [`Error::Length`] if a row is not as long as the first.
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<LogLikelihood<'static>, Error> {
        let expected = rows.first().map_or(0, |r| r.as_ref().len());
        let mut values = Vec::with_capacity(expected * rows.len());
        for (index, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != expected {
                return Err(Error::Length { what: "row", index, expected, found: row.len() });
            }
            values.extend_from_slice(row);
        }
        LogLikelihood::checked(Cow::Owned(values), rows.len())
    }

    fn checked(values: Cow<'a, [f64]>, draws: usize) -> Result<Self, Error> {
        if values.is_empty() {
            return Err(Error::Empty { what: "log likelihood" });
        }
        if draws < 2 {
            return Err(Error::TooFew { what: "draws", needed: 2, found: draws });
        }
        if !values.len().is_multiple_of(draws) {
            return Err(Error::Rows { len: values.len(), rows: draws });
        }
        all_finite("log likelihood", &values)?;
        Ok(LogLikelihood { values, draws })
    }

    /// How many draws there are, at least two.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// How many observations there are, at least one.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.values.len() / self.draws
    }

    /// The values of all draws for one observation.
    ///
    /// # Panics
    ///
    /// If there is no such observation.
    #[must_use]
    pub fn observation(&self, index: usize) -> Vec<f64> {
        assert!(index < self.observations(), "observation {index} of {}", self.observations());
        self.values.iter().skip(index).step_by(self.observations()).copied().collect()
    }

    /// log (1/S Σₛ p(yᵢ | θₛ)) of one observation's values.
    pub(crate) fn log_mean(values: &[f64]) -> f64 {
        crate::sums::log_sum_exp(values) - libm::log(values.len() as f64)
    }
}
