//! Piecewise linear functions.

use crate::expr::refusal::ensure;
use crate::{Dim, Expr, Real};

impl<T: Real> Expr<T> {
    /// The values at these points of the function that goes straight from each point `(xp, fp)` to the next, and stays what it is before
    /// the first and behind the last. `xp` ascends. Slopes pass to all three. NumPy's `interp`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let [xp, fp, x] = [[1.0, 2.0, 4.0], [10.0, 20.0, 0.0], [0.0, 1.5, 3.0]];
    /// let [xp, fp, x] = [xp, fp, x].map(|of| Expr::<f64>::constant(Tensor::from_slice(&of)));
    /// let y = Function::new([], [x.interp(&xp, &fp)])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [10.0, 15.0, 10.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `xp` and `fp` are not vectors of one length, which is at least 2.
    #[track_caller]
    #[must_use]
    pub fn interp(&self, xp: &Expr<T>, fp: &Expr<T>) -> Self {
        let fits = xp.rank() == 1 && xp.shape() == fp.shape() && xp.dim(0).is_at_least(2) != Some(false);
        ensure!(
            fits,
            [xp, fp],
            "interp: points {xp:?} of shape {} and {fp:?} of shape {} are not vectors of one length from 2 on",
            xp.shape(),
            fp.shape()
        );
        let last = xp.dim(0) - 1;
        // The stretch that begins at the last inner point below.
        let stretch = xp.slice(0, Dim::from(1)..last).search_sorted_right(self);
        let [x0, y0] = [xp, fp].map(|of| of.slice(0, ..-1).take(0, &stretch));
        let [x1, y1] = [xp, fp].map(|of| of.slice(0, 1..).take(0, &stretch));
        let inside = self.maximum(&x0).minimum(&x1);
        &y0 + (&y1 - &y0) * ((inside - &x0) / (x1 - &x0))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let at = |x: &[AnyExpr]| {
        let xp = Expr::<f64>::linspace(-1.05, 1.05, 4).cast_like(&x[0]);
        x[0].interp(&xp, &x[1]).tanh()
    };
    let moved = |x: &[AnyExpr]| {
        let at = Expr::<f64>::linspace(-0.9, 0.8, 5).cast_like(&x[0]);
        at.interp(&x[0].cumsum(0), &x[0].square())
    };
    vec![
        example("interp", &[&[2, 3], &[4]], -1.0..1.0, at).and(&[&[0], &[4]]).and(&[&[1], &[4]]),
        example("interp between points", &[&[4]], 0.1..0.5, moved),
    ]
}
