use bayeux_autodiff::{Dim, Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{Distribution, check, standard_uniform};
use crate::Transform;

/// A choice among K classes: x is k with probability pₖ, for k = 0, 1, …, K − 1.
///
/// The parameters' last axis runs over the classes; the shape of a draw is the shape without that axis. Given as
/// logits, p = softmax(logits) and ln p(k) is computed by a log-softmax that cannot overflow.
///
/// A value that is not one of the classes makes the function that computes the density fail with
/// [`Error::Index`](bayeux_autodiff::Error::Index), which names it: in a data set, such a label is a mistake rather than
/// an improbable event.
#[derive(Clone, Debug)]
pub struct Categorical<T: Float = f32> {
    parameter: Parameter<T>,
    classes: usize,
    event: Shape,
}

#[derive(Clone, Debug)]
enum Parameter<T: Float> {
    Probabilities(Expr<T>),
    Logits(Expr<T>),
}

impl<T: Float> Categorical<T> {
    /// With probabilities `[…, K]`, used as they are: every row has to sum to 1.
    ///
    /// # Panics
    /// If the shape is a scalar's, its last dimension free or 0, or if a constant is not between 0 and 1.
    #[track_caller]
    pub fn probabilities(probabilities: impl Into<Expr<T>>) -> Self {
        let p = probabilities.into();
        check(&p, "Categorical: a probability must lie between 0 and 1", |p| (0.0..=1.0).contains(&p));
        let (classes, event) = split(&p);
        Categorical { parameter: Parameter::Probabilities(p), classes, event }
    }

    /// With logits `[…, K]`, of which any multiple of 1 may be added to a row.
    ///
    /// # Panics
    /// If the shape is a scalar's, or its last dimension free or 0.
    #[track_caller]
    pub fn logits(logits: impl Into<Expr<T>>) -> Self {
        let logits = logits.into();
        let (classes, event) = split(&logits);
        Categorical { parameter: Parameter::Logits(logits), classes, event }
    }

    /// The same distribution for every element of a larger shape, which does not count the classes.
    ///
    /// # Panics
    /// If the parameters do not broadcast to the shape.
    #[track_caller]
    pub fn shape(mut self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        for parameter in self.parameters() {
            parameter.broadcast_to(self.with_classes(&shape));
        }
        self.event = shape;
        self
    }

    fn with_classes(&self, shape: &Shape) -> Shape {
        shape.dims().iter().cloned().chain([Dim::from(self.classes)]).collect()
    }
}

/// The number of classes and the shape without them.
#[track_caller]
fn split<T: Float>(parameter: &Expr<T>) -> (usize, Shape) {
    let shape = parameter.shape();
    match shape.dims().split_last() {
        Some((classes, event)) if classes.size().is_some_and(|k| k > 0) => {
            (classes.size().unwrap_or_default(), event.iter().cloned().collect())
        }
        _ => {
            panic!("Categorical: the last axis must run over a known number of classes, the shape is {shape}")
        }
    }
}

impl<T: Float> Distribution<T> for Categorical<T> {
    fn name(&self) -> &'static str {
        "Categorical"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        match &self.parameter {
            Parameter::Probabilities(p) => vec![p.clone()],
            Parameter::Logits(logits) => vec![logits.clone()],
        }
    }

    fn event_shape(&self) -> &Shape {
        &self.event
    }

    fn transform(&self) -> Option<Transform<T>> {
        None
    }

    /// One number for every row of the parameters. The classes that are not `x` are left out by a choice, not by a
    /// product with 0, so that an impossible one (−∞) does no harm.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let chosen = x.one_hot(self.classes).cast::<bool>();
        let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
        let chosen_log = match &self.parameter {
            Parameter::Probabilities(p) => Expr::select(&chosen, p, &one).ln(),
            Parameter::Logits(logits) => Expr::select(&chosen, &logits.log_softmax(), &zero),
        };
        chosen_log.sum(-1)
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    /// By inversion: the first class at which the running sum of the probabilities exceeds a uniform number.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let with_classes: Vec<usize> = shape.iter().copied().chain([self.classes]).collect();
        let rows: Vec<f64> = parameters[0].broadcast_to(&with_classes).iter().map(T::to_f64).collect();
        let draw = |row: &[f64]| {
            let weights: Vec<f64> = match self.parameter {
                Parameter::Probabilities(_) => row.to_vec(),
                Parameter::Logits(_) => {
                    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    row.iter().map(|logit| (logit - largest).exp()).collect()
                }
            };
            let mut left = standard_uniform(rng) * weights.iter().sum::<f64>();
            if left.is_nan() {
                return T::NAN;
            }
            let found = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            // Rounding may leave a little over: it belongs to the last class that is possible at all.
            let last = || weights.iter().rposition(|&weight| weight > 0.0).unwrap_or_default();
            T::from_f64(found.unwrap_or_else(last) as f64)
        };
        Tensor::new(shape, rows.chunks_exact(self.classes).map(draw).collect())
    }
}
