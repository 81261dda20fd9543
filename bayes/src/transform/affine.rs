use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

use super::Bijector;

/// x = location + scale · z, element by element; the scale is not 0.
#[derive(Clone, Debug)]
pub struct Affine<T: Float> {
    location: Expr<T>,
    scale: Expr<T>,
}

impl<T: Float> Affine<T> {
    /// With a location and a scale, which broadcast.
    pub fn new(location: impl Into<Expr<T>>, scale: impl Into<Expr<T>>) -> Self {
        Affine { location: location.into(), scale: scale.into() }
    }
}

impl<T: Float> Bijector<T> for Affine<T> {
    fn forward(&self, z: &Expr<T>) -> Expr<T> {
        &self.location + &self.scale * z
    }

    fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        (x - &self.location) / &self.scale
    }

    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        self.scale.abs().ln() + Expr::zeros(z.shape())
    }
}
