//! A distribution behind a pointer is that distribution.

use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{Distribution, Support};
use crate::Transform;

macro_rules! behind {
    ($pointer:ident) => {
        impl<T: Float, D: Distribution<T> + ?Sized> Distribution<T> for $pointer<D> {
            fn name(&self) -> &'static str {
                (**self).name()
            }
            fn parameters(&self) -> Vec<Expr<T>> {
                (**self).parameters()
            }
            fn batch_shape(&self) -> &Shape {
                (**self).batch_shape()
            }
            fn event_shape(&self) -> Shape {
                (**self).event_shape()
            }
            fn support(&self) -> Support<T> {
                (**self).support()
            }
            fn transform(&self) -> Option<Transform<T>> {
                (**self).transform()
            }
            fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
                (**self).log_prob(x)
            }
            fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
                (**self).log_cdf(x)
            }
            fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
                (**self).log_survival(x)
            }
            fn mean(&self) -> Option<Expr<T>> {
                (**self).mean()
            }
            fn variance(&self) -> Option<Expr<T>> {
                (**self).variance()
            }
            fn centre(&self) -> Option<Expr<T>> {
                (**self).centre()
            }
            fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
                (**self).sample(noise)
            }
            fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
                (**self).draw(parameters, shape, rng)
            }
        }
    };
}

behind!(Arc);
behind!(Box);
