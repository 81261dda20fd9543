//! A row of the table of rules, and what applies them.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use bayeux_tensor::ElementType;

use crate::compile::graph::{Builder, Id, Node};
use crate::ops::{Binary, Op, Unary};

/// A row of the table.
pub(crate) struct Rule {
    pub name: &'static str,
    /// The nodes it looks at.
    pub(super) on: fn(&Op) -> bool,
    /// What replaces one of them, if it applies.
    pub(super) apply: fn(&mut Rewriter<'_>, &Node) -> Option<Id>,
}

/// Which rules are switched off, by name, and how often each of the others applied.
#[derive(Debug, Default)]
pub(crate) struct Simplification {
    pub off: HashSet<&'static str>,
    /// One count for each row of the table.
    pub fired: Vec<usize>,
}

/// The new graph in the making, and the rules.
pub(super) struct Rewriter<'a> {
    pub(super) builder: &'a mut Builder,
    pub(super) rules: &'a [&'static Rule],
    pub(super) simplification: &'a mut Simplification,
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
    pub(super) fn simplified(&mut self, node: &Node) -> Id {
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
    pub(super) fn make(&mut self, op: impl Into<Op>, inputs: &[Id], shape: &[usize]) -> Id {
        let element = inputs.last().map_or(ElementType::F32, |&input| self.element(input));
        self.simplified(&Node::new(op, inputs, element, shape))
    }

    pub(super) fn make_unary(&mut self, op: Unary, x: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.make(op, &[x], &shape)
    }

    pub(super) fn make_binary(&mut self, op: Binary, x: Id, y: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.make(op, &[x, y], &shape)
    }

    /// The one number a node holds everywhere, if it is known.
    pub(super) fn number(&self, id: Id) -> Option<f64> {
        let node = self.node(id);
        match &node.op {
            Op::Constant(value) if value.0.len() == 1 && node.element.is_float() => Some(value.0.item_f64()),
            Op::Broadcast(_) | Op::Reshape(_) => self.number(node.inputs[0]),
            _ => None,
        }
    }

    pub(super) fn is(&self, id: Id, value: f64) -> bool {
        self.number(id).is_some_and(|number| number == value)
    }

    /// The input of a node that is this function.
    pub(super) fn argument(&self, id: Id, op: Unary) -> Option<Id> {
        let node = self.node(id);
        matches!(&node.op, Op::Unary(found) if *found == op).then(|| node.inputs[0])
    }

    pub(super) fn arguments(&self, id: Id, op: Binary) -> Option<(Id, Id)> {
        let node = self.node(id);
        matches!(&node.op, Op::Binary(found) if *found == op).then(|| (node.inputs[0], node.inputs[1]))
    }

    /// If one of two is the number, the other.
    pub(super) fn other(&self, (x, y): (Id, Id), value: f64) -> Option<Id> {
        if self.is(x, value) { Some(y) } else { self.is(y, value).then_some(x) }
    }
}
