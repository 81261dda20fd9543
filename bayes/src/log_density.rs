//! The log density as a compiled function of one vector.

use std::ops::Range;

use bayeux_autodiff::{Expr, Function, grad, hessian_vector};
use bayeux_tensor::{Float, Tensor};

use crate::{Error, Model, Variable};

/// A model's log density with its gradient and curvature, compiled, as a function of all unconstrained variables one behind the other:
/// what samplers and optimisers ask for.
///
/// ```
/// use bayeux_bayes::{HalfNormal, Model, Normal};
/// let model: Model<f64> = Model::new();
/// let scale = model.free("scale", HalfNormal::new(1.0));
/// model.free("x", Normal::new(0.0, &scale).shape([2]));
/// let mut density = model.log_density([])?;
/// assert_eq!(density.len(), 3); // ln scale, and both of x
/// let mut slope = [0.0; 3];
/// let value = density.value_and_gradient(&[0.0, 1.0, -1.0], &mut slope)?;
/// assert!((value - (0.5 * std::f64::consts::FRAC_2_PI.ln() - 0.5 - (2.0 * std::f64::consts::PI).ln() - 1.0)).abs() < 1e-12);
/// assert_eq!(slope[1..], [-1.0, 1.0]);
/// # Ok::<(), bayeux_bayes::Error>(())
/// ```
pub struct LogDensity<T: Float = f32> {
    variables: Vec<Variable<T>>,
    inputs: Vec<Expr<T>>,
    log_prob: Expr<T>,
    z: Expr<T>,
    data: Vec<Tensor<T>>,
    first: Function<T>,
    /// With a vector that the matrix of second derivatives is multiplied by, built when it is first asked for.
    second: Option<Function<T>>,
    at: Tensor<T>,
}

impl<T: Float> std::fmt::Debug for LogDensity<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogDensity").field("variables", &self.variables).finish_non_exhaustive()
    }
}

impl<T: Float> Model<T> {
    /// The log density of the unconstrained variables as a compiled function, given all of the data.
    ///
    /// # Errors
    /// The model's first error; a model without free variables; data that is missing, unknown, of the wrong shape or not finite.
    pub fn log_density<'d>(
        &self,
        data: impl IntoIterator<Item = (&'d Expr<T>, &'d Tensor<T>)>,
    ) -> Result<LogDensity<T>, Error> {
        let data: Vec<(Expr<T>, Tensor<T>)> =
            data.into_iter().map(|(input, tensor)| (input.clone(), tensor.contiguous())).collect();
        self.check_data(&data)?;
        LogDensity::new(self, data)
    }
}

impl<T: Float> LogDensity<T> {
    pub(crate) fn new(model: &Model<T>, data: Vec<(Expr<T>, Tensor<T>)>) -> Result<Self, Error> {
        model.check_total_rows(&data)?;
        let variables = model.variables()?;
        if variables.is_empty() {
            return Err(Error::NothingFree);
        }
        let len = ranges(&variables).last().map_or(0, |range| range.end);
        let z = Expr::input("z", [len]);
        let parts: Vec<Expr<T>> = variables
            .iter()
            .zip(ranges(&variables))
            .map(|(variable, range)| z.slice(0, range).reshape(variable.unconstrained_shape()))
            .collect();
        let pairs: Vec<(&Expr<T>, &Expr<T>)> =
            variables.iter().map(Variable::unconstrained).zip(&parts).collect();
        let log_prob = Expr::substitute(&[model.log_prob()?], &pairs).remove(0);
        let (leaves, data): (Vec<Expr<T>>, Vec<Tensor<T>>) = data.into_iter().unzip();
        let inputs: Vec<Expr<T>> = [z.clone()].into_iter().chain(leaves).collect();
        let slope = grad(&log_prob, std::slice::from_ref(&z)).remove(0);
        let mut first = Function::new(&inputs, [&log_prob, &slope])?;
        let at = Tensor::zeros([len]);
        first.specialise(&[&at].into_iter().chain(&data).collect::<Vec<_>>())?;
        Ok(LogDensity { variables, inputs, log_prob, z, data, first, second: None, at })
    }

    /// How many unconstrained numbers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there are none: never, as a model without free variables is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which of the numbers are those of each free variable.
    pub fn parts(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.variables.iter().map(Variable::name).zip(ranges(&self.variables))
    }

    /// The log density at `z`, and its gradient into `gradient`. It may be infinite or NaN.
    ///
    /// # Errors
    /// What a function's call may report, such as a label out of range.
    ///
    /// # Panics
    /// If a length is not [`len`](Self::len).
    pub fn value_and_gradient(&mut self, z: &[T], gradient: &mut [T]) -> Result<T, Error> {
        self.at.make_mut().copy_from_slice(z);
        let inputs: smallvec::SmallVec<[&Tensor<T>; 8]> = [&self.at].into_iter().chain(&self.data).collect();
        self.first.run(&inputs[..])?;
        gradient.copy_from_slice(self.first.output(1).as_slice().unwrap_or_default());
        Ok(self.first.output(0).item())
    }

    /// The product of the matrix of second derivatives at `z` with a vector, into `product`.
    ///
    /// # Errors
    /// As [`value_and_gradient`](Self::value_and_gradient).
    ///
    /// # Panics
    /// If a length is not [`len`](Self::len).
    pub fn hessian_vector(&mut self, z: &[T], vector: &[T], product: &mut [T]) -> Result<(), Error> {
        self.at.make_mut().copy_from_slice(z);
        let vector = Tensor::from_slice(vector);
        if self.second.is_none() {
            let v = Expr::input("v", [self.len()]);
            let z = std::slice::from_ref(&self.z);
            let outputs = hessian_vector(&self.log_prob, z, std::slice::from_ref(&v));
            let inputs: Vec<Expr<T>> = self.inputs.iter().cloned().chain([v]).collect();
            self.second = Some(Function::new(&inputs, &outputs)?);
        }
        if let Some(second) = &mut self.second {
            let inputs: Vec<&Tensor<T>> = [&self.at].into_iter().chain(&self.data).chain([&vector]).collect();
            second.run(&inputs[..])?;
            product.copy_from_slice(second.output(0).as_slice().unwrap_or_default());
        }
        Ok(())
    }
}

/// Where each variable's numbers are among all.
pub(crate) fn ranges<T: Float>(variables: &[Variable<T>]) -> impl Iterator<Item = Range<usize>> {
    variables.iter().scan(0, |next, variable| {
        let first = *next;
        *next += variable.unconstrained_shape().iter().product::<usize>();
        Some(first..*next)
    })
}
