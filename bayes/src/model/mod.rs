//! Models: named random variables, the values observed of them, and their joint density.

mod display;
mod parts;
mod potentials;
mod rows;
mod terms;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};

use crate::distributions::full_shape;
use crate::{Distribution, Error, Transform};

pub use parts::{Observation, Variable};
use potentials::Potential;
pub use terms::{Term, TermKind};

/// A probabilistic model: free variables with priors, and data observed through likelihoods.
///
/// Each method that adds a variable returns it as an expression, to be used like any other: as another's mean, as a layer's weights.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_bayes::{HalfNormal, Model, Normal};
///
/// // A line through points, with an unknown amount of noise.
/// let model: Model<f64> = Model::new();
/// let x = model.data("x", [batch()]);
/// let y = model.data("y", [batch()]);
/// let slope = model.free("slope", Normal::new(0.0, 10.0));
/// let noise = model.free("noise", HalfNormal::new(1.0));
/// model.observe("points", Normal::new(&slope * &x, &noise), &y, 100)?;
/// let joint = model.log_prob()?; // an expression of x, y and the unconstrained variables
/// assert_eq!(joint.rank(), 0);
/// # Ok::<(), bayeux_bayes::Error>(())
/// ```
///
/// # Errors come late
///
/// [`free`](Self::free) and [`prior`](Self::prior) return expressions and have no room for an error, such as a name used
/// twice. The model keeps the first one, and everything that returns a `Result` returns it: [`observe`](Self::observe),
/// [`log_prob`](Self::log_prob), a fit.
///
/// A clone is a handle on the same model.
pub struct Model<T: Float = f32>(Arc<Mutex<Parts<T>>>);

/// What a model is made of, in the order of construction.
pub(crate) struct Parts<T: Float> {
    pub data: Vec<(String, Expr<T>)>,
    pub variables: Vec<Variable<T>>,
    pub observations: Vec<Observation<T>>,
    pub deterministic: Vec<(String, Expr<T>)>,
    pub potentials: Vec<Potential<T>>,
    error: Option<Error>,
}

impl<T: Float> Model<T> {
    /// An empty model.
    #[must_use]
    pub fn new() -> Self {
        Model(Arc::new(Mutex::new(Parts {
            data: Vec::new(),
            variables: Vec::new(),
            observations: Vec::new(),
            deterministic: Vec::new(),
            potentials: Vec::new(),
            error: None,
        })))
    }

    /// Data that is given when the model is fitted or used, a mini-batch at a time if its first dimension is free.
    pub fn data(&self, name: impl AsRef<str>, shape: impl Into<Shape>) -> Expr<T> {
        let name = name.as_ref();
        let input = Expr::input(name, shape);
        let mut parts = self.lock();
        parts.claim(name);
        parts.data.push((name.into(), input.clone()));
        input
    }

    /// A free variable: one to be inferred, with its prior. The result is in the prior's support; underneath, the model
    /// keeps an unconstrained variable (see [`Transform`]).
    ///
    /// Kept as the model's error: a name used twice, a discrete prior, a shape with a free dimension.
    pub fn free(&self, name: impl AsRef<str>, prior: impl Distribution<T> + 'static) -> Expr<T> {
        let name = name.as_ref();
        let mut parts = self.lock();
        parts.claim(name);
        let transform = prior.transform().unwrap_or_else(|| {
            parts.fail(Error::Discrete { name: name.into(), distribution: prior.name() });
            Transform::Identity
        });
        let full = full_shape(&prior);
        let shape = full.sizes().unwrap_or_else(|| {
            parts.fail(Error::FreeDimension { name: name.into(), shape: full.to_string() });
            Vec::new()
        });
        let unconstrained =
            Expr::input(&transform.unconstrained_name(name), transform.unconstrained_shape(&full));
        let value = match transform {
            Transform::Identity => unconstrained.clone(),
            _ => transform.forward(&unconstrained).named(name),
        };
        let prior = Arc::new(prior);
        parts.variables.push(Variable {
            name: name.into(),
            prior,
            transform,
            shape,
            unconstrained,
            value: value.clone(),
        });
        value
    }

