//! Maps from unconstrained numbers to a distribution's support.

mod affine;
mod chain;
mod matrices;
mod ordered;
mod simplex;

use std::f64::consts::LN_2;
use std::fmt::Debug;
use std::sync::Arc;

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::Float;

pub use affine::Affine;
pub use chain::Chain;
pub use matrices::{CholeskyCorrelation, CholeskyCovariance};
pub use ordered::Ordered;
pub use simplex::Simplex;

/// A smooth map x = f(z) from unconstrained numbers onto a support, with its inverse. It may take several numbers together, the last
/// axes of x, and need more or fewer of them than x has.
///
/// One of your own goes into [`Transform::Of`]:
///
/// ```
/// use bayeux_autodiff::Expr;
/// use bayeux_bayes::{Bijector, Transform};
///
/// /// x = sinh z: all reals, with far tails nearby.
/// #[derive(Debug)]
/// struct Sinh;
///
/// impl Bijector<f64> for Sinh {
///     fn forward(&self, z: &Expr<f64>) -> Expr<f64> {
///         z.sinh()
///     }
///     fn inverse(&self, x: &Expr<f64>) -> Expr<f64> {
///         x.asinh()
///     }
///     fn log_jacobian(&self, z: &Expr<f64>) -> Expr<f64> {
///         z.cosh().ln()
///     }
/// }
///
/// let transform = Transform::of(Sinh);
/// assert_eq!(transform.forward(&Expr::zeros([3])).rank(), 1);
/// ```
pub trait Bijector<T: Float>: Debug + Send + Sync {
    /// x = f(z).
    fn forward(&self, z: &Expr<T>) -> Expr<T>;

    /// z = f⁻¹(x).
    fn inverse(&self, x: &Expr<T>) -> Expr<T>;

    /// ln |det ∂x/∂z|, without the last [`event_rank`](Self::event_rank) axes.
    fn log_jacobian(&self, z: &Expr<T>) -> Expr<T>;

    /// How many of the last axes of x are mapped together: 0 where each number is mapped by itself.
    fn event_rank(&self) -> usize {
        0
    }

    /// The shape of z for an x of a shape.
    ///
    /// # Panics
    /// If there is no such x.
    fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        shape.clone()
    }
}

/// A map from an unconstrained number z to a value x = f(z) in the support of a distribution: element by element and increasing, or
/// any [`Bijector`].
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
    /// Any other.
    Of(Arc<dyn Bijector<T>>),
}

/// ln (high − low), also where the difference overflows.
pub(crate) fn ln_width<T: Float>(low: &Expr<T>, high: &Expr<T>) -> Expr<T> {
    let (whole, half) = (high - low, high * 0.5 - low * 0.5);
    Expr::select(&whole.lt(&Expr::scalar(f64::INFINITY)), &whole.ln(), &(half.ln() + LN_2))
}

impl<T: Float> Transform<T> {
    /// By a bijector.
    pub fn of(bijector: impl Bijector<T> + 'static) -> Self {
        Transform::Of(Arc::new(bijector))
    }

    /// Numbers above a bound: x = low + eᶻ.
    pub fn above(low: impl Into<Expr<T>>) -> Self {
        Transform::of(Chain::new([Transform::Exp, Transform::of(Affine::new(low, 1.0))]))
    }

    /// Numbers below a bound: x = high − eᶻ.
    pub fn below(high: impl Into<Expr<T>>) -> Self {
        Transform::of(Chain::new([Transform::Exp, Transform::of(Affine::new(high, -1.0))]))
    }

    /// How many of the last axes of x are mapped together.
    #[must_use]
    pub fn event_rank(&self) -> usize {
        if let Transform::Of(bijector) = self { bijector.event_rank() } else { 0 }
    }

    /// The shape of z for an x of a shape.
    ///
    /// # Panics
    /// If there is no such x.
    pub fn unconstrained_shape(&self, shape: &Shape) -> Shape {
        if let Transform::Of(bijector) = self { bijector.unconstrained_shape(shape) } else { shape.clone() }
    }

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
            Transform::Of(bijector) => bijector.forward(z),
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
            Transform::Of(bijector) => bijector.inverse(x),
        }
    }

    /// ln f′(z), without the axes that are mapped together.
    ///
    /// For the interval this is ln (high − low) + ln σ(z) + ln σ(−z), written with ln σ(z) = −softplus(−z), which keeps
    /// its digits where σ itself has rounded to 0 or 1.
    #[must_use]
    pub fn log_jacobian(&self, z: &Expr<T>) -> Expr<T> {
        match self {
            Transform::Identity => Expr::zeros(z.shape()),
            Transform::Exp => z.clone(),
            Transform::Interval { low, high } => ln_width(low, high) - z.softplus() - (-z).softplus(),
            Transform::Of(bijector) => bijector.log_jacobian(z),
        }
    }

    /// What the unconstrained variable is called: `x` itself, `ln x` or `logit x`.
    pub(crate) fn unconstrained_name(&self, name: &str) -> String {
        match self {
            Transform::Identity => name.into(),
            Transform::Exp => format!("ln {name}"),
            Transform::Interval { .. } => format!("logit {name}"),
            Transform::Of(_) => format!("unconstrained {name}"),
        }
    }
}
