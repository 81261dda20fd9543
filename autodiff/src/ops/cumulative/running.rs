//! A state that is carried along an axis: the loops of all running sums. What they give depends on shapes alone, not on the number of
//! threads.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ops::axes::Lanes;

/// What is carried along a lane, and what it is worth at each element.
pub(in crate::ops) trait Running<T>: Sync {
    type State: Copy + Send + Sync;

    /// Before the first element.
    fn begin(&self) -> Self::State;

    /// After one more element, that at a place of the whole array.
    fn push(&self, state: Self::State, at: usize) -> Self::State;

    fn value(&self, state: Self::State) -> T;

    /// After a stretch of a lane and another behind it, if that can be said from their states alone: long lanes are cut then.
    fn join(&self, _before: Self::State, _after: Self::State) -> Option<Self::State> {
        None
    }

    /// After a stretch of neighbours in memory.
    fn stretch(&self, places: Range<usize>, reverse: bool) -> Self::State {
        match reverse {
            false => places.fold(self.begin(), |state, at| self.push(state, at)),
            true => places.rev().fold(self.begin(), |state, at| self.push(state, at)),
        }
    }
}

/// From which end, and whether each element counts for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Order {
    pub reverse: bool,
    pub exclusive: bool,
}

/// Elements of a stretch into which a long lane is cut.
const STRETCH: usize = 1 << 14;

/// Fewer lanes than this are cut.
const FEW: usize = 16;

/// So many lanes side by side are one task.
const STRIP: usize = 512;

/// Each element of the output along each lane.
pub(super) fn run<T: Send, R: Running<T>>(running: &R, lanes: Lanes, order: Order, output: &mut [T]) {
    let Lanes { outer, length, inner } = lanes;
    if lanes.is_empty() {
        return;
    }
    let begin = running.begin();
    if inner == 1 && outer < FEW && length >= 2 * STRETCH && running.join(begin, begin).is_some() {
        return output.chunks_mut(length).enumerate().for_each(|(row, y)| {
            long(running, row * length, order, y);
        });
    }
    if output.len() <= STRETCH {
        return output.chunks_mut(length * inner).enumerate().for_each(|(o, y)| match inner {
            1 => along(running, o * length, order, begin, y),
            _ => across(running, o * length * inner, inner, order, y.chunks_mut(inner)),
        });
    }
    if inner == 1 {
        let rows = output.par_chunks_mut(length).enumerate().with_min_len(STRETCH.div_ceil(length));
        return rows.for_each(|(row, y)| along(running, row * length, order, begin, y));
    }
    let slab = length * inner;
    if inner <= STRIP {
        let slabs = output.par_chunks_mut(slab).enumerate().with_min_len(STRETCH.div_ceil(slab));
        return slabs.for_each(|(o, y)| across(running, o * slab, inner, order, y.chunks_mut(inner)));
    }
    // The parts of all rows that belong to a strip of columns.
    let strips = inner.div_ceil(STRIP);
    for (o, y) in output.chunks_mut(slab).enumerate() {
        let mut parts: Vec<Vec<&mut [T]>> = (0..strips).map(|_| Vec::with_capacity(length)).collect();
        for row in y.chunks_mut(inner) {
            row.chunks_mut(STRIP).zip(&mut parts).for_each(|(part, parts)| parts.push(part));
        }
        parts.into_par_iter().enumerate().for_each(|(strip, rows)| {
            across(running, o * slab + strip * STRIP, inner, order, rows.into_iter());
        });
    }
}

/// One lane that lies together, or a stretch of one.
fn along<T, R: Running<T>>(running: &R, first: usize, order: Order, mut state: R::State, y: &mut [T]) {
    let mut step = |i: usize, y: &mut T| {
        let next = running.push(state, first + i);
        *y = running.value(if order.exclusive { state } else { next });
        state = next;
    };
    match order.reverse {
        false => y.iter_mut().enumerate().for_each(|(i, y)| step(i, y)),
        true => y.iter_mut().enumerate().rev().for_each(|(i, y)| step(i, y)),
    }
}

/// One long lane: the states of its stretches, then the stretches from where those before them end.
fn long<T: Send, R: Running<T>>(running: &R, first: usize, order: Order, y: &mut [T]) {
    let (length, count) = (y.len(), y.len().div_ceil(STRETCH));
    let places = |i: usize| first + i * STRETCH..first + ((i + 1) * STRETCH).min(length);
    let whole: Vec<R::State> =
        (0..count).into_par_iter().map(|i| running.stretch(places(i), order.reverse)).collect();
    let mut starts = vec![running.begin(); count];
    let mut state = running.begin();
    for step in 0..count {
        let i = if order.reverse { count - 1 - step } else { step };
        starts[i] = state;
        state = running.join(state, whole[i]).unwrap_or(state);
    }
    let stretches = y.par_chunks_mut(STRETCH).zip(starts).enumerate();
    stretches.for_each(|(i, (y, start))| along(running, places(i).start, order, start, y));
}

/// Lanes side by side, row after row.
fn across<'a, T: 'a, R: Running<T>>(
    running: &R,
    first: usize,
    inner: usize,
    order: Order,
    rows: impl DoubleEndedIterator<Item = &'a mut [T]> + ExactSizeIterator,
) {
    let mut states: Vec<R::State> = Vec::new();
    let mut step = |i: usize, row: &mut [T]| {
        states.resize(row.len(), running.begin());
        for (k, (y, state)) in row.iter_mut().zip(&mut states).enumerate() {
            let next = running.push(*state, first + i * inner + k);
            *y = running.value(if order.exclusive { *state } else { next });
            *state = next;
        }
    };
    match order.reverse {
        false => rows.enumerate().for_each(|(i, row)| step(i, row)),
        true => rows.enumerate().rev().for_each(|(i, row)| step(i, row)),
    }
}
