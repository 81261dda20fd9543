//! How often numbers are there: by value, and between bounds.

use bayeux_tensor::Tensor;

use crate::expr::refusal::{difference, ensure};
use crate::{Arithmetic, Dim, Expr, Real};

impl Expr<i64> {
    /// How often each of the whole numbers from 0 to `length` − 1 is there, among all elements. One that is negative or beyond makes the
    /// call of the function fail with [`Error::Index`](crate::Error::Index). NumPy's `bincount`.
    #[track_caller]
    pub fn bincount(&self, length: impl Into<Dim>) -> Self {
        self.bincount_weighted(&self.ones_like(), length)
    }

    /// The sum of the weights of each of the whole numbers from 0 to `length` − 1, see [`bincount`](Self::bincount).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<i64>::constant(Tensor::from_slice(&[0, 2, 2]));
    /// let weights = Expr::<f32>::constant(Tensor::from_slice(&[0.5, 1.0, 2.0]));
    /// let sums = Function::new([], [x.bincount_weighted(&weights, 4)])?.call(&[])?.remove(0);
    /// assert_eq!(sums.to_vec(), [0.5, 0.0, 3.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn bincount_weighted<T: Arithmetic>(&self, weights: &Expr<T>, length: impl Into<Dim>) -> Expr<T> {
        ensure!(
            weights.shape() == self.shape(),
            [self, weights],
            "bincount_weighted: {self:?} of shape {} with weights {weights:?} of shape {}{}",
            self.shape(),
            weights.shape(),
            difference(self.shape(), weights.shape())
        );
        let nothing = weights.number_like(0.0).broadcast_to([length.into()]);
        nothing.scatter_add(0, &self.flatten_from(0), &weights.flatten_from(0))
    }
}

impl<T: Real> Expr<T> {
    /// How many of all elements are in each of so many bins of equal width from `low` to `high`, of which the last holds what equals
    /// `high`, too. What is outside or NaN is in none. NumPy's `histogram` with `range=(low, high)`; the edges are
    /// [`linspace`](Expr::linspace)`(low, high, bins + 1)`.
    ///
    /// # Panics
    /// If there is no bin, or if `low` is not below `high`.
    #[track_caller]
    #[must_use]
    pub fn histogram(&self, bins: usize, low: f64, high: f64) -> Expr<i64> {
        assert!(bins > 0 && low < high, "histogram: {bins} bins from {low} to {high}");
        let edges = Expr::<f64>::linspace(low, high, bins + 1);
        // Places among the inner edges alone, so that nothing is beyond the first and the last bin.
        let inner = edges.slice(0, 1..bins).cast_like(self);
        let x = self.flatten_from(0);
        let bin = inner.search_sorted_right(&x);
        let ends = [low, high].map(|end| x.number_like(end));
        let is_inside = x.ge(&ends[0]) & x.le(&ends[1]);
        Expr::constant(Tensor::<i64>::zeros([bins])).scatter_add(0, &bin, &is_inside.cast())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let weighted = |x: &[AnyExpr]| x[0].typed::<i64>().bincount_weighted(&x[1], 5).tanh();
    vec![
        example("bincount", &[&[9]], 0.0..1.0, |x| x[0].typed::<i64>().bincount(5)).whole(0, 0..4),
        example("bincount_weighted", &[&[3, 2], &[3, 2]], -1.0..1.0, weighted)
            .whole(0, 0..4)
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
        example("histogram", &[&[4, 5]], -1.0..1.0, |x| x[0].histogram(4, -0.5, 0.75)),
        example("histogram of one bin", &[&[7]], -1.0..1.0, |x| x[0].histogram(1, -0.5, 0.75)),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, Untyped};

    /// What `np.histogram(x, 3, (0, 3))` gives: edges belong to the bin above, the last to its own.
    #[test]
    fn edges_are_numpys() {
        let x = [0.0, 1.0, 2.0, 3.0, 2.5, -0.1, 3.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let counts = Expr::constant(Tensor::from_slice(&x)).histogram(3, 0.0, 3.0);
        let found = Function::<Untyped>::new([], [counts.untyped()]).unwrap().call(()).unwrap().remove(0);
        assert_eq!(found.get::<i64>().to_vec(), [1, 1, 3]);
    }
}
