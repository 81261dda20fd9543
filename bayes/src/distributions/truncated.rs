use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape, interpret};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, outside, valid};
use super::draws::standard_uniform;
use super::inversion::Inversion;
use super::logs::ln_one_minus_exp;
use super::part::{Part, broadcast_shapes};
use super::whole::Tails;
use super::{Distribution, Support};

/// A distribution of numbers, given that they lie above a bound, below one, or between two, which are possible themselves.
///
/// ln p(x) = ln p₀(x) − ln P₀(low ≤ X ≤ high)
///
/// The probability between the bounds is the difference of two of the distribution function or of what lies above, whichever are
/// smaller, so that it keeps its digits far out in either tail.
///
/// ```
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, Exponential, Truncated};
/// let wait = Truncated::between(Exponential::new(1.0), 0.0, 2.0);
/// let log = wait.log_prob(&Expr::<f64>::scalar(0.5));
/// let known = -0.5 - (1.0 - (-2f64).exp()).ln();
/// assert!((interpret(&[log], &[], 0)?[0].item() - known).abs() < 1e-14);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Draws are by inversion of the distribution function, by bisection; samples have implicit slopes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Truncated<T: Float = f32> {
    pub(super) base: Part<T>,
    low: Option<Expr<T>>,
    high: Option<Expr<T>>,
    batch: Shape,
}

impl<T: Float> Truncated<T> {
    /// Between two bounds.
    ///
    /// # Panics
    /// If the distribution has no distribution function, if the shapes do not broadcast, or for constant bounds that are not finite or
    /// not in order.
    #[track_caller]
    pub fn between(
        base: impl Distribution<T> + 'static,
        low: impl Into<Expr<T>>,
        high: impl Into<Expr<T>>,
    ) -> Self {
        Self::new(Part::new(base), Some(low.into()), Some(high.into()))
    }

    /// Above a bound.
    ///
    /// # Panics
    /// As [`between`](Self::between).
    #[track_caller]
    pub fn above(base: impl Distribution<T> + 'static, low: impl Into<Expr<T>>) -> Self {
        Self::new(Part::new(base), Some(low.into()), None)
    }

    /// Below a bound.
    ///
    /// # Panics
    /// As [`between`](Self::between).
    #[track_caller]
    pub fn below(base: impl Distribution<T> + 'static, high: impl Into<Expr<T>>) -> Self {
        Self::new(Part::new(base), None, Some(high.into()))
    }

    #[track_caller]
    fn new(base: Part<T>, low: Option<Expr<T>>, high: Option<Expr<T>>) -> Self {
        base.require_cdf("Truncated");
        let scalar = Shape::default();
        let [low_shape, high_shape] = [&low, &high].map(|bound| match bound {
            Some(bound) => {
                Domain::Finite.check(bound, "Truncated: a bound");
                bound.shape()
            }
            None => &scalar,
        });
        let batch = broadcast_shapes::<T>(&[base.batch_shape(), low_shape, high_shape]);
        if let (Some(low), Some(high)) = (&low, &high)
            && let (Some(low), Some(high)) = (low.as_constant(), high.as_constant())
        {
            let least = if base.is_whole() { T::ZERO } else { T::MIN_POSITIVE };
            assert!(
                (high - low).iter().all(|width| width >= least),
                "Truncated: the lower bound must lie below the upper, {low:?} {high:?}"
            );
        }
        Truncated { base, low, high, batch }
    }

    /// The same of a larger shape.
    pub(super) fn over(&self, batch: &Shape) -> Self {
        Truncated { batch: batch.clone(), ..self.clone() }
    }

    /// NaN for bounds that are none.
    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let holds = |bound: &Option<Expr<T>>| bound.as_ref().and_then(|bound| Domain::Finite.holds(bound));
        let in_order = match (&self.low, &self.high) {
            (Some(low), Some(high)) if low.as_constant().is_none() || high.as_constant().is_none() => {
                Some(if self.base.is_whole() { low.le(high) } else { low.lt(high) })
            }
            _ => None,
        };
        valid(y, [in_order, holds(&self.low), holds(&self.high)])
    }

    /// The tails at what lies just below the interval, and at its end.
    fn ends(&self) -> [Tails<T>; 2] {
        let tails = |x: &Expr<T>| self.base.tails(x).expect("it has a distribution function");
        let (none, all) = (Expr::scalar(f64::NEG_INFINITY), Expr::scalar(0.0));
        let before = self.low.as_ref().map(|low| match self.base.is_whole() {
            true => tails(&(low.ceil() - 1.0)),
            false => tails(low),
        });
        let before = before.unwrap_or(Tails { lower: none.clone(), upper: all.clone() });
        let end = self.high.as_ref().map(tails).unwrap_or(Tails { lower: all, upper: none });
        [before, end]
    }

    fn ln_mass(&self) -> Expr<T> {
        let [before, end] = self.ends();
        match (&self.low, &self.high) {
            (Some(_), None) => before.upper,
            (None, Some(_)) => end.lower,
            _ => ln_between(&before, &end),
        }
    }

    fn inside(&self, x: &Expr<T>) -> Expr<bool> {
        let above = self.low.as_ref().map(|low| x.ge(low));
        let below = self.high.as_ref().map(|high| x.le(high));
        above.into_iter().chain(below).reduce(|a, b| a & b).unwrap_or_else(|| x.eq(x))
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let [before, end] = self.ends();
        let inside = self.inside(x);
        let bound = self.low.as_ref().or(self.high.as_ref()).expect("one bound at least");
        let safe = Expr::select(&inside, x, bound);
        let at = self.base.tails(&safe).expect("it has a distribution function");
        let mass = self.ln_mass();
        let lower = if self.low.is_some() { ln_between(&before, &at) } else { at.lower.clone() };
        let upper = if self.high.is_some() { ln_between(&at, &end) } else { at.upper };
        let tails = Tails::of_logarithms(&(lower - &mass), &(upper - mass));
        let below = match &self.low {
            Some(low) => x.lt(low),
            None => x.lt(&Expr::scalar(f64::NEG_INFINITY)),
        };
        let Tails { lower, upper } = tails.within(x, &inside, &below);
        Tails { lower: self.valid(lower), upper: self.valid(upper) }
    }

    fn inversion(&self) -> Inversion<'_, T> {
        let [before, end] = self.ends();
        let (low, high) = match self.support() {
            Support::Between(low, high) => (Some(low), Some(high)),
            Support::Above(low) => (Some(low), None),
            Support::Below(high) => (None, Some(high)),
            _ => (self.low.as_ref().map(Expr::ceil), self.high.as_ref().map(Expr::floor)),
        };
        Inversion { base: &self.base, low, high, before, end }
    }
}

