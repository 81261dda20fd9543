//! Loops in blocks of steps, of which only the beginnings are kept for gradients.

use super::body::{Body, all_steps};
use crate::lambda::Lambda;
use crate::ops::{Call, How};
use crate::{AnyExpr, Dim, Expr};

/// A loop over blocks of so many steps each, which are computed again in the reverse sweep; and one over what remains.
#[track_caller]
pub(super) fn in_blocks(
    every: usize,
    body: Body,
    f: impl FnOnce(&[AnyExpr], &[AnyExpr]) -> (Vec<AnyExpr>, Vec<AnyExpr>),
) -> (Vec<AnyExpr>, Vec<AnyExpr>) {
    assert!(every > 0, "checkpoint_every: blocks of 0 steps");
    let Body { start, sequences, length, backwards, truncated, .. } = body;
    assert!(truncated.is_none(), "checkpoint_every: not with a truncated gradient");
    let plain = |start: Vec<AnyExpr>, sequences: Vec<AnyExpr>, length: Dim| Body {
        start,
        sequences,
        length,
        backwards,
        truncated: None,
        limit: None,
    };
    // One step, to be used in several places.
    let carried = start.len();
    let part =
        |stack: &AnyExpr| AnyExpr::parameter(stack.element_type(), stack.shape().without(&[0]), stack.name());
    let given: Vec<AnyExpr> = start.iter().cloned().chain(sequences.iter().map(part)).collect();
    let mut outputs = 0;
    let (step, arguments) = Lambda::close(&given, |parameters| {
        let (next, stacked) = f(&parameters[..carried], &parameters[carried..]);
        outputs = stacked.len();
        next.into_iter().chain(stacked).collect()
    });
    let captured = &arguments[given.len()..];
    let apply = |state: &[AnyExpr], parts: &[AnyExpr], captured: &[AnyExpr]| {
        let arguments: Vec<AnyExpr> = state.iter().chain(parts).chain(captured).cloned().collect();
        let mut next = step.apply(&arguments);
        let stacked = next.split_off(carried);
        (next, stacked)
    };
    let blocks = length.div_floor(every);
    let covered = &blocks * every;
    let rest = &length - &covered;
    let whole = |state: Vec<AnyExpr>| {
        let block = |stack: &AnyExpr| {
            let dims =
                [blocks.clone(), every.into()].into_iter().chain(stack.shape().dims()[1..].iter().cloned());
            stack.slice(0, ..covered.clone()).reshape(dims.collect::<Vec<_>>())
        };
        let sequences: Vec<AnyExpr> = sequences.iter().map(block).collect();
        let again = |state: &[AnyExpr], parts: &[AnyExpr]| {
            let inputs: Vec<AnyExpr> = state.iter().chain(parts).chain(captured).cloned().collect();
            let from_captured = state.len() + parts.len();
            let (lambda, arguments) = Lambda::close(&inputs, |all| {
                let (last, stacks) = all_steps(
                    plain(all[..carried].to_vec(), all[carried..from_captured].to_vec(), every.into()),
                    |state, parts| apply(state, parts, &all[from_captured..]),
                );
                last.into_iter().chain(stacks).collect()
            });
            let mut last = Call::values(lambda, How::Apart, arguments);
            let stacks = last.split_off(carried);
            (last, stacks)
        };
        let (last, stacks) = all_steps(plain(state, sequences, blocks.clone()), again);
        let flat = |stack: AnyExpr| {
            let dims = [covered.clone()].into_iter().chain(stack.shape().dims()[2..].iter().cloned());
            stack.reshape(dims.collect::<Vec<_>>())
        };
        (last, stacks.into_iter().map(flat).collect::<Vec<_>>())
    };
    if rest.size() == Some(0) {
        return whole(start);
    }
    let remaining = |state: Vec<AnyExpr>| {
        let sequences = sequences.iter().map(|stack| stack.slice(0, covered.clone()..)).collect();
        all_steps(plain(state, sequences, rest.clone()), |state, parts| apply(state, parts, captured))
    };
    let (last, first_stacks, second_stacks) = if backwards {
        let (state, second) = remaining(start);
        let (last, first) = whole(state);
        (last, first, second)
    } else {
        let (state, first) = whole(start);
        let (last, second) = remaining(state);
        (last, first, second)
    };
    let joined = first_stacks.into_iter().zip(second_stacks).map(|(a, b)| Expr::concat(&[a, b], 0));
    (last, joined.collect())
}
