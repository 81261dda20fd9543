//! A loop for a whole stack: each step is done for all parts at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::batched;
use crate::AnyExpr;
use crate::expr::Key;
use crate::lambda::Lambda;
use crate::ops::{Batch, Scan, stacked};
use crate::substitute::replaced;

/// The stacks of the values of a loop; `None` where it ends at different steps for different parts.
#[track_caller]
pub(super) fn of_scan(scan: &Scan, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
    let (parameters, size) = (scan.body.parameters(), batch.size());
    if scan.until || scan.limited && batch.is_stacked(parameters.len()) {
        return None;
    }
    let from_same = scan.carried + scan.sequences;
    // What is carried on may become different, so all of it is stacked.
    let is_stack = |i: usize| i < scan.carried || batch.is_stacked(i);
    let parameter = |(i, of): (usize, &AnyExpr)| match is_stack(i) {
        true => AnyExpr::parameter(of.element_type(), stacked(size, of.shape()), of.name()),
        false => AnyExpr::parameter_like(of),
    };
    let new: Vec<AnyExpr> = parameters.iter().enumerate().map(parameter).collect();
    let pairs = |stacks: bool| {
        let pairs = parameters.iter().zip(&new).enumerate().filter(|(i, _)| is_stack(*i) == stacks);
        pairs.map(|(_, (old, new))| (old.key(), new.clone())).collect::<HashMap<Key, AnyExpr>>()
    };
    let body = batched(&replaced(scan.body.body(), pairs(false)), pairs(true), size, |_| true);
    // In a sequence the axis of the steps comes first.
    let second_first = |x: &AnyExpr| {
        let axes: Vec<usize> = [1, 0].into_iter().chain(2..x.rank()).collect();
        x.transpose(&axes)
    };
    let argument = |i: usize| match i {
        i if i < scan.carried => batch.stack(i),
        i if i < from_same && batch.is_stacked(i) => second_first(batch.given(i)),
        i => batch.given(i).clone(),
    };
    let arguments = (0..parameters.len() + usize::from(scan.limited)).map(argument).collect();
    let scan = Scan { body: Arc::new(Lambda::new(new, body)), ..scan.clone() };
    let carried = scan.carried;
    let values = AnyExpr::values_of(scan, arguments).into_iter().enumerate();
    Some(values.map(|(i, value)| if i < carried { value } else { second_first(&value) }).collect())
}
