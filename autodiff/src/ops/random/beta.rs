//! Beta and Dirichlet distributions, of gamma numbers.

use bayeux_tensor::Float;

use crate::{Expr, RandomStreams, Shape};

impl RandomStreams {
    /// Beta numbers, on [0, 1], of density xᵅ⁻¹ (1 − x)ᵝ⁻¹/B(α, β).
    ///
    /// Of two [`gamma`](Self::gamma) numbers x is the first's part of both, as a logistic function of the difference of their logarithms,
    /// which is right also where both numbers underflow. Gradients go through theirs. A negative α or β gives NaN, and so do two for which the
    /// logarithms underflow, too, below some 10⁻³⁰⁷, 10⁻³⁷ in f32.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let x = RandomStreams::new(7).beta::<f64>(1e-3, 1e-3, [4]); // near 0 or 1, mostly
    /// assert!(Function::new([], [x])?.call(&[])?[0].iter().all(|x| (0.0..=1.0).contains(&x)));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If α or β does not broadcast to the shape; at too many requests; and a gradient of second derivatives.
    #[track_caller]
    pub fn beta<T: Float>(
        &self,
        a: impl Into<Expr<T>>,
        b: impl Into<Expr<T>>,
        shape: impl Into<Shape>,
    ) -> Expr<T> {
        let shape = shape.into();
        (self.log_gamma(a, &shape) - self.log_gamma(b, &shape)).sigmoid()
    }

    /// Vectors of a Dirichlet distribution: numbers from 0 to 1 whose sum is 1, of density proportional to ∏ xₖ^(αₖ − 1). `shape` is that
    /// of the draws, to which α's axes but the last are broadcast; each draw is a vector along one axis more.
    ///
    /// [`gamma`](Self::gamma) numbers over their sum, by a softmax of their logarithms. Gradients go through theirs.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams};
    /// use bayeux_tensor::Tensor;
    /// let alpha = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0]));
    /// let x = RandomStreams::new(7).dirichlet(&alpha, [10]);
    /// let values = Function::new([], [x.sum(1)])?.call(&[])?;
    /// assert!(values[0].iter().all(|sum| (sum - 1.0).abs() < 1e-15));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If α is a scalar or does not broadcast; at too many requests; and a gradient of second derivatives.
    #[track_caller]
    pub fn dirichlet<T: Float>(&self, concentration: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        let concentration = concentration.into();
        let Some(last) = concentration.shape().dims().last() else {
            panic!("dirichlet: a concentration of shape () has no last axis")
        };
        let shape: Shape = shape.into().dims().iter().chain([last]).cloned().collect();
        self.log_gamma(&concentration, shape).softmax()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("beta", &[&[5], &[5]], 0.3..4.0, |x| {
            RandomStreams::new(3).beta(x[0].cast::<f64>(), x[1].cast::<f64>(), x[0].shape())
        })
        .without_slopes()
        .and(&[&[0], &[0]])
        .and(&[&[1], &[1]]),
        example("dirichlet", &[&[2, 3]], 0.3..4.0, |x| {
            RandomStreams::new(3).dirichlet(x[0].cast::<f64>(), [4, 2])
        })
        .without_slopes(),
    ]
}
