use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{batch_method, elements, joint, with};
use crate::distributions::domain::{Domain, valid};
use crate::distributions::draws::standard_normal;
use crate::distributions::{Distribution, HALF_LN_2PI, Support};

/// A walk of n places with normal steps: x₁ ~ N(start, start's sd), xₜ ~ N(xₜ₋₁ + drift, sd).
///
/// ```
/// use bayeux_bayes::{GaussianRandomWalk, HalfNormal, Model};
/// let model: Model<f64> = Model::new();
/// let sd = model.free("sd", HalfNormal::new(1.0));
/// let level = model.free("level", GaussianRandomWalk::new(50, 0.0, &sd).start(0.0, 10.0));
/// assert_eq!(level.rank(), 1);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct GaussianRandomWalk<T: Float = f32> {
    steps: usize,
    drift: Expr<T>,
    sd: Expr<T>,
    start: [Expr<T>; 2],
    batch: Shape,
}

impl<T: Float> GaussianRandomWalk<T> {
    /// Of so many places, with the mean and the standard deviation of a step. The first place is N(0, 1) unless
    /// [`start`](Self::start) says otherwise.
    ///
    /// # Panics
    /// If there is no place, the shapes do not broadcast, or for a constant that is not a mean or not a standard deviation.
    #[track_caller]
    pub fn new(places: usize, drift: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (drift, sd) = (drift.into(), sd.into());
        assert!(places > 0, "GaussianRandomWalk: of no places");
        Domain::Finite.check(&drift, "GaussianRandomWalk: the drift");
        Domain::Positive.check(&sd, "GaussianRandomWalk: the standard deviation");
        let batch = joint::<T>(drift.shape(), sd.shape());
        let start = [Expr::scalar(0.0), Expr::scalar(1.0)];
        GaussianRandomWalk { steps: places, drift, sd, start, batch }
    }

    /// With a mean and a standard deviation of the first place.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or for a constant that is not a mean or not a standard deviation.
    #[track_caller]
    pub fn start(mut self, mean: impl Into<Expr<T>>, sd: impl Into<Expr<T>>) -> Self {
        let (mean, sd) = (mean.into(), sd.into());
        Domain::Finite.check(&mean, "GaussianRandomWalk: the start's mean");
        Domain::Positive.check(&sd, "GaussianRandomWalk: the start's standard deviation");
        self.batch = joint::<T>(&self.batch, &joint::<T>(mean.shape(), sd.shape()));
        self.start = [mean, sd];
        self
    }

    batch_method!();

    /// Means and standard deviations of the first place and of all steps, along a last axis.
    fn steps(&self) -> [Expr<T>; 2] {
        let along = |first: &Expr<T>, others: &Expr<T>| {
            let to =
                |x: &Expr<T>, n: usize| x.insert_axis(x.rank()).broadcast_to(with(&self.batch, [n.into()]));
            Expr::concat(&[to(first, 1), to(others, self.steps - 1)], self.batch.rank())
        };
        [along(&self.start[0], &self.drift), along(&self.start[1], &self.sd)]
    }
}

impl<T: Float> Distribution<T> for GaussianRandomWalk<T> {
    fn name(&self) -> &'static str {
        "GaussianRandomWalk"
    }

    /// The drift, the steps' standard deviation, and the first place's mean and standard deviation.
    fn parameters(&self) -> Vec<Expr<T>> {
        [[self.drift.clone(), self.sd.clone()], self.start.clone()].concat()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.steps].into()
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let last = x.rank() - 1;
        let [mean, sd] = self.steps();
        let moved =
            Expr::concat(&[x.slice(last, ..1usize), x.slice(last, 1usize..) - x.slice(last, ..-1)], last);
        let terms = ((moved - mean) / &sd).square() * -0.5 - sd.ln() - HALF_LN_2PI;
        let density = terms.sum(terms.rank() - 1);
        let [mean, start_sd] = &self.start;
        let (finite, positive) = (Domain::Finite, Domain::Positive);
        valid(
            density,
            [
                finite.holds(&self.drift),
                positive.holds(&self.sd),
                finite.holds(mean),
                positive.holds(start_sd),
            ],
        )
    }

    fn mean(&self) -> Option<Expr<T>> {
        Some(self.steps()[0].cumsum(-1))
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.steps()[1].square().cumsum(-1))
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [mean, sd] = self.steps();
        Some((mean + &sd * noise.normal(sd.shape())).cumsum(-1))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let batch = &shape[..shape.len() - 1];
        let [drifts, sds, starts, start_sds]: [Vec<f64>; 4] =
            std::array::from_fn(|i| elements(&parameters[i], batch));
        let mut drawn = Vec::new();
        for ((drift, sd), (start, start_sd)) in drifts.iter().zip(sds).zip(starts.iter().zip(start_sds)) {
            let sds = [start_sd, sd].map(|sd| Domain::Positive.or_nan(sd));
            let mut place = start + sds[0] * standard_normal(rng);
            for step in 0..self.steps {
                if step > 0 {
                    place += drift + sds[1] * standard_normal(rng);
                }
                drawn.push(T::from_f64(place));
            }
        }
        Tensor::new(shape, drawn)
    }
}
