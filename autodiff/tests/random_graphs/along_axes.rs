//! What runs along axes, reduces them, moves elements, or reads and writes them by positions.

use bayeux_autodiff::{Expr, PadMode};
use bayeux_tensor::Tensor;
use rand::{Rng, RngExt};

use super::Grower;

impl<R: Rng> Grower<'_, R> {
    pub(super) fn along_axes(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let sizes = x.shape().sizes().unwrap();
        if sizes.contains(&0) || sizes.is_empty() {
            return x.clone();
        }
        let axis = self.rng.random_range(0..x.rank());
        match self.rng.random_range(0..4) {
            0 => self.running(x, axis),
            1 => self.reduced(x, axis),
            2 => self.moved(x, axis, sizes[axis]),
            _ => self.placed(x, axis, sizes[axis]),
        }
    }

    fn running(&mut self, x: &Expr<f64>, axis: usize) -> Expr<f64> {
        match self.rng.random_range(0..8) {
            0 => x.cumsum(axis),
            1 => x.cumsum_exclusive(axis),
            2 => x.tanh().cumprod(axis),
            3 => x.logcumsumexp(axis),
            4 => x.cummax_along(axis).0,
            5 => x.cummin_along(axis).0 * 0.5,
            6 => x.sort_along(axis).0,
            _ => x.linear_recurrence(&x.tanh(), axis),
        }
    }

    fn reduced(&mut self, x: &Expr<f64>, axis: usize) -> Expr<f64> {
        let reduced = match self.rng.random_range(0..10) {
            0 => x.tanh().prod_keep(axis),
            1 => x.min_keep(axis),
            2 => x.std_keep(axis, 0),
            3 => x.var_keep(axis, 0).tanh(),
            4 => x.norm_keep(axis),
            5 => x.norm_p_keep(axis, 3.0),
            6 => x.logsumexp_keep(axis),
            7 => x.median_keep(axis),
            8 => x.quantile_keep(axis, 0.3),
            _ => x.masked_fill(&x.gt(&Expr::scalar(0.4)), f64::NAN).nansum(axis).insert_axis(axis),
        };
        if self.rng.random_bool(0.5) { reduced } else { x.sin() - reduced * 0.3 }
    }

    fn moved(&mut self, x: &Expr<f64>, axis: usize, size: usize) -> Expr<f64> {
        let step = [-2, -1, 2, 3][self.rng.random_range(0..4)];
        let modes = [PadMode::Edge, PadMode::Symmetric, PadMode::Wrap, PadMode::Constant(0.3)];
        let mode = modes[self.rng.random_range(0..modes.len())];
        match self.rng.random_range(0..10) {
            0 => x.roll(axis, self.rng.random_range(-3..4)),
            1 => x.slice_step(axis, .., step),
            2 => x.pad_with(axis, 1, self.rng.random_range(0..2), mode),
            3 => x.repeat(axis, 2),
            4 => Expr::stack(&[x.tanh(), x.clone()], axis),
            5 => x
                .split(axis, &[1, size - 1])
                .into_iter()
                .map(|part| part.sum_keep(axis))
                .fold(x.clone(), |a, b| a + b),
            6 if x.rank() > 1 => x.tril(0) + x.triu(1).tanh(),
            7 if x.rank() > 1 => x.diagonal(0),
            8 => x.diag(1),
            _ => x.move_axis(axis, -1),
        }
    }

    fn placed(&mut self, x: &Expr<f64>, axis: usize, size: usize) -> Expr<f64> {
        let mut place = || self.rng.random_range(0..size as i64);
        let places = Expr::constant(Tensor::from_slice(&[place(), place(), place()]));
        let order = x.sin().argsort_along(axis);
        match self.rng.random_range(0..10) {
            0 => x.scatter_set(axis, &places, &x.take(axis, &places).tanh()),
            1 => x.scatter_max(axis, &places, &(x.take(axis, &places) * 0.9)),
            2 => x.scatter_mul(axis, &places, &x.take(axis, &places).tanh()),
            3 => x.take_along(axis, &order) + x,
            4 => x.tanh().put_along(axis, &order, x),
            5 => x.add_along(axis, &order, &x.tanh()),
            6 => x.set_slice(axis, ..1, &x.mean_keep(axis)),
            7 => x.add_to_slice(axis, -1.., &x.mean_keep(axis)),
            8 => x.gather_nd(&Expr::constant(Tensor::new([2, 1], vec![0, 0]))),
            _ => x.flatten_from(0).unique(4).values.tanh(),
        }
    }
}
