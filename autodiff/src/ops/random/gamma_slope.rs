//! The slope of gamma numbers in their shape at a fixed probability.

use bayeux_tensor::AnySliceMut;
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::ops::special::implicit_gamma_slope;
use crate::ops::special::numbers::{each, elementwise_methods, of_broadcast};
use crate::{AnyExpr, Error, Rows, ValueType};

/// a, l → −(∂P/∂a)/q for q = ∂P/∂l, of P(a, eˡ), the distribution function of l: dl/da at a fixed P; or −(∂²P/∂a²)/q.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct GammaSlope {
    pub order: u8,
}

impl Operation for GammaSlope {
    fn name(&self) -> String {
        format!("{}slope of log_gamma", if self.order == 1 { "" } else { "second " })
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        each(inputs, &mut outputs[0], |[a, l]| implicit_gamma_slope(self.order, a, l))
    }

    /// With ln q = a l − eˡ − ln Γ(a), of slopes l − ψ(a) in a and a − eˡ in l, and S = −P_a/q: ∂S/∂a = −P_aa/q − S (l − ψ(a)), and
    /// ∂S/∂l = −(l − ψ(a)) − S (a − eˡ).
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (a, l) = (&inputs[0], &inputs[1]);
        assert!(self.order < 2, "{}: there are no third derivatives", self.name());
        let of_density = l - a.digamma();
        let by_a = of_broadcast(GammaSlope { order: 2 }, &[a, l]) - output * &of_density;
        let by_l = -of_density - output * (a - l.exp());
        vec![Some(g * by_a), Some(g * by_l)]
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    // Slopes are compared with a table of differences below: at order two there are third derivatives in them. The second slope is in
    // the gradient of the first.
    let slope = |x: &[AnyExpr]| of_broadcast(GammaSlope { order: 1 }, &[&x[0], &x[1]]);
    vec![
        example("slope", &[&[3, 5], &[3, 5]], 0.4..4.0, slope)
            .without_slopes()
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::random::draws::check_slopes;

    #[test]
    fn slopes_are_differences_of_quantiles() {
        check_slopes("gamma", |a, l| of_broadcast(GammaSlope { order: 1 }, &[a, l]), (1e-12, 1e-9));
    }

    /// Where x = eˡ underflows, P = eᵃˡ/Γ(a + 1), and dl/da = (ψ(a + 1) − l)/a.
    #[test]
    fn slopes_are_right_where_the_number_underflows() {
        let found = implicit_gamma_slope(1, 1e-5, -1e6);
        assert!((found / (1e6 - 0.577_199_215_6) / 1e5 - 1.0).abs() < 1e-14, "{found}");
        // Large numbers: l ≈ ln a + z/√a.
        let found = implicit_gamma_slope(1, 1e8, 1e8f64.ln());
        assert!((found * 1e8 - 1.0).abs() < 1e-8, "{found}");
        assert!(implicit_gamma_slope(1, -1.0, 0.0).is_nan());
    }
}
