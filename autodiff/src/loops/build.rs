//! From a step to a loop: what need not be done step by step is done before or after it, at once for all steps.
//!
//! What depends neither on a sequence nor on what is carried on is computed once. What depends on the sequences alone is computed for
//! whole sequences before the loop, if it contains a product or another operation with a kernel of its own: one large product is
//! faster than many small ones. So is, after the loop, what nothing is carried on from. What remains is the loop.
//!
//! It also gives, as stacks that cost nothing unless somebody reads them, what was carried into each step and what products came
//! out in it: the reverse sweep need not compute these again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::expr::{Key, topological, topological_to};
use crate::lambda::Lambda;
use crate::ops::{Op, Scan};
use crate::stabilise::stabilise;
use crate::substitute::replaced;
use crate::vmap::{batched, has_rule};
use crate::{AnyExpr, Dim, Expr};

use super::sums::sum_of_stack;

/// One step, in terms of parameters.
pub(crate) struct Step {
    /// What is carried into it,
    pub carried: Vec<AnyExpr>,
    /// the parts of sequences,
    pub parts: Vec<AnyExpr>,
    /// and what is the same in each step.
    pub same: Vec<AnyExpr>,
    /// What is carried on.
    pub next: Vec<AnyExpr>,
    /// What is stacked.
    pub outputs: Vec<AnyExpr>,
    /// What is added up over all steps.
    pub sums: Vec<AnyExpr>,
    /// Whether the loop ends after this step.
    pub until: Option<AnyExpr>,
}

/// What the parameters stand for, and how often.
pub(crate) struct Given {
    pub start: Vec<AnyExpr>,
    pub sequences: Vec<AnyExpr>,
    pub same: Vec<AnyExpr>,
    /// How many steps there are, if they are fewer than the length.
    pub limit: Option<AnyExpr>,
    pub length: Dim,
    pub backwards: bool,
    pub truncated: Option<usize>,
}

/// What comes of a loop.
pub(crate) struct Results {
    pub last: Vec<AnyExpr>,
    pub stacks: Vec<AnyExpr>,
    pub sums: Vec<AnyExpr>,
    /// How many steps were done, if the loop can end by itself.
    pub steps: Option<AnyExpr>,
}

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

struct Splitter {
    when: HashMap<Key, When>,
    /// Whether a stack of the value can be computed at once, given those of what it depends on that is `Inside`.
    whole: HashSet<Key>,
    /// Whether it is worth it.
    heavy: HashSet<Key>,
    /// What is carried on depends on it.
    core: HashSet<Key>,
}

