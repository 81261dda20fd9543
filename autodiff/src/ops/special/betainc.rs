//! The regularised incomplete beta function, differentiable in all three arguments.

mod fraction;

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use super::numbers::{each, elementwise_methods, of_broadcast};
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Real, Rows, ValueType};

/// Iₓ(a, b), or one of its derivatives in a and b.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct BetaInc {
    /// How often it is differentiated in a and in b: together up to twice.
    orders: [u8; 2],
}

impl Operation for BetaInc {
    fn name(&self) -> String {
        match self.orders {
            [0, 0] => "betainc".into(),
            [a, b] => format!("betainc, {a} times differentiated in a and {b} times in b"),
        }
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        each(inputs, &mut outputs[0], |[a, b, x]| fraction::value(self.orders, a, b, x))
    }

    /// ∂x = the density p = xᵃ⁻¹ (1 − x)ᵇ⁻¹/B(a, b), differentiated as often: in a once it is p (ln x − ψ(a) + ψ(a + b)).
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let [a, b, x] = [&inputs[0], &inputs[1], &inputs[2]];
        let [i, j] = self.orders;
        assert!(i + j < 2, "{}: it has no third derivatives in a and b", self.name());
        let of = |orders| of_broadcast(BetaInc { orders }, &[a, b, x]);
        let density = ((a - 1.0).xlogy(x) + (b - 1.0).xlog1py(&-x) - a.betaln(b)).exp();
        let by_x = match self.orders {
            [0, 0] => density,
            [1, _] => density * (x.ln() - a.digamma() + (a + b).digamma()),
            _ => density * ((-x).log1p() - b.digamma() + (a + b).digamma()),
        };
        vec![Some(g * of([i + 1, j])), Some(g * of([i, j + 1])), Some(g * by_x)]
    }
}

impl<T: Real> Expr<T> {
    /// Iₓ(a, b) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt/B(a, b), the regularised incomplete beta function: the distribution function of a beta
    /// distribution, for positive a = `self` and b and x from 0 to 1.
    ///
    /// Its derivatives in a and b are those of the continued fraction, step by step; so are the second ones, and there are no third
    /// ones. One number at a time, in f64; large shapes take some steps more, as their root. Relative error 10⁻¹³.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// let [a, b, x] = [2.0, 1.0, 0.3].map(Expr::<f64>::from); // Iₓ(a, 1) = xᵃ
    /// let y = interpret(&[a.betainc(&b, &x)], &[], 0)?[0].item();
    /// assert!((y - 0.09).abs() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast; and a gradient of second derivatives in a and b.
    #[track_caller]
    #[must_use]
    pub fn betainc(&self, b: &Expr<T>, x: &Expr<T>) -> Self {
        of_broadcast(BetaInc { orders: [0, 0] }, &[self, b, x])
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("betainc", &[&[3, 4], &[4], &[3, 1]], 0.1..0.9, |x| {
            (&x[0] * 4.0).betainc(&(&x[1] * 5.0), &x[2])
        })
        .and(&[&[0, 4], &[4], &[0, 4]])
        .and(&[&[1], &[1], &[1]]),
    ]
}
