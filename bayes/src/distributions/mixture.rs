use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::categorical::Categorical;
use super::part::{Part, broadcast_shapes};
use super::{Distribution, Support};

/// One of K distributions, each with a probability w: which one it was is summed over.
///
/// ln p(x) = ln Σ wₖ pₖ(x)
///
/// The weights' last axis runs over the components. These are all discrete or all not, and have the same shapes of batch and event.
///
/// ```
/// use std::sync::Arc;
/// use bayeux_autodiff::{Expr, interpret};
/// use bayeux_bayes::{Distribution, Mixture, Normal};
/// use bayeux_tensor::Tensor;
/// let parts: Vec<Arc<dyn Distribution<f64>>> =
///     vec![Arc::new(Normal::new(-2.0, 1.0)), Arc::new(Normal::new(3.0, 0.5))];
/// let mixture = Mixture::weights(Tensor::from_slice(&[0.25, 0.75]), parts);
/// let mean = mixture.mean().expect("the components have means");
/// assert!((interpret(&[mean], &[], 0)?[0].item() - 1.75).abs() < 1e-15);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Samples of numbers have implicit slopes where all components have distribution functions, also by the weights; others have none.
#[derive(Clone, Debug)]
#[must_use]
pub struct Mixture<T: Float = f32> {
    choice: Categorical<T>,
    components: Vec<Part<T>>,
    batch: Shape,
}

impl<T: Float> Mixture<T> {
    /// With weights `[…, K]` that sum to 1.
    ///
    /// # Panics
    /// As [`Categorical::probabilities`]; if there are not K components, if they have different shapes, if some are discrete and some
    /// not, or if the shapes do not broadcast.
    #[track_caller]
    pub fn weights<D: Distribution<T> + 'static>(weights: impl Into<Expr<T>>, components: Vec<D>) -> Self {
        let weights = weights.into();
        Self::new(weights.shape().clone(), Categorical::probabilities(weights), components)
    }

    /// With logits `[…, K]`, logarithms of weights up to a number.
    ///
    /// # Panics
    /// As [`weights`](Self::weights), but for the sum.
    #[track_caller]
    pub fn logits<D: Distribution<T> + 'static>(logits: impl Into<Expr<T>>, components: Vec<D>) -> Self {
        let logits = logits.into();
        Self::new(logits.shape().clone(), Categorical::logits(logits), components)
    }

    #[track_caller]
    fn new<D: Distribution<T> + 'static>(shape: Shape, choice: Categorical<T>, components: Vec<D>) -> Self {
        let components: Vec<Part<T>> = components.into_iter().map(Part::new).collect();
        let classes = shape.dims().last().and_then(Dim::size).unwrap_or_default();
        assert!(
            components.len() == classes,
            "Mixture: {} components, but {classes} weights",
            components.len()
        );
        let first = &components[0];
        for other in &components[1..] {
            assert!(
                other.batch_shape() == first.batch_shape() && other.event_shape() == first.event_shape(),
                "Mixture: the components {first:?} and {other:?} differ in shape"
            );
            assert!(
                other.is_whole() == first.is_whole(),
                "Mixture: the components {first:?} and {other:?} are discrete and not"
            );
        }
        let batch = broadcast_shapes::<T>(&[first.batch_shape(), choice.batch_shape()]);
        Mixture { choice, components, batch }
    }

    /// ln Σ w eʸ of each component's y, or −∞ where all are.
    fn sum(&self, of_component: impl Fn(&Part<T>) -> Option<Expr<T>>) -> Option<Expr<T>> {
        let of_components: Option<Vec<Expr<T>>> = self.components.iter().map(of_component).collect();
        let stacked = self.choice.log_probs() + stack(&of_components?);
        let last = stacked.rank() - 1;
        let least = Expr::scalar(f64::NEG_INFINITY);
        let impossible = stacked.eq(&least).all([last]);
        let safe = Expr::select(&impossible.insert_axis(last), &Expr::scalar(0.0), &stacked);
        Some(Expr::select(&impossible, &least, &safe.logsumexp()))
    }

    /// Σ w y of each component's y, which has the event's axes.
    fn average(&self, of_component: impl Fn(&Part<T>) -> Option<Expr<T>>) -> Option<Expr<T>> {
        let of_components: Option<Vec<Expr<T>>> = self.components.iter().map(of_component).collect();
        let mut weights = self.choice.probs();
        for _ in 0..self.event_shape().rank() {
            weights = weights.insert_axis(weights.rank() - 1);
        }
        Some((weights * stack(&of_components?)).sum(-1))
    }
}

/// Of one shape, side by side along a new last axis.
fn stack<T: Float>(parts: &[Expr<T>]) -> Expr<T> {
    let shapes: Vec<&Shape> = parts.iter().map(Expr::shape).collect();
    let shape = broadcast_shapes::<T>(&shapes);
    let parts: Vec<Expr<T>> =
        parts.iter().map(|part| part.broadcast_to(&shape).insert_axis(shape.rank())).collect();
    Expr::concat(&parts, shape.rank())
}

