//! A rule for parts that are padded with zeros to be added up, as the gradient of a value that is cut into parts is: nothing is added
//! but zeros, and the parts are written one behind the other.

use std::sync::Arc;

use super::{Rewriter, Rule};
use crate::compile::graph::{Id, Node};
use crate::ops::{Binary, Concat, Op, Pad};

/// Parts at most: each sum on the way looks at those that it has.
const MOST: usize = 64;

pub(super) fn rules() -> &'static [Rule] {
    &[
        // pad(x) + pad(y) = pad(concat(x, y)) where one ends as the other begins
        Rule {
            name: "add-parts",
            on: |op| matches!(op, Op::Binary(Binary::Add)),
            apply: |r, node| {
                let mut parts = Vec::new();
                let axis =
                    node.inputs.iter().try_fold(None, |axis, &x| collect(r, x, axis, &mut parts, MOST))??;
                parts.sort_unstable();
                let size = |id: Id| r.shape(id)[axis];
                if !parts.windows(2).all(|pair| pair[0].0 + size(pair[0].1) == pair[1].0) {
                    return None;
                }
                let (before, end) = (parts[0].0, parts[parts.len() - 1]);
                let mut shape = node.shape.clone();
                shape[axis] = end.0 + size(end.1) - before;
                let parts = parts.into_iter().map(|(_, part)| part).collect();
                let all = r.add(Arc::new(Concat(axis)), parts, shape);
                Some(r.make(Pad { axis, before: before.into() }, &[all], &node.shape))
            },
        },
    ]
}

/// The parts of a sum with the places where they begin, if it is a sum of padded parts of the axis; the axis.
#[allow(clippy::option_option)] // there may be none yet
fn collect(
    r: &Rewriter<'_>,
    id: Id,
    axis: Option<usize>,
    parts: &mut Vec<(usize, Id)>,
    depth: usize,
) -> Option<Option<usize>> {
    let node = r.node(id);
    match &node.op {
        Op::Pad(pad) if axis.is_none_or(|axis| axis == pad.axis) && parts.len() < MOST => {
            let (mut place, inner) = (pad.before.size()?, node.inputs[0]);
            let mut add = |part: Id| {
                parts.push((place, part));
                place += r.shape(part)[pad.axis];
            };
            let Node { op, inputs, .. } = r.node(inner);
            match Concat::axis(op) {
                Some(along) if along == pad.axis => inputs.iter().for_each(|&part| add(part)),
                _ => add(inner),
            }
            Some(Some(pad.axis))
        }
        Op::Binary(Binary::Add) => {
            // Of long sums, which are not of parts, only so many addends are looked at.
            let depth = depth.checked_sub(1)?;
            node.inputs.iter().try_fold(axis, |axis, &x| collect(r, x, axis, parts, depth))
        }
        _ => None,
    }
}
