//! Draws that were made elsewhere.

use std::sync::Arc;

use bayeux_autodiff::{Expr, Function};
use bayeux_tensor::{Float, Tensor};

use super::Samples;
use crate::{Error, Model, Predictive, Variable};

impl<T: Float> Model<T> {
    /// Draws of all free variables that were made elsewhere, each `[draws, …]` with the variable's shape behind, as a posterior to look
    /// at and to predict with.
    ///
    /// ```
    /// use bayeux_bayes::{HalfNormal, Model};
    /// use bayeux_tensor::Tensor;
    /// let model: Model<f64> = Model::new();
    /// let scale = model.free("scale", HalfNormal::new(1.0));
    /// let posterior = model.empirical([("scale", &Tensor::from_slice(&[0.5, 1.0, 2.0]))])?;
    /// assert_eq!(posterior.predict(&(scale * 2.0), [])?.draws().to_vec(), [1.0, 2.0, 4.0]);
    /// # Ok::<(), bayeux_bayes::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model's first error; a variable that is missing or unknown, of another shape, or with another number of draws.
    pub fn empirical<'d>(
        &self,
        draws: impl IntoIterator<Item = (&'d str, &'d Tensor<T>)>,
    ) -> Result<Predictive<T>, Error> {
        let variables = self.variables()?;
        let mut given: Vec<(&str, &Tensor<T>)> = draws.into_iter().collect();
        let (mut values, mut places, mut unconstrained) = (Vec::new(), Vec::new(), Vec::new());
        for variable in &variables {
            let at = given.iter().position(|(name, _)| *name == variable.name());
            let at = at.ok_or_else(|| Error::MissingData(variable.name().into()))?;
            let (_, tensor) = given.swap_remove(at);
            let count = values
                .first()
                .map_or(tensor.shape().first().copied(), |first: &Tensor<T>| Some(first.shape()[0]));
            let expected: Vec<usize> = count.into_iter().chain(variable.shape().iter().copied()).collect();
            if tensor.rank() == 0 || tensor.shape() != expected {
                return Err(Error::DataShape {
                    name: variable.name().into(),
                    expected: format!("[draws, …{:?}]", variable.shape()),
                    found: tensor.shape().to_vec(),
                    note: count.map_or(String::new(), |count| format!(", with {count} draws")),
                });
            }
            let place = Expr::input(variable.name(), variable.shape());
            let earlier: Vec<(&Expr<T>, &Expr<T>)> =
                variables.iter().map(Variable::unconstrained).zip(&unconstrained).collect();
            let z = Expr::substitute(&[variable.transform().inverse(&place)], &earlier).remove(0);
            unconstrained.push(z);
            places.push(place);
            values.push(tensor.contiguous());
        }
        if let Some((name, _)) = given.first() {
            return Err(Error::Unknown { kind: "free variable", name: (*name).into(), known: String::new() });
        }
        let function = Function::new(&places, &unconstrained)?;
        let count = values.first().map_or(0, |first| first.shape()[0]);
        let draw = |number: usize| {
            let parts: Vec<Tensor<T>> = values
                .iter()
                .zip(&variables)
                .map(|(value, variable)| {
                    value.slice(0, number..number + 1).reshape(variable.shape()).contiguous()
                })
                .collect();
            Ok(function.call(&parts.iter().collect::<Vec<_>>())?)
        };
        let samples = (0..count).map(draw).collect::<Result<Samples<T>, Error>>()?;
        Ok(Predictive::of_samples(self, &variables, Arc::new(samples), 0))
    }
}