impl<T: Float> Distribution<T> for Mixture<T> {
    fn name(&self) -> &'static str {
        "Mixture"
    }

    /// The weights, and those of one component after the other.
    fn parameters(&self) -> Vec<Expr<T>> {
        let of_components = self.components.iter().flat_map(|component| component.parameters());
        self.choice.parameters().into_iter().chain(of_components).collect()
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        self.components[0].event_shape()
    }

    /// The first component's if the others' is of the same kind without bounds; else of numbers the whole between the outermost bounds.
    fn support(&self) -> Support<T> {
        let supports: Vec<Support<T>> = self.components.iter().map(|component| component.support()).collect();
        let bounds = |support: &Support<T>| match support {
            Support::Positive => (Some(Expr::scalar(0.0)), None),
            Support::Above(low) => (Some(low.clone()), None),
            Support::Below(high) => (None, Some(high.clone())),
            Support::Between(low, high) => (Some(low.clone()), Some(high.clone())),
            _ => (None, None),
        };
        let numbers = |support: &Support<T>| {
            matches!(bounds(support), (Some(_), _) | (_, Some(_))) || matches!(support, Support::Reals)
        };
        if supports.iter().all(|support| matches!(support, Support::Positive))
            || !supports.iter().all(numbers)
        {
            return supports[0].clone();
        }
        let outer = |a: Option<Expr<T>>, b: Option<Expr<T>>, of: fn(&Expr<T>, &Expr<T>) -> Expr<T>| {
            a.zip(b).map(|(a, b)| of(&a, &b))
        };
        let hull = supports
            .iter()
            .map(bounds)
            .reduce(|a, b| (outer(a.0, b.0, Expr::minimum), outer(a.1, b.1, Expr::maximum)));
        match hull.unwrap_or_default() {
            (Some(low), Some(high)) => Support::Between(low, high),
            (Some(low), None) => Support::Above(low),
            (None, Some(high)) => Support::Below(high),
            (None, None) => Support::Reals,
        }
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        self.sum(|component| Some(component.log_prob(x))).expect("all have one")
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        self.sum(|component| component.log_cdf(x))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        self.sum(|component| component.log_survival(x))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.average(|component| component.mean())
    }

    /// Σ w (σₖ² + (μₖ − μ)²)
    fn variance(&self) -> Option<Expr<T>> {
        let mean = self.mean()?;
        self.average(|component| Some(component.variance()? + (component.mean()? - &mean).square()))
    }

    fn centre(&self) -> Option<Expr<T>> {
        if self.components[0].is_whole() { None } else { self.mean() }
    }

    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let chosen = self.choice.clone().shape(&self.batch).sample(noise)?;
        let event = self.event_shape().rank();
        let at = (0..event).fold(chosen.clone(), |at, _| at.insert_axis(at.rank()));
        let mut drawn: Option<Expr<T>> = None;
        for (k, component) in self.components.iter().enumerate() {
            let own = component.sample_of(noise, &self.batch)?;
            drawn = Some(match drawn {
                None => own,
                Some(others) => Expr::select(&at.eq(&Expr::scalar(k as f64)), &own, &others),
            });
        }
        // Which of them was chosen has no slope, so that those of the chosen one alone were not all.
        let drawn = drawn?.stop_gradient();
        let drawn = Expr::select(&at.eq(&at), &drawn, &Expr::scalar(f64::NAN));
        if event > 0 || self.components[0].is_whole() {
            return Some(drawn);
        }
        let (Some(lower), Some(upper)) = (self.log_cdf(&drawn), self.log_survival(&drawn)) else {
            return Some(drawn);
        };
        // dx = −dF/p, by the smaller tail.
        let density = self.log_prob(&drawn);
        let by_lower = lower.lt(&upper);
        let part = |tail: &Expr<T>| (tail - &density).exp().stop_gradient() * tail;
        let step = Expr::select(&by_lower, &-part(&lower), &part(&upper));
        let still = step.stop_gradient();
        Some(drawn + (step - still))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let rank = shape.len() - self.event_shape().rank();
        let (batch, event) = shape.split_at(rank);
        let size: usize = event.iter().product();
        let chosen = self.choice.draw(&parameters[..1], batch, rng);
        let mut rest = &parameters[1..];
        let mut drawn: Vec<Vec<T>> = Vec::new();
        for component in &self.components {
            let (own, others) = component.own(rest);
            rest = others;
            drawn.push(component.draw(own, shape, rng).to_vec());
        }
        let elements = chosen.iter().enumerate().flat_map(|(i, k)| {
            let from = if k.to_f64().is_nan() { None } else { drawn.get(k.to_f64() as usize) };
            (i * size..(i + 1) * size).map(move |at| from.map_or(T::NAN, |drawn| drawn[at]))
        });
        Tensor::new(shape, elements.collect())
    }
}
