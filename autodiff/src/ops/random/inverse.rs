//! What is made of one uniform number: by the inverse of the distribution function.

use bayeux_tensor::{ElementType, Float};

use super::draws::fitted;
use crate::{Expr, RandomStreams, Shape};

/// Uniform on (0, 1): what would be 0 is half the distance between two numbers, 2⁻²⁵ or 2⁻⁵⁴.
#[track_caller]
fn open<T: Float>(streams: &RandomStreams, shape: &Shape) -> Expr<T> {
    let least = if T::TYPE == ElementType::F32 { 0.5f64.powi(25) } else { 0.5f64.powi(54) };
    streams.uniform::<T>(shape).maximum(&Expr::full(shape, least))
}

impl RandomStreams {
    /// Exponential numbers of rate 1, of density e⁻ˣ: −ln(1 − u). Divide by a rate. In f32 they reach 16.6, in f64 36.7.
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn exponential<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        -(-self.uniform::<T>(shape)).log1p()
    }

    /// Laplace's standard distribution, of density ½ e^−|x|: −sign(w) ln(1 − |w|) for w uniform on (−1, 1).
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn laplace<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        let w = open::<T>(self, &shape.into()) * 2.0 - 1.0;
        -(w.sign() * (-w.abs()).log1p())
    }

    /// Gumbel's standard distribution, of distribution function exp(−e⁻ˣ): −ln(−ln u).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams};
    /// use bayeux_tensor::Tensor;
    /// // Differentiable almost-choices: the concrete distribution.
    /// let logits = Expr::<f64>::constant(Tensor::from_slice(&[0.0, 1.0, 2.0]));
    /// let soft = ((&logits + RandomStreams::new(7).gumbel::<f64>([3])) / 0.1).softmax();
    /// assert!((Function::new([], [soft.sum_all()])?.call(&[])?[0].item() - 1.0).abs() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn gumbel<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        -(-open::<T>(self, &shape.into()).ln()).ln()
    }

    /// The standard logistic distribution, of distribution function 1/(1 + e⁻ˣ): ln u − ln(1 − u).
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn logistic<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        open::<T>(self, &shape.into()).logit()
    }

    /// Cauchy's standard distribution, of density 1/(π (1 + x²)): tan π(u − ½).
    ///
    /// # Panics
    /// At too many requests.
    #[track_caller]
    pub fn cauchy<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        ((open::<T>(self, &shape.into()) - 0.5) * std::f64::consts::PI).tan()
    }

    /// Standard normal numbers given that they are from `low` to `high`, which may be infinite: Φ⁻¹ of a number that is uniform between
    /// Φ(low) and Φ(high), in the lower tail by symmetry. Gradients go to both ends. Far out, where Φ underflows (beyond 13 in f32, 38
    /// in f64), they are at the end that is nearer to 0.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let x = RandomStreams::new(7).truncated_normal::<f64>(6.0, f64::INFINITY, [3]);
    /// assert!(Function::new([], [x])?.call(&[])?[0].iter().all(|x| x >= 6.0 && x < 9.0));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an end does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn truncated_normal<T: Float>(
        &self,
        low: impl Into<Expr<T>>,
        high: impl Into<Expr<T>>,
        shape: impl Into<Shape>,
    ) -> Expr<T> {
        let shape = shape.into();
        let [low, high] = [low.into(), high.into()].map(|end| fitted("truncated_normal", &end, &shape));
        // Mirrored, where more of it is above 0: next to 1 Φ has not the digits.
        let upper = (&low + &high).gt(&Expr::zeros(&shape));
        let from = Expr::select(&upper, &-&high, &low);
        let to = Expr::select(&upper, &-&low, &high);
        let (below, most, u) = (from.ndtr(), to.ndtr(), open::<T>(self, &shape));
        let x = (&below + u * (&most - &below)).ndtri().maximum(&from).minimum(&to);
        let x = Expr::select(&most.eq(&Expr::zeros(&shape)), &to, &x);
        Expr::select(&upper, &-&x, &x)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    fn of_noise(
        name: &str,
        noise: impl Fn(&RandomStreams, &Shape) -> Expr<f64> + 'static,
    ) -> crate::ops::examples::Example {
        let product =
            move |x: &[AnyExpr]| &x[0] * noise(&RandomStreams::new(3), x[0].shape()).cast_like(&x[0]);
        example(name, &[&[3, 5]], -1.0..1.0, product).and(&[&[0]]).and(&[&[1]])
    }
    vec![
        of_noise("exponential", |streams, shape| streams.exponential(shape)),
        of_noise("laplace", |streams, shape| streams.laplace(shape)),
        of_noise("gumbel", |streams, shape| streams.gumbel(shape)),
        of_noise("logistic", |streams, shape| streams.logistic(shape)),
        of_noise("cauchy", |streams, shape| streams.cauchy(shape)),
        example("truncated_normal", &[&[3], &[3]], 0.0..1.0, |x| {
            let [low, high] = [&x[0] - 0.5, &x[1] + 1.0].map(|end| end.cast::<f64>());
            RandomStreams::new(3).truncated_normal(&low, &high, [2, 3]).cast_like(&x[0])
        }),
    ]
}