#[track_caller]
pub(crate) fn build(step: Step, given: Given) -> Results {
    let Step { carried, parts, same, next, outputs, sums, until } = step;
    let counts = [next.len(), outputs.len(), sums.len()];
    let all: Vec<AnyExpr> = next.into_iter().chain(outputs).chain(sums).chain(until).collect();
    let mut rest = stabilise(&all).into_iter();
    let mut take = |count: usize| rest.by_ref().take(count).collect::<Vec<_>>();
    let (next, outputs, sums) = (take(counts[0]), take(counts[1]), take(counts[2]));
    let until = rest.next();
    let core: Vec<AnyExpr> = next.iter().chain(&until).cloned().collect();
    let all: Vec<AnyExpr> = core.iter().chain(&outputs).chain(&sums).cloned().collect();
    let splitter = Splitter::new(&all, &core, &carried, &parts, &given.length);

    // What is computed outside, for all steps at once.
    let is_outside = |root: &AnyExpr| splitter.is_outside(root);
    let outside: Vec<AnyExpr> =
        outputs.iter().chain(&sums).filter(|root| is_outside(root)).cloned().collect();
    let mut boundary = Boundary::default();
    splitter.read_by(&outside, &mut boundary);
    let inside: Vec<AnyExpr> = core
        .iter()
        .chain(outputs.iter().chain(&sums).filter(|root| !is_outside(root)))
        .chain(&boundary.stacked)
        .cloned()
        .collect();
    splitter.needed_by(&inside, &mut boundary);

    // Before the loop.
    let outer: HashMap<Key, AnyExpr> = same.iter().map(Expr::key).zip(given.same.iter().cloned()).collect();
    let sequences: HashMap<Key, AnyExpr> =
        parts.iter().map(Expr::key).zip(given.sequences.iter().cloned()).collect();
    let hoisted = replaced(&boundary.hoisted, outer.clone());
    let early =
        batched(&replaced(&boundary.early, outer.clone()), sequences.clone(), &given.length, |_| false);

    // The loop.
    let mut inner: HashMap<Key, AnyExpr> = HashMap::new();
    let mut stand_in = |values: &[AnyExpr]| -> Vec<AnyExpr> {
        let parameters: Vec<AnyExpr> = values.iter().map(AnyExpr::parameter_like).collect();
        inner.extend(values.iter().map(AnyExpr::key).zip(parameters.iter().cloned()));
        parameters
    };
    let new_parts = stand_in(&boundary.early);
    let new_same = stand_in(&boundary.hoisted);
    let in_loop: Vec<AnyExpr> = sums.iter().filter(|root| !is_outside(root)).cloned().collect();
    let totals: Vec<AnyExpr> = in_loop.iter().map(AnyExpr::parameter_like).collect();
    let before = carried.iter().chain(&totals).cloned().collect::<Vec<_>>();
    let mut body: Vec<AnyExpr> = next.clone();
    body.extend(totals.iter().zip(&in_loop).map(|(total, part)| total + part));
    let stacks_from = body.len();
    body.extend(outputs.iter().filter(|root| !is_outside(root)).cloned());
    let boundary_from = body.len();
    body.extend(boundary.stacked.iter().cloned());
    // What the reverse sweep may want.
    body.extend(before.iter().cloned());
    let known: HashSet<Key> = body.iter().map(AnyExpr::key).collect();
    let kernels = topological_to(&body, |value| inner.contains_key(&value.key()));
    let kernels =
        kernels.iter().filter(|node| splitter.is_kernel_inside(node) && !known.contains(&node.key()));
    body.extend(kernels.cloned().collect::<Vec<_>>());
    body.extend(until.iter().cloned());
    let body = replaced(&body, inner);
    let zeros = in_loop.iter().map(AnyExpr::zeros_like).collect::<Vec<_>>();
    let zeros = replaced(&zeros, outer.clone());

    let arguments: Vec<AnyExpr> = (given.start.iter().chain(&zeros))
        .chain(given.sequences.iter().chain(&early))
        .chain(given.same.iter().chain(&hoisted))
        .chain(&given.limit)
        .cloned()
        .collect();
    let parameters = before.iter().chain(parts.iter().chain(&new_parts)).chain(same.iter().chain(&new_same));
    let scan = Scan {
        body: Arc::new(Lambda::new(parameters.cloned().collect(), body)),
        carried: before.len(),
        sequences: parts.len() + new_parts.len(),
        length: given.length.clone(),
        backwards: given.backwards,
        until: until.is_some(),
        limited: given.limit.is_some(),
        truncated: given.truncated,
    };
    let values = AnyExpr::values_of(scan, arguments);

    // After the loop.
    let steps = until.is_some().then(|| values[values.len() - 1].clone());
    let mut stacks = sequences;
    let moved = replaced(&boundary.stacked, outer.clone());
    let stack_of = values[boundary_from..].iter();
    stacks.extend(moved.iter().map(AnyExpr::key).zip(stack_of.cloned()));
    let late = batched(&replaced(&outside, outer), stacks, &given.length, |_| false);
    let limit = steps.clone().or(given.limit);
    let mut late = late.into_iter().map(|stack| masked(stack, limit.as_ref(), &given.length));
    let mut stacked = values[stacks_from..].iter().cloned();
    let mut totals = values[carried.len()..].iter().cloned();
    let stacks = outputs.iter().map(|root| if is_outside(root) { late.next() } else { stacked.next() });
    let stacks: Vec<AnyExpr> = stacks.flatten().collect();
    let sums = sums.iter().map(|root| match is_outside(root) {
        true => late.next().map(|stack| sum_of_stack(&stack)),
        false => totals.next(),
    });
    Results { sums: sums.flatten().collect(), stacks, steps, last: values[..carried.len()].to_vec() }
}

/// A stack with zeros for the steps that were not done.
fn masked(stack: AnyExpr, limit: Option<&AnyExpr>, length: &Dim) -> AnyExpr {
    let Some(limit) = limit else { return stack };
    let done = Expr::<i64>::arange(length.clone()).lt(&limit.typed());
    let ones = vec![Dim::from(1usize); stack.rank() - 1];
    let shape: Vec<Dim> = [length.clone()].into_iter().chain(ones).collect();
    Expr::select(&done.reshape(shape), &stack, &stack.zeros_like())
}

/// What passes between the loop and what is around it.
#[derive(Default)]
struct Boundary {
    /// Values of the loop of which stacks are needed,
    stacked: Vec<AnyExpr>,
    /// values of whole sequences,
    early: Vec<AnyExpr>,
    /// and values that are the same in each step.
    hoisted: Vec<AnyExpr>,
}

impl Splitter {
    fn new(all: &[AnyExpr], core: &[AnyExpr], carried: &[AnyExpr], parts: &[AnyExpr], length: &Dim) -> Self {
        let [carried, parts] =
            [carried, parts].map(|of| of.iter().map(AnyExpr::key).collect::<HashSet<Key>>());
        let mut s = Splitter {
            when: HashMap::new(),
            whole: HashSet::new(),
            heavy: HashSet::new(),
            core: topological(core).iter().map(AnyExpr::key).collect(),
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
    fn is_outside(&self, root: &AnyExpr) -> bool {
        let key = root.node_key();
        match self.when[&key] {
            When::Before => true,
            When::Part => self.whole.contains(&key),
            When::Inside => {
                !self.core.contains(&key) && self.heavy.contains(&key) && self.whole.contains(&key)
            }
        }
    }

    fn is_kernel_inside(&self, node: &AnyExpr) -> bool {
        self.when.get(&node.key()) == Some(&When::Inside) && is_kernel(node) && node.types().len() == 1
    }

    /// Adds what of the loop is needed by values that are computed outside of it.
    fn read_by(&self, outside: &[AnyExpr], boundary: &mut Boundary) {
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
    fn needed_by(&self, inside: &[AnyExpr], boundary: &mut Boundary) {
        let mut seen = HashSet::new();
        topological_to(inside, |value| {
            let key = value.node_key();
            if matches!(value.op(), Op::Input(_)) || is_view(value) {
                return false;
            }
            let list = match self.when[&key] {
                When::Before if !value.op().is_leaf() => &mut boundary.hoisted,
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
