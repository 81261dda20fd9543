use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::{draw_each, standard_uniform};
use super::whole::Tails;
use super::{Distribution, Support, joint_shape, shape_method};

/// The whole numbers from low to high, both included, each as likely as the others.
///
/// ln p(x) = −ln (high − low + 1)
#[derive(Clone, Debug)]
#[must_use]
pub struct DiscreteUniform<T: Float = f32> {
    low: Expr<T>,
    high: Expr<T>,
    batch: Shape,
}

impl<T: Float> DiscreteUniform<T> {
    /// From one number to another, which is one of them (SciPy's `randint` leaves it out).
    ///
    /// # Panics
    /// If the two shapes do not broadcast, or for constants that are not whole numbers or not in order.
    #[track_caller]
    pub fn new(low: impl Into<Expr<T>>, high: impl Into<Expr<T>>) -> Self {
        let (low, high) = (low.into(), high.into());
        Domain::Whole.check(&low, "DiscreteUniform: the lower bound");
        Domain::Whole.check(&high, "DiscreteUniform: the upper bound");
        if let (Some(low), Some(high)) = (low.as_constant(), high.as_constant()) {
            let difference = high - low;
            assert!(
                difference.iter().all(|width| width >= T::ZERO),
                "DiscreteUniform: the lower bound must not lie above the upper, {low:?} {high:?}"
            );
        }
        let batch = joint_shape(&low, &high);
        DiscreteUniform { low, high, batch }
    }

    shape_method!();

    fn ln_number(&self) -> Expr<T> {
        (&self.high - &self.low + 1.0).ln()
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let (low, high) = (&self.low, &self.high);
        let both_constant = low.as_constant().is_some() && high.as_constant().is_some();
        let in_order = (!both_constant).then(|| low.le(high));
        valid(y, [in_order, Domain::Whole.holds(low), Domain::Whole.holds(high)])
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let inside = x.ge(&self.low) & x.lt(&self.high);
        let [low, high] = [&self.low, &self.high].map(Expr::cast::<f64>);
        let number = &high - &low + 1.0;
        let floor = Expr::select(&inside, &x.floor(), &self.low).cast::<f64>();
        let tails = Tails::of_probabilities(&((&floor - low + 1.0) / &number), &((high - &floor) / &number));
        let Tails { lower, upper } = tails.within(x, &inside, &x.lt(&self.low));
        Tails { lower: self.valid(lower), upper: self.valid(upper) }
    }
}

impl<T: Float> Distribution<T> for DiscreteUniform<T> {
    fn name(&self) -> &'static str {
        "DiscreteUniform"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.low.clone(), self.high.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.eq(&x.floor()) & x.ge(&self.low) & x.le(&self.high);
        self.valid(supported(x, &inside, &-self.ln_number()))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(&self.low * 0.5 + &self.high * 0.5)
    }

    fn variance(&self) -> Option<Expr<T>> {
        let d = &self.high - &self.low;
        Some(&d * (&d + 2.0) / 12.0)
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [low, high] = [&self.low, &self.high].map(Expr::cast::<f64>);
        let number = &high - &low + 1.0;
        let drawn = (noise.uniform::<f64>(&self.batch) * number).floor() + low;
        Some(self.valid(drawn.minimum(&high).cast::<T>()))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_each(parameters, shape, |[low, high]| {
            let u = standard_uniform(rng);
            let (low, high) = (Domain::Whole.or_nan(low), Domain::Whole.or_nan(high));
            if low <= high { ((u * (high - low + 1.0)).floor() + low).min(high) } else { f64::NAN }
        })
    }
}
