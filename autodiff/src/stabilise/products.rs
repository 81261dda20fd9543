//! Stable forms of logarithms of products and of determinants, which overflow where their logarithms are ordinary numbers.

use super::Stabiliser;
use super::logarithm::is_view;
use crate::known::is_nonnegative;
use crate::ops::{Binary, Op, Unary, log_determinant, product_axis};
use crate::{AnyExpr, Expr};

impl Stabiliser {
    /// ln ∏ x = Σ ln |x|;   ln det A, by its factors. Where the product is negative it is NaN, as the logarithm of it is.
    pub(super) fn of_product(&self, x: &AnyExpr, depth: usize) -> Option<AnyExpr> {
        let Op::Other(op) = self.op(x)? else { return None };
        if let Some(axis) = product_axis(op.operation()) {
            let factors = &x.inputs()[0];
            if is_nonnegative(factors) {
                return Some(self.logarithm_or_plain(factors, depth).sum(axis));
            }
            let log = self.of_modulus_or_plain(factors, depth).sum(axis);
            return Some(unless_negative(&log, &factors.sign().prod(axis)));
        }
        let [sign, log] = log_determinant(op.operation(), x.inputs())?;
        Some(unless_negative(&log, &sign))
    }

    /// ln |x|, if there is a form that keeps more digits: for any x, as that of a square is twice this.
    pub(super) fn of_modulus(&self, x: &AnyExpr, depth: usize) -> Option<AnyExpr> {
        if is_nonnegative(x) {
            return self.logarithm_within(x, depth);
        }
        let depth = depth.checked_sub(1)?;
        let inputs = x.inputs();
        match self.op(x)? {
            Op::Unary(Unary::Neg | Unary::Abs) => self.of_modulus(&inputs[0], depth),
            Op::Unary(Unary::Recip) => Some(-self.of_modulus(&inputs[0], depth)?),
            Op::Binary(op @ (Binary::Mul | Binary::Div)) => {
                let [a, b] = [0, 1].map(|i| self.of_modulus(&inputs[i], depth));
                if a.is_none() && b.is_none() {
                    return None;
                }
                let [a, b] = [(a, 0), (b, 1)].map(|(log, i)| log.unwrap_or_else(|| inputs[i].abs().ln()));
                Some(if *op == Binary::Mul { a + b } else { a - b })
            }
            op if is_view(op) => {
                Some(Expr::new(op.clone(), vec![self.of_modulus(&inputs[0], depth)?], x.shape()))
            }
            Op::Other(op) => match product_axis(op.operation()) {
                Some(axis) => Some(self.of_modulus_or_plain(&inputs[0], depth).sum(axis)),
                None => log_determinant(op.operation(), inputs).map(|[_, log]| log),
            },
            _ => None,
        }
    }

    fn logarithm_or_plain(&self, x: &AnyExpr, depth: usize) -> AnyExpr {
        self.logarithm_within(x, depth).unwrap_or_else(|| x.ln())
    }

    fn of_modulus_or_plain(&self, x: &AnyExpr, depth: usize) -> AnyExpr {
        self.of_modulus(x, depth).unwrap_or_else(|| x.abs().ln())
    }
}

/// The logarithm, and NaN where the sign of what it is of is −1. Its slope is what it is.
fn unless_negative(log: &AnyExpr, sign: &AnyExpr) -> AnyExpr {
    let zero = sign.number_like(0.0);
    log + Expr::select(&sign.lt(&zero), &sign.number_like(f64::NAN), &zero)
}
