//! The functions in StableHLO and CHLO. Those that have no counterpart there, nor a formula that keeps their digits, are left out.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, LN_10, PI};

use bayeux_tensor::ElementType;

use super::Unary;
use crate::{Hlo, HloValue};

impl Unary {
    /// The operation that is the same.
    fn counterpart(self) -> Option<&'static str> {
        Some(match self {
            Unary::Neg => "negate",
            Unary::Abs => "abs",
            Unary::Sign => "sign",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round_nearest_even",
            Unary::Sqrt => "sqrt",
            Unary::Rsqrt => "rsqrt",
            Unary::Cbrt => "cbrt",
            Unary::Exp => "exponential",
            Unary::Expm1 => "exponential_minus_one",
            Unary::Ln => "log",
            Unary::Log1p => "log_plus_one",
            Unary::Sin => "sine",
            Unary::Cos => "cosine",
            Unary::Tan => "tan",
            Unary::Tanh => "tanh",
            Unary::Sigmoid => "logistic",
            Unary::Asin => "chlo.asin",
            Unary::Acos => "chlo.acos",
            Unary::Atan => "chlo.atan",
            Unary::Sinh => "chlo.sinh",
            Unary::Cosh => "chlo.cosh",
            Unary::Asinh => "chlo.asinh",
            Unary::Acosh => "chlo.acosh",
            Unary::Atanh => "chlo.atanh",
            Unary::Erf => "chlo.erf",
            Unary::Erfc => "chlo.erfc",
            Unary::Erfinv => "chlo.erf_inv",
            Unary::Lgamma => "chlo.lgamma",
            Unary::Digamma => "chlo.digamma",
            Unary::I1e => "chlo.bessel_i1e",
            _ => return None,
        })
    }

    pub(super) fn hlo(self, hlo: &mut Hlo, x: &HloValue) -> Option<HloValue> {
        // XLA's are of signed numbers.
        match self {
            Unary::Abs if x.of().element == ElementType::U8 => return Some(x.clone()),
            Unary::Sign if x.of().element == ElementType::U8 => {
                let zero = hlo.full(x.of(), 0.0);
                let is_some = hlo.compare("NE", x, &zero);
                return Some(hlo.convert(&is_some, ElementType::U8));
            }
            _ => {}
        }
        if let Some(name) = self.counterpart() {
            return Some(hlo.unary(name, x));
        }
        let times = |hlo: &mut Hlo, x: &HloValue, factor: f64| {
            let factor = hlo.full(x.of(), factor);
            hlo.binary("multiply", x, &factor)
        };
        Some(match self {
            Unary::Square => hlo.binary("multiply", x, x),
            Unary::Recip => {
                let one = hlo.full(x.of(), 1.0);
                hlo.binary("divide", &one, x)
            }
            Unary::Exp2 | Unary::Exp10 => {
                let power = times(hlo, x, if self == Unary::Exp2 { LN_2 } else { LN_10 });
                hlo.unary("exponential", &power)
            }
            Unary::Log2 | Unary::Log10 => {
                let logarithm = hlo.unary("log", x);
                let base = hlo.full(x.of(), if self == Unary::Log2 { LN_2 } else { LN_10 });
                hlo.binary("divide", &logarithm, &base)
            }
            Unary::Trunc => {
                let zero = hlo.full(x.of(), 0.0);
                let negative = hlo.compare("LT", x, &zero);
                let (up, down) = (hlo.unary("ceil", x), hlo.unary("floor", x));
                hlo.select(&negative, &up, &down)
            }
            // Of 0 the slope is 0, as ours.
            Unary::Relu => {
                let zero = hlo.full(x.of(), 0.0);
                let below = hlo.compare("LE", x, &zero);
                hlo.select(&below, &zero, x)
            }
            // max(x, 0) + ln(1 + exp(−|x|))
            Unary::Softplus => {
                let zero = hlo.full(x.of(), 0.0);
                let larger = hlo.binary("maximum", x, &zero);
                let modulus = hlo.unary("abs", x);
                let opposite = hlo.unary("negate", &modulus);
                let power = hlo.unary("exponential", &opposite);
                let rest = hlo.unary("log_plus_one", &power);
                hlo.binary("add", &larger, &rest)
            }
            // 4 e/(1 + e)² with e = exp(−2|x|)
            Unary::SechSquared => {
                let modulus = hlo.unary("abs", x);
                let power = times(hlo, &modulus, -2.0);
                let e = hlo.unary("exponential", &power);
                let one = hlo.full(x.of(), 1.0);
                let sum = hlo.binary("add", &one, &e);
                let (above, below) = (times(hlo, &e, 4.0), hlo.binary("multiply", &sum, &sum));
                hlo.binary("divide", &above, &below)
            }
            Unary::Sinc => {
                let (zero, one) = (hlo.full(x.of(), 0.0), hlo.full(x.of(), 1.0));
                let at_zero = hlo.compare("EQ", x, &zero);
                let elsewhere = hlo.select(&at_zero, &one, x);
                let angle = times(hlo, &elsewhere, PI);
                let sine = hlo.unary("sine", &angle);
                let ratio = hlo.binary("divide", &sine, &angle);
                hlo.select(&at_zero, &one, &ratio)
            }
            Unary::Ndtr => {
                let scaled = times(hlo, x, -FRAC_1_SQRT_2);
                let twice = hlo.unary("chlo.erfc", &scaled);
                times(hlo, &twice, 0.5)
            }
            Unary::Softsign => {
                let (modulus, one) = (hlo.unary("abs", x), hlo.full(x.of(), 1.0));
                let below = hlo.binary("add", &one, &modulus);
                hlo.binary("divide", x, &below)
            }
            _ => return None,
        })
    }
}
