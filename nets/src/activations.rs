//! Functions to end a layer with.
//!
//! Any function from an expression to an expression of the same shape will do; these are the common ones by name, so
//! that `activation(tanh)` can be written. All are element by element but [`softmax`].
//!
//! Where a function has a corner, at 0, its derivatives are those from the left: of [`relu`] 0, of [`leaky_relu`] 0.01, of
//! [`elu`] 1. At ±∞ functions and slopes have their limits.

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
    leaky_relu = |x| Expr::select(&x.gt(&Expr::scalar(0.0)), x, &(x * 0.01));

    /// x where positive, else eˣ − 1 (Clevert, Unterthiner & Hochreiter 2016).
    elu = |x| {
        let zero = Expr::scalar(0.0);
        let positive = x.gt(&zero);
        Expr::select(&positive, x, &Expr::select(&positive, &zero, x).expm1())
    };

    /// ln(1 + eˣ), a smooth relu.
    softplus = |x| x.softplus();

    /// x · sigmoid x, also called SiLU (Ramachandran, Zoph & Le 2017).
    swish = |x| gated(x, 800.0, |x| x.sigmoid());

    /// x Φ(x), with Φ the normal distribution function (Hendrycks & Gimpel 2016); not its approximation by tanh.
    gelu = |x| gated(x, 40.0, |x| (x * -std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5);

    /// Probabilities along the last axis, eˣ / Σ eˣ.
    ///
    /// # Panics
    /// For a scalar.
    softmax = |x| x.softmax();
}

/// x · gate x, for a gate that goes from 0 to 1 and is there, to all digits, at ±`limit`: beyond, where a factor that is 0
/// would meet one that is infinite, 0 or x.
fn gated<T: Float>(x: &Expr<T>, limit: f64, gate: impl Fn(&Expr<T>) -> Expr<T>) -> Expr<T> {
    let [low, high] = [-limit, limit].map(Expr::scalar);
    let above = x.gt(&high);
    let inside = Expr::select(&above, &high, &Expr::select(&x.lt(&low), &low, x));
    Expr::select(&above, x, &(gate(&inside) * &inside))
}
