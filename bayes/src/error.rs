//! What can go wrong with a model, a fit or a prediction.

use crate::Fit;
use bayeux_tensor::Float;

/// An error of this crate.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two parts of a model bear one name.
    #[error("the model already has a part named `{0}`: names must be unique")]
    DuplicateName(String),
    /// A discrete distribution as the prior of a free variable.
    #[error(
        "`{name}` cannot be free: {distribution} is discrete and has no gradient; sum it out or observe it"
    )]
    Discrete {
        /// The variable's name.
        name: String,
        /// The distribution's name.
        distribution: &'static str,
    },
    /// A free variable whose size is not known when the model is built.
    #[error("the free variable `{name}` has shape {shape}: its dimensions must be numbers")]
    FreeDimension {
        /// The variable's name.
        name: String,
        /// Its shape.
        shape: String,
    },
    /// Observed values that do not have the shape of their distribution.
    #[error("`{name}`: the observed values have shape {values}, their distribution {distribution}")]
    ObservedShape {
        /// The name of the observation.
        name: String,
        /// The shape of the values.
        values: String,
        /// The shape of the distribution.
        distribution: String,
    },
    /// A likelihood of no rows.
    #[error("`{0}`: the total number of rows must not be 0")]
    NoRows(String),
    /// A likelihood of another number of rows than there are.
    #[error("`{name}` is said to have {total_rows} rows in all, the data has {rows}")]
    TotalRows {
        /// The name of the observation or potential.
        name: String,
        /// The rows it is said to have.
        total_rows: usize,
        /// The rows of the data.
        rows: usize,
    },
    /// A potential that depends on data of which a fit sees a part at a time, and that does not say how many rows there are.
    #[error(
        "the potential `{name}` depends on the data `{data}`, of which each iteration sees a part: use `potential_rows`, which \
         scales it to all rows, or the whole data in each iteration"
    )]
    PotentialOfRows {
        /// The potential's name.
        name: String,
        /// The name of the data.
        data: String,
    },
    /// A model with nothing to infer.
    #[error("the model has no free variables")]
    NothingFree,
    /// A name that no part of the model bears.
    #[error("the model has no {kind} named `{name}`{known}")]
    Unknown {
        /// What was looked for: data, variable, observation.
        kind: &'static str,
        /// The name.
        name: String,
        /// Which there are, as the end of the sentence.
        known: String,
    },
    /// Data the model needs and was not given.
    #[error("the model's data `{0}` is missing")]
    MissingData(String),
    /// Data given twice.
    #[error("the data `{0}` is given more than once")]
    RepeatedData(String),
    /// Data of another shape than declared.
    #[error("the data `{name}` is declared as {expected}, the tensor given has shape {found:?}{note}")]
    DataShape {
        /// The name of the data.
        name: String,
        /// Its declared shape.
        expected: String,
        /// The tensor's shape.
        found: Vec<usize>,
        /// More about it, as the end of the sentence.
        note: String,
    },
    /// Data sets that should have the same rows and do not.
    #[error("the data `{first}` has {first_rows} rows, `{second}` has {second_rows}")]
    RowCounts {
        /// The name of one.
        first: String,
        /// Its rows.
        first_rows: usize,
        /// The name of the other.
        second: String,
        /// Its rows.
        second_rows: usize,
    },
    /// A number in the data that is infinite or NaN.
    #[error("the data `{name}` is not finite in row {row}")]
    NonFiniteData {
        /// The name of the data.
        name: String,
        /// The first such row, counted from 0.
        row: usize,
    },
    /// Mini-batches of no rows, or of more rows than there are.
    #[error("mini-batches of {batch} rows cannot be taken from {rows} rows of data")]
    BatchSize {
        /// Rows asked for in a batch.
        batch: usize,
        /// Rows of data.
        rows: usize,
    },
    /// A checkpoint that cannot be written or read, or that is of another fit.
    #[error("the checkpoint `{path}` {what}")]
    Checkpoint {
        /// The file.
        path: String,
        /// What is wrong, as the end of the sentence.
        what: String,
    },
    /// A chain of a sampler that could not begin or go on.
    #[error("chain {chain}: {what}")]
    Sampling {
        /// The chain, counted from 0.
        chain: usize,
        /// What went wrong.
        what: String,
    },
    /// Draws that nothing can be said of.
    #[error("the draws of `{name}`: {what}")]
    Diagnosis {
        /// Of which quantity.
        name: String,
        /// Why.
        what: String,
    },
    /// A setting outside its range.
    #[error("{setting} must be {range}, not {found}")]
    Setting {
        /// What was set.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it was set to.
        found: f64,
    },
    /// An initial value of another shape than its variable's.
    #[error("the initial mean of `{name}` has shape {found:?}, the variable {expected:?}")]
    InitialShape {
        /// The variable's name.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
        /// The shape of the initial mean.
        found: Vec<usize>,
    },
    /// The evidence lower bound became infinite or NaN.
    #[error(
        "the ELBO became {elbo} at iteration {iteration}, first in {culprit}; a smaller learning rate may help"
    )]
    NonFiniteElbo {
        /// The iteration, counted from 1.
        iteration: usize,
        /// The value.
        elbo: f64,
        /// The name of the first part of the model, in the order of its construction, that is not finite.
        variable: String,
        /// What of that part, with its name, such as "the log-likelihood of `label`".
        culprit: String,
    },
    /// From the expressions beneath: a label out of range, sizes that do not fit.
    #[error(transparent)]
    Expression(bayeux_autodiff::Error),
}

/// Names missing data as the model's.
impl From<bayeux_autodiff::Error> for Error {
    fn from(error: bayeux_autodiff::Error) -> Self {
        match error {
            bayeux_autodiff::Error::MissingInput(name) => Error::MissingData(name),
            error => Error::Expression(error),
        }
    }
}

/// A fit that ended with an error, and what it had reached before.
///
/// Converts into a plain [`Error`], so that `?` works in functions that return one.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FitError<T: Float = f32> {
    #[source]
    error: Error,
    fit: Option<Box<Fit<T>>>,
}

impl<T: Float> FitError<T> {
    pub(crate) fn new(error: Error, fit: Fit<T>) -> Self {
        FitError { error, fit: Some(Box::new(fit)) }
    }

    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The fit as it was after the last iteration with a finite ELBO; `None` if no iteration was completed.
    #[must_use]
    pub fn fit(&self) -> Option<&Fit<T>> {
        self.fit.as_deref()
    }

    /// The last good fit, to be used.
    #[must_use]
    pub fn into_fit(self) -> Option<Fit<T>> {
        self.fit.map(|fit| *fit)
    }
}

impl<T: Float> From<Error> for FitError<T> {
    fn from(error: Error) -> Self {
        FitError { error, fit: None }
    }
}

impl<T: Float> From<bayeux_autodiff::Error> for FitError<T> {
    fn from(error: bayeux_autodiff::Error) -> Self {
        Error::from(error).into()
    }
}

impl<T: Float> From<FitError<T>> for Error {
    fn from(error: FitError<T>) -> Self {
        error.error
    }
}

/// The message, since `fn main() -> Result<(), Box<dyn Error>>` shows what it is given so.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
