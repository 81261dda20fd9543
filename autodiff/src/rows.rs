//! Whether the rows of a value can be computed apart from each other.

use std::collections::HashMap;

use crate::expr::{Key, topological};
use crate::ops::{Call, Op, Scan};
use crate::{AnyExpr, Dim, Expr, Kind, Shape};

/// How a value depends on the rows of the data: the indices along the first axis of the inputs that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Not at all: it is the same for any rows, and any number of them.
    Free,
    /// Along this axis each row, or group of as many as belong to one, depends on the same row of the data alone.
    Along(usize),
    /// In any other way.
    Mixed,
}

impl Rows {
    /// Of what combines values element by element, all of one shape.
    #[must_use]
    pub fn together(all: &[Rows]) -> Rows {
        all.iter().fold(Rows::Free, |a, &b| match (a, b) {
            (Rows::Free, other) | (other, Rows::Free) => other,
            (a, b) if a == b => a,
            _ => Rows::Mixed,
        })
    }

    /// With the axis moved, or mixed if there is nowhere to move it to.
    pub fn moved(self, to: impl FnOnce(usize) -> Option<usize>) -> Rows {
        match self {
            Rows::Along(axis) => to(axis).map_or(Rows::Mixed, Rows::Along),
            other => other,
        }
    }

    /// After the axes that an operation mixes have gone, or stayed.
    pub(crate) fn without(self, axes: &[usize], gone: bool) -> Rows {
        self.moved(|axis| {
            let before = axes.iter().filter(|&&other| other < axis).count();
            (!axes.contains(&axis)).then_some(if gone { axis - before } else { axis })
        })
    }

    /// What it means for a value of this shape. All along an axis that is as long as the data the value is the same if it is only
    /// repeated; otherwise it changes with the number of rows. And a row that is as long as the data holds more than its own.
    fn settled(self, node: &AnyExpr, rows: &Dim) -> Rows {
        let is_free = |dim: &&Dim| dim.size().is_none();
        let mut free = node.types().iter().map(|of| of.shape.dims().iter().filter(is_free).count());
        match self {
            Rows::Free if free.all(|free| free == 0) => Rows::Free,
            Rows::Free => {
                let Op::Broadcast(_) = node.op() else { return Rows::Mixed };
                let dims = node.shape().dims();
                let constant = node.inputs()[0].shape().sizes().is_some();
                match dims.iter().position(|dim| dim.size().is_none()) {
                    Some(axis)
                        if constant && free.all(|free| free == 1) && dims[axis].divide(rows).is_some() =>
                    {
                        Rows::Along(axis)
                    }
                    _ => Rows::Mixed,
                }
            }
            Rows::Along(_) if free.all(|free| free == 1) => self,
            _ => Rows::Mixed,
        }
    }

    /// In another shape of the same elements: the axis stays what it is if as many elements stand before and behind it.
    pub(crate) fn reshaped(self, from: &Shape, to: &Shape, dim: &Dim) -> Rows {
        self.moved(|axis| {
            let of_rows = |dim_there: &Dim| dim_there.divide(dim).is_some();
            if axis == 0 && to.dims().first().is_some_and(of_rows) {
                return Some(0);
            }
            let before = |shape: &Shape, axis: usize| shape.dims()[..axis].iter().product::<Dim>();
            (0..to.rank()).find(|&other| to[other] == from[axis] && before(to, other) == before(from, axis))
        })
    }
}

impl<T: Kind> Expr<T> {
    /// Whether the rows of this expression, the indices along its first axis, can be computed apart from each other: each depends on
    /// the same row alone of the inputs whose first axis is `rows`. A mean over the rows, a softmax along them, their products
    /// with each other, random numbers and operations that do not say are reasons why not.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, batch};
    /// let x = Expr::<f32>::input("x", (batch(), 3));
    /// assert!(x.tanh().softmax().sum(1).is_by_rows(&batch()));
    /// assert!(!(&x - x.mean(0)).is_by_rows(&batch()));
    /// assert!(!x.matmul(&x.t()).is_by_rows(&batch()));
    /// ```
    #[must_use]
    pub fn is_by_rows(&self, rows: &Dim) -> bool {
        self.rows(rows) == Rows::Along(0)
    }

    /// How this expression depends on the rows of the inputs whose first axis is `rows`, see [`is_by_rows`](Self::is_by_rows).
    #[must_use]
    pub fn rows(&self, rows: &Dim) -> Rows {
        rows_of(std::slice::from_ref(&self.untyped()), HashMap::new(), rows)
    }
}

/// How some expressions together depend on the rows, from how some inputs do.
fn rows_of(roots: &[AnyExpr], given: HashMap<Key, Rows>, rows: &Dim) -> Rows {
    let mut known: HashMap<Key, Rows> = HashMap::new();
    for node in topological(roots) {
        let inputs: Vec<Rows> = node.inputs().iter().map(|input| known[&input.node_key()]).collect();
        let result = match node.op() {
            Op::Input(_) if given.contains_key(&node.key()) => given[&node.key()],
            Op::Call(Call { lambda, .. }) => {
                let given = lambda.parameters().iter().map(Expr::key).zip(inputs).collect();
                rows_of(lambda.body(), given, rows)
            }
            Op::Scan(scan) => in_loop(scan, &inputs, rows),
            Op::Input(_) => match node.shape().dims().split_first() {
                Some((first, rest)) if first == rows && rest.iter().all(|dim| dim.size().is_some()) => {
                    Rows::Along(0)
                }
                _ if node.shape().sizes().is_some() => Rows::Free,
                _ => Rows::Mixed,
            },
            Op::Shared(_) | Op::Constant(_) => Rows::Free,
            // How many rows there are, and which numbers are drawn, depends on the call.
            Op::Size(_) | Op::Noise(_) => Rows::Mixed,
            _ if inputs.contains(&Rows::Mixed) => Rows::Mixed,
            Op::Reshape(_) => inputs[0].reshaped(node.inputs()[0].shape(), node.shape(), rows),
            op => op.rule().rows(&inputs, node.inputs(), &node),
        };
        known.insert(node.key(), result.settled(&node, rows));
    }
    Rows::together(&roots.iter().map(|root| known[&root.node_key()]).collect::<Vec<_>>())
}

/// How the values of a loop together depend on the rows: what is carried on depends on them as all that it was made of.
fn in_loop(scan: &Scan, inputs: &[Rows], rows: &Dim) -> Rows {
    let sequences = scan.carried..scan.carried + scan.sequences;
    // A part of a sequence has an axis less, the first, which is no row's.
    let part = |rows: Rows| rows.moved(|axis| axis.checked_sub(1));
    let mut given: Vec<Rows> = inputs.to_vec();
    given[sequences].iter_mut().for_each(|of| *of = part(*of));
    loop {
        let pairs = scan.body.parameters().iter().map(Expr::key).zip(given.iter().copied()).collect();
        let of_body = rows_of(scan.body.body(), pairs, rows);
        let joined = |old: Rows| Rows::together(&[old, of_body]);
        let next: Vec<Rows> = given[..scan.carried].iter().map(|&old| joined(old)).collect();
        if next == given[..scan.carried] {
            // Of the values some are stacks, in which the rows are one axis further, and some are not.
            return match of_body {
                Rows::Along(axis) if scan.carried == 0 => Rows::Along(axis + 1),
                Rows::Free => Rows::Free,
                _ => Rows::Mixed,
            };
        }
        given[..scan.carried].copy_from_slice(&next);
    }
}