/// ln P(a < X ≤ b), of the tails at a and b.
fn ln_between<T: Float>(a: &Tails<T>, b: &Tails<T>) -> Expr<T> {
    let by_lower = b.lower.lt(&a.upper);
    // Where a difference is not wanted, or is one of two tails that are nothing, it might be one of infinities, or 0.
    let difference = |wanted: &Expr<bool>, small: &Expr<T>, large: &Expr<T>| {
        let wanted = wanted.clone() & large.ne(&Expr::scalar(f64::NEG_INFINITY));
        let [small, large] = [(small, -1.0), (large, 0.0)]
            .map(|(tail, other)| Expr::select(&wanted, tail, &Expr::scalar(other)));
        ln_one_minus_exp(&(small - large))
    };
    let lower = &b.lower + difference(&by_lower, &a.lower, &b.lower);
    let upper = &a.upper + difference(&by_lower.not(), &b.upper, &a.upper);
    Expr::select(&by_lower, &lower, &upper)
}

impl<T: Float> Distribution<T> for Truncated<T> {
    fn name(&self) -> &'static str {
        "Truncated"
    }

    /// Those of the distribution, and the bounds that there are.
    fn parameters(&self) -> Vec<Expr<T>> {
        self.base.parameters().into_iter().chain(self.low.clone()).chain(self.high.clone()).collect()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        let (low, high) = match self.base.support() {
            Support::Positive => (Some(Expr::scalar(0.0)), None),
            Support::Above(low) => (Some(low), None),
            Support::Below(high) => (None, Some(high)),
            Support::Between(low, high) => (Some(low), Some(high)),
            Support::Reals => (None, None),
            other => return other,
        };
        let both =
            |a: Option<Expr<T>>, b: &Option<Expr<T>>, of: fn(&Expr<T>, &Expr<T>) -> Expr<T>| match (a, b) {
                (Some(a), Some(b)) => Some(of(&a, b)),
                (a, b) => a.or_else(|| b.clone()),
            };
        match (both(low, &self.low, Expr::maximum), both(high, &self.high, Expr::minimum)) {
            (Some(low), Some(high)) => Support::Between(low, high),
            (Some(low), None) => Support::Above(low),
            (None, Some(high)) => Support::Below(high),
            (None, None) => Support::Reals,
        }
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let density = self.base.log_prob(x) - self.ln_mass();
        self.valid(Expr::select(&self.inside(x), &density, &outside(x)))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        // In f64, where both u and 1 − u have logarithms with digits.
        let u = noise.uniform::<f64>(&self.batch);
        let (ln_u, ln_rest) = (u.ln().cast::<T>(), (-u).log1p().cast::<T>());
        Some(self.valid(self.inversion().at(&ln_u, &ln_rest)))
    }

    /// The same of given numbers: the distribution's formulas are computed from its parameters' values.
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let count = shape.iter().product();
        let u: Vec<f64> = (0..count).map(|_| standard_uniform(rng)).collect();
        let of = |f: fn(f64) -> f64| Tensor::new(shape, u.iter().map(|&u| T::from_f64(f(u))).collect());
        let logarithms = [of(libm::log), of(|u| libm::log1p(-u))];
        // Free dimensions keep their names, so that they are found to be what the parameters have.
        let batch = self.batch.dims();
        let dim = |(i, &size): (usize, &usize)| {
            let known = (i + batch.len()).checked_sub(shape.len()).map(|i| &batch[i]);
            known.filter(|dim| dim.size().is_none()).cloned().unwrap_or(Dim::from(size))
        };
        let shape: Shape = shape.iter().enumerate().map(dim).collect();
        let leaves = ["ln u", "ln (1 − u)"].map(|name| Expr::input(name, &shape));
        let drawn = self.valid(self.inversion().at(&leaves[0], &leaves[1]));
        let names = self.parameters();
        let given = names.iter().zip(parameters).chain(leaves.iter().zip(&logarithms));
        let given: Vec<(&Expr<T>, &Tensor<T>)> = given.collect();
        match interpret(&[drawn], &given, 0) {
            Ok(mut drawn) => drawn.remove(0),
            Err(error) => panic!("Truncated: {error}"),
        }
    }
}
