//! Constants, algebra, and the forms that keep their digits.
//!
//! Every rule looks at one node whose inputs are simplified already, and either answers with what replaces it or with
//! nothing. The rules stand one below the other, grouped by the op they look at. Between numbers far from overflow a rule
//! changes results by rounding errors only; where a user writes the textbook formula, the rule puts the stable one. What is
//! multiplied by a known 0 is 0, even if it would not be a number.

use bayeux_tensor::{Float, Tensor};

use super::graph::{Builder, Graph, Id, Node};
use crate::ops::{Binary, Op, Reshape, Softmax, Sum, Transpose, Unary};

pub(super) fn simplify<T: Float>(graph: Graph<T>) -> Graph<T> {
    graph.rebuild(|builder, node| simplified(builder, node))
}

/// Adds a node in its simplest form.
fn simplified<T: Float>(b: &mut Builder<T>, node: &Node<T>) -> Id {
    if let Some(id) = fold(b, node) {
        return id;
    }
    let rewritten = match &node.op {
        Op::Unary(op) => unary(b, *op, node.inputs[0]),
        Op::Binary(op) => binary(b, *op, node.inputs[0], node.inputs[1]),
        Op::Select(_) => select(b, node),
        Op::Reshape(_) => reshape(b, node),
        Op::Broadcast(_) => broadcast(b, node),
        Op::Transpose(op) => transpose(b, op, node),
        Op::Sum(op) => sum(b, op, node),
        // softmax x = exp(log_softmax x), where that is there: cross-entropy and its adjoint share the exponentials
        Op::Softmax(Softmax::Probabilities) => b
            .find(Softmax::Logarithms, &node.inputs, &node.shape)
            .map(|logarithms| make_unary(b, Unary::Exp, logarithms)),
        Op::Slice(_) | Op::Pad(_) if b.shape(node.inputs[0]) == node.shape => Some(node.inputs[0]),
        _ => None,
    };
    rewritten.unwrap_or_else(|| b.add(node.op.clone(), node.inputs.clone(), node.shape.clone()))
}

/// Adds an op, simplified.
fn make<T: Float>(b: &mut Builder<T>, op: impl Into<Op<T>>, inputs: &[Id], shape: &[usize]) -> Id {
    let node = Node { op: op.into(), inputs: inputs.to_vec(), shape: shape.to_vec(), name: None };
    simplified(b, &node)
}

fn make_unary<T: Float>(b: &mut Builder<T>, op: Unary, x: Id) -> Id {
    let shape = b.shape(x).to_vec();
    make(b, op, &[x], &shape)
}

fn make_binary<T: Float>(b: &mut Builder<T>, op: Binary, x: Id, y: Id) -> Id {
    let shape = b.shape(x).to_vec();
    make(b, op, &[x, y], &shape)
}

/// The one number a node holds everywhere, if it is known.
fn number<T: Float>(b: &Builder<T>, id: Id) -> Option<T> {
    let node = b.node(id);
    match &node.op {
        Op::Constant(value) if value.0.len() == 1 => Some(value.0.item()),
        Op::Broadcast(_) | Op::Reshape(_) => number(b, node.inputs[0]),
        _ => None,
    }
}

fn is<T: Float>(b: &Builder<T>, id: Id, value: f64) -> bool {
    number(b, id).is_some_and(|number| number.to_f64() == value)
}

/// The input of a node that is this function.
fn argument<T: Float>(b: &Builder<T>, id: Id, op: Unary) -> Option<Id> {
    let node = b.node(id);
    matches!(&node.op, Op::Unary(found) if *found == op).then(|| node.inputs[0])
}

fn arguments<T: Float>(b: &Builder<T>, id: Id, op: Binary) -> Option<(Id, Id)> {
    let node = b.node(id);
    matches!(&node.op, Op::Binary(found) if *found == op).then(|| (node.inputs[0], node.inputs[1]))
}

/// If one of two is the number, the other.
fn other<T: Float>(b: &Builder<T>, (x, y): (Id, Id), value: f64) -> Option<Id> {
    if is(b, x, value) {
        Some(y)
    } else if is(b, y, value) {
        Some(x)
    } else {
        None
    }
}

/// The largest constant computed at compile time.
const FOLD: usize = 4096;

