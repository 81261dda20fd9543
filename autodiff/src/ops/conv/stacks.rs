//! Convolutions of stacks: each is one convolution, with the stack among the images, the channels or the groups.

use super::{Conv2d, ConvMap};
use crate::ops::Batch;
use crate::{AnyExpr, Dim, Shape};

/// The value for a stack, or `None` where both inputs are stacked and it is not known how large the stack is.
#[track_caller]
pub(super) fn batched(op: &Conv2d, batch: &Batch<'_>) -> Option<AnyExpr> {
    let (size, groups) = (batch.size(), op.options.groups);
    let [a, b] = [batch.given(0), batch.given(1)];
    let shape = batch.shape(0);
    // Of one part: behind the stack.
    let part = |axis: usize| shape[axis + 1].clone();
    let rest = || shape.dims()[3..].iter().cloned();
    let of = |op: &Conv2d, a: &AnyExpr, b: &AnyExpr, front: [Dim; 2]| -> AnyExpr {
        let shape: Shape = front.into_iter().chain(rest()).collect();
        AnyExpr::new(*op, vec![a.clone(), b.clone()], shape)
    };
    let value = match (op.map, batch.is_stacked(0), batch.is_stacked(1)) {
        (ConvMap::Forward | ConvMap::Images, true, false) => {
            let images = merged(a, 0);
            of(op, &images, b, [size * part(0), part(1)])
        }
        (ConvMap::Forward, false, true) => {
            let filters = merged(&merged(&inside(b, 0, groups), 0), 0);
            apart(&of(op, a, &filters, [part(0), size * part(1)]), 1, groups, size)
        }
        (ConvMap::Images, false, true) => {
            let filters = merged(&moved(b, 0, 1), 1);
            apart(&of(op, a, &filters, [part(0), size * part(1)]), 1, groups, size)
        }
        (ConvMap::Filters, true, false) => {
            let images = merged(&merged(&inside(a, 1, groups), 1), 1);
            let filters = of(op, &images, b, [part(0), size * part(1)]);
            moved(&split(&filters, 1, size), 1, 0)
        }
        (ConvMap::Filters, false, true) => {
            let outputs = merged(&merged(&inside(b, 1, groups), 1), 1);
            apart(&of(op, a, &outputs, [size * part(0), part(1)]), 0, groups, size)
        }
        // Each part is groups of its own.
        (map, true, true) => {
            let mut options = op.options;
            options.groups = groups.checked_mul(size.size().filter(|&size| size > 0)?)?;
            let op = Conv2d { map, options };
            let channels = |x: &AnyExpr| merged(&moved(x, 0, 1), 1);
            match map {
                ConvMap::Filters => of(&op, &channels(a), &channels(b), [size * part(0), part(1)]),
                _ => {
                    let value = of(&op, &channels(a), &merged(b, 0), [part(0), size * part(1)]);
                    moved(&split(&value, 1, size), 1, 0)
                }
            }
        }
        (_, false, false) => return None,
    };
    Some(value.reshape(shape))
}

/// Two neighbouring axes as one.
#[track_caller]
fn merged(x: &AnyExpr, axis: usize) -> AnyExpr {
    let joint = x.dim(axis) * x.dim(axis + 1);
    x.reshape(x.shape().without(&[axis]).with(axis, joint))
}

/// An axis as two, of which the first has a size.
#[track_caller]
fn split(x: &AnyExpr, axis: usize, size: &Dim) -> AnyExpr {
    let rest = x.dim(axis).divide(size).unwrap_or_else(|| unreachable!("{size} is a factor of axis {axis}"));
    let mut dims = x.shape().dims().to_vec();
    dims.splice(axis..=axis, [size.clone(), rest]);
    x.reshape(dims)
}

/// An axis moved to another place.
#[track_caller]
fn moved(x: &AnyExpr, from: usize, to: usize) -> AnyExpr {
    let mut axes: Vec<usize> = (0..x.rank()).collect();
    let axis = axes.remove(from);
    axes.insert(to, axis);
    x.transpose(&axes)
}

/// The stack, the first axis, between the groups and the channels of one along the channels' axis of a part.
#[track_caller]
fn inside(x: &AnyExpr, channels: usize, groups: usize) -> AnyExpr {
    moved(&split(x, channels + 1, &Dim::from(groups)), 0, channels + 1)
}

/// The way back.
#[track_caller]
fn apart(x: &AnyExpr, channels: usize, groups: usize, size: &Dim) -> AnyExpr {
    let by_group = split(&split(x, channels, &Dim::from(groups)), channels + 1, size);
    merged(&moved(&by_group, channels + 1, 0), channels + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expr;

    #[test]
    fn a_stack_goes_into_its_groups_and_back() {
        let x = Expr::<f32>::zeros([5, 2, 6, 3]).untyped();
        let within = inside(&x, 1, 2);
        assert_eq!(within.shape(), &[2, 2, 5, 3, 3].into());
        let joint = merged(&merged(&within, 1), 1);
        assert_eq!(joint.shape(), &[2, 30, 3].into());
        assert_eq!(apart(&joint, 1, 2, &Dim::from(5usize)).shape(), x.shape());
    }
}
