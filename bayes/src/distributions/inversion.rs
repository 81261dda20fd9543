//! Numbers of a distribution between two bounds, by inversion of its distribution function.

use bayeux_autodiff::{Expr, ScanOptions};
use bayeux_tensor::Float;

use super::part::Part;
use super::whole::Tails;

/// What is inverted: a distribution, between bounds of which there is one at least, with the tails of what lies just below and at the end.
pub(super) struct Inversion<'a, T: Float> {
    pub(super) base: &'a Part<T>,
    pub(super) low: Option<Expr<T>>,
    pub(super) high: Option<Expr<T>>,
    pub(super) before: Tails<T>,
    pub(super) end: Tails<T>,
}

impl<T: Float> Inversion<'_, T> {
    /// The number below which lies the part u of what lies between the bounds, of ln u and ln (1 − u), and with the slopes that it has at
    /// a fixed u, unless it is whole.
    ///
    /// x is sought by bisection, on a scale that reaches all numbers of the type near the bounds. Its slopes are those of one step of
    /// Newton's from there, whose value counts for nothing: dx = −dF/p.
    pub(super) fn at(&self, ln_u: &Expr<T>, ln_rest: &Expr<T>) -> Expr<T> {
        let (before, end) = (&self.before, &self.end);
        // By the tail that is smaller at the nearer end.
        let by_lower = end.lower.lt(&before.upper);
        let lower = (&before.lower + ln_rest).logaddexp(&(&end.lower + ln_u));
        let upper = (&before.upper + ln_rest).logaddexp(&(&end.upper + ln_u));
        let reached = |x: &Expr<T>| {
            let at = self.tails(x);
            let [true_where, else_where] = [at.lower.ge(&lower), at.upper.le(&upper)];
            (by_lower.clone() & true_where) | (by_lower.not() & else_where)
        };

        // e^±reach are the least and the largest numbers of the type.
        let reach = -T::MIN_POSITIVE.to_f64().ln();
        let steps = if T::EPSILON.to_f64() < 1e-10 { 66 } else { 36 };
        let zeros = (&lower + &upper) * 0.0;
        let zeros = Expr::select(&zeros.eq(&zeros), &zeros, &Expr::scalar(0.0)).stop_gradient();
        let start = [&zeros - reach, &zeros + reach];
        let [_, z] = ScanOptions::new().steps(steps).fold(
            |[below, above]: &[Expr<T>; 2]| {
                let middle = below * 0.5 + above * 0.5;
                let reached = reached(&self.place(&middle));
                [Expr::select(&reached, below, &middle), Expr::select(&reached, &middle, above)]
            },
            start,
        );
        let x = self.place(&z).stop_gradient();
        let known = lower.eq(&lower) | upper.eq(&upper);
        let x = Expr::select(&known, &x, &Expr::scalar(f64::NAN));
        if self.base.is_whole() {
            return x;
        }
        let (at, density) = (self.tails(&x), self.base.log_prob(&x));
        let by_lower_step = (&at.lower - density.clone()).exp().stop_gradient() * (lower - &at.lower);
        let by_upper_step = (&at.upper - density).exp().stop_gradient() * (&at.upper - upper);
        let step = Expr::select(&by_lower, &by_lower_step, &by_upper_step);
        let still = step.stop_gradient();
        x + (step - still)
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        self.base.tails(x).expect("it has a distribution function")
    }

    /// A number between the bounds that grows with z.
    fn place(&self, z: &Expr<T>) -> Expr<T> {
        let x = match (&self.low, &self.high) {
            (Some(low), Some(high)) => {
                // From the nearer bound, and in halves, as the width might overflow.
                let half = high * 0.5 - low * 0.5;
                let from_low = low + &half * (z.sigmoid() * 2.0);
                let from_high = high - half * ((-z).sigmoid() * 2.0);
                Expr::select(&z.lt(&Expr::scalar(0.0)), &from_low, &from_high)
            }
            (Some(low), None) => low + z.exp(),
            (None, Some(high)) => high - (-z).exp(),
            (None, None) => z.clone(),
        };
        if self.base.is_whole() { x.floor() } else { x }
    }
}
