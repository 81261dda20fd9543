//! Draws of a model's variables, from the prior or a fitted posterior, and what they predict.

mod empirical;
mod predictions;

use std::ops::Range;
use std::sync::Arc;

use bayeux_autodiff::{Dim, Expr, Function, Rows, interpret};
use bayeux_tensor::{Float, Tensor};

use crate::guide::FittedGuide;
use crate::random::{Purpose, generator};
use crate::{Error, Fit, Model, Variable};

pub use predictions::Predictions;
pub(crate) use predictions::quantile;

/// A number of draws of all free variables of a model, from its prior or from a fitted posterior.
///
/// Draws are made when they are needed and are the same each time: draw number d depends on the seed and d alone.
///
/// ```
/// use bayeux_autodiff::batch;
/// use bayeux_bayes::{Model, Normal};
/// use bayeux_tensor::Tensor;
/// let model: Model<f64> = Model::new();
/// let x = model.data("x", [batch()]);
/// let slope = model.free("slope", Normal::new(1.0, 0.1));
/// let line = &slope * &x;
/// let prior = model.prior_predictive(200)?;
/// let p = prior.predict(&line, [(&x, &Tensor::arange(30))])?; // any number of rows
/// assert_eq!(p.draws().shape(), [200, 30]);
/// assert!((p.mean().get(&[10]) - 10.0).abs() < 0.5);
/// # Ok::<(), bayeux_bayes::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Predictive<T: Float = f32> {
    model: Model<T>,
    variables: Vec<Variable<T>>,
    source: Source<T>,
    draws: usize,
    seed: u64,
    chunk: usize,
}

#[derive(Clone, Debug)]
enum Source<T: Float> {
    Prior,
    Posterior(FittedGuide<T>),
    Samples(Arc<Samples<T>>),
}

/// Draws that were made before: of each, the unconstrained variables.
pub(crate) type Samples<T> = Vec<Vec<Tensor<T>>>;

impl<T: Float> Model<T> {
    /// A number of draws of the free variables from their priors.
    ///
    /// # Errors
    /// The model's first error.
    pub fn prior_predictive(&self, draws: usize) -> Result<Predictive<T>, Error> {
        let variables = self.variables()?;
        Ok(Predictive { model: self.clone(), variables, source: Source::Prior, draws, seed: 0, chunk: CHUNK })
    }
}

/// Rows that are predicted at once, unless told otherwise.
const CHUNK: usize = 500;

impl<T: Float> Predictive<T> {
    pub(crate) fn posterior(fit: &Fit<T>, draws: usize) -> Self {
        Predictive {
            model: fit.model.clone(),
            variables: fit.variables.clone(),
            source: Source::Posterior(fit.posterior.clone()),
            draws,
            seed: fit.seed,
            chunk: CHUNK,
        }
    }

    /// All of some draws.
    pub(crate) fn of_samples(
        model: &Model<T>,
        variables: &[Variable<T>],
        samples: Arc<Samples<T>>,
        seed: u64,
    ) -> Self {
        Predictive {
            model: model.clone(),
            variables: variables.to_vec(),
            draws: samples.len(),
            source: Source::Samples(samples),
            seed,
            chunk: CHUNK,
        }
    }

    /// Draws of another seed than the fit's (of a prior: than 0).
    pub fn seed(self, seed: u64) -> Self {
        Predictive { seed, ..self }
    }

    /// How many rows are predicted at once, at least 1: a matter of memory and speed, not of the result. 500 by default.
    pub fn chunk_rows(self, rows: usize) -> Self {
        Predictive { chunk: rows.max(1), ..self }
    }

    /// All draws of a free variable or a deterministic quantity that needs no data: `[draws, …]`.
    ///
    /// # Errors
    /// [`Error::Unknown`], or [`Error::MissingData`] if it needs data.
    pub fn of(&self, name: &str) -> Result<Tensor<T>, Error> {
        Ok(self.predict(&self.model.get(name)?, [])?.into_draws())
    }