/// An op on known numbers is a known number.
fn fold<T: Float>(b: &mut Builder<T>, node: &Node<T>) -> Option<Id> {
    if node.inputs.is_empty() || matches!(node.op, Op::Broadcast(_)) {
        return None;
    }
    let uniform: Option<Vec<T>> = node.inputs.iter().map(|&input| number(b, input)).collect();
    if let (Some(numbers), Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Reshape(_)) =
        (uniform, &node.op)
    {
        let scalars: Vec<Tensor<T>> = numbers.into_iter().map(Tensor::scalar).collect();
        let value = node.op.rule().forward(&scalars, &[]).ok()?;
        return Some(b.full(value.item(), &node.shape));
    }
    let constant = |&input: &Id| match &b.node(input).op {
        Op::Constant(value) if value.0.len() <= FOLD => Some(value.0.clone()),
        _ => None,
    };
    let constants: Option<Vec<Tensor<T>>> = node.inputs.iter().map(constant).collect();
    if node.shape.iter().product::<usize>() > FOLD || matches!(node.op, Op::Custom(_)) {
        return None;
    }
    // An op that refuses its data will say so when the program runs.
    let value = node.op.rule().forward(&constants?, &node.shape).ok()?;
    Some(b.constant(value.contiguous()))
}

fn unary<T: Float>(b: &mut Builder<T>, op: Unary, x: Id) -> Option<Id> {
    // f(broadcast x) = broadcast f(x), on fewer elements.
    if let Op::Broadcast(_) = b.node(x).op {
        let shape = b.shape(x).to_vec();
        let inner = b.node(x).inputs[0];
        let inner = make_unary(b, op, inner);
        return Some(b.broadcast(inner, &shape));
    }
    match op {
        // −(−x) = x;   −(x − y) = y − x
        Unary::Neg => argument(b, x, Unary::Neg).or_else(|| {
            let (p, q) = arguments(b, x, Binary::Sub)?;
            Some(make_binary(b, Binary::Sub, q, p))
        }),
        // (−x)² = |x|² = x²;   (√x)² = x where that is a number: kept, for negative x
        Unary::Square => {
            let inner = argument(b, x, Unary::Neg).or_else(|| argument(b, x, Unary::Abs))?;
            Some(make_unary(b, op, inner))
        }
        // |−x| = ||x|| = |x|
        Unary::Abs => {
            let inner = argument(b, x, Unary::Neg).or_else(|| argument(b, x, Unary::Abs))?;
            Some(make_unary(b, op, inner))
        }
        // ln(1 + x), eˣ − 1 and their relatives
        Unary::Ln => logarithm(b, x),
        // ln(1 + eˣ) = softplus x
        Unary::Log1p => argument(b, x, Unary::Exp).map(|x| make_unary(b, Unary::Softplus, x)),
        _ => None,
    }
}

/// Stable forms of a logarithm.
fn logarithm<T: Float>(b: &mut Builder<T>, x: Id) -> Option<Id> {
    let shape = b.shape(x).to_vec();
    // ln eˣ = x
    if let Some(inner) = argument(b, x, Unary::Exp) {
        return Some(inner);
    }
    // ln sigmoid x = −softplus(−x)
    if let Some(inner) = argument(b, x, Unary::Sigmoid) {
        return Some(negative_softplus(b, inner, true));
    }
    // ln softmax x = log_softmax x
    if let (Op::Softmax(Softmax::Probabilities), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice()) {
        let inner = *inner;
        return Some(b.add(Softmax::Logarithms, vec![inner], shape));
    }
    // ln Σ eˣ along the last axis = logsumexp x
    if let (Op::Sum(axes), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice())
        && let Some(logits) = argument(b, *inner, Unary::Exp)
        && axes.0 == [b.shape(logits).len() - 1]
    {
        return Some(b.add(Softmax::Normaliser, vec![logits], shape));
    }
    // ln of a reshaped one of these: the reshape after
    if let (Op::Reshape(_), [inner]) = (&b.node(x).op, b.node(x).inputs.as_slice()) {
        let inner = logarithm(b, *inner)?;
        return Some(make(b, Reshape, &[inner], &shape));
    }
    // ln(1 − sigmoid x) = −softplus x
    if let Some((p, q)) = arguments(b, x, Binary::Sub)
        && is(b, p, 1.0)
        && let Some(inner) = argument(b, q, Unary::Sigmoid)
    {
        return Some(negative_softplus(b, inner, false));
    }
    // ln(1 + eˣ) = softplus x;   ln(1 + x) = log1p x
    let inner = other(b, arguments(b, x, Binary::Add)?, 1.0)?;
    Some(make_unary(b, Unary::Log1p, inner))
}

