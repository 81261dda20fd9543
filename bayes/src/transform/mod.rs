//! Maps from all of the real line to a distribution's support.

use std::f64::consts::LN_2;

use bayeux_autodiff::Expr;
use bayeux_tensor::Float;

/// An increasing map from an unconstrained number z to a value x = f(z) in the support of a distribution, element by
/// element.
///
/// Variational families live on the whole real line. A model therefore keeps z, hands x = f(z) to whoever uses the
/// variable, and adds ln f′(z) to the log density, because p(z) = p(x) · dx/dz.
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_bayes::Transform;
/// use bayeux_tensor::Tensor;
/// let z = Expr::<f64>::input("z", ());
/// let scale = Transform::Exp.forward(&z);
/// let back = Transform::Exp.inverse(&scale);
/// let f = Function::new([&z], [&scale, &back, &Transform::Exp.log_jacobian(&z)])?;
/// let values = f.call(&[&Tensor::scalar(2.0)])?;
/// assert_eq!((values[0].item(), values[2].item()), (2f64.exp(), 2.0));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Transform<T: Float> {
    /// All reals: x = z.
    Identity,
    /// Positive numbers: x = eᶻ, ln f′ = z.
    Exp,
    /// Numbers between two bounds: x = low + (high − low) σ(z), where σ is the logistic function.
    Interval {
        /// The lower bound.
        low: Expr<T>,
        /// The upper bound.
        high: Expr<T>,
    },
}

/// ln (high − low), also where the difference overflows.
pub(crate) fn ln_width<T: Float>(low: &Expr<T>, high: &Expr<T>) -> Expr<T> {
    let (whole, half) = (high - low, high * 0.5 - low * 0.5);
    Expr::select(&whole.lt(&Expr::scalar(f64::INFINITY)), &whole.ln(), &(half.ln() + LN_2))
}

impl<T: Float> Transform<T> {
    /// x = f(z).
    #[must_use]
    pub fn forward(&self, z: &Expr<T>) -> Expr<T> {
        match self {
            Transform::Identity => z.clone(),
            Transform::Exp => z.exp(),
            // Measured from the nearer bound, so that rounding can never step over one.
            Transform::Interval { low, high } => {
                // In halves: the whole width might overflow.
                let half = high * 0.5 - low * 0.5;
                let from_low = low + &half * (z.sigmoid() * 2.0);
                let from_high = high - half * ((-z).sigmoid() * 2.0);
                Expr::select(&z.lt(&Expr::scalar(0.0)), &from_low, &from_high)
            }
        }
    }

    /// z = f⁻¹(x).
    #[must_use]
    pub fn inverse(&self, x: &Expr<T>) -> Expr<T> {
        match self {
            Transform::Identity => x.clone(),
            Transform::Exp => x.ln(),
            Transform::Interval { low, high } => {
                let (x, low, high) = (x * 0.5, low * 0.5, high * 0.5);
                (&x - low).ln() - (high - x).ln()
            }
        }
    }

    /// ln f′(z).
    ///
    /// For the interval this is ln (high − low) + ln σ(z) + ln σ(−z), written with ln σ(z) = −softplus(−z), which keeps
    /// its digits where σ itself has rounded to 0 or 1.
    #[must_use]
    pub fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        match self {
            Transform::Identity => Expr::zeros(z.shape()),
            Transform::Exp => z.clone(),
            Transform::Interval { low, high } => ln_width(low, high) - z.softplus() - (-z).softplus(),
        }
    }

    /// What the unconstrained variable is called: `x` itself, `ln x` or `logit x`.
    pub(crate) fn unconstrained_name(&self, name: &str) -> String {
        match self {
            Transform::Identity => name.into(),
            Transform::Exp => format!("ln {name}"),
            Transform::Interval { .. } => format!("logit {name}"),
        }
    }
}
