//! Orders, and choices without replacement.

use bayeux_tensor::Float;

use crate::{Dim, Expr, Kind, RandomStreams};

impl RandomStreams {
    /// The positions 0 to n − 1 in random order, each order as likely as the others: those that put 64 random bits each in order.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let order = RandomStreams::new(7).permutation(5);
    /// let mut order = Function::<i64>::new([], [order])?.call(&[])?[0].to_vec();
    /// order.sort();
    /// assert_eq!(order, [0, 1, 2, 3, 4]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn permutation(&self, n: impl Into<Dim>) -> Expr<i64> {
        self.bits([n.into()]).argsort()
    }

    /// The parts of x along an axis, in random order. Gradients go back to where the parts came from.
    ///
    /// # Panics
    /// If there is no such axis; at too many requests.
    #[track_caller]
    pub fn shuffle<T: Kind>(&self, x: &Expr<T>, axis: usize) -> Expr<T> {
        let Some(n) = x.shape().dims().get(axis) else {
            panic!("shuffle: {x:?} of shape {} has no axis {axis}", x.shape())
        };
        x.take(axis, &self.permutation(n))
    }

    /// k different positions among `n`, in random order, each choice as likely as the others.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let lottery = RandomStreams::new(7).choice_without_replacement(49, 6);
    /// let numbers = Function::<i64>::new([], [lottery])?.call(&[])?;
    /// assert_eq!(numbers[0].iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there are fewer than k; at too many requests.
    #[track_caller]
    pub fn choice_without_replacement(&self, n: impl Into<Dim>, k: usize) -> Expr<i64> {
        self.bits([n.into()]).top_k(k).1
    }

    /// k different positions along the last axis of some weights, one after the other, each with a probability in proportion to its
    /// weight among those that are left.
    ///
    /// By Gumbel's trick: the k largest of ln w + g for independent [`gumbel`](Self::gumbel) numbers g (Yellott, 1977; Kool, van Hoof and
    /// Welling, "Stochastic beams and where to find them", 2019). A weight of 0 is chosen after all others; negative ones are not
    /// looked for.
    ///
    /// # Panics
    /// If the weights are a scalar, or fewer than k; at too many requests.
    #[track_caller]
    pub fn weighted_choice_without_replacement<T: Float>(
        &self,
        weights: impl Into<Expr<T>>,
        k: usize,
    ) -> Expr<i64> {
        let weights = weights.into().cast::<f64>();
        (weights.ln() + self.gumbel::<f64>(weights.shape())).top_k(k).1
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let streams = || RandomStreams::new(3);
    vec![
        example("permutation", &[&[5]], 0.0..1.0, move |x| streams().permutation(&x[0].shape().dims()[0]))
            .and(&[&[0]])
            .and(&[&[1]]),
        example("shuffle", &[&[3, 4]], -1.0..1.0, move |x| {
            [streams().shuffle(&x[0], 0), streams().shuffle(&x[0], 1)]
        })
        .and(&[&[0, 2]]),
        example("choice_without_replacement", &[&[5]], 0.0..1.0, move |x| {
            streams().choice_without_replacement(&x[0].shape().dims()[0], 2)
        }),
        example("weighted_choice_without_replacement", &[&[2, 5]], 0.1..1.0, move |x| {
            streams().weighted_choice_without_replacement(x[0].cast::<f64>(), 2)
        })
        .without_slopes(),
    ]
}
