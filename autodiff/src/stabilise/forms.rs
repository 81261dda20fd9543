//! The table of rules.

use super::logarithm::{last_axis, order};
use super::{Rule, Stabiliser};
use crate::known::{is_nonnegative, is_number, is_positive};
use crate::ops::{Binary, Op, Pool2d, PoolMap, Unary};
use crate::{AnyExpr, Dim, Expr};

impl Stabiliser {
    pub(crate) const RULES: &'static [Rule] = &[
        // ln f(x), where f is made of eˣ, σ, softmax: see `logarithm`
        Rule::new("logarithm", |s, node| s.logarithm(s.argument(node, Unary::Ln)?)),
        // ln(1 + x) = log1p x, ln(1 − x) = log1p(−x)
        Rule::new("log1p", |s, node| {
            let x = s.argument(node, Unary::Ln)?;
            if let Some([a, b]) = s.arguments(x, Binary::Sub) {
                return is_number(a, 1.0).then(|| (-b).log1p());
            }
            let [a, b] = s.arguments(x, Binary::Add)?;
            let other = if is_number(a, 1.0) { b } else { is_number(b, 1.0).then_some(a)? };
            Some(other.log1p())
        }),
        // log1p eˣ = softplus x, log1p(−σ(x)) = −softplus x, log1p(eˣ − 1) = x
        Rule::new("log1p-exp", |s, node| s.log1p(s.argument(node, Unary::Log1p)?)),
        // eˣ − 1 = expm1 x
        Rule::new("expm1", |s, node| {
            let [a, b] = s.arguments(node, Binary::Sub)?;
            is_number(b, 1.0).then(|| Some(s.exponent(a)?.expm1()))?
        }),
        // eˣ + (−1) = expm1 x
        Rule::new("expm1-plus", |s, node| {
            let [a, b] = s.arguments(node, Binary::Add)?;
            let power = if is_number(b, -1.0) { a } else { is_number(a, -1.0).then_some(b)? };
            Some(s.exponent(power)?.expm1())
        }),
        // 1 − eˣ = −expm1 x, 1 − σ(x) = σ(−x)
        Rule::new("one-minus", |s, node| {
            let [a, b] = s.arguments(node, Binary::Sub)?;
            if !is_number(a, 1.0) {
                return None;
            }
            match s.argument(b, Unary::Sigmoid) {
                Some(x) => Some((-x).sigmoid()),
                None => Some(-s.exponent(b)?.expm1()),
            }
        }),
        // expm1(log1p x) = x for x ≥ −1, otherwise undefined
        Rule::new("expm1-log1p", |s, node| {
            let x = s.argument(s.argument(node, Unary::Expm1)?, Unary::Log1p)?;
            let nan = x.number_like(f64::NAN);
            Some(if is_nonnegative(x) {
                x.clone()
            } else {
                Expr::select(&x.ge(&x.number_like(-1.0)), x, &nan)
            })
        }),
        // 1 / (1 + e⁻ˣ) = eˣ / (1 + eˣ) = σ(x)
        Rule::new("sigmoid", |s, node| {
            if let Some(below) = s.argument(node, Unary::Recip) {
                return s.one_plus_exp(below).map(|x| (-x).sigmoid());
            }
            let [above, below] = s.arguments(node, Binary::Div)?;
            let x = s.one_plus_exp(below)?;
            if is_number(above, 1.0) {
                return Some((-x).sigmoid());
            }
            s.exponent(above).filter(|other| s.same(other, &x)).map(|x| x.sigmoid())
        }),
        // (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) = tanh x
        Rule::new("tanh", |s, node| {
            let [above, below] = s.arguments(node, Binary::Div)?;
            let ([p, q], [u, v]) = (s.arguments(above, Binary::Sub)?, s.arguments(below, Binary::Add)?);
            let x = s.exponent(p)?;
            let opposite = s.same(&s.exponent(q)?, &-&x);
            (opposite && s.same(p, u) && s.same(q, v)).then(|| x.tanh())
        }),
        // eˣ / Σ eˣ = softmax x
        Rule::new("softmax", |s, node| {
            let [above, below] = s.arguments(node, Binary::Div)?;
            s.softmax(above, below)
        }),
        // √x² = |x|
        Rule::new("root-of-square", |s, node| {
            let inner = s.argument(node, Unary::Sqrt)?;
            let product = s.arguments(inner, Binary::Mul).filter(|[a, b]| s.same(a, b)).map(|[a, _]| a);
            s.argument(inner, Unary::Square).or(product).map(Expr::abs)
        }),
        // √(x² + y²) = hypot(x, y)
        Rule::new("hypot", |s, node| s.hypot(s.argument(node, Unary::Sqrt)?)),
        // √Σx² = ‖x‖
        Rule::new("norm", |s, node| s.norm(s.argument(node, Unary::Sqrt)?)),
        // E x² − (E x)² = E (x − E x)²
        Rule::new("variance", |s, node| s.variance(node)),
        // exp ln x = x for positive x
        Rule::new("exp-of-logarithm", |s, node| {
            let x = s.argument(s.argument(node, Unary::Exp)?, Unary::Ln)?;
            is_positive(x).then(|| x.clone())
        }),
        // select(a ≥ 0, x, y) = x for a that is never negative. So a density on the positive numbers costs nothing where what it is
        // of is positive by its making; of what is undefined it is undefined.
        Rule::new("choice", |s, node| {
            let (Op::Select(_), [condition, x, _]) = (node.op(), node.inputs()) else { return None };
            let [a, b] = s.arguments(inner_of_repeats(condition), Binary::Ge)?;
            (is_number(b, 0.0) && is_nonnegative(a)).then(|| x.clone())
        }),
        // The largest is decided before the function, compiled or not, so that elements which it makes equal are no tie; and the
        // function has less to do.
        // max_pool f(x) = f(max_pool x) for increasing f, max_pool(x ± b) = max_pool x ± b
        Rule::new("pool", |s, node| s.pool(node)),
    ];

    /// The increasing function of a smaller pool, or the sum with one, that stands for a max-pool.
    fn pool(&self, node: &AnyExpr) -> Option<AnyExpr> {
        let Op::Pool2d(Pool2d { map: PoolMap::Largest, .. }) = node.op() else { return None };
        let pooled = |x: &AnyExpr| {
            let pooled = Expr::new(node.op().clone(), vec![x.clone()], node.shape());
            self.pool(&pooled).unwrap_or(pooled)
        };
        let x = &node.inputs()[0];
        let repeated = |b: &AnyExpr| shift(b).map(|b| b.broadcast_to(node.shape()));
        let inputs = match (self.op(x)?, x.inputs()) {
            (Op::Unary(op), [x]) if op.is_increasing() => vec![pooled(x)],
            (Op::Binary(Binary::Add), [x, b]) if shift(b).is_some() => vec![pooled(x), repeated(b)?],
            (Op::Binary(Binary::Add), [b, x]) if shift(b).is_some() => vec![repeated(b)?, pooled(x)],
            (Op::Binary(Binary::Sub), [x, b]) if shift(b).is_some() => vec![pooled(x), repeated(b)?],
            _ => return None,
        };
        Some(Expr::new(x.op().clone(), inputs, node.shape()))
    }

    /// x, if an expression is 1 + eˣ.
    fn one_plus_exp(&self, sum: &AnyExpr) -> Option<AnyExpr> {
        let [a, b] = self.arguments(sum, Binary::Add)?;
        let power = if is_number(a, 1.0) { b } else { is_number(b, 1.0).then_some(a)? };
        self.exponent(power)
    }

    /// The softmax of x along some axes, if the one is eˣ and the other its sum along them, repeated.
    fn softmax(&self, above: &AnyExpr, below: &AnyExpr) -> Option<AnyExpr> {
        let x = self.argument(above, Unary::Exp)?;
        let mut total = below;
        let (mut repeated, mut reshaped) = (None, false);
        loop {
            match self.op(total)? {
                Op::Broadcast(_) if repeated.is_none() && !reshaped => {
                    repeated = Some(total.inputs()[0].shape())
                }
                // Outside of what repeats it, it would give the sums to other elements.
                Op::Reshape(_) => reshaped = true,
                _ => break,
            }
            total = &total.inputs()[0];
        }
        let Op::Sum(sum) = self.op(total)? else { return None };
        let axes = &sum.0;
        // The sum must be repeated along the axes it was taken over; leading axes of size 1 may have been left out.
        let keep = x.shape().with_ones(axes);
        let inner = repeated.unwrap_or(below.shape()).dims();
        let (lead, rest) = keep.dims().split_at(keep.rank().checked_sub(inner.len())?);
        if rest != inner || !lead.iter().all(|dim| dim.is_one()) || !self.same(&total.inputs()[0], above) {
            return None;
        }
        let (order, _) = order(x.shape(), axes);
        let moved: Vec<_> = order.iter().map(|&axis| x.shape()[axis].clone()).collect();
        let probabilities = last_axis(x, axes).softmax().reshape(moved);
        if order.iter().copied().eq(0..x.rank()) {
            return Some(probabilities);
        }
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
        Some(probabilities.transpose(&back))
    }
}

/// What is repeated, if images `[n, c, h, w]` are the same all over each channel.
fn shift(images: &AnyExpr) -> Option<&AnyExpr> {
    let Op::Broadcast(_) = images.op() else { return None };
    let inner = &images.inputs()[0];
    inner.shape().dims().iter().rev().take(2).all(Dim::is_one).then_some(inner)
}

/// What is repeated.
fn inner_of_repeats(x: &AnyExpr) -> &AnyExpr {
    match x.op() {
        Op::Broadcast(_) | Op::Reshape(_) => inner_of_repeats(&x.inputs()[0]),
        _ => x,
    }
}
