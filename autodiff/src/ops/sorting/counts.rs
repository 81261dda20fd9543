//! How often numbers are there: by value, and between bounds.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, ElementType, Float};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::expr::refusal::{difference, ensure};
use crate::kernel::View;
use crate::ops::elementwise::of_floats;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Arithmetic, Dim, Error, Expr, Real, Shape, ValueType};

/// Edges `[n + 1]`, at equal distances but for rounding, and x → how many of x are in each of the n bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Histogram;

impl Operation for Histogram {
    fn name(&self) -> String {
        "histogram".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let x = of_floats(&inputs[1..])?.remove(0);
        match inputs[0].shape.dims() {
            [edges] if inputs[0].element == x.element && edges.size().is_some_and(|edges| edges > 1) => {
                Ok(vec![ValueType::new(ElementType::I64, Shape::from([edges.clone() - 1]))])
            }
            _ => Err(format!("{x} between edges {}", inputs[0])),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        /// Elements of a task, at least.
        const TASK: usize = 1 << 15;
        fn count<T: Float>(edges: &[T], x: &[T], counts: &mut [i64]) {
            let last = counts.len() - 1;
            let (low, high) = (edges[0], edges[last + 1]);
            let width = (high.to_f64() - low.to_f64()) / counts.len() as f64;
            for &x in x {
                if !(x >= low && x <= high) {
                    continue;
                }
                // Near the right one, then it.
                let mut bin = (((x.to_f64() - low.to_f64()) / width) as usize).min(last);
                while bin > 0 && x < edges[bin] {
                    bin -= 1;
                }
                while bin < last && x >= edges[bin + 1] {
                    bin += 1;
                }
                counts[bin] += 1;
            }
        }
        fn run<T: Float>(edges: &[T], x: &[T], counts: &mut [i64]) {
            counts.fill(0);
            let (length, bins) = (TASK.max(8 * counts.len()), counts.len());
            if x.len() <= length {
                return count(edges, x, counts);
            }
            let none = || vec![0; bins];
            let parts = x.par_chunks(length).fold(none, |mut counts, x| {
                count(edges, x, &mut counts);
                counts
            });
            let sums = parts.reduce(none, |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            });
            counts.copy_from_slice(&sums);
        }
        let counts = outputs[0].reborrow().get::<i64>();
        match inputs[1].data.element_type() {
            ElementType::F32 => run::<f32>(inputs[0].elements(), inputs[1].elements(), counts),
            _ => run::<f64>(inputs[0].elements(), inputs[1].elements(), counts),
        }
        Ok(())
    }

    /// Counts do not move with small changes.
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None, None]
    }
}

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
    /// If there is no bin, or if `low` is not below `high`, or one is infinite.
    #[track_caller]
    #[must_use]
    pub fn histogram(&self, bins: usize, low: f64, high: f64) -> Expr<i64> {
        let fits = low < high && low.is_finite() && high.is_finite();
        assert!(bins > 0 && fits, "histogram: {bins} bins from {low} to {high}");
        let edges = Expr::<f64>::linspace(low, high, bins + 1);
        let inputs = vec![edges.cast_like(self).untyped(), self.untyped()];
        AnyExpr::values_of(Arc::new(Histogram), inputs).remove(0).typed()
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
    #[test]
    fn edges_are_far_apart() {
        let x = Expr::<f64>::constant(Tensor::from_slice(&[-1.7e308, -1.0, 1.0, 1.6e308, f64::MAX]));
        let counts = x.histogram(2, f64::MIN, f64::MAX);
        let found = Function::<Untyped>::new([], [counts.untyped()]).unwrap().call(()).unwrap().remove(0);
        assert_eq!(found.get::<i64>().to_vec(), [2, 3]);
    }

    #[test]
    #[should_panic(expected = "histogram: 2 bins from 0 to inf")]
    fn edges_are_numbers() {
        let _ = Expr::<f64>::zeros([2]).histogram(2, 0.0, f64::INFINITY);
    }
}
