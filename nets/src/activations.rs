//! Functions to end a layer with.
//!
//! Any function from an expression to an expression of the same shape will do; these are the common ones by name, so
//! that `activation(tanh)` can be written. All are element by element but [`softmax`].

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = |$x:ident| $y:expr;)+) => {
        $($(#[$doc])*
        pub fn $name<T: Float>($x: &Expr<T>) -> Expr<T> {
            $y
        })+
    };
}

activations! {
    /// x itself: a linear layer.
    identity = |x| x.clone();

    /// Hyperbolic tangent, (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).
    tanh = |x| x.tanh();

    /// Logistic function, 1 / (1 + e⁻ˣ).
    sigmoid = |x| x.sigmoid();

    /// max(x, 0).
    relu = |x| x.relu();

    /// x where positive, else x / 100 (Maas, Hannun & Ng 2013).
    leaky_relu = |x| x.maximum(&(x * 0.01));

    /// x where positive, else eˣ − 1 (Clevert, Unterthiner & Hochreiter 2016).
    elu = |x| x.relu() + x.minimum(&Expr::scalar(0.0)).expm1();

    /// ln(1 + eˣ), a smooth relu.
    softplus = |x| x.softplus();

    /// x · sigmoid x, also called SiLU (Ramachandran, Zoph & Le 2017).
    swish = |x| x * x.sigmoid();

    /// x Φ(x), with Φ the normal distribution function (Hendrycks & Gimpel 2016); not its approximation by tanh.
    gelu = |x| x * 0.5 * ((x * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0);

    /// Probabilities along the last axis, eˣ / Σ eˣ.
    ///
    /// # Panics
    /// For a scalar.
    softmax = |x| x.softmax();
}
