//! The regularised incomplete gamma functions, differentiable in both arguments.

mod large;
pub(super) mod series;

use bayeux_tensor::{AnySliceMut, ElementType};
use serde::{Deserialize, Serialize};

use super::numbers::{each, elementwise_methods, in_blocks, of_broadcast};
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Real, Rows, ValueType};

/// P(a, x), or Q(a, x) = 1 − P(a, x), or one of their derivatives in a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct GammaInc {
    upper: bool,
    /// How often it is differentiated in a: up to twice.
    order: u8,
}

impl Operation for GammaInc {
    fn name(&self) -> String {
        let name = if self.upper { "gammaincc" } else { "gammainc" };
        format!("{name}{}", ["", ", slope in a", ", second slope in a"][usize::from(self.order)])
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        if self.order == 0 && outputs[0].element_type() == ElementType::F32 {
            in_blocks(inputs, &mut outputs[0], |[a, x], y| series::many(self.upper, a, x, y));
            return Ok(());
        }
        each(inputs, &mut outputs[0], |[a, x]| series::value(self.upper, self.order, a, x))
    }

    /// ∂x = ± the density p = xᵃ⁻¹ e⁻ˣ/Γ(a), differentiated in a as often: with l = ln x − ψ(a) that is p, p l, p (l² − ψ′(a)).
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (a, x) = (&inputs[0], &inputs[1]);
        assert!(self.order < 2, "{}: it has no third derivatives in a", self.name());
        let by_a = of_broadcast(GammaInc { order: self.order + 1, ..*self }, &[a, x]);
        let density = ((a - 1.0).xlogy(x) - x - a.lgamma()).exp();
        let by_x = if self.order == 0 { density } else { density * (x.ln() - a.digamma()) };
        vec![Some(g * by_a), Some(if self.upper { -(g * by_x) } else { g * by_x })]
    }
}

impl<T: Real> Expr<T> {
    /// P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt/Γ(a), the lower regularised incomplete gamma function: the distribution function of a gamma
    /// distribution of shape a = `self`, which is positive.
    ///
    /// Its derivative in the shape is that of the series, or of the continued fraction, term by term; so is the second, and there are no
    /// third ones. In f64; a large shape a takes some √a terms. Values of f32 are computed side by side, all
    /// else one number at a time. Relative error 10⁻¹³, unless the value is smaller
    /// than 10⁻¹⁰⁰.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, grad, interpret};
    /// let (a, x) = (Expr::<f64>::from(1.0), Expr::<f64>::from(2.0)); // P(1, x) = 1 − e⁻ˣ
    /// let y = a.gammainc(&x);
    /// let slope = grad(&y, &[x]).remove(0);
    /// let values = interpret(&[y, slope], &[], 0)?;
    /// assert!((values[0].item() - (1.0 - (-2f64).exp())).abs() < 1e-15);
    /// assert!((values[1].item() - (-2f64).exp()).abs() < 1e-15);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast; and a gradient of second derivatives in a.
    #[track_caller]
    #[must_use]
    pub fn gammainc(&self, x: &Expr<T>) -> Self {
        of_broadcast(GammaInc { upper: false, order: 0 }, &[self, x])
    }

    /// Q(a, x) = 1 − P(a, x), the upper one, with all its digits also where it is small; see [`gammainc`](Expr::gammainc).
    ///
    /// # Panics
    /// If the shapes do not broadcast; and a gradient of second derivatives in a.
    #[track_caller]
    #[must_use]
    pub fn gammaincc(&self, x: &Expr<T>) -> Self {
        of_broadcast(GammaInc { upper: true, order: 0 }, &[self, x])
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("gammainc", &[&[3, 4], &[4]], 0.4..4.0, |x| x[0].gammainc(&x[1]))
            .and(&[&[0, 4], &[4]])
            .and(&[&[1], &[1]]),
        example("gammaincc", &[&[7], &[7]], 0.4..6.0, |x| x[0].gammaincc(&x[1])),
    ]
}
