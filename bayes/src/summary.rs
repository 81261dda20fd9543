//! A table of what was inferred.

use std::fmt;

use bayeux_tensor::Float;

use crate::predictive::quantile;
use crate::{Error, Fit, Gaussian, Transform};

/// Up to so many elements, a variable is shown element by element.
pub(crate) const ELEMENTS: usize = 16;

/// Draws behind an element's row, where there is no formula.
const DRAWS: usize = 4_000;

/// Numbers behind the row of a large variable, at least.
const POOLED: usize = 20_000;

/// The standard normal's 97 % quantile.
const Z97: f64 = 1.880_793_608_151_250_9;

/// What a fit inferred, one row for each number or, for a variable of many elements, one row for all of them.
///
/// Values are the variables' own, not those of the unconstrained variables beneath. The interval is the central one: 3 %
/// of the probability lies below it and 3 % above.
///
/// * Elements of a variable of up to 16 have a row each, from formulas where there are some, else from 4,000 draws.
/// * A larger variable has one row for its elements *pooled*: mean, standard deviation and interval of all draws of all
///   elements thrown together. They say how large a weight is, not how well it is known. [`Fit::summary_of_elements`] gives each its
///   row.
///
/// `Display` prints it as a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The rows, in the model's order.
    pub rows: Vec<SummaryRow>,
    /// The deterministic quantities left out because they need data.
    pub needing_data: Vec<String>,
}

/// One row of a summary.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SummaryRow {
    /// The name, with the index of the element if there are several: `theta[3]`.
    pub name: String,
    /// The variable's shape.
    pub shape: Vec<usize>,
    /// How many elements are pooled in this row; 1 for an element's own row.
    pub pooled: usize,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
    /// The 3 % quantile.
    pub low: f64,
    /// The 97 % quantile.
    pub high: f64,
}

/// Variables of up to `most` elements are shown element by element.
pub(crate) fn summarise<T: Float>(fit: &Fit<T>, most: usize) -> Result<Summary, Error> {
    let mut rows = Vec::new();
    for (variable, factor) in fit.variables.iter().zip(&fit.posterior.marginals()) {
        let elements = variable.size() <= most;
        match variable.transform() {
            Transform::Identity if elements => rows.extend(by_formula(variable.name(), factor, normal_row)),
            Transform::Exp if elements => rows.extend(by_formula(variable.name(), factor, log_normal_row)),
            _ => rows.extend(by_draws(fit, variable.name(), variable.size(), most)?),
        }
    }
    let mut needing_data = Vec::new();
    for (name, expression) in fit.model.deterministic_parts() {
        let size = expression.shape().sizes().map(|sizes| sizes.iter().product());
        match size.map(|size| by_draws(fit, &name, size, most)) {
            Some(Ok(found)) => rows.extend(found),
            None | Some(Err(Error::MissingData(_))) => needing_data.push(name),
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(Summary { rows, needing_data })
}

/// Mean, sd and quantiles of one element.
type Numbers = [f64; 4];

fn normal_row(mean: f64, sd: f64) -> Numbers {
    [mean, sd, mean - Z97 * sd, mean + Z97 * sd]
}

/// Of eᶻ for a normal z; quantiles go through the increasing function.
fn log_normal_row(mean: f64, sd: f64) -> Numbers {
    let of_x = (mean + sd * sd / 2.0).exp();
    [of_x, of_x * (sd * sd).exp_m1().sqrt(), (mean - Z97 * sd).exp(), (mean + Z97 * sd).exp()]
}

fn by_formula<T: Float>(name: &str, factor: &Gaussian<T>, row: fn(f64, f64) -> Numbers) -> Vec<SummaryRow> {
    let elements = factor.mean.iter().zip(factor.sd.iter());
    let numbers = elements.map(|(mean, sd)| row(mean.to_f64(), sd.to_f64())).collect();
    element_rows(name, factor.mean.shape(), numbers)
}

fn by_draws<T: Float>(fit: &Fit<T>, name: &str, size: usize, most: usize) -> Result<Vec<SummaryRow>, Error> {
    let pooled = size > most;
    let count = if pooled { POOLED.div_ceil(size) } else { DRAWS };
    let draws = fit.posterior(count).of(name)?;
    let shape = draws.shape()[1..].to_vec();
    let values: Vec<f64> = draws.iter().map(T::to_f64).collect();
    if pooled {
        let [mean, sd, low, high] = sample_row(values);
        return Ok(vec![SummaryRow { name: name.into(), shape, pooled: size, mean, sd, low, high }]);
    }
    let column = |i: usize| sample_row(values.iter().skip(i).step_by(size).copied().collect());
    Ok(element_rows(name, &shape, (0..size).map(column).collect()))
}

fn sample_row(values: Vec<f64>) -> Numbers {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    [mean, sd, quantile(values.clone(), 0.03), quantile(values, 0.97)]
}

/// The name of an element, with its index if there are several: `theta[3]`.
pub(crate) fn element_name(name: &str, shape: &[usize], mut position: usize) -> String {
    if shape.is_empty() {
        return name.to_string();
    }
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = position % shape[axis];
        position /= shape[axis];
    }
    format!("{name}{index:?}")
}

/// A row for each element, with its index in row-major order.
fn element_rows(name: &str, shape: &[usize], numbers: Vec<Numbers>) -> Vec<SummaryRow> {
    let row = |(i, [mean, sd, low, high]): (usize, Numbers)| SummaryRow {
        name: element_name(name, shape, i),
        shape: shape.to_vec(),
        pooled: 1,
        mean,
        sd,
        low,
        high,
    };
    numbers.into_iter().enumerate().map(row).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.rows.iter().map(|row| row.name.clone()).collect();
        let shapes: Vec<String> = self.rows.iter().map(|row| format!("{:?}", row.shape)).collect();
        let width = |header: &str, cells: &[String]| {
            cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(header.len())
        };
        let (n, s) = (width("name", &names), width("shape", &shapes));
        write!(
            f,
            "{:n$}  {:s$}  {:>10}  {:>10}  {:>10}  {:>10}",
            "name", "shape", "mean", "sd", "3 %", "97 %"
        )?;
        for ((row, name), shape) in self.rows.iter().zip(&names).zip(&shapes) {
            let [mean, sd, low, high] = [row.mean, row.sd, row.low, row.high].map(number);
            write!(f, "\n{name:n$}  {shape:s$}  {mean:>10}  {sd:>10}  {low:>10}  {high:>10}")?;
            if row.pooled > 1 {
                write!(f, "  {} elements pooled", row.pooled)?;
            }
        }
        if let Some(most) = self.rows.iter().map(|row| row.pooled).filter(|&pooled| pooled > 1).max() {
            write!(f, "\neach element has its row in summary_of_elements({most})")?;
        }
        if !self.needing_data.is_empty() {
            write!(f, "\nnot shown, because they need data: {}", self.needing_data.join(", "))?;
        }
        Ok(())
    }
}

/// Four significant digits or so, in ten characters.
fn number(x: f64) -> String {
    let size = x.abs();
    match size {
        _ if size == 0.0 || (0.01..1e5).contains(&size) => {
            let decimals = if size < 10.0 {
                3
            } else if size < 1000.0 {
                2
            } else {
                1
            };
            format!("{x:.decimals$}")
        }
        _ => format!("{x:.3e}"),
    }
}
