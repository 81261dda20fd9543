//! A function of one example as a function of a stack of them.

mod call;
mod scan;

use std::collections::HashMap;
use std::sync::Arc;

use crate::expr::refusal::{ensure, refuse};
use crate::expr::{Key, all_untyped, topological_to};
use crate::lambda::Lambda;
use crate::ops::{Batch, Op, Scan, Values, stacked};
use crate::{AnyExpr, Dim, Expr, Kind};

/// A function of one example, applied to all examples of a stack at once: `f` sees inputs without their first axis, and its values
/// have that axis again.
///
/// No loop runs: each operation of `f` becomes one on the whole stack, by the rule that it has for this. What `f` captures is the
/// same for all examples, and what does not depend on the inputs is computed once. Random numbers that `f` asks for are drawn for
/// each example apart. Stacks along other axes are brought to the front by [`transpose`](Expr::transpose); calls may be nested.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, grad, vmap};
/// use bayeux_tensor::Tensor;
/// // The slope of each example's loss, in one program.
/// let w = Expr::<f64>::input("w", [2]);
/// let x = Expr::<f64>::input("x", [3, 2]);
/// let slopes = vmap(|x| grad(&x[0].matmul(&w).square(), &[w.clone()]).remove(0), &[x.clone()]);
/// let f = Function::new([&w, &x], [&slopes])?;
/// let x = Tensor::new([3, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
/// let slopes = f.call(&[&Tensor::from_slice(&[3.0, 5.0]), &x])?.remove(0);
/// assert_eq!(slopes.to_vec(), [6.0, 0.0, 0.0, 10.0, 16.0, 16.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If there is no input, if one has no axis, or if they differ in their first.
#[track_caller]
pub fn vmap<T: Kind, V: Values>(f: impl FnOnce(&[Expr<T>]) -> V, inputs: &[Expr<T>]) -> V {
    let Some(size) = inputs.first().map(|input| first(input)) else { panic!("vmap: there is no input") };
    for input in inputs {
        ensure!(
            first(input) == size,
            [inputs[0], input],
            "vmap: {:?} of shape {} and {input:?} of shape {} differ in their first axis",
            inputs[0],
            inputs[0].shape(),
            input.shape()
        );
    }
    let begin = AnyExpr::marker();
    let parameters: Vec<AnyExpr> = inputs.iter().map(|input| part_of(&input.untyped())).collect();
    let values = f(&parameters.iter().map(Expr::typed).collect::<Vec<_>>()).into_values();
    let given = parameters.iter().map(Expr::key).zip(all_untyped(inputs)).collect();
    V::from_values(batched(&values, given, &size, |node| !node.is_older_than(&begin)))
}

#[track_caller]
fn first<T: Kind>(input: &Expr<T>) -> Dim {
    match input.shape().dims().first() {
        Some(first) => first.clone(),
        None => refuse!([input], "vmap: {input:?} has no axis along which it is a stack"),
    }
}

/// A parameter that stands for one part of a stack.
pub(crate) fn part_of(stack: &AnyExpr) -> AnyExpr {
    AnyExpr::parameter(stack.element_type(), stack.shape().without(&[0]), stack.name())
}

/// Stacks of the values of some expressions, for stacks in place of some that they depend on. Random numbers that are `fresh` are
/// drawn for each part.
#[track_caller]
pub(crate) fn batched(
    roots: &[AnyExpr],
    given: HashMap<Key, AnyExpr>,
    size: &Dim,
    fresh: impl Fn(&AnyExpr) -> bool,
) -> Vec<AnyExpr> {
    let found = stacks(roots, given, size, fresh);
    let of = |root: &AnyExpr| match found.get(&root.key()) {
        Some(stack) => stack.clone(),
        None => root.broadcast_to(stacked(size, root.shape())),
    };
    roots.iter().map(of).collect()
}

/// The stacks of what differs from part to part, among some expressions and all that they depend on.
#[track_caller]
pub(crate) fn stacks(
    roots: &[AnyExpr],
    given: HashMap<Key, AnyExpr>,
    size: &Dim,
    fresh: impl Fn(&AnyExpr) -> bool,
) -> HashMap<Key, AnyExpr> {
    let order = topological_to(roots, |value| given.contains_key(&value.key()));
    let mut found = given;
    for node in order {
        let is_stacked: Vec<bool> =
            node.inputs().iter().map(|input| found.contains_key(&input.key())).collect();
        let values = match node.op() {
            Op::Noise(noise) if fresh(&node) => {
                vec![Expr::leaf((*noise).into(), node.element_type(), stacked(size, node.shape()))]
            }
            _ if !is_stacked.contains(&true) => continue,
            op => {
                let now = |input: &AnyExpr| found.get(&input.key()).unwrap_or(input).clone();
                let inputs: Vec<AnyExpr> = node.inputs().iter().map(now).collect();
                let batch = Batch { inputs: &inputs, stacked: &is_stacked, types: node.types(), size };
                match op {
                    Op::Call(call) => call::of_call(call, &batch),
                    Op::Scan(scan) => {
                        scan::of_scan(scan, &batch).unwrap_or_else(|| one_by_one(&node, &batch))
                    }
                    op => op.rule().batched(&batch).unwrap_or_else(|| one_by_one(&node, &batch)),
                }
            }
        };
        for (output, value) in values.into_iter().enumerate() {
            debug_assert_eq!(value.shape(), &stacked(size, &node.types()[output].shape), "stack of {node:?}");
            found.insert(node.sibling(output).key(), value);
        }
    }
    found
}

/// Whether an operation has a rule for stacks of some of its inputs.
pub(crate) fn has_rule(node: &AnyExpr, is_stack: &[bool], size: &Dim) -> bool {
    if matches!(node.op(), Op::Call(_) | Op::Scan(_)) || node.op().is_leaf() {
        return false;
    }
    let input = |(x, &is_stack): (&AnyExpr, &bool)| match is_stack {
        true => AnyExpr::parameter(x.element_type(), stacked(size, x.shape()), None),
        false => AnyExpr::parameter_like(x),
    };
    let inputs: Vec<AnyExpr> = node.inputs().iter().zip(is_stack).map(input).collect();
    let batch = Batch { inputs: &inputs, stacked: is_stack, types: node.types(), size };
    !is_stack.contains(&true) || node.op().rule().batched(&batch).is_some()
}

/// An operation without a rule, for one part after the other: a loop.
#[track_caller]
fn one_by_one(node: &AnyExpr, batch: &Batch<'_>) -> Vec<AnyExpr> {
    // In a loop sequences come first.
    let (stacks, same): (Vec<usize>, Vec<usize>) =
        (0..node.inputs().len()).partition(|&input| batch.is_stacked(input));
    let parameters: Vec<AnyExpr> = node.inputs().iter().map(AnyExpr::parameter_like).collect();
    let order = || stacks.iter().chain(&same);
    let body =
        Lambda::new(order().map(|&input| parameters[input].clone()).collect(), node.on(parameters.clone()));
    let scan = Scan {
        body: Arc::new(body),
        carried: 0,
        sequences: stacks.len(),
        length: batch.size().clone(),
        backwards: false,
        until: false,
        limited: false,
        truncated: None,
    };
    AnyExpr::values_of(scan, order().map(|&input| batch.given(input).clone()).collect())
}
