//! Constants and algebra: the table of rules, how they are applied, and what they share.
//!
//! Every rule looks at one node whose inputs are simplified already, and either answers with what replaces it or with
//! nothing. The first that answers is taken. A rule changes results by rounding errors only, and never makes an infinity or a NaN
//! of a finite result: where that depends on the numbers, the rule says for which it holds. Infinite and undefined values
//! stay what they are as well, but where the sum or product as written overflows on the way to a finite result, and where rows of
//! a table that nothing was added to would be multiplied by a number that is not finite; the sign of a zero, and so of an infinity that is divided by it, may change (x + 0 = x).
//!
//! Forms that keep their digits where the textbook's overflow are not found here but in [`stabilise`](crate::stabilise), before
//! gradients are taken.

mod algebra;
mod nothing;
mod numbers;
mod shapes;
mod sums;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use bayeux_tensor::ElementType;

use super::graph::{Builder, Graph, Id, Node};
use super::watch::Watch;
use crate::ops::{Binary, Op, Unary};

/// A row of the table.
pub(crate) struct Rule {
    pub name: &'static str,
    /// The nodes it looks at.
    on: fn(&Op) -> bool,
    /// What replaces one of them, if it applies.
    apply: fn(&mut Rewriter<'_>, &Node) -> Option<Id>,
}

/// Which rules are switched off, by name, and how often each of the others applied.
#[derive(Debug, Default)]
pub(crate) struct Simplification {
    pub off: HashSet<&'static str>,
    /// One count for each row of the table.
    pub fired: Vec<usize>,
}

/// All rules.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    let tables = [
        nothing::rules(),
        numbers::rules(),
        shapes::rules(),
        tables::rules(),
        algebra::rules(),
        sums::rules(),
    ];
    tables.into_iter().flatten()
}

/// The graph in its simplest form.
pub(super) fn simplify(graph: Graph, watch: &mut Watch) -> Graph {
    let mut simplification = Simplification::default();
    let graph = simplify_with(graph, &mut simplification);
    let fired = rules().map(|rule| rule.name).zip(simplification.fired);
    watch.rules(fired.filter(|&(_, count)| count > 0));
    graph
}

/// The graph in the form that is simplest by the rules that are on; the others are counted.
pub(super) fn simplify_with(graph: Graph, simplification: &mut Simplification) -> Graph {
    let rules: Vec<&'static Rule> = rules().collect();
    simplification.fired.resize(rules.len(), 0);
    graph.rebuild(|builder, node| Rewriter { builder, rules: &rules, simplification }.simplified(node))
}

/// The new graph in the making, and the rules.
pub(super) struct Rewriter<'a> {
    builder: &'a mut Builder,
    rules: &'a [&'static Rule],
    simplification: &'a mut Simplification,
}

impl Deref for Rewriter<'_> {
    type Target = Builder;
    fn deref(&self) -> &Builder {
        self.builder
    }
}

impl DerefMut for Rewriter<'_> {
    fn deref_mut(&mut self) -> &mut Builder {
        self.builder
    }
}

impl Rewriter<'_> {
    /// Adds a node in its simplest form.
    fn simplified(&mut self, node: &Node) -> Id {
        // The rules are those of real numbers.
        let whole = !node.element.is_float()
            && matches!(node.op, Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Sum(_) | Op::Max(_));
        for (i, rule) in self.rules.iter().enumerate() {
            if !whole
                && (rule.on)(&node.op)
                && (self.simplification.off.is_empty() || !self.simplification.off.contains(rule.name))
                && let Some(id) = (rule.apply)(self, node)
            {
                self.simplification.fired[i] += 1;
                return id;
            }
        }
        self.push(node.clone())
    }

    /// Adds an op, simplified.
    fn make(&mut self, op: impl Into<Op>, inputs: &[Id], shape: &[usize]) -> Id {
        let element = inputs.last().map_or(ElementType::F32, |&input| self.element(input));
        self.simplified(&Node::new(op, inputs, element, shape))
    }

    fn make_unary(&mut self, op: Unary, x: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.make(op, &[x], &shape)
    }

    fn make_binary(&mut self, op: Binary, x: Id, y: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.make(op, &[x, y], &shape)
    }

    /// The one number a node holds everywhere, if it is known.
    fn number(&self, id: Id) -> Option<f64> {
        let node = self.node(id);
        match &node.op {
            Op::Constant(value) if value.0.len() == 1 && node.element.is_float() => Some(value.0.item_f64()),
            Op::Broadcast(_) | Op::Reshape(_) => self.number(node.inputs[0]),
            _ => None,
        }
    }

    fn is(&self, id: Id, value: f64) -> bool {
        self.number(id).is_some_and(|number| number == value)
    }

    /// The input of a node that is this function.
    fn argument(&self, id: Id, op: Unary) -> Option<Id> {
        let node = self.node(id);
        matches!(&node.op, Op::Unary(found) if *found == op).then(|| node.inputs[0])
    }

    fn arguments(&self, id: Id, op: Binary) -> Option<(Id, Id)> {
        let node = self.node(id);
        matches!(&node.op, Op::Binary(found) if *found == op).then(|| (node.inputs[0], node.inputs[1]))
    }

    /// If one of two is the number, the other.
    fn other(&self, (x, y): (Id, Id), value: f64) -> Option<Id> {
        if self.is(x, value) { Some(y) } else { self.is(y, value).then_some(x) }
    }
}