/// −softplus(±x)
fn negative_softplus<T: Float>(b: &mut Builder<T>, x: Id, minus: bool) -> Id {
    let x = if minus { make_unary(b, Unary::Neg, x) } else { x };
    let softplus = make_unary(b, Unary::Softplus, x);
    make_unary(b, Unary::Neg, softplus)
}

fn binary<T: Float>(b: &mut Builder<T>, op: Binary, x: Id, y: Id) -> Option<Id> {
    if let Some(id) = before_broadcast(b, op, x, y) {
        return Some(id);
    }
    let shape = b.shape(x).to_vec();
    match op {
        Binary::Add => {
            // x + 0 = x
            if let Some(x) = other(b, (x, y), 0.0) {
                return Some(x);
            }
            // x + (−y) = x − y
            if let Some(y) = argument(b, y, Unary::Neg) {
                return Some(make_binary(b, Binary::Sub, x, y));
            }
            if let Some(x) = argument(b, x, Unary::Neg) {
                return Some(make_binary(b, Binary::Sub, y, x));
            }
            in_order(b, op, x, y)
        }
        Binary::Sub => {
            // x − 0 = x
            if is(b, y, 0.0) {
                return Some(x);
            }
            // eˣ − 1 = expm1 x
            if let (true, Some(x)) = (is(b, y, 1.0), argument(b, x, Unary::Exp)) {
                return Some(make_unary(b, Unary::Expm1, x));
            }
            // 0 − y = −y
            if is(b, x, 0.0) {
                return Some(make_unary(b, Unary::Neg, y));
            }
            // x − (−y) = x + y
            let y = argument(b, y, Unary::Neg)?;
            Some(make_binary(b, Binary::Add, x, y))
        }
        Binary::Mul => {
            // x · 0 = 0: also for an infinite x, which has no better answer
            if is(b, x, 0.0) || is(b, y, 0.0) {
                return Some(b.full(T::ZERO, &shape));
            }
            // x · 1 = x;   x · −1 = −x
            if let Some(x) = other(b, (x, y), 1.0) {
                return Some(x);
            }
            if let Some(x) = other(b, (x, y), -1.0) {
                return Some(make_unary(b, Unary::Neg, x));
            }
            // x · x = x²
            if x == y {
                return Some(make_unary(b, Unary::Square, x));
            }
            // (−x) · y = −(x · y), so that signs meet and cancel
            if let Some(x) = argument(b, x, Unary::Neg) {
                let product = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, product));
            }
            if let Some(y) = argument(b, y, Unary::Neg) {
                let product = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, product));
            }
            // c · (d · x) = (c · d) · x
            for (c, product) in [(x, y), (y, x)] {
                if let (Some(c), Some((p, q))) = (number(b, c), arguments(b, product, Binary::Mul))
                    && let Some((d, rest)) = number(b, p).map(|d| (d, q)).or(number(b, q).map(|d| (d, p)))
                {
                    // A product that overflows or underflows would change more than the last digits.
                    if !(1e-30..1e30).contains(&(c * d).abs().to_f64()) {
                        return None;
                    }
                    let factor = b.full(c * d, &shape);
                    return Some(make_binary(b, op, factor, rest));
                }
            }
            in_order(b, op, x, y)
        }
        Binary::Div => {
            // x / 1 = x;   1 / y = recip y
            if is(b, y, 1.0) {
                return Some(x);
            }
            if is(b, x, 1.0) {
                return Some(make_unary(b, Unary::Recip, y));
            }
            // x / c = x · (1/c) where 1/c is exact
            if let Some(c) = number(b, y)
                && exactly_invertible(c)
            {
                let inverse = b.full(T::ONE / c, &shape);
                return Some(make_binary(b, Binary::Mul, x, inverse));
            }
            // (−x) / y = −(x / y)
            if let Some(x) = argument(b, x, Unary::Neg) {
                let quotient = make_binary(b, op, x, y);
                return Some(make_unary(b, Unary::Neg, quotient));
            }
            softmax(b, x, y)
        }
        Binary::Pow => {
            // x⁰ = 1, x¹ = x, x² = square, x^½ = √x, x⁻¹ = 1/x
            let exponent = number(b, y)?.to_f64();
            match exponent {
                0.0 => Some(b.full(T::ONE, &shape)),
                1.0 => Some(x),
                2.0 => Some(make_unary(b, Unary::Square, x)),
                0.5 => Some(make_unary(b, Unary::Sqrt, x)),
                -1.0 => Some(make_unary(b, Unary::Recip, x)),
                _ => None,
            }
        }
        // max(x, x) = min(x, x) = x
        Binary::Maximum | Binary::Minimum if x == y => Some(x),
        Binary::Maximum | Binary::Minimum | Binary::Eq | Binary::Ne => in_order(b, op, x, y),
        _ => None,
    }
}

