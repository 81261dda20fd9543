//! Stable forms of logarithms.

use super::Stabiliser;
use crate::known::{is_nonnegative, is_number, is_one_hot, is_positive, is_weight, number};
use crate::ops::{Binary, Op, Softmax, Unary};
use crate::{AnyExpr, Dim, Expr, Shape};

/// How many logarithms lie in each other: ln (a (b + …)).
const DEPTH: usize = 10;

impl Stabiliser {
    /// ln x, if there is a form that keeps more digits than the logarithm of what x is rounded to. Where x is negative the form
    /// is NaN, as ln x is. So a rule by which two negative numbers would make a positive one, or 1 and a negative one, asks what
    /// is known of their signs.
    pub(super) fn logarithm(&self, x: &AnyExpr) -> Option<AnyExpr> {
        self.logarithm_within(x, DEPTH)
    }

    pub(super) fn logarithm_within(&self, x: &AnyExpr, depth: usize) -> Option<AnyExpr> {
        let depth = depth.checked_sub(1)?;
        let inputs = x.inputs();
        match self.op(x)? {
            Op::Unary(op) => self.of_function(*op, &inputs[0], depth),
            Op::Binary(op) => self.of_two(*op, [&inputs[0], &inputs[1]], depth),
            // ln softmax x = log_softmax x
            Op::Softmax(Softmax::Probabilities) => Some(inputs[0].log_softmax()),
            Op::Sum(sum) => self.of_sum(&inputs[0], &sum.0, depth),
            // ln max x = max ln x
            Op::Max(_) if !is_nonnegative(&inputs[0]) => None,
            op if is_view(op) || matches!(op, Op::Max(_) | Op::StopGradient(_)) => {
                Some(Expr::new(op.clone(), vec![self.logarithm_within(&inputs[0], depth)?], x.shape()))
            }
            Op::Other(op) if op.operation().only_moves() => {
                Some(Expr::new(x.op().clone(), self.of_some(inputs, depth)?, x.shape()))
            }
            Op::Select(_) => {
                let mut chosen = vec![inputs[0].clone()];
                chosen.extend(self.of_some(&inputs[1..], depth)?);
                Some(Expr::new(x.op().clone(), chosen, x.shape()))
            }
            // ln ∏ x = Σ ln x
            _ => self.of_product(x, depth),
        }
    }

    fn of_function(&self, op: Unary, x: &AnyExpr, depth: usize) -> Option<AnyExpr> {
        match op {
            // ln eˣ = x
            Unary::Exp => Some(x.clone()),
            Unary::Exp2 => Some(x * std::f64::consts::LN_2),
            Unary::Exp10 => Some(x * std::f64::consts::LN_10),
            // ln Φ(x), which is a number also where Φ(x) rounds to 0
            Unary::Ndtr => Some(x.log_ndtr()),
            // ln sigmoid x = −softplus(−x)
            Unary::Sigmoid => Some(-(-x).softplus()),
            // ln √x = ln x / 2;   ln x² = 2 ln |x|;   ln 1/x = −ln x
            Unary::Sqrt => Some(self.logarithm_within(x, depth)? * 0.5),
            Unary::Square => Some(self.of_modulus(x, depth)? * 2.0),
            Unary::Abs => self.of_modulus(x, depth),
            Unary::Recip => Some(-self.logarithm_within(x, depth)?),
            // ln(−(eˣ − 1)) = ln(1 − eˣ)
            Unary::Neg => Some(log1mexp(self.argument(x, Unary::Expm1)?)),
            _ => None,
        }
    }

