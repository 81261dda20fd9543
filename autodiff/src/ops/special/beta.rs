//! The beta function.

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use super::functions;
use super::numbers::{each, elementwise_methods, of_broadcast};
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// ln B(a, b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct BetaLn;

impl Operation for BetaLn {
    fn name(&self) -> String {
        "betaln".into()
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        each(inputs, &mut outputs[0], |[a, b]| functions::betaln(a, b))
    }

    /// ∂a = ψ(a) − ψ(a + b), and so for b.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let both = (&inputs[0] + &inputs[1]).digamma();
        inputs.iter().map(|x| Some(g * (x.digamma() - &both))).collect()
    }
    /// By three logarithms, which lose digits where one argument is far larger than the other.
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let sum = hlo.binary("add", &inputs[0], &inputs[1]);
        let [a, b, both] = [&inputs[0], &inputs[1], &sum].map(|x| hlo.unary("chlo.lgamma", x));
        let product = hlo.binary("add", &a, &b);
        Some(vec![hlo.binary("subtract", &product, &both)])
    }
}

impl<T: Real> Expr<T> {
    /// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for positive a = `self` and b, element by element. Where large terms would cancel
    /// it is computed by Stirling's formula. One number at a time, in f64.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// let (a, b) = (Expr::<f64>::from(2.0), Expr::from(1e10)); // B(2, b) = 1/(b (b + 1))
    /// let y = interpret(&[a.betaln(&b)], &[], 0)?[0].item();
    /// assert!((y + 2.0 * 1e10f64.ln()).abs() < 1e-9);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn betaln(&self, b: &Expr<T>) -> Self {
        of_broadcast(BetaLn, &[self, b])
    }

    /// B(a, b) = Γ(a) Γ(b)/Γ(a + b), the exponential of [`betaln`](Expr::betaln).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn beta(&self, b: &Expr<T>) -> Self {
        self.betaln(b).exp()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("betaln", &[&[3, 4], &[4]], 0.4..12.0, |x| x[0].betaln(&x[1]))
            .and(&[&[0, 4], &[4]])
            .and(&[&[1], &[1]]),
        example("beta", &[&[3], &[3]], 0.4..3.0, |x| x[0].beta(&x[1])),
    ]
}
