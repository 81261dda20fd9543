//! What of a step is done in the loop, and what before or after it.

use std::collections::{HashMap, HashSet};

use crate::expr::{Key, topological, topological_to};
use crate::ops::Op;
use crate::vmap::has_rule;
use crate::{AnyExpr, Dim};

/// When a value is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// Before the loop,
    Before,
    /// for each part of the sequences, without the others,
    Part,
    /// or in the loop only.
    Inside,
}

pub(super) struct Splitter {
    when: HashMap<Key, When>,
    /// Whether a stack of the value can be computed at once, given those of what it depends on that is `Inside`.
    pub whole: HashSet<Key>,
    /// Whether it is worth it.
    heavy: HashSet<Key>,
    /// What is carried on depends on it.
    core: HashSet<Key>,
    pub hoists: Hoists,
}

/// What is computed although the loop may not come to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hoists {
    All,
    WhatCannotFail,
    Nothing,
}

/// What passes between the loop and what is around it.
#[derive(Default)]
pub(super) struct Boundary {
    /// Values of the loop of which stacks are needed,
    pub stacked: Vec<AnyExpr>,
    /// values of whole sequences,
    pub early: Vec<AnyExpr>,
    /// and values that are the same in each step.
    pub hoisted: Vec<AnyExpr>,
}

impl Splitter {
    pub fn new(
        all: &[AnyExpr],
        core: &[AnyExpr],
        carried: &[AnyExpr],
        parts: &[AnyExpr],
        length: &Dim,
    ) -> Self {
        let [carried, parts] =
            [carried, parts].map(|of| of.iter().map(AnyExpr::key).collect::<HashSet<Key>>());
        let mut s = Splitter {
            when: HashMap::new(),
            whole: HashSet::new(),
            heavy: HashSet::new(),
            core: topological(core).iter().map(AnyExpr::key).collect(),
            hoists: Hoists::All,
        };
        for node in topological(all) {
            let key = node.key();
            let draws = match node.op() {
                Op::Noise(_) => true,
                Op::Call(call) => call.lambda.draws(),
                Op::Scan(scan) => scan.body.draws(),
                _ => false,
            };
            let of_inputs = node.inputs().iter().map(|input| s.when[&input.node_key()]).max();
            let when = match of_inputs.unwrap_or(When::Before) {
                _ if draws || carried.contains(&key) => When::Inside,
                _ if parts.contains(&key) => When::Part,
                when => when,
            };
            s.when.insert(key, when);
            if draws {
                s.core.insert(key);
            }
            // In the core all is given as a stack, and before the loop all is as it is.
            let given = |input: &AnyExpr| s.is_given(input) || s.whole.contains(&input.node_key());
            let is_stack: Vec<bool> =
                node.inputs().iter().map(|input| s.when[&input.node_key()] > When::Before).collect();
            let is_part = parts.contains(&key);
            if is_part || node.inputs().iter().all(given) && has_rule(&node, &is_stack, length) {
                s.whole.insert(key);
            }
            let heavy = |input: &AnyExpr| !s.is_given(input) && s.heavy.contains(&input.node_key());
            if when > When::Before && (is_kernel(&node) || node.inputs().iter().any(heavy)) {
                s.heavy.insert(key);
            }
        }
        s
    }

    /// Whether it is known outside of the loop, where that is over.
    fn is_given(&self, x: &AnyExpr) -> bool {
        let key = x.node_key();
        self.when[&key] == When::Before || self.when[&key] == When::Inside && self.core.contains(&key)
    }

    /// Whether an output is computed outside of the loop, for all steps at once.
    pub fn is_outside(&self, root: &AnyExpr) -> bool {
        let key = root.node_key();
        match self.when[&key] {
            When::Before => self.hoists == Hoists::All,
            When::Part => self.whole.contains(&key),
            When::Inside => {
                !self.core.contains(&key) && self.heavy.contains(&key) && self.whole.contains(&key)
            }
        }
    }

    fn may_hoist(&self, value: &AnyExpr) -> bool {
        match self.hoists {
            Hoists::All => true,
            Hoists::WhatCannotFail => {
                !topological(std::slice::from_ref(value)).iter().any(|node| node.op().rule().can_fail())
            }
            Hoists::Nothing => false,
        }
    }

    pub fn is_kernel_inside(&self, node: &AnyExpr) -> bool {
        self.when.get(&node.key()) == Some(&When::Inside) && is_kernel(node) && node.types().len() == 1
    }

    /// Adds what of the loop is needed by values that are computed outside of it.
    pub fn read_by(&self, outside: &[AnyExpr], boundary: &mut Boundary) {
        let mut seen = HashSet::new();
        topological_to(outside, |value| {
            let inside =
                self.when[&value.node_key()] == When::Inside && self.core.contains(&value.node_key());
            if inside && seen.insert(value.key()) {
                boundary.stacked.push(value.clone());
            }
            inside
        });
    }

    /// Adds what the loop needs that is computed before.
    pub fn needed_by(&self, inside: &[AnyExpr], boundary: &mut Boundary) {
        let mut seen = HashSet::new();
        topological_to(inside, |value| {
            let key = value.node_key();
            if matches!(value.op(), Op::Input(_)) || is_view(value) {
                return false;
            }
            let list = match self.when[&key] {
                When::Before if !value.op().is_leaf() && self.may_hoist(value) => &mut boundary.hoisted,
                When::Part if self.whole.contains(&key) && self.heavy.contains(&key) => &mut boundary.early,
                _ => return false,
            };
            if seen.insert(value.key()) {
                list.push(value.clone());
            }
            true
        });
    }
}

/// Whether it has a kernel of its own that does more than to move elements.
fn is_kernel(node: &AnyExpr) -> bool {
    match node.op() {
        Op::Matmul(_) | Op::Conv2d(_) | Op::Pool2d(_) | Op::Softmax(_) | Op::Take(_) | Op::Scatter(_) => true,
        Op::Call(_) | Op::Scan(_) => true,
        Op::Other(op) => !op.operation().only_moves(),
        _ => false,
    }
}

/// Whether it is another view of what it is made of: as an argument it would be written out.
fn is_view(node: &AnyExpr) -> bool {
    matches!(node.op(), Op::Broadcast(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Slice(_))
}