    fn of_two(&self, op: Binary, [a, b]: [&AnyExpr; 2], depth: usize) -> Option<AnyExpr> {
        let stable = |x: &AnyExpr| self.logarithm_within(x, depth);
        match op {
            Binary::Mul | Binary::Div if !is_nonnegative(a) && !is_nonnegative(b) => None,
            // ln(a b) = ln a + ln b, where the sign is that of one of them
            Binary::Mul => self.of_some(&[a.clone(), b.clone()], depth).map(|logs| &logs[0] + &logs[1]),
            Binary::Div => self.of_some(&[a.clone(), b.clone()], depth).map(|logs| &logs[0] - &logs[1]),
            // ln aᵇ = b ln a for positive a
            Binary::Pow if is_positive(a) => Some(b * stable(a)?),
            // ln(1 + eˣ) = softplus x
            Binary::Add if is_number(a, 1.0) || is_number(b, 1.0) => {
                let other = if is_number(a, 1.0) { b } else { a };
                (!self.is_probability(other) && is_weight(other)).then(|| Some(stable(other)?.softplus()))?
            }
            // ln(eˣ + eʸ) = logsumexp (x, y)
            Binary::Add => {
                // With a constant added a probability does not underflow.
                if [(a, b), (b, a)].iter().any(|(p, c)| self.is_probability(p) && number(c).is_some()) {
                    return None;
                }
                let logs = self.of_terms(&[a, b], depth)?;
                let axis = a.rank();
                let parts: Vec<AnyExpr> = logs.iter().map(|log| log.insert_axis(axis)).collect();
                Some(Expr::concat(&parts, axis).logsumexp())
            }
            Binary::Sub if is_number(a, 1.0) => self.log_complement(b, depth),
            _ => None,
        }
    }

    /// ln Σ eˣ = logsumexp x;   ln Σ w eˣ = logsumexp (ln w + x);   ln Σ one-hot p = Σ select(one-hot, ln p, 0)
    fn of_sum(&self, terms: &AnyExpr, axes: &[usize], depth: usize) -> Option<AnyExpr> {
        let last = terms.rank() - 1;
        let chosen = match self.op(terms)? {
            Op::Binary(Binary::Mul) => {
                let (a, b) = (&terms.inputs()[0], &terms.inputs()[1]);
                let one_hot = if is_one_hot(a) { Some((a, b)) } else { Some((b, a)) };
                one_hot.filter(|(one_hot, _)| is_one_hot(one_hot))
            }
            Op::Select(_) if is_number(&terms.inputs()[2], 0.0) => {
                Some((&terms.inputs()[0], &terms.inputs()[1])).filter(|(one_hot, _)| is_one_hot(one_hot))
            }
            _ => None,
        };
        if let (Some((one_hot, p)), true) = (chosen, axes == [last]) {
            let log = self.logarithm_within(p, depth)?;
            return Some(Expr::select(&one_hot.cast(), &log, &log.number_like(0.0)).sum(last));
        }
        let logs = self.of_terms(&[terms], depth)?.remove(0);
        Some(last_axis(&logs, axes).logsumexp().reshape(logs.shape().without(axes)))
    }

    /// The logarithms of all, if one of them has a stable form.
    fn of_some(&self, all: &[AnyExpr], depth: usize) -> Option<Vec<AnyExpr>> {
        let stable: Vec<Option<AnyExpr>> = all.iter().map(|x| self.logarithm_within(x, depth)).collect();
        let found = stable.iter().any(Option::is_some);
        found.then(|| stable.into_iter().zip(all).map(|(log, x)| log.unwrap_or_else(|| plain(x))).collect())
    }

    /// The logarithms of terms of which none is negative, nor 0 but where somebody chose so, if one of them has a stable form. That
    /// of a sum is then theirs; and so is its slope, as that of ln w at w = 0 is not asked for.
    fn of_terms(&self, terms: &[&AnyExpr], depth: usize) -> Option<Vec<AnyExpr>> {
        let all: Vec<AnyExpr> = terms.iter().map(|&x| x.clone()).collect();
        all.iter().all(is_weight).then(|| self.of_some(&all, depth))?
    }

