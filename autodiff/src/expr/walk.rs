//! Which expressions are the same, and in which order they can be computed.

use std::collections::HashSet;

use crate::ops::Input;
use crate::{AnyExpr, Expr, Kind};

/// What makes two expressions the same one: the input or the variable of a leaf, the address of any other node and which of
/// its values it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Node(usize, usize),
    Variable(usize),
    Input(Input),
}

impl Key {
    /// Which of its node's values it is.
    pub fn output(self) -> usize {
        match self {
            Key::Node(_, output) => output,
            Key::Variable(_) | Key::Input(_) => 0,
        }
    }
}

/// Every node the roots need, each once, inputs before their readers, in depth-first order from the left. A node is given as
/// its first value.
pub(crate) fn topological<T: Kind>(roots: &[Expr<T>]) -> Vec<AnyExpr> {
    topological_to(&all_untyped(roots), |_| false)
}

/// The same, but for values that are `given`, and what only they need.
pub(crate) fn topological_to(roots: &[AnyExpr], mut given: impl FnMut(&AnyExpr) -> bool) -> Vec<AnyExpr> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for root in roots {
        if given(root) {
            continue;
        }
        let mut stack = vec![(root.sibling(0), 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 && !seen.insert(node.key()) {
                continue;
            }
            match node.inputs().get(next).map(|input| (given(input), input.sibling(0))) {
                Some((given, input)) => {
                    stack.push((node, next + 1));
                    if !given {
                        stack.push((input, 0));
                    }
                }
                None => order.push(node),
            }
        }
    }
    order
}

/// Expressions without their types.
pub(crate) fn all_untyped<T: Kind>(expressions: &[Expr<T>]) -> Vec<AnyExpr> {
    expressions.iter().map(Expr::untyped).collect()
}
