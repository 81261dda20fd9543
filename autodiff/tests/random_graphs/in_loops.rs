//! Loops, branches and stacks.

use bayeux_autodiff::{Expr, ScanOptions, cond, fold, scan, vmap, while_loop};
use rand::{Rng, RngExt};

use super::Grower;

impl<R: Rng> Grower<'_, R> {
    /// Along the first axis of a value, which is there.
    pub fn in_loops(&mut self, x: &Expr<f64>) -> Expr<f64> {
        let first = x.dim(0).size().unwrap();
        if first > 12 {
            return x.cumsum(0).tanh();
        }
        // The same in each step.
        let other = self.any().tanh().mean_all();
        let start = Expr::zeros(x.shape().dims()[1..].to_vec());
        let options = match self.rng.random_range(0..4) {
            0 => ScanOptions::new().backwards(),
            1 => ScanOptions::new().checkpoint_every(2),
            _ => ScanOptions::new(),
        };
        match self.rng.random_range(0..8) {
            0 => {
                let step = |s: &Expr<f64>, x: &[Expr<f64>]| {
                    let s = (s * &other + self.unary(&x[0])).tanh();
                    (s.clone(), s)
                };
                options.scan(step, start, std::slice::from_ref(x)).1
            }
            1 => fold(|s: &Expr<f64>, x| (s + x[0].sin()) * &other, start, std::slice::from_ref(x)),
            2 if x.rank() == 3 => {
                // A product in each step, one of which is known before.
                let size = x.dim(2);
                let w = (self.unary(&Expr::eye(size.clone())) * &other).tanh();
                let step = |h: &Expr<f64>, x: &[Expr<f64>]| {
                    let h = (h.matmul(&w) + x[0].matmul(&w)).tanh();
                    (h.clone(), h.matmul(&w))
                };
                options.scan(step, start, std::slice::from_ref(x)).1
            }
            3 => vmap(|x| self.unary(&x[0]) * x[0].tanh().mean_all() + &other, std::slice::from_ref(x)),
            4 => {
                let larger = x.mean_all().gt(&other);
                cond(&larger, || x.sin() * &other, || self.unary(x))
            }
            5 => while_loop(
                |x: &Expr<f64>| x.abs().mean_all().gt(&Expr::scalar(0.3)),
                |x| x.sin() * (&other * 0.1 + 0.6),
                x.clone(),
                7,
            ),
            6 => {
                let step = |s: &Expr<f64>, x: &[Expr<f64>]| {
                    let s = s + x[0].tanh().mean_all();
                    (s.clone(), &s * &x[0], s.gt(&Expr::scalar(0.5)))
                };
                ScanOptions::new().scan_until(step, Expr::zeros(()), std::slice::from_ref(x)).1
            }
            _ => {
                scan(
                    |none: &Vec<Expr<f64>>, x| (none.clone(), self.unary(&x[0]) * &other),
                    Vec::new(),
                    std::slice::from_ref(x),
                )
                .1
            }
        }
    }
}
