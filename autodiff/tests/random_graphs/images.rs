//! Pools and convolutions of images.

use bayeux_autodiff::{Conv2dOptions, Expr, Pool2dOptions};
use bayeux_tensor::Tensor;
use rand::{Rng, RngExt};

use super::Grower;

impl<R: Rng> Grower<'_, R> {
    /// Max-pools behind increasing functions and biases: what the commuting pass rewrites.
    pub(super) fn pooled(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let sizes = x.shape().sizes().unwrap();
        let bias = Expr::constant(Tensor::from_fn([sizes[1], 1, 1], |i| 0.3 * i[0] as f64 - 0.2));
        let x = match self.rng.random_range(0..4) {
            0 => x.tanh(),
            1 => (x + &bias).tanh(),
            2 => (x * 0.7 + bias).softplus(),
            _ => x.clone(),
        };
        if sizes[2] == 0 || sizes[3] == 0 {
            return x;
        }
        let window = [self.rng.random_range(1..=sizes[2].min(3)), self.rng.random_range(1..=sizes[3].min(3))];
        let mut options = Pool2dOptions::new(window);
        if self.rng.random_bool(0.3) {
            options.stride = [1, 1];
        }
        x.max_pool2d(options)
    }

    pub(super) fn convolved(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let sizes = x.shape().sizes().unwrap();
        let padding = self.rng.random_range(0..2);
        let kernel = [0, 1].map(|i| self.rng.random_range(1..=(sizes[2 + i] + 2 * padding).clamp(1, 3)));
        if sizes[1] == 0 || (0..2).any(|i| kernel[i] > sizes[2 + i] + 2 * padding) {
            return x.clone();
        }
        let filters = Expr::constant(Tensor::from_fn([2, sizes[1], kernel[0], kernel[1]], |i| {
            0.3 * ((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3]) as f64).sin()
        }));
        let stride = [self.rng.random_range(1..3), self.rng.random_range(1..3)];
        x.conv2d(&filters, Conv2dOptions::new().stride(stride).padding([[padding; 2]; 2]))
    }
}
