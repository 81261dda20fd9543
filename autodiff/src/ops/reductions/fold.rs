//! The loop of a reduction along one axis. What it gives depends on shapes alone, not on the number of threads.

use rayon::prelude::*;

use crate::ops::axes::Lanes;

/// How the elements of a lane become one.
pub(super) trait Fold<T>: Sync {
    type State: Copy + Send + Sync;
    fn begin(&self) -> Self::State;
    fn push(&self, state: Self::State, x: T) -> Self::State;
    fn join(&self, a: Self::State, b: Self::State) -> Self::State;
    fn value(&self, state: Self::State) -> T;
}

/// Elements of a task.
const TASK: usize = 1 << 14;

/// So many lanes side by side are one task.
const STRIP: usize = 256;

/// Of each lane of `x` one element of `y`.
pub(super) fn fold<T: Copy + Send + Sync, F: Fold<T>>(fold: &F, x: &[T], lanes: Lanes, y: &mut [T]) {
    let Lanes { length, inner, .. } = lanes;
    if inner != 1 {
        let slab = length * inner;
        let strip = |slab: &[T], first: usize, y: &mut [T]| {
            let mut states = vec![fold.begin(); y.len()];
            for row in slab.chunks_exact(inner) {
                let row = &row[first..first + y.len()];
                row.iter().zip(&mut states).for_each(|(&x, state)| *state = fold.push(*state, x));
            }
            y.iter_mut().zip(states).for_each(|(y, state)| *y = fold.value(state));
        };
        let slabs = y.par_chunks_mut(inner.max(1)).enumerate().with_min_len(TASK.div_ceil(slab.max(1)));
        return slabs.for_each(|(o, y)| {
            let slab = &x[o * slab..][..slab];
            let strips = y.par_chunks_mut(STRIP).enumerate().with_min_len(TASK.div_ceil(length * STRIP + 1));
            strips.for_each(|(i, y)| strip(slab, i * STRIP, y));
        });
    }
    let whole = |x: &[T]| x.iter().fold(fold.begin(), |state, &x| fold.push(state, x));
    let rows = y.par_iter_mut().enumerate().with_min_len(TASK.div_ceil(length.max(1)));
    rows.for_each(|(row, y)| {
        let x = &x[row * length..][..length];
        let state = match length <= TASK {
            true => whole(x),
            false => {
                let parts: Vec<F::State> = x.par_chunks(TASK).map(whole).collect();
                parts.into_iter().fold(fold.begin(), |a, b| fold.join(a, b))
            }
        };
        *y = fold.value(state);
    });
}
