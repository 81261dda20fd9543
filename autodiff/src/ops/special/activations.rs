//! Functions of neural networks and of probabilities that are made of others.

use crate::{Expr, Real};

impl<T: Real> Expr<T> {
    /// ln(x/(1 − x)), the inverse of [`sigmoid`](Expr::sigmoid): with all digits also near its root ½, as 2 artanh(2x − 1) there.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// let x = Expr::<f64>::from(0.75);
    /// assert!((interpret(&[x.logit()], &[], 0)?[0].item() - 3f64.ln()).abs() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn logit(&self) -> Self {
        let off = self * 2.0 - 1.0;
        let middle = off.abs().lt(&self.number_like(0.5));
        let inside = Expr::select(&middle, &off, &self.zeros_like()).atanh() * 2.0;
        let outside = Expr::select(&middle, &self.number_like(0.25).broadcast_to(self.shape()), self);
        Expr::select(&middle, &inside, &(outside.ln() - (-&outside).log1p()))
    }

    /// x Φ(x), Φ the standard normal distribution function ([`ndtr`](Expr::ndtr)).
    #[track_caller]
    #[must_use]
    pub fn gelu(&self) -> Self {
        self.gated(40.0, Expr::ndtr)
    }

    /// The approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) of [`gelu`](Expr::gelu), as x times a logistic function, which keeps
    /// its digits for negative x.
    #[track_caller]
    #[must_use]
    pub fn gelu_tanh(&self) -> Self {
        let twice = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
        self.gated(30.0, |x| (x * (x.square() * 0.044_715 + 1.0) * twice).sigmoid())
    }

    /// x/(1 + e⁻ˣ), also known as swish.
    #[track_caller]
    #[must_use]
    pub fn silu(&self) -> Self {
        self.gated(800.0, Expr::sigmoid)
    }

    /// x · gate x, for a gate that goes from 0 to 1 and is there, to all digits, at ±`limit`: beyond, where a factor that is 0 would meet
    /// one that is infinite, 0 or x.
    #[track_caller]
    fn gated(&self, limit: f64, gate: impl Fn(&Self) -> Self) -> Self {
        let [low, high] = [-limit, limit].map(|limit| self.number_like(limit));
        let above = self.gt(&high);
        let inside = Expr::select(&above, &high, &Expr::select(&self.lt(&low), &low, self));
        Expr::select(&above, self, &(gate(&inside) * &inside))
    }

    /// −x ln x, 0 at 0, and −∞ below: a term of an entropy.
    #[track_caller]
    #[must_use]
    pub fn entr(&self) -> Self {
        let (zero, never) =
            (self.zeros_like(), self.number_like(f64::NEG_INFINITY).broadcast_to(self.shape()));
        let below = self.lt(&zero);
        let inside = Expr::select(&below, &zero, self);
        Expr::select(&below, &never, &-inside.xlogy(&inside))
    }

    /// An angle in degrees, of one in radians.
    #[track_caller]
    #[must_use]
    pub fn to_degrees(&self) -> Self {
        self * (180.0 / std::f64::consts::PI)
    }

    /// An angle in radians, of one in degrees.
    #[track_caller]
    #[must_use]
    pub fn to_radians(&self) -> Self {
        self * (std::f64::consts::PI / 180.0)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let of = |name: &str, interval: std::ops::Range<f64>, f: fn(&AnyExpr) -> AnyExpr| {
        example(name, &[&[7]], interval, move |x| f(&x[0])).and(&[&[0]]).and(&[&[1]])
    };
    vec![
        of("logit", 0.3..0.7, AnyExpr::logit),
        of("logit", 0.05..0.2, AnyExpr::logit),
        of("logit", 0.8..0.95, AnyExpr::logit),
        of("gelu", -3.0..3.0, AnyExpr::gelu),
        of("gelu_tanh", -3.0..3.0, AnyExpr::gelu_tanh),
        of("silu", -3.0..3.0, AnyExpr::silu),
        of("entr", 0.2..3.0, AnyExpr::entr),
        of("to_degrees", -3.0..3.0, AnyExpr::to_degrees),
        of("to_radians", -3.0..3.0, AnyExpr::to_radians),
    ]
}
