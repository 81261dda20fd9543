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

use crate::expr::{Key, topological_to};
use crate::lambda::Lambda;
use crate::ops::Scan;
use crate::stabilise::stabilise;
use crate::substitute::replaced;
use crate::vmap::batched;
use crate::{AnyExpr, Dim, Expr};

use super::split::{Boundary, Hoists, Splitter};
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
    let hoists = match (&given.limit, &until) {
        // A branch: nothing of it is to be computed unless it is taken.
        (Some(_), None) if given.length.is_one() => Hoists::Nothing,
        (None, None) => Hoists::All,
        _ => Hoists::WhatCannotFail,
    };
    let splitter = Splitter::new(&all, &core, (&carried, &parts), &given.length, hoists);

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
    // Together, so that what is rebuilt is the same in both.
    let both: Vec<AnyExpr> = boundary.stacked.iter().chain(&outside).cloned().collect();
    let mut both = replaced(&both, outer);
    let outside = both.split_off(boundary.stacked.len());
    stacks.extend(both.iter().map(AnyExpr::key).zip(values[boundary_from..].iter().cloned()));
    let late = batched(&outside, stacks, &given.length, |_| false);
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
