//! Room for what a task computes and hands on.

use std::mem::MaybeUninit;

use crate::Float;

/// Elements of C for which there is room beside the copies in a second-level cache, and on a worker's stack.
pub(crate) const ROOM: usize = 32 << 10;

/// Room for the rows of a task, or its images, on the worker's stack.
#[repr(align(64))]
pub(crate) struct Room<T, const LEN: usize = ROOM>([MaybeUninit<T>; LEN]);

impl<T: Float, const LEN: usize> Room<T, LEN> {
    #[inline(always)]
    pub fn new() -> Self {
        const { Room([MaybeUninit::uninit(); LEN]) }
    }

    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}
