//! Rules for rows that are added to a table of zeros, as the gradient of rows taken from a table is: what becomes of them becomes of
//! the rows, and the zeros are never made.

use super::{Rewriter, Rule};
use crate::compile::graph::Id;
use crate::ops::{Binary, Op, Scatter, Unary};

pub(super) fn rules() -> &'static [Rule] {
    &[
        // x ± scatter(0, i, g) = scatter(x, i, ±g)
        Rule {
            name: "add-rows",
            on: |op| matches!(op, Op::Binary(Binary::Add | Binary::Sub)),
            apply: |r, node| {
                let [x, y] = node.inputs[..] else { return None };
                let minus = node.op == Op::Binary(Binary::Sub);
                let (table, (scatter, indices, rows)) = match (rows_of(r, x), rows_of(r, y)) {
                    (_, Some(rows)) => (x, rows),
                    (Some(rows), None) if !minus => (y, rows),
                    _ => return None,
                };
                let rows = if minus { r.make_unary(Unary::Neg, rows) } else { rows };
                Some(r.add(scatter, vec![table, indices, rows], node.shape.clone()))
            },
        },
        // c · scatter(0, i, g) = scatter(0, i, c · g) for one number c
        Rule {
            name: "multiply-rows",
            on: |op| matches!(op, Op::Binary(Binary::Mul)),
            apply: |r, node| {
                let [x, y] = node.inputs[..] else { return None };
                let (factor, table) = one(r, x).map(|c| (c, y)).or_else(|| one(r, y).map(|c| (c, x)))?;
                let (scatter, indices, rows) = rows_of(r, table)?;
                let (zeros, shape) = (r.node(table).inputs[0], r.shape(rows).to_vec());
                let factor = r.reshape(factor, &[]);
                let factor = r.make_broadcast(factor, &shape);
                let rows = r.make_binary(Binary::Mul, factor, rows);
                Some(r.add(scatter, vec![zeros, indices, rows], node.shape.clone()))
            },
        },
        // −scatter(0, i, g) = scatter(0, i, −g)
        Rule {
            name: "negate-rows",
            on: |op| matches!(op, Op::Unary(Unary::Neg)),
            apply: |r, node| {
                let (scatter, indices, rows) = rows_of(r, node.inputs[0])?;
                let zeros = r.node(node.inputs[0]).inputs[0];
                let rows = r.make_unary(Unary::Neg, rows);
                Some(r.add(scatter, vec![zeros, indices, rows], node.shape.clone()))
            },
        },
    ]
}

/// The operation, positions and rows, if a node is rows added to zeros.
fn rows_of(r: &Rewriter<'_>, id: Id) -> Option<(Scatter, Id, Id)> {
    let node = r.node(id);
    match &node.op {
        Op::Scatter(op) if r.is(node.inputs[0], 0.0) => Some((*op, node.inputs[1], node.inputs[2])),
        _ => None,
    }
}

/// What is repeated, if a node is one number everywhere.
fn one(r: &Rewriter<'_>, id: Id) -> Option<Id> {
    let node = r.node(id);
    match node.op {
        Op::Broadcast(_) => Some(node.inputs[0]).filter(|&inner| r.shape(inner).iter().all(|&n| n == 1)),
        _ => None,
    }
}
