//! A scratch, divided into parts that begin with a line of the cache.

use crate::Float;
use crate::memory::LINE;

/// What the parts of a scratch are multiples of, in elements, so that they begin with a line of the cache if the first
/// one does.
pub(super) const PART: usize = 16;

/// What parts of these elements take together, or a number that no scratch has.
pub(super) fn room(parts: &[usize]) -> usize {
    let whole = |len: &usize| len.checked_next_multiple_of(PART).unwrap_or(usize::MAX);
    parts.iter().map(whole).fold(0, usize::saturating_add)
}

/// The sum, or a number that no scratch has.
pub(super) fn total(lens: &[usize]) -> usize {
    lens.iter().copied().fold(0, usize::saturating_add)
}

/// A scratch, divided into parts.
pub(super) struct Parts<'a, T>(&'a mut [T]);

impl<'a, T: Float> Parts<'a, T> {
    /// Parts that begin with a line of the cache.
    pub fn new(scratch: &'a mut [T]) -> Self {
        let skip = scratch.as_ptr().align_offset(LINE).min(PART);
        Self(&mut scratch[skip..])
    }

    /// Parts of a part.
    pub fn of(part: &'a mut [T]) -> Self {
        Self(part)
    }

    /// The next part, of `len` elements or a few more.
    pub fn next(&mut self, len: usize) -> &'a mut [T] {
        let (part, rest) = std::mem::take(&mut self.0).split_at_mut(room(&[len]));
        self.0 = rest;
        part
    }
}
