//! The loop of a reduction along one axis. What it gives depends on shapes alone, not on the number of threads.

use rayon::prelude::*;

use crate::ops::axes::Lanes;

/// Elements of a task.
const TASK: usize = 1 << 14;

/// So many lanes side by side are one task.
const STRIP: usize = 256;

/// So many elements are joined to as many states, for which the processor need not wait.
const WIDTH: usize = 32;

/// Of each lane of `x` one element of `y`, by what joins two, with which `begin` changes nothing.
pub(super) fn fold<T: Copy + Send + Sync>(
    x: &[T],
    lanes: Lanes,
    y: &mut [T],
    begin: T,
    join: impl Fn(T, T) -> T + Sync,
) {
    let Lanes { length, inner, .. } = lanes;
    let slab = length * inner;
    let part = |x: &[T]| {
        let mut states = [begin; WIDTH];
        let rest = x.chunks_exact(WIDTH).remainder();
        for part in x.chunks_exact(WIDTH) {
            states.iter_mut().zip(part).for_each(|(state, x)| *state = join(*state, *x));
        }
        rest.iter().chain(&states).fold(begin, |state, x| join(state, *x))
    };
    let lane = |x: &[T]| match length <= TASK {
        true => part(x),
        false => {
            let parts: Vec<T> = x.par_chunks(TASK).map(part).collect();
            parts.into_iter().fold(begin, &join)
        }
    };
    // Some lanes side by side, the first of which is given.
    let strip = |x: &[T], first: usize, y: &mut [T]| {
        y.fill(begin);
        for row in x.chunks_exact(inner) {
            let row = &row[first..first + y.len()];
            y.iter_mut().zip(row).for_each(|(y, x)| *y = join(*y, *x));
        }
    };
    match (inner == 1, x.len() <= TASK) {
        (true, true) => y.iter_mut().enumerate().for_each(|(o, y)| *y = lane(&x[o * length..][..length])),
        (true, false) => {
            let lanes = y.par_iter_mut().enumerate().with_min_len(TASK.div_ceil(length.max(1)));
            lanes.for_each(|(o, y)| *y = lane(&x[o * length..][..length]));
        }
        (false, true) => {
            let slabs = y.chunks_mut(inner.max(1)).enumerate();
            slabs.for_each(|(o, y)| strip(&x[o * slab..][..slab], 0, y));
        }
        (false, false) => {
            let slabs = y.par_chunks_mut(inner).enumerate().with_min_len(TASK.div_ceil(slab));
            slabs.for_each(|(o, y)| {
                let strips = y.par_chunks_mut(STRIP).enumerate();
                strips.for_each(|(i, y)| strip(&x[o * slab..][..slab], i * STRIP, y));
            });
        }
    }
}
