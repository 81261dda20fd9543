//! Windows along one axis.

use serde::{Deserialize, Serialize};

use crate::Dim;

/// Windows of `size` elements, `dilation` apart from each other, one every `stride` places, on an axis with padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::ops) struct Window {
    pub size: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Places before the axis and behind it.
    pub padding: [usize; 2],
    /// Whether a window that ends behind the padding counts, if it begins on the axis or in the padding before it.
    pub ceil: bool,
}

impl Window {
    /// From the first element to the last.
    fn reach(&self) -> usize {
        (self.size - 1).saturating_mul(self.dilation).saturating_add(1)
    }

    /// ⌊(n + padding − reach) / stride⌋ + 1 windows, or ⌈…⌉ + 1 without those that begin in the padding behind: both are n + p before
    /// division, less what is missing to a whole window.
    pub fn count(&self, length: &Dim) -> Dim {
        let [before, after] = self.padding;
        match self.ceil {
            false => (length + before + after).windows(self.reach(), self.stride),
            true => (length + before - self.missing()).div_ceil(self.stride),
        }
    }

    /// By how much the last window may lie within the padding behind, and does not.
    fn missing(&self) -> usize {
        self.reach().saturating_sub(self.padding[1] + self.stride)
    }

    /// Whether there is a window on an axis of this length; `None` if that depends on its free dimensions.
    pub fn fits(&self, length: &Dim) -> Option<bool> {
        let [before, after] = self.padding;
        match self.ceil {
            false => (length + before + after).is_at_least(self.reach()),
            true => (length + before).is_at_least(self.missing() + 1),
        }
    }

    /// The places of a window's elements, counted from the first element of the axis.
    pub fn places(&self, window: usize) -> impl Iterator<Item = isize> {
        let first = (window * self.stride) as isize - self.padding[0] as isize;
        (0..self.size).map(move |tap| first + (tap * self.dilation) as isize)
    }

    /// Why it does not fit.
    pub fn refusal(&self, length: &Dim) -> String {
        let Window { size, dilation, padding, .. } = self;
        let dilated = if *dilation > 1 { format!(", {dilation} apart,") } else { String::new() };
        format!("a window of {size}{dilated} exceeds an axis of {length} padded by {padding:?}")
    }
}
