//! Special functions, matrices, images, spectra, and gradients that are changed on their way.

use bayeux_autodiff::{ConvOptions, ConvolveMode, Expr, FftNorm, PoolOptions, ResizeOptions, Triangle};
use bayeux_tensor::Tensor;
use rand::{Rng, RngExt};

use super::Grower;

impl<R: Rng> Grower<'_, R> {
    pub(super) fn further(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let sizes = x.shape().sizes().unwrap();
        if sizes.contains(&0) {
            return x.clone();
        }
        match (self.rng.random_range(0..5), sizes[..].len()) {
            (0, 2..) => self.of_matrices(x, &sizes),
            (1, 4) => self.of_images(x, &sizes),
            (2, 1..) => self.along_the_last(x, sizes[sizes.len() - 1]),
            (3, _) if !self.plain => self.with_other_slopes(x),
            _ => self.special(x),
        }
    }

    fn special(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let (positive, inside) = (x.square() + 0.5, x.tanh() * 0.9);
        match self.rng.random_range(0..20) {
            0 => positive.lgamma(),
            1 => positive.digamma(),
            2 => positive.polygamma(1 + self.rng.random_range(0..2)),
            3 => x.erf(),
            4 => x.erfc(),
            5 => inside.i0() + inside.i1(),
            6 => positive.ive(2),
            7 => positive.betainc(&(&inside + 1.5), &(&inside * 0.5 + 0.5)),
            8 => positive.gammaincc(&(&inside + 1.5)),
            9 => x.gelu_tanh(),
            10 => positive.entr().tanh(),
            11 => x.sech_squared(),
            12 => positive.pow(&inside),
            13 => inside.powf(3.0),
            // None of these goes over a jump that sums of probabilities are near.
            14 => (x * 1.3 + 0.2345).floor() * 0.1 + x,
            15 => (x * 1.3 + 0.2345).round() * x,
            16 => (x * 1.3 + 0.2345).ceil().tanh() - (x * 0.7 + 0.3456).trunc() * 0.1 + x,
            17 => (x + 0.123).sign() * x,
            18 => (&inside * 0.3 + 2.5).fmod(&(x.sin() * 0.05 + 1.0)),
            _ => (&inside * 0.3 + 2.5).floor_divide(&(x.sin() * 0.05 + 1.0)) * x,
        }
    }

    fn of_matrices(&mut self, x: &Expr<f64>, sizes: &[usize]) -> Expr<f64> {
        let n = sizes[sizes.len() - 2];
        if n > 6 || sizes[sizes.len() - 1] > 6 {
            return x.tanh();
        }
        let m = x.tanh();
        // Positive definite, with eigenvalues between 1 and 7.
        let definite = m.matmul(&m.t()) + Expr::<f64>::eye(n);
        match self.rng.random_range(0..12) {
            0 => definite.cholesky(),
            1 => definite.cholesky().solve_triangular(&m, Triangle::Lower),
            2 => definite.cholesky_logdet(),
            3 => definite.inv(),
            4 => definite.solve(&m),
            5 => definite.slogdet().1,
            6 => definite.det().ln(),
            7 => (definite * 0.2).expm(),
            8 => definite.trace(),
            9 => Expr::einsum("...ij,...kj,...kl->...il", &[&m, &m, &m]),
            10 if sizes.len() == 2 => m.kron(&m),
            _ => Expr::einsum("...ij->...", &[&m]) * 0.3,
        }
    }

    fn of_images(&mut self, x: &Expr<f64>, sizes: &[usize]) -> Expr<f64> {
        let window = [self.rng.random_range(1..=sizes[2].min(3)), self.rng.random_range(1..=sizes[3].min(2))];
        let options = PoolOptions::new(window).stride([1, 2]);
        match self.rng.random_range(0..8) {
            0 => x.avg_pool(&options),
            1 => x.sum_pool(&options) * 0.3,
            2 => x.unfold(&options).tanh(),
            3 => x.max_pool(&options),
            4 => x.resize([3, 5], &ResizeOptions::linear()),
            5 => x.resize([2, 3], &ResizeOptions::nearest()),
            6 => x.global_avg_pool() + x,
            _ => {
                let filters = Tensor::from_fn([sizes[1], 2, 2, 1], |i| {
                    0.3 * ((i[0] * 5 + i[1] * 3 + i[2]) as f64).sin()
                });
                x.conv_transpose2d(&Expr::constant(filters), ConvOptions::new().stride([2, 1]))
            }
        }
    }

    fn along_the_last(&mut self, x: &Expr<f64>, last: usize) -> Expr<f64> {
        match self.rng.random_range(0..8) {
            0 => {
                let (re, im) = x.rfft(FftNorm::Ortho);
                re + im * 0.5
            }
            1 => x.fftshift(-1).tanh(),
            2 if last > 1 => x.diff(-1, 1),
            3 => x.average(-1, &(x.square() + 0.1)),
            4 => {
                let (mean, variance) = x.moments(-1);
                mean + variance.tanh()
            }
            5 => x.masked_fill(&x.gt(&Expr::scalar(0.4)), f64::NAN).nanmean(0).nan_to_num(),
            6 if last > 2 => {
                x.convolve(&Expr::constant(Tensor::from_slice(&[0.5, -0.3])), ConvolveMode::Same)
            }
            _ => {
                let points = Expr::constant(Tensor::from_slice(&[-1.1234, 0.0321, 0.9876]));
                x.interp(&points, &(points.sin() + x.mean_all()))
            }
        }
    }

    fn with_other_slopes(&mut self, x: &Expr<f64>) -> Expr<f64> {
        match self.rng.random_range(0..4) {
            0 => x.clip_gradient(-0.1, 0.2),
            1 => x.scale_gradient(-0.5),
            2 => (x * 1.3 + 0.2345).floor().straight_through(&x.tanh()),
            _ => x * x.tanh().stop_gradient(),
        }
    }
}