/// A power of two, whose inverse is exact too.
fn exactly_invertible<T: Float>(c: T) -> bool {
    let c = c.to_f64().abs();
    (1e-30..1e30).contains(&c) && c.log2().fract() == 0.0
}

/// eˣ / Σ eˣ along the last axis = softmax x
fn softmax<T: Float>(b: &mut Builder<T>, x: Id, y: Id) -> Option<Id> {
    let logits = argument(b, x, Unary::Exp)?;
    let shape = b.shape(x).to_vec();
    let mut total = y;
    while let Op::Broadcast(_) | Op::Reshape(_) = b.node(total).op {
        total = b.node(total).inputs[0];
    }
    let node = b.node(total);
    let last = shape.len().checked_sub(1)?;
    let sums_last = matches!(&node.op, Op::Sum(axes) if axes.0 == [last]) && node.inputs == [x];
    // The sum must be repeated along the axis it was taken over; leading axes of size 1 may have been left out.
    let mut keep = shape.clone();
    keep[last] = 1;
    let repeated = matches!(b.node(y).op, Op::Broadcast(_)) && {
        let inner = b.shape(b.node(y).inputs[0]);
        let (lead, rest) = keep.split_at(keep.len().saturating_sub(inner.len()));
        rest == inner && lead.iter().all(|&n| n == 1)
    };
    (sums_last && repeated).then(|| b.add(Softmax::Probabilities, vec![logits], shape))
}

/// Exchanges the inputs of a commutative op so that equal computations look equal.
fn in_order<T: Float>(b: &mut Builder<T>, op: Binary, x: Id, y: Id) -> Option<Id> {
    (x > y).then(|| {
        let shape = b.shape(x).to_vec();
        b.add(op, vec![y, x], shape)
    })
}

/// Two repeated inputs are combined first, where they have fewer elements, and repeated then.
fn before_broadcast<T: Float>(b: &mut Builder<T>, op: Binary, x: Id, y: Id) -> Option<Id> {
    let (Op::Broadcast(_), Op::Broadcast(_)) = (&b.node(x).op, &b.node(y).op) else { return None };
    let shape = b.shape(x).to_vec();
    let (x, y) = (b.node(x).inputs[0], b.node(y).inputs[0]);
    let joint = joint_shape(b.shape(x), b.shape(y))?;
    if joint.iter().product::<usize>() >= shape.iter().product() {
        return None;
    }
    let (x, y) = (make_broadcast(b, x, &joint), make_broadcast(b, y, &joint));
    let inner = make_binary(b, op, x, y);
    Some(make_broadcast(b, inner, &shape))
}

fn make_broadcast<T: Float>(b: &mut Builder<T>, x: Id, shape: &[usize]) -> Id {
    if b.shape(x) == shape { x } else { make(b, crate::ops::Broadcast, &[x], shape) }
}

fn joint_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        })
        .collect()
}

fn select<T: Float>(b: &mut Builder<T>, node: &Node<T>) -> Option<Id> {
    let [condition, x, y] = node.inputs[..] else { return None };
    // A known condition chooses now; equal choices need none.
    if x == y {
        return Some(x);
    }
    number(b, condition).map(|condition| if condition != T::ZERO { x } else { y })
}

fn reshape<T: Float>(b: &mut Builder<T>, node: &Node<T>) -> Option<Id> {
    let input = b.node(node.inputs[0]);
    if input.shape == node.shape {
        return Some(node.inputs[0]);
    }
    match input.op {
        // A reshape of a reshape is one.
        Op::Reshape(_) => {
            let inner = input.inputs[0];
            Some(b.reshape(inner, &node.shape))
        }
        // One number repeated stays so in any shape.
        Op::Broadcast(_) if b.shape(input.inputs[0]).iter().all(|&n| n == 1) => {
            let inner = input.inputs[0];
            let scalar = b.reshape(inner, &[]);
            Some(b.broadcast(scalar, &node.shape))
        }
        _ => None,
    }
}