    /// A prior that waits for its shape: a function from a shape to a new free variable of that shape, such as a layer
    /// takes for its weights.
    ///
    /// ```
    /// use bayeux_autodiff::Shape;
    /// use bayeux_bayes::{HalfNormal, Model, Normal};
    /// let model: Model = Model::new();
    /// let scale = model.free("w.scale", HalfNormal::new(1.0));
    /// let weights = model.prior("w", move |shape: &Shape| Normal::new(0.0, &scale).shape(shape));
    /// // … which some layer calls when it knows what it needs:
    /// let w = weights(&Shape::from([784, 800]));
    /// assert_eq!(w.shape(), &Shape::from([784, 800]));
    /// ```
    pub fn prior<D, F>(&self, name: &str, prior: F) -> impl Fn(&Shape) -> Expr<T> + use<T, D, F>
    where
        D: Distribution<T> + 'static,
        F: Fn(&Shape) -> D,
    {
        let (model, name) = (self.clone(), name.to_string());
        move |shape| model.free(&name, prior(shape))
    }

    /// Observed values: `values`, data or a constant, are draws from `distribution`, which depends on the free variables.
    ///
    /// Rows are independent, and there are `total_rows` of them in all. The log-likelihood of the rows at hand is
    /// multiplied by `total_rows` over their number, so that a mini-batch stands for the whole data set: over random
    /// mini-batches the mean of this is the log-likelihood of all rows. A single draw, such as a scalar, counts as one row.
    ///
    /// # Errors
    /// The model's first error. A name used twice; constant values of another number of rows; values whose shape is not the distribution's, or that the distribution
    /// does not broadcast to; no rows.
    pub fn observe(
        &self,
        name: impl AsRef<str>,
        distribution: impl Distribution<T> + 'static,
        values: &Expr<T>,
        total_rows: usize,
    ) -> Result<(), Error> {
        let name = name.as_ref();
        let mut parts = self.lock();
        parts.claim(name);
        if total_rows == 0 {
            parts.fail(Error::NoRows(name.into()));
        }
        let shape = full_shape(&distribution);
        if !broadcasts(&shape, values.shape(), distribution.event_shape().rank()) {
            parts.fail(Error::ObservedShape {
                name: name.into(),
                values: values.shape().to_string(),
                distribution: shape.to_string(),
            });
        }
        let rows = values
            .as_constant()
            .map(|_| parts::rows(values, &distribution).map_or(1, |rows| rows.size().unwrap_or(0)));
        if let Some(rows) = rows.filter(|&rows| rows != total_rows && total_rows > 0) {
            parts.fail(Error::TotalRows { name: name.into(), total_rows, rows });
        }
        parts.check()?;
        let distribution = Arc::new(distribution);
        parts.observations.push(Observation {
            name: name.into(),
            distribution,
            values: values.clone(),
            total_rows,
        });
        Ok(())
    }

    /// A quantity that follows from others, under a name: summaries and posterior draws will show it.
    pub fn deterministic(&self, name: impl AsRef<str>, expression: &Expr<T>) -> Expr<T> {
        let name = name.as_ref();
        let expression = expression.clone().named(name);
        let mut parts = self.lock();
        parts.claim(name);
        parts.deterministic.push((name.into(), expression.clone()));
        expression
    }

    /// The free variables in the order of their construction.
    ///
    /// # Errors
    /// The model's first error.
    pub fn variables(&self) -> Result<Vec<Variable<T>>, Error> {
        let parts = self.lock();
        parts.check()?;
        Ok(parts.variables.clone())
    }

    /// The variable or deterministic quantity of a name, as an expression.
    ///
    /// # Errors
    /// The model's first error, or [`Error::Unknown`].
    pub fn get(&self, name: &str) -> Result<Expr<T>, Error> {
        let parts = self.lock();
        parts.check()?;
        let variables = parts.variables.iter().map(|v| (v.name.as_str(), &v.value));
        let deterministic = parts.deterministic.iter().map(|(name, e)| (name.as_str(), e));
        find("variable", name, variables.chain(deterministic)).cloned()
    }

