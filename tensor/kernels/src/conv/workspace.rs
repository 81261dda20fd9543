//! Working space of a thread: its caches keep it from one image to the next.

use std::cell::Cell;

use crate::{Float, Storage};

thread_local! {
    static WORKSPACE: Cell<Option<Storage<f64>>> = const { Cell::new(None) };
}

/// Calls `work` with room for so many numbers, of any content. The thread keeps it, the most that it was ever asked for.
pub(super) fn with_workspace<T: Float>(len: usize, work: impl FnOnce(&mut [T])) {
    let needed = (len * size_of::<T>()).div_ceil(size_of::<f64>());
    let kept = WORKSPACE.take().filter(|kept| kept.len() >= needed);
    let mut room = kept.unwrap_or_else(|| Storage::zeros(needed));
    // SAFETY: there are as many bytes, all bytes make a number, and f64 has at least the alignment of T, which is f32 or f64.
    work(unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), len) });
    WORKSPACE.set(Some(room));
}
