use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, valid};
use super::draws::standard_uniform;
use super::whole::Tails;
use super::{Distribution, Support};

/// A choice among K classes: x is k with probability pₖ, for k = 0, 1, …, K − 1.
///
/// The parameters' last axis runs over the classes; the shape of a draw is the shape without that axis. Given as
/// logits, p = softmax(logits) and ln p(k) is computed by a log-softmax that cannot overflow.
///
/// Probabilities are what they are in parts of their row's sum, for the density as for draws: ln p(k) = ln wₖ − ln Σ w.
/// Constants have to sum to 1, as a row that does not is a mistake; expressions, which are rounded or may come from a
/// function without that bound, need not. A row with a negative number, or of zeros only, gives NaN.
///
/// A value that is not one of the classes makes the function that computes the density fail with
/// [`Error::Index`](bayeux_autodiff::Error::Index), which names it: in a data set, such a label is a mistake rather than
/// an improbable event.
#[derive(Clone, Debug)]
#[must_use]
pub struct Categorical<T: Float = f32> {
    parameter: Parameter<T>,
    classes: usize,
    batch: Shape,
}

#[derive(Clone, Debug)]
enum Parameter<T: Float> {
    Probabilities(Expr<T>),
    Logits(Expr<T>),
}

impl<T: Float> Categorical<T> {
    /// With probabilities `[…, K]`.
    ///
    /// # Panics
    /// If the shape is a scalar's, its last dimension free or 0, if a constant is not between 0 and 1, or if a row of
    /// constants does not sum to 1: the difference may be up to √ε of the element type, 3·10⁻⁴ in f32 and 1.5·10⁻⁸ in f64.
    #[track_caller]
    pub fn probabilities(probabilities: impl Into<Expr<T>>) -> Self {
        let p = probabilities.into();
        Domain::Probability.check(&p, "Categorical: a probability");
        let (classes, batch) = split(&p);
        check_sums(&p, classes);
        Categorical { parameter: Parameter::Probabilities(p), classes, batch }
    }

    /// With logits `[…, K]`: any numbers, to all of which in a row one more may be added; −∞ for what is impossible, but
    /// not all of a row.
    ///
    /// # Panics
    /// If the shape is a scalar's, its last dimension free or 0, or if a constant is NaN.
    #[track_caller]
    pub fn logits(logits: impl Into<Expr<T>>) -> Self {
        let logits = logits.into();
        Domain::Logit.check(&logits, "Categorical: a logit");
        let (classes, batch) = split(&logits);
        Categorical { parameter: Parameter::Logits(logits), classes, batch }
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
        self.batch = shape;
        self
    }

    /// The logarithms of the probabilities, `[…, K]`.
    pub(super) fn log_probs(&self) -> Expr<T> {
        match &self.parameter {
            Parameter::Probabilities(p) => {
                let total = valid(p.clone(), [Domain::Weight.holds(p)]).sum(-1);
                p.ln() - total.ln().insert_axis(total.rank())
            }
            Parameter::Logits(logits) => logits.log_softmax(),
        }
    }

    /// The probabilities, `[…, K]`; not by their logarithms, through which one of 0 would have no slope.
    pub(super) fn probs(&self) -> Expr<T> {
        match &self.parameter {
            Parameter::Probabilities(p) => {
                let total = valid(p.clone(), [Domain::Weight.holds(p)]).sum(-1);
                p / total.insert_axis(total.rank())
            }
            Parameter::Logits(logits) => logits.softmax(),
        }
    }

    /// 0, 1, …, K − 1
    fn numbers(&self) -> Expr<T> {
        Expr::constant(Tensor::from_fn([self.classes], |i| T::from_f64(i[0] as f64)))
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let zero = Expr::scalar(0.0);
        let last = Expr::scalar((self.classes - 1) as f64);
        let inside = x.ge(&zero) & x.lt(&last);
        let below = self.numbers().le(&Expr::select(&inside, x, &zero).insert_axis(x.rank()));
        let parts = |of: &Expr<T>, none: f64| {
            let none = Expr::scalar(none);
            [Expr::select(&below, of, &none), Expr::select(&below, &none, of)]
        };
        let [lower, upper] = match &self.parameter {
            Parameter::Probabilities(_) => parts(&self.probs(), 0.0).map(|p| p.sum(-1).ln()),
            Parameter::Logits(_) => parts(&self.log_probs(), f64::NEG_INFINITY).map(|log| log.logsumexp()),
        };
        Tails::of_logarithms(&lower, &upper).within(x, &inside, &x.lt(&zero))
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
        Some((classes, batch)) if classes.size().is_some_and(|k| k > 0) => {
            (classes.size().unwrap_or_default(), batch.iter().cloned().collect())
        }
        _ => {
            panic!("Categorical: the last axis must run over a known number of classes, the shape is {shape}")
        }
    }
}

/// Refuses constant probabilities with a row that does not sum to 1.
#[track_caller]
fn check_sums<T: Float>(p: &Expr<T>, classes: usize) {
    let Some(p) = p.as_constant() else { return };
    let p: Vec<f64> = p.iter().map(T::to_f64).collect();
    let tolerance = T::EPSILON.to_f64().sqrt();
    for (i, row) in p.chunks_exact(classes).enumerate() {
        let sum: f64 = row.iter().sum();
        assert!(
            (sum - 1.0).abs() <= tolerance,
            "Categorical: the probabilities of row {i} sum to {sum}, not to 1"
        );
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

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    /// One number for every row of the parameters. The classes that are not `x` are left out by a choice, not by a
    /// product with 0, so that an impossible one (−∞) does no harm.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let chosen = x.one_hot(self.classes).cast::<bool>();
        match &self.parameter {
            Parameter::Probabilities(p) => {
                let total = valid(p.clone(), [Domain::Weight.holds(p)]).sum(-1);
                Expr::select(&chosen, p, &Expr::scalar(1.0)).ln().sum(-1) - total.ln()
            }
            Parameter::Logits(logits) => {
                Expr::select(&chosen, &logits.log_softmax(), &Expr::scalar(0.0)).sum(-1)
            }
        }
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some((self.probs() * self.numbers()).sum(-1))
    }

    fn variance(&self) -> Option<Expr<T>> {
        let p = self.probs();
        let mean = (&p * self.numbers()).sum(-1);
        Some((p * (self.numbers() - mean.insert_axis(mean.rank())).square()).sum(-1))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let log = self.log_probs();
        let last = log.rank() - 1;
        // A row without a probability is drawn from as if all classes were as likely as the others.
        let known = log.lt(&Expr::scalar(f64::INFINITY)).all([last]);
        let safe = Expr::select(&known.insert_axis(last), &log, &Expr::scalar(0.0));
        Some(valid(noise.categorical(safe, &self.batch).cast::<T>(), [Some(known)]))
    }

    /// By inversion: the first class at which the running sum of the probabilities exceeds a uniform number.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let with_classes: Vec<usize> = shape.iter().copied().chain([self.classes]).collect();
        let rows: Vec<f64> = parameters[0].broadcast_to(&with_classes).iter().map(T::to_f64).collect();
        let draw = |row: &[f64]| {
            let weights: Vec<f64> = match self.parameter {
                Parameter::Probabilities(_) => row.iter().map(|&p| Domain::Weight.or_nan(p)).collect(),
                Parameter::Logits(_) => {
                    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    row.iter().map(|logit| libm::exp(logit - largest)).collect()
                }
            };
            let total = weights.iter().sum();
            let mut left = standard_uniform(rng) * total;
            if Domain::Positive.or_nan(total).is_nan() {
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
