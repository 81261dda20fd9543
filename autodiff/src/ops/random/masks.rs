//! Truth values, signs and masks.

use bayeux_tensor::Float;

use super::draws::fitted;
use crate::{Expr, RandomStreams, Shape};

impl RandomStreams {
    /// True with probability p, with the resolution of [`uniform`](Self::uniform) numbers: always for p ≥ 1, never for p ≤ 0 or NaN.
    /// As numbers by [`cast`](Expr::cast). Truth values have no slope.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let coins = RandomStreams::new(7).bernoulli::<f32>(0.5, [100]);
    /// let heads = Function::<bool>::new([], [coins])?.call(&[])?[0].iter().filter(|&x| x).count();
    /// assert!((30..70).contains(&heads));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If p does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn bernoulli<T: Float>(&self, p: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<bool> {
        let shape = shape.into();
        let p = fitted("bernoulli", &p.into(), &shape);
        self.uniform::<T>(shape).lt(&p)
    }

    /// −1 or 1, each with probability ½.
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn rademacher<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        let shape = shape.into();
        let half = Expr::full(&shape, 0.5);
        let (one, other) = (Expr::ones(&shape), Expr::full(&shape, -1.0));
        Expr::select(&self.uniform::<T>(&shape).lt(&half), &one, &other)
    }

    /// A mask for dropout: 0 with probability `rate`, and 1/(1 − `rate`) else, so that the mean of what it multiplies stays (Srivastava
    /// et al., 2014). A rate of 1 gives zeros. It has no slope.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let mask = RandomStreams::new(7).dropout_mask::<f32>(0.75, [100]);
    /// assert!(Function::new([], [mask])?.call(&[])?[0].iter().all(|x| x == 0.0 || x == 4.0));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the rate does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn dropout_mask<T: Float>(&self, rate: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        let shape = shape.into();
        let rate = fitted("dropout_mask", &rate.into().stop_gradient(), &shape);
        let stays = self.uniform::<T>(&shape).ge(&rate);
        Expr::select(&stays, &(1.0 - rate).recip(), &Expr::zeros(&shape))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let streams = || RandomStreams::new(3);
    vec![
        example("bernoulli", &[&[4]], 0.0..1.0, move |x| streams().bernoulli(x[0].cast::<f64>(), [3, 4]))
            .without_slopes(),
        example("rademacher", &[&[5]], 0.0..1.0, move |x| {
            streams().rademacher::<f64>(x[0].shape()).cast_like(&x[0]) * &x[0]
        })
        .and(&[&[0]])
        .and(&[&[1]]),
        example("dropout_mask", &[&[4], &[4]], 0.1..0.9, move |x| {
            &x[1] * streams().dropout_mask(x[0].cast::<f64>(), [4]).cast_like(&x[1])
        })
        .without_slopes(),
    ]
}