    pub(crate) fn observation(&self, name: &str) -> Result<Observation<T>, Error> {
        let parts = self.lock();
        parts.check()?;
        find("observation", name, parts.observations.iter().map(|o| (o.name.as_str(), o))).cloned()
    }

    pub(crate) fn deterministic_parts(&self) -> Vec<(String, Expr<T>)> {
        self.lock().deterministic.clone()
    }

    /// Pairs data sets with the model's inputs.
    pub(crate) fn check_data(&self, data: &[(Expr<T>, Tensor<T>)]) -> Result<(), Error> {
        let parts = self.lock();
        parts.check()?;
        for (i, (input, tensor)) in data.iter().enumerate() {
            let name = input.name().unwrap_or("unnamed");
            let input = find("data", name, parts.data.iter().map(|(n, e)| (n.as_str(), e)))?;
            if data[..i].iter().any(|(other, _)| other.name() == Some(name)) {
                return Err(Error::RepeatedData(name.into()));
            }
            let fixed = |(dim, &size): (&bayeux_autodiff::Dim, &usize)| dim.size().is_none_or(|d| d == size);
            if input.rank() != tensor.rank()
                || !input.shape().dims().iter().zip(tensor.shape()).skip(1).all(fixed)
            {
                return Err(Error::DataShape {
                    name: name.into(),
                    expected: input.shape().to_string(),
                    found: tensor.shape().to_vec(),
                    note: String::new(),
                });
            }
            let values = tensor.contiguous();
            let bad = values.as_slice().and_then(|values| values.iter().position(|x| !x.is_finite()));
            if let Some(position) = bad {
                let row_len = tensor.shape().iter().skip(1).product::<usize>().max(1);
                return Err(Error::NonFiniteData { name: name.into(), row: position / row_len });
            }
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Parts<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Float> Parts<T> {
    /// Takes a name, which must be new.
    fn claim(&mut self, name: &str) {
        let data = self.data.iter().map(|(name, _)| name);
        let variables = self.variables.iter().map(|variable| &variable.name);
        let observations = self.observations.iter().map(|observation| &observation.name);
        let potentials = self.potentials.iter().map(|potential| &potential.name);
        let others = self.deterministic.iter().map(|(name, _)| name).chain(potentials);
        if data.chain(variables).chain(observations).chain(others).any(|taken| taken == name) {
            self.fail(Error::DuplicateName(name.into()));
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    fn check(&self) -> Result<(), Error> {
        self.error.clone().map_or(Ok(()), Err)
    }
}

/// Looks a part up by its name.
fn find<'a, P: 'a>(
    kind: &'static str,
    name: &str,
    parts: impl Iterator<Item = (&'a str, P)>,
) -> Result<P, Error> {
    let mut names = Vec::new();
    for (known, part) in parts {
        if known == name {
            return Ok(part);
        }
        names.push(format!("`{known}`"));
    }
    let known = if names.is_empty() { String::new() } else { format!("; there is {}", names.join(", ")) };
    Err(Error::Unknown { kind, name: name.into(), known })
}

/// Whether a tensor of shape `from` repeats to shape `to`, but for its last axes, the event's.
fn broadcasts(from: &Shape, to: &Shape, event: usize) -> bool {
    let last = |shape: &Shape| shape.dims()[shape.rank().saturating_sub(event)..].to_vec();
    if last(from) != last(to) {
        return false;
    }
    let fits =
        |(from, to): (&bayeux_autodiff::Dim, &bayeux_autodiff::Dim)| from == to || from.size() == Some(1);
    from.rank() <= to.rank() && from.dims().iter().rev().zip(to.dims().iter().rev()).all(fits)
}

impl<T: Float> Default for Model<T> {
    fn default() -> Self {
        Model::new()
    }
}

impl<T: Float> Clone for Model<T> {
    fn clone(&self) -> Self {
        Model(self.0.clone())
    }
}
