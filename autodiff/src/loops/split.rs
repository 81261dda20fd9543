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
    /// Whether the value, or a stack of it, can and may be computed outside, given those of what it depends on that is `Inside`.
    whole: HashSet<Key>,
    /// Whether it is worth it.
    heavy: HashSet<Key>,
    /// What is carried on depends on it.
    core: HashSet<Key>,
    hoists: Hoists,
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
        (carried, parts): (&[AnyExpr], &[AnyExpr]),
        length: &Dim,
        hoists: Hoists,
    ) -> Self {
        let [carried, parts] =
            [carried, parts].map(|of| of.iter().map(AnyExpr::key).collect::<HashSet<Key>>());
        let mut s = Splitter {
            when: HashMap::new(),
            whole: HashSet::new(),
            heavy: HashSet::new(),
            core: topological(core).iter().map(AnyExpr::key).collect(),
            hoists,
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
            // Of the core there are stacks.
            let ready = |input: &AnyExpr| s.is_core(input) || s.whole.contains(&input.node_key());
            let can = || match when {
                When::Before => true,
                When::Part if parts.contains(&key) => true,
                _ => {
                    let is_stack = |input: &AnyExpr| s.when[&input.node_key()] > When::Before;
                    let is_stack: Vec<bool> = node.inputs().iter().map(is_stack).collect();
                    has_rule(&node, &is_stack, length)
                }
            };
            if s.may_hoist(&node) && node.inputs().iter().all(ready) && can() {
                s.whole.insert(key);
            }
            let heavy = |input: &AnyExpr| !s.is_core(input) && s.heavy.contains(&input.node_key());
            if when > When::Before && (is_kernel(&node) || node.inputs().iter().any(heavy)) {
                s.heavy.insert(key);
            }
        }
        s
    }

    /// Whether it is of the loop in any case.
    fn is_core(&self, x: &AnyExpr) -> bool {
        let key = x.node_key();
        self.when[&key] == When::Inside && self.core.contains(&key)
    }

    /// Whether an output is computed outside of the loop, for all steps at once.
    pub fn is_outside(&self, root: &AnyExpr) -> bool {
        let key = root.node_key();
        let worth = self.when[&key] < When::Inside || !self.is_core(root) && self.heavy.contains(&key);
        worth && self.whole.contains(&key)
    }

    /// Whether an operation may be done although the loop may not come to it, if its inputs may.
    fn may_hoist(&self, node: &AnyExpr) -> bool {
        match self.hoists {
            Hoists::All => true,
            Hoists::WhatCannotFail => !node.op().rule().can_fail(),
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
            let inside = self.is_core(value);
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
                When::Before if !value.op().is_leaf() && self.whole.contains(&key) => &mut boundary.hoisted,
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
