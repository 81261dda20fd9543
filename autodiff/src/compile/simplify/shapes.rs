//! Rules for repetition, transposition, other shapes and sums.

use super::{arguments, is, make, make_binary, make_unary, number};
use crate::compile::graph::{Builder, Id, Node};
use crate::ops::{Binary, Op, Reshape, Select, Sum, Transpose, Unary};

/// Two repeated inputs are combined first, where they have fewer elements, and repeated then.
pub(super) fn before_broadcast(b: &mut Builder, op: Binary, x: Id, y: Id) -> Option<Id> {
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

fn make_broadcast(b: &mut Builder, x: Id, shape: &[usize]) -> Id {
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

pub(super) fn select(b: &mut Builder, node: &Node) -> Option<Id> {
    let [condition, x, y] = node.inputs[..] else { return None };
    // A known condition chooses now; equal choices need none.
    if x == y {
        return Some(x);
    }
    // c ≠ 0 chooses as c does: among floats a condition is true unless it is 0.
    if let Some((c, zero)) = arguments(b, condition, Binary::Ne)
        && is(b, zero, 0.0)
    {
        return Some(make(b, Select, &[c, x, y], &node.shape));
    }
    number(b, condition).map(|condition| if condition != 0.0 { x } else { y })
}

pub(super) fn reshape(b: &mut Builder, node: &Node) -> Option<Id> {
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

pub(super) fn broadcast(b: &mut Builder, node: &Node) -> Option<Id> {
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

pub(super) fn transpose(b: &mut Builder, op: &Transpose, node: &Node) -> Option<Id> {
    if op.0.iter().copied().eq(0..op.0.len()) {
        return Some(node.inputs[0]);
    }
    if let Some(value) = number(b, node.inputs[0]) {
        return Some(b.full(node.element, value, &node.shape));
    }
    // A transpose of a transpose is one.
    let input = b.node(node.inputs[0]);
    let Op::Transpose(first) = &input.op else { return None };
    let both = op.0.iter().map(|&axis| first.0[axis]).collect();
    let inner = input.inputs[0];
    Some(make(b, Transpose(both), &[inner], &node.shape))
}

pub(super) fn sum(b: &mut Builder, op: &Sum, node: &Node) -> Option<Id> {
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
            let scalar = |b: &Builder, id: Id| match b.node(id).op {
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
            let count = b.full(node.element, count as f64, &node.shape);
            Some(make_binary(b, Binary::Mul, inner, count))
        }
        _ => None,
    }
}

/// Rules for rows that are added to a table of zeros, as the gradient of rows taken from a table is: what becomes of them becomes of
/// the rows, and the zeros are never made.
pub(super) fn scattered(b: &mut Builder, op: Binary, x: Id, y: Id) -> Option<Id> {
    let of_zeros = |b: &Builder, id: Id| match &b.node(id).op {
        Op::Scatter(op) if is(b, b.node(id).inputs[0], 0.0) => {
            Some((*op, b.node(id).inputs[1], b.node(id).inputs[2]))
        }
        _ => None,
    };
    let shape = b.shape(x).to_vec();
    match op {
        // x ± scatter(0, i, g) = scatter(x, i, ±g)
        Binary::Add | Binary::Sub => {
            let (table, (scatter, indices, rows)) = match (op, of_zeros(b, x), of_zeros(b, y)) {
                (_, _, Some(rows)) => (x, rows),
                (Binary::Add, Some(rows), None) => (y, rows),
                _ => return None,
            };
            let rows = if op == Binary::Sub { make_unary(b, Unary::Neg, rows) } else { rows };
            Some(b.add(scatter, vec![table, indices, rows], shape))
        }
        // c · scatter(0, i, g) = scatter(0, i, c · g) for a number c
        Binary::Mul => {
            let number = |b: &Builder, id: Id| match &b.node(id).op {
                Op::Broadcast(_) => {
                    Some(b.node(id).inputs[0]).filter(|&of| b.shape(of).iter().all(|&n| n == 1))
                }
                _ => None,
            };
            let (factor, table) = number(b, x).map(|c| (c, y)).or_else(|| number(b, y).map(|c| (c, x)))?;
            let (scatter, indices, rows) = of_zeros(b, table)?;
            let zeros = b.node(table).inputs[0];
            let of_rows = b.shape(rows).to_vec();
            let factor = b.reshape(factor, &[]);
            let factor = make_broadcast(b, factor, &of_rows);
            let rows = make_binary(b, Binary::Mul, factor, rows);
            Some(b.add(scatter, vec![zeros, indices, rows], shape))
        }
        _ => None,
    }
}
