use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{outside, supported};
use super::{Distribution, Support};

macro_rules! improper {
    ($(#[$doc:meta])* $name:ident, $text:literal, $support:ident, $centre:literal, $density:expr) => {
        $(#[$doc])*
        ///
        /// It is improper: the log density is 0, not that of a distribution. So there are no draws, and it has no moments.
        #[derive(Clone, Debug, Default)]
        #[must_use]
        pub struct $name {
            batch: Shape,
        }

        impl $name {
            /// Of single numbers; [`shape`](Self::shape) makes it one of more.
            pub fn new() -> Self {
                $name::default()
            }

            /// The same for every element of a larger shape.
            pub fn shape(mut self, shape: impl Into<Shape>) -> Self {
                self.batch = shape.into();
                self
            }
        }

        impl<T: Float> Distribution<T> for $name {
            fn name(&self) -> &'static str {
                $text
            }

            fn parameters(&self) -> Vec<Expr<T>> {
                Vec::new()
            }

            fn batch_shape(&self) -> &Shape {
                &self.batch
            }

            fn support(&self) -> Support<T> {
                Support::$support
            }

            fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
                $density(x)
            }

            fn centre(&self) -> Option<Expr<T>> {
                Some(Expr::scalar($centre))
            }

            /// # Panics
            /// Always: there is nothing to draw from.
            fn draw(&self, _: &[Tensor<T>], _: &[usize], _: &mut dyn Rng) -> Tensor<T> {
                panic!(concat!($text, ": an improper distribution has no draws"))
            }
        }
    };
}

improper! {
    /// Any number is as likely as any other: a prior that says nothing.
    ///
    /// ```
    /// use bayeux_bayes::{Flat, Model, Normal};
    /// use bayeux_autodiff::Expr;
    /// let model: Model<f64> = Model::new();
    /// let mean = model.free("mean", Flat::new());
    /// model.observe("x", Normal::new(&mean, 1.0), &Expr::scalar(3.0), 1)?;
    /// # Ok::<(), bayeux_bayes::Error>(())
    /// ```
    Flat, "Flat", Reals, 0.0, |x: &Expr<T>| outside(x).exp()
}

improper! {
    /// Any number from 0 on is as likely as any other.
    HalfFlat, "HalfFlat", Positive, 1.0,
    |x: &Expr<T>| supported(x, &x.ge(&Expr::scalar(0.0)), &Expr::scalar(0.0))
}
