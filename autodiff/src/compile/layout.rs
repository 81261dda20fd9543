//! Where each value's elements are: in a buffer of its own, or in another's, seen otherwise.

use super::graph::{Builder, Graph, Id, Node};
use super::target::Target;
use crate::ArrayType;
use crate::ops::{Op, Slice};

/// A value as elements of a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layout {
    /// The node whose buffer it is.
    pub root: Id,
    pub offset: usize,
    pub strides: Vec<isize>,
}

/// The strides of a row-major tensor.
pub(super) fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1) as isize;
    }
    strides
}

impl Layout {
    fn own(root: Id, shape: &[usize]) -> Layout {
        Layout { root, offset: 0, strides: row_major(shape) }
    }

    /// Whether the elements stand one after the other.
    pub fn is_row_major(&self, shape: &[usize]) -> bool {
        let expected = row_major(shape);
        let matters = |axis: usize| shape[axis] > 1;
        (0..shape.len()).all(|axis| !matters(axis) || self.strides[axis] == expected[axis])
    }
}

/// How a node's elements are found: `None` if they must be computed into a buffer of its own.
fn view(node: &Node, input_shape: &[usize], input: &Layout) -> Option<Layout> {
    let strides = match &node.op {
        Op::Reshape(_) => reshaped(input_shape, &input.strides, &node.shape)?,
        Op::Transpose(op) => op.0.iter().map(|&axis| input.strides[axis]).collect(),
        Op::Broadcast(_) => {
            let added = node.shape.len() - input_shape.len();
            let repeated = |axis: usize| axis < added || input_shape[axis - added] != node.shape[axis];
            let stride = |axis| if repeated(axis) { 0 } else { input.strides[axis - added] };
            (0..node.shape.len()).map(stride).collect()
        }
        Op::Slice(slice @ Slice { axis, .. }) => {
            // A view without elements begins where every buffer does, even an empty one.
            let empty = node.shape.contains(&0);
            let offset =
                if empty { 0 } else { input.offset + slice.first() * input.strides[*axis].unsigned_abs() };
            // Views of flipped axes are copied first, so strides are not negative here.
            return Some(Layout { offset, ..input.clone() });
        }
        _ => return None,
    };
    Some(Layout { strides, ..input.clone() })
}

/// The strides of the same elements in another shape, if no copy is needed for it.
fn reshaped(shape: &[usize], strides: &[isize], to: &[usize]) -> Option<Vec<isize>> {
    if shape.contains(&0) {
        return Some(row_major(to));
    }
    // Runs of axes that one stride walks through, from the back: (elements, stride of the last).
    let mut runs: Vec<(usize, isize)> = Vec::new();
    for (&size, &stride) in shape.iter().zip(strides).rev().filter(|&(&size, _)| size != 1) {
        match runs.last_mut() {
            Some((count, step)) if stride == *step * *count as isize => *count *= size,
            _ => runs.push((size, stride)),
        }
    }
    // Cut the new axes, from the back, out of the runs.
    let mut runs = runs.into_iter();
    let (mut left, mut step) = runs.next().unwrap_or((1, 1));
    let mut result = vec![0; to.len()];
    for (axis, &size) in to.iter().enumerate().rev() {
        if size == 1 {
            continue;
        }
        if left == 1 {
            (left, step) = runs.next()?;
        }
        if left % size != 0 {
            return None;
        }
        result[axis] = step;
        step *= size as isize;
        left /= size;
    }
    Some(result)
}

/// The layouts of all nodes.
pub(super) fn layouts(graph: &Graph) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::with_capacity(graph.nodes.len());
    for (id, node) in graph.nodes.iter().enumerate() {
        let seen =
            node.inputs.first().and_then(|&input| view(node, &graph.nodes[input].shape, &layouts[input]));
        layouts.push(seen.unwrap_or_else(|| Layout::own(id, &node.shape)));
    }
    layouts
}

/// Puts copies where a view will not do: under a reshape that strides cannot express, before a kernel that needs its
/// input row-major, and for outputs that are not computed but merely found.
pub(super) fn materialise(graph: Graph, target: &Target) -> Result<Graph, crate::Error> {
    let mut failure = None;
    let mut layouts: Vec<Layout> = Vec::new();
    let copied = |b: &mut Builder, layouts: &mut Vec<Layout>, id: Id| {
        let shape = b.shape(id).to_vec();
        let copy = b.add(Op::Copy, vec![id], shape);
        extend(b, layouts);
        copy
    };
    let mut result = graph.rebuild(|b, node| {
        let mut inputs = node.inputs.clone();
        match node.op {
            Op::Reshape(_) => {
                let input = inputs[0];
                if view(node, b.shape(input), &layouts[input]).is_none() {
                    inputs[0] = copied(b, &mut layouts, input);
                }
            }
            _ => {
                let types: Vec<ArrayType<'_>> =
                    inputs.iter().map(|&input| b.node(input).array_type()).collect();
                match (target.kernel)(&node.op, &types, &node.values()) {
                    Ok(None) => {}
                    Ok(Some(kernel)) => {
                        for (i, input) in inputs.iter_mut().enumerate() {
                            let row_major = layouts[*input].is_row_major(b.shape(*input));
                            if !row_major && !kernel.takes_strides(i) {
                                *input = copied(b, &mut layouts, *input);
                            }
                        }
                    }
                    Err(error) => failure = Some(error),
                }
            }
        }
        let id = b.push(Node { inputs, ..node.clone() });
        extend(b, &mut layouts);
        id
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let layouts = self::layouts(&result);
    for output in &mut result.outputs {
        let found = layouts[*output].root != *output || result.nodes[*output].op.is_leaf();
        let noise = matches!(result.nodes[*output].op, Op::Noise(_));
        if found && !noise {
            let Node { element, shape, .. } = &result.nodes[*output];
            let node = Node::new(Op::Copy, &[*output], *element, shape);
            result.nodes.push(node);
            *output = result.nodes.len() - 1;
        }
    }
    Ok(result)
}

fn extend(b: &Builder, layouts: &mut Vec<Layout>) {
    for id in layouts.len()..b.nodes.len() {
        let node = b.node(id);
        let seen = node.inputs.first().and_then(|&input| view(node, b.shape(input), &layouts[input]));
        layouts.push(seen.unwrap_or_else(|| Layout::own(id, &node.shape)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshapes_are_views_where_strides_allow() {
        // [2, 3, 4] row-major: any shape.
        assert_eq!(reshaped(&[2, 3, 4], &[12, 4, 1], &[6, 4]), Some(vec![4, 1]));
        assert_eq!(reshaped(&[2, 3, 4], &[12, 4, 1], &[2, 2, 6]), Some(vec![12, 6, 1]));
        // Transposed: only what keeps the axes apart.
        assert_eq!(reshaped(&[3, 2], &[1, 3], &[3, 1, 2]), Some(vec![1, 0, 3]));
        assert_eq!(reshaped(&[3, 2], &[1, 3], &[6]), None);
        // Repeated along the first axis.
        assert_eq!(reshaped(&[5, 6], &[0, 1], &[5, 2, 3]), Some(vec![0, 3, 1]));
        assert_eq!(reshaped(&[5, 6], &[0, 1], &[30]), None);
        assert_eq!(reshaped(&[1, 1], &[0, 0], &[]), Some(vec![]));
    }
}
