//! Values of an expression under many draws.

use bayeux_tensor::{Float, Tensor};

/// What an expression is under each draw of the variables: `[draws, …]`, where `…` is the shape of the expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions<T: Float = f32> {
    draws: Tensor<T>,
}

impl<T: Float> Predictions<T> {
    pub(crate) fn new(draws: Tensor<T>) -> Self {
        Predictions { draws }
    }

    /// All values, `[draws, …]`.
    pub fn draws(&self) -> &Tensor<T> {
        &self.draws
    }

    /// All values, to be kept.
    pub fn into_draws(self) -> Tensor<T> {
        self.draws
    }

    /// The mean over the draws. Of class probabilities, it is the posterior predictive distribution.
    pub fn mean(&self) -> Tensor<T> {
        self.draws.mean(&[0])
    }

    /// The standard deviation over the draws (with divisor n).
    pub fn sd(&self) -> Tensor<T> {
        let mean = self.mean();
        let squares = (&self.draws - &mean).map(|d| d * d);
        squares.mean(&[0]).map(Float::sqrt)
    }

    /// The central interval that holds a share of the draws, such as 0.94: lower and upper ends, element by element.
    ///
    /// # Panics
    /// If the level is not between 0 and 1.
    #[track_caller]
    pub fn interval(&self, level: f64) -> (Tensor<T>, Tensor<T>) {
        assert!((0.0..=1.0).contains(&level), "an interval's level must lie between 0 and 1, not {level}");
        let count = self.draws.shape()[0];
        let shape = &self.draws.shape()[1..];
        let columns = self.draws.reshape([count, shape.iter().product()]).t().contiguous();
        let tail = (1.0 - level) / 2.0;
        let ends = columns.to_vec();
        let end = |p: f64| {
            let of = |column: &[T]| T::from_f64(quantile(column.iter().map(|x| x.to_f64()).collect(), p));
            Tensor::new(shape, ends.chunks_exact(count).map(of).collect())
        };
        (end(tail), end(1.0 - tail))
    }

    /// The share of rows whose most probable class, by the mean over the draws, is the label. For an expression of class
    /// probabilities or logits, `[rows, classes]`, and labels `[rows]`.
    ///
    /// # Panics
    /// If the values are not `[draws, rows, classes]` or the labels not `[rows]`.
    #[track_caller]
    #[must_use]
    pub fn accuracy(&self, labels: &Tensor<T>) -> f64 {
        let shape = self.draws.shape();
        assert!(
            shape.len() == 3 && labels.shape() == &shape[1..2],
            "accuracy: predictions of shape {shape:?} need labels of shape [rows], not {:?}",
            labels.shape()
        );
        let classes = self.mean().argmax(1);
        let right = classes.iter().zip(labels.iter()).filter(|(class, label)| class == label).count();
        right as f64 / labels.len() as f64
    }
}

/// The p-quantile, interpolated between order statistics as numpy does by default.
pub(crate) fn quantile(mut values: Vec<f64>, p: f64) -> f64 {
    let position = p * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (position - below as f64) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let values = vec![4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(values.clone(), 0.5), 2.5);
        assert_eq!(quantile(values.clone(), 0.0), 1.0);
        assert_eq!(quantile(values, 1.0), 4.0);
        assert_eq!(quantile(vec![7.0], 0.3), 7.0);
    }

    #[test]
    fn moments_and_accuracy_are_over_the_draws() {
        // Two draws, three rows, two classes.
        let draws = vec![0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.7, 0.3, 0.2, 0.8, 0.4, 0.6];
        let p = Predictions::new(Tensor::new([2, 3, 2], draws));
        assert!(p.mean().all_close(&Tensor::new([3, 2], vec![0.8, 0.2, 0.4, 0.6, 0.3, 0.7]), 1e-12, 0.0));
        assert!((p.sd().get(&[1, 0]) - 0.2).abs() < 1e-12);
        assert_eq!(p.accuracy(&Tensor::from_slice(&[0.0, 0.0, 1.0])), 2.0 / 3.0);
        let (low, high) = p.interval(0.5);
        assert!((low.get(&[0, 0]) - 0.75f64).abs() < 1e-12 && (high.get(&[0, 0]) - 0.85).abs() < 1e-12);
    }
}