    /// The values of an expression of the model's variables and data, for every draw and any number of rows of data.
    ///
    /// An expression whose rows depend each on the same row of the data alone, see [`Expr::is_by_rows`], is computed in chunks of
    /// rows, all chunks of a draw with the same values of the variables; any other is computed from all rows at once.
    ///
    /// # Errors
    /// Data that is missing, unknown, of the wrong shape, or not finite; what a function's call may report.
    pub fn predict<'d>(
        &self,
        expression: &Expr<T>,
        data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>,
    ) -> Result<Predictions<T>, Error> {
        let rows = self.rows(data)?;
        let by_rows = rows.dim.as_ref().is_some_and(|dim| expression.is_by_rows(dim));
        let mut values = Vec::new();
        let mut shape = Vec::new();
        self.evaluate(std::slice::from_ref(expression), &rows, by_rows, |draw, outputs| {
            let output = &outputs[0];
            if draw == 0 && shape.is_empty() {
                shape = output.shape().to_vec();
            } else if draw == 0 {
                shape[0] += output.shape()[0];
            }
            values.extend(output.iter());
            Ok(())
        })?;
        shape.insert(0, self.draws);
        Ok(Predictions::new(Tensor::new(shape, values)))
    }

    /// Draws of observed values: for each draw of the variables, one of the observation, `[draws, rows, …]`.
    ///
    /// # Errors
    /// As for [`predict`](Self::predict); [`Error::Unknown`] if the model has no such observation. The observed values
    /// themselves need not be given.
    pub fn sample<'d>(
        &self,
        observation: &str,
        data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>,
    ) -> Result<Predictions<T>, Error> {
        let observation = self.model.observation(observation)?;
        let rows = self.rows(data)?;
        // The zeros tell the shape, where the parameters alone do not.
        let mut outputs = observation.distribution.parameters();
        outputs.push(Expr::zeros(observation.values.shape()));
        let first = observation.values.shape().dims().first();
        let by_rows = rows.dim.as_ref().is_some_and(|dim| {
            first == Some(dim)
                && observation.rows().is_some()
                && outputs.iter().all(|output| matches!(output.rows(dim), Rows::Along(0) | Rows::Free))
        });
        let mut values = Vec::new();
        let mut shape: Vec<usize> = Vec::new();
        let mut random = generator(self.seed, Purpose::Observed, 0);
        let mut current = 0;
        self.evaluate(&outputs, &rows, by_rows, |draw, outputs| {
            if draw != current {
                random = generator(self.seed, Purpose::Observed, draw);
                current = draw;
            }
            let (zeros, parameters) = outputs.split_last().expect("the zeros are there");
            if draw == 0 && shape.is_empty() {
                shape = zeros.shape().to_vec();
            } else if draw == 0 {
                shape[0] += zeros.shape()[0];
            }
            values.extend(observation.distribution.draw(parameters, zeros.shape(), &mut random).iter());
            Ok(())
        })?;
        shape.insert(0, self.draws);
        Ok(Predictions::new(Tensor::new(shape, values)))
    }

    /// The unconstrained variables of one draw.
    fn draw(&self, number: usize) -> Result<Vec<Tensor<T>>, Error> {
        match &self.source {
            Source::Posterior(posterior) => Ok(posterior.draw(self.seed, number)),
            Source::Samples(samples) => Ok(samples[number].clone()),
            Source::Prior => self.draw_from_prior(number),
        }
    }

    /// Draws one variable after the other, each from its prior given those before.
    fn draw_from_prior(&self, number: usize) -> Result<Vec<Tensor<T>>, Error> {
        let mut random = generator(self.seed, Purpose::Prior, number);
        let mut drawn: Vec<Tensor<T>> = Vec::new();
        for variable in &self.variables {
            let leaves = self.variables.iter().map(Variable::unconstrained);
            let earlier: Vec<(&Expr<T>, &Tensor<T>)> = leaves.zip(&drawn).collect();
            let parameters = interpret(&variable.prior().parameters(), &earlier, 0)?;
            let value = variable.prior().draw(&parameters, variable.shape(), &mut random);
            let unconstrained = variable.transform().inverse(&Expr::constant(value));
            let unconstrained = interpret(&[unconstrained], &earlier, 0)?.remove(0);
            drawn.push(unconstrained.broadcast_to(variable.unconstrained_shape()).contiguous());
        }
        Ok(drawn)
    }

    /// Checks data and finds how it can be cut into chunks of rows.
    fn rows<'d>(
        &self,
        data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>,
    ) -> Result<Table<T>, Error> {
        let data: Vec<(Expr<T>, Tensor<T>)> =
            data.into_iter().map(|(input, tensor)| (input.clone(), tensor.clone())).collect();
        self.model.check_data(&data)?;
        let mut dim: Option<Dim> = None;
        let mut first: Option<(String, usize)> = None;
        for (input, tensor) in &data {
            let Some(rows) = input.shape().dims().first().filter(|dim| dim.size().is_none()) else {
                continue;
            };
            let name = input.name().unwrap_or("unnamed").to_string();
            match (&dim, &first) {
                (Some(dim), Some((other, count))) if dim == rows && *count != tensor.shape()[0] => {
                    return Err(Error::RowCounts {
                        first: other.clone(),
                        first_rows: *count,
                        second: name,
                        second_rows: tensor.shape()[0],
                    });
                }
                (Some(dim), _) if dim != rows => {
                    // Two kinds of rows: nothing says how they belong together.
                    return Ok(Table { data, dim: None, count: 0 });
                }
                _ => {
                    first = Some((name, tensor.shape()[0]));
                    dim = Some(rows.clone());
                }
            }
        }
        Ok(Table { data, dim, count: first.map_or(0, |(_, count)| count) })
    }

    /// Computes outputs for every draw and, within it, every chunk of rows, in order.
    fn evaluate(
        &self,
        outputs: &[Expr<T>],
        rows: &Table<T>,
        by_rows: bool,
        mut receive: impl FnMut(usize, &[Tensor<T>]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.draws == 0 {
            return Err(Error::Setting { setting: "the number of draws", range: "at least 1", found: 0.0 });
        }
        let leaves = self.variables.iter().map(|variable| variable.unconstrained().clone());
        let inputs: Vec<Expr<T>> = leaves.chain(rows.data.iter().map(|(input, _)| input.clone())).collect();
        let function = Function::new(&inputs, outputs)?;
        let chunk = if by_rows { self.chunk } else { rows.count.max(1) };
        let starts: Vec<usize> =
            if rows.count == 0 { vec![0] } else { (0..rows.count).step_by(chunk).collect() };
        for draw in 0..self.draws {
            let drawn = self.draw(draw)?;
            for &start in &starts {
                let part = rows.slice(start..(start + chunk).min(rows.count));
                let arguments: Vec<&Tensor<T>> = drawn.iter().chain(&part).collect();
                receive(draw, &function.call(&arguments)?)?;
            }
        }
        Ok(())
    }
}

/// Data, and the free dimension that counts its rows, if there is just one.
struct Table<T: Float> {
    data: Vec<(Expr<T>, Tensor<T>)>,
    dim: Option<Dim>,
    count: usize,
}

impl<T: Float> Table<T> {
    /// Some of the rows, of all data that has rows.
    fn slice(&self, range: Range<usize>) -> Vec<Tensor<T>> {
        let part = |(input, tensor): &(Expr<T>, Tensor<T>)| match &self.dim {
            Some(dim) if input.shape().dims().first() == Some(dim) => {
                tensor.slice(0, range.clone()).contiguous()
            }
            _ => tensor.contiguous(),
        };
        self.data.iter().map(part).collect()
    }
}