fn broadcast<T: Float>(b: &mut Builder<T>, node: &Node<T>) -> Option<Id> {
    let input = b.node(node.inputs[0]);
    if input.shape == node.shape {
        return Some(node.inputs[0]);
    }
    match input.op {
        // A broadcast of a broadcast is one.
        Op::Broadcast(_) => {
            let inner = input.inputs[0];
            Some(b.broadcast(inner, &node.shape))
        }
        // Leading ones come by themselves.
        Op::Reshape(_) => {
            let inner = input.inputs[0];
            let lead = input.shape.len().checked_sub(b.shape(inner).len())?;
            let adds_ones =
                input.shape[..lead].iter().all(|&n| n == 1) && &input.shape[lead..] == b.shape(inner);
            adds_ones.then(|| b.broadcast(inner, &node.shape))
        }
        _ => None,
    }
}

fn transpose<T: Float>(b: &mut Builder<T>, op: &Transpose, node: &Node<T>) -> Option<Id> {
    if op.0.iter().copied().eq(0..op.0.len()) {
        return Some(node.inputs[0]);
    }
    if let Some(value) = number(b, node.inputs[0]) {
        return Some(b.full(value, &node.shape));
    }
    // A transpose of a transpose is one.
    let input = b.node(node.inputs[0]);
    let Op::Transpose(first) = &input.op else { return None };
    let both = op.0.iter().map(|&axis| first.0[axis]).collect();
    let inner = input.inputs[0];
    Some(make(b, Transpose(both), &[inner], &node.shape))
}

fn sum<T: Float>(b: &mut Builder<T>, op: &Sum, node: &Node<T>) -> Option<Id> {
    let x = node.inputs[0];
    let shape = b.shape(x).to_vec();
    // Over axes of size 1 there is nothing to add.
    if op.0.iter().all(|&axis| shape[axis] == 1) {
        return Some(make(b, Reshape, &[x], &node.shape));
    }
    let input = b.node(x).clone();
    match &input.op {
        // Σ Σ is one sum.
        Op::Sum(inner) => {
            let mut kept: Vec<usize> = (0..b.shape(input.inputs[0]).len()).collect();
            kept.retain(|axis| !inner.0.contains(axis));
            let mut axes: Vec<usize> =
                op.0.iter().map(|&axis| kept[axis]).chain(inner.0.iter().copied()).collect();
            axes.sort_unstable();
            Some(make(b, Sum(axes), &[input.inputs[0]], &node.shape))
        }
        // The sum of all elements does not mind the shape.
        Op::Reshape(_) if node.shape.is_empty() => {
            let axes = (0..b.shape(input.inputs[0]).len()).collect();
            Some(make(b, Sum(axes), &[input.inputs[0]], &[]))
        }
        // Σ −x = −Σ x
        Op::Unary(Unary::Neg) => {
            let total = make(b, op.clone(), &[input.inputs[0]], &node.shape);
            Some(make_unary(b, Unary::Neg, total))
        }
        // Σ c x = c Σ x
        Op::Binary(Binary::Mul) => {
            let scalar = |b: &Builder<T>, id: Id| match b.node(id).op {
                Op::Broadcast(_) => {
                    let inner = b.node(id).inputs[0];
                    b.shape(inner).iter().all(|&n| n == 1).then_some(inner)
                }
                _ => None,
            };
            let (p, q) = (input.inputs[0], input.inputs[1]);
            let (factor, rest) = scalar(b, p).map(|c| (c, q)).or_else(|| scalar(b, q).map(|c| (c, p)))?;
            let total = make(b, op.clone(), &[rest], &node.shape);
            let factor = b.reshape(factor, &[]);
            let factor = make_broadcast(b, factor, &node.shape);
            Some(make_binary(b, Binary::Mul, factor, total))
        }
        // Σ over repeats is a product with their number.
        Op::Broadcast(_) => {
            let inner = input.inputs[0];
            let added = shape.len() - b.shape(inner).len();
            let repeated =
                |axis: usize| axis < added || (b.shape(inner)[axis - added] == 1 && shape[axis] != 1);
            if !op.0.iter().all(|&axis| repeated(axis)) {
                return None;
            }
            let count: usize = op.0.iter().map(|&axis| shape[axis]).product();
            // What is left of the inner shape, without the axes of size 1 that were summed over.
            let left: Vec<usize> = (added..shape.len())
                .filter(|axis| !op.0.contains(axis))
                .map(|axis| b.shape(inner)[axis - added])
                .collect();
            let inner = make(b, Reshape, &[inner], &left);
            let inner = make_broadcast(b, inner, &node.shape);
            let count = b.full(T::from_f64(count as f64), &node.shape);
            Some(make_binary(b, Binary::Mul, inner, count))
        }
        _ => None,
    }
}
