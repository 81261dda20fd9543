use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

use super::{Bijector, Transform};

/// One map after the other.
#[derive(Clone, Debug)]
pub struct Chain<T: Float> {
    maps: Vec<Transform<T>>,
    event_rank: usize,
}

impl<T: Float> Chain<T> {
    /// The first is the one that z goes into.
    pub fn new(maps: impl IntoIterator<Item = Transform<T>>) -> Self {
        let maps: Vec<_> = maps.into_iter().collect();
        let event_rank = maps.iter().map(Transform::event_rank).max().unwrap_or(0);
        Chain { maps, event_rank }
    }
}

impl<T: Float> Bijector<T> for Chain<T> {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        self.maps.iter().fold(z.clone(), |z, map| map.forward(&z))
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        self.maps.iter().rev().fold(x.clone(), |x, map| map.inverse(&x))
    }

    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        let batch = self.forward(z).rank() - self.event_rank;
        let (mut z, mut total) = (z.clone(), None);
        for map in &self.maps {
            let log = map.log_jacobian(&z);
            // What a map says of single numbers is added up over those that others take together.
            let mapped_together = (batch..log.rank()).fold(log, |log, _| log.sum(log.rank() - 1));
            total = Some(match total {
                Some(total) => total + mapped_together,
                None => mapped_together,
            });
            z = map.forward(&z);
        }
        total.unwrap_or_else(|| Expr::zeros(z.shape()))
    }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        self.maps.iter().rev().fold(shape.clone(), |shape, map| map.unconstrained_shape(&shape))
    }
}
