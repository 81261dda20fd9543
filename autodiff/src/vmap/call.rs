//! A lambda for a whole stack of arguments.

use std::collections::HashMap;
use std::sync::Arc;

use super::{batched, part_of};
use crate::expr::Key;
use crate::lambda::Lambda;
use crate::ops::{Batch, Call, How, Rule, stacked};
use crate::substitute::replaced;
use crate::{AnyExpr, Dim};

/// The stacks of the values of a call.
#[track_caller]
pub(super) fn of_call(call: &Call, batch: &Batch<'_>) -> Vec<AnyExpr> {
    let (parameters, size) = (call.lambda.parameters(), batch.size());
    let is_stack: Vec<bool> = (0..parameters.len()).map(|i| batch.is_stacked(i)).collect();
    let parameter = |(i, of): (usize, &AnyExpr)| match is_stack[i] {
        true => AnyExpr::parameter(of.element_type(), stacked(size, of.shape()), of.name()),
        false => AnyExpr::parameter_like(of),
    };
    let new: Vec<AnyExpr> = parameters.iter().enumerate().map(parameter).collect();
    let pairs = |stacks: bool| {
        let pairs = parameters.iter().zip(&new).zip(&is_stack).filter(|(_, is)| **is == stacks);
        pairs.map(|((old, new), _)| (old.key(), new.clone())).collect::<HashMap<Key, AnyExpr>>()
    };
    let body = batched(&replaced(call.lambda.body(), pairs(false)), pairs(true), size, |_| true);
    let how = match &call.how {
        How::Apart => How::Apart,
        How::With(rule) => How::With(of_rule(rule.clone(), is_stack, size.clone())),
    };
    let arguments = (0..parameters.len()).map(|i| batch.given(i).clone()).collect();
    Call::values(Lambda::new(new, body), how, arguments)
}

/// What each input receives by a rule for one part, where the adjoint and some inputs are stacks: inputs that are the same for all
/// parts receive the sum.
fn of_rule(rule: Rule, is_stack: Vec<bool>, size: Dim) -> Rule {
    Arc::new(move |g, inputs, value| {
        let all: Vec<&AnyExpr> = [g, value].into_iter().chain(inputs).collect();
        let stacked = |i: usize| i < 2 || is_stack[i - 2];
        let part = |(i, x): (usize, &&AnyExpr)| if stacked(i) { part_of(x) } else { (*x).clone() };
        let parts: Vec<AnyExpr> = all.iter().enumerate().map(part).collect();
        let given = parts.iter().zip(&all).enumerate().filter(|(i, _)| stacked(*i));
        let given: HashMap<Key, AnyExpr> = given.map(|(_, (part, x))| (part.key(), (*x).clone())).collect();
        let of = |part: AnyExpr, is_stack: bool| {
            let stack = batched(&[part], given.clone(), &size, |_| false).remove(0);
            if is_stack { stack } else { stack.sum(0) }
        };
        let received = rule(&parts[0], &parts[2..], &parts[1]).into_iter().zip(&is_stack);
        received.map(|(part, &is_stack)| Some(of(part?, is_stack))).collect()
    })
}