    /// ln(1 − x):   ln(1 − σ(y)) = −softplus(y);   ln(1 − eʸ), accurate near 0 and far from it
    fn log_complement(&self, x: &AnyExpr, depth: usize) -> Option<AnyExpr> {
        let depth = depth.checked_sub(1)?;
        match self.op(x)? {
            Op::Unary(Unary::Sigmoid) => Some(-x.inputs()[0].softplus()),
            op if is_view(op) => {
                Some(Expr::new(op.clone(), vec![self.log_complement(&x.inputs()[0], depth)?], x.shape()))
            }
            _ if !is_weight(x) => None,
            _ => Some(log1mexp(&self.logarithm_within(x, depth)?)),
        }
    }

    /// ln(1 + x), if there is a better form than log1p.
    pub(super) fn log1p(&self, x: &AnyExpr) -> Option<AnyExpr> {
        if let Some(x) = self.argument(x, Unary::Neg) {
            return self.log_complement(x, DEPTH);
        }
        if let Some(x) = self.argument(x, Unary::Expm1) {
            return Some(x.clone());
        }
        // ln(1 + eˣ) = softplus x
        if self.is_probability(x) || !is_weight(x) {
            return None;
        }
        self.logarithm(x).map(|x| x.softplus())
    }

    /// Whether an expression is a sigmoid or a softmax, perhaps seen otherwise.
    fn is_probability(&self, x: &AnyExpr) -> bool {
        match self.op(x) {
            Some(Op::Unary(Unary::Sigmoid) | Op::Softmax(Softmax::Probabilities)) => true,
            Some(op) if is_view(op) => self.is_probability(&x.inputs()[0]),
            _ => false,
        }
    }

    /// x, if an expression is eˣ, perhaps seen otherwise.
    pub(super) fn exponent(&self, x: &AnyExpr) -> Option<AnyExpr> {
        match self.op(x)? {
            Op::Unary(Unary::Exp) => Some(x.inputs()[0].clone()),
            Op::Unary(Unary::Recip) => self.exponent(&x.inputs()[0]).map(|x| -x),
            Op::Binary(Binary::Div) if is_number(&x.inputs()[0], 1.0) => {
                self.exponent(&x.inputs()[1]).map(|x| -x)
            }
            op if is_view(op) => {
                let inner = self.exponent(&x.inputs()[0])?;
                Some(Expr::new(x.op().clone(), vec![inner], x.shape()))
            }
            _ => None,
        }
    }
}

/// Whether an op gives its elements as they are, elsewhere.
pub(super) fn is_view(op: &Op) -> bool {
    matches!(op, Op::Reshape(_) | Op::Transpose(_) | Op::Broadcast(_) | Op::Slice(_))
}

/// The logarithm of what has no better form.
fn plain(x: &AnyExpr) -> AnyExpr {
    match number(x) {
        Some(number) => x.number_like(number.ln()).broadcast_to(x.shape()),
        None => x.ln(),
    }
}

/// ln(1 − eˣ) for negative x: ln(−(eˣ − 1)) where eˣ is near 1, log1p(−eˣ) where it is small (Mächler 2012, "Accurately
/// computing log(1 − exp(−|a|))").
fn log1mexp(x: &AnyExpr) -> AnyExpr {
    let near = x.gt(&x.number_like(-std::f64::consts::LN_2));
    Expr::select(&near, &(-x.expm1()).ln(), &(-x.exp()).log1p())
}

/// The expression with some axes, as one, at the end.
pub(super) fn last_axis(x: &AnyExpr, axes: &[usize]) -> AnyExpr {
    let (order, dims) = order(x.shape(), axes);
    let moved = if order.iter().copied().eq(0..x.rank()) { x.clone() } else { x.transpose(&order) };
    moved.reshape(dims)
}

/// The axes with some of them at the end, and the shape with these as one.
pub(super) fn order(shape: &Shape, axes: &[usize]) -> (Vec<usize>, Shape) {
    let mut order: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(axis)).collect();
    let kept: Vec<Dim> = order.iter().map(|&axis| shape[axis].clone()).collect();
    let one = axes.iter().fold(Dim::from(1usize), |product, &axis| product * &shape[axis]);
    order.extend(axes);
    (order, kept.into_iter().chain([one]).collect())
}
