//! The iteration space of a fused loop.

/// A shape with neighbouring axes merged wherever every operand and reduction walks them as one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Space {
    pub shape: Vec<usize>,
}

impl Space {
    /// Merges axes of `shape`; every list in `strides` is rewritten to match. At least one axis is left.
    pub fn collapse(shape: &[usize], strides: &mut [Vec<isize>]) -> Space {
        let mut merged: Vec<usize> = Vec::new();
        let mut kept: Vec<usize> = Vec::new();
        for (axis, &size) in shape.iter().enumerate() {
            if size == 1 {
                continue;
            }
            let joins = kept.last().is_some_and(|&outer: &usize| {
                strides.iter().all(|walk| Some(walk[outer]) == walk[axis].checked_mul(size as isize))
            });
            if joins {
                // The merged axis steps like its inner one.
                let last = merged.len() - 1;
                merged[last] *= size;
                kept[last] = axis;
            } else {
                merged.push(size);
                kept.push(axis);
            }
        }
        for walk in strides.iter_mut() {
            *walk = kept.iter().map(|&axis| walk[axis]).collect();
            if merged.is_empty() {
                walk.push(0);
            }
        }
        if merged.is_empty() {
            merged.push(1);
        }
        Space { shape: merged }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements `start .. start + count` in order, cut where the innermost axis ends: the offset in a walk, the position
    /// after `start`, and the length of each piece.
    ///
    /// An iterator and no function of a closure, which might be left a call without the caller's vector instructions.
    #[inline(always)]
    pub fn segments<'a>(&'a self, strides: &'a [isize], start: usize, count: usize) -> Segments<'a> {
        Segments { shape: &self.shape, strides, start, count, done: 0, rows: 0, offset: 0 }
    }
}

/// See [`Space::segments`].
pub(super) struct Segments<'a> {
    shape: &'a [usize],
    strides: &'a [isize],
    start: usize,
    count: usize,
    done: usize,
    /// Rows left of the second innermost axis.
    rows: usize,
    /// Where the next of them begins.
    offset: isize,
}

impl Iterator for Segments<'_> {
    type Item = (isize, usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done >= self.count {
            return None;
        }
        let (&inner, outer) = self.shape.split_last()?;
        let axis = outer.len();
        let at = self.start + self.done;
        let column = if self.done == 0 { at % inner } else { 0 };
        if self.rows == 0 {
            // The walk's offset from its indices, needed anew only where the second innermost axis ends.
            let mut index = at / inner;
            self.rows = outer.last().map_or(1, |&rows| rows - index % rows);
            self.offset = 0;
            for (&size, &stride) in outer.iter().zip(self.strides).rev() {
                self.offset += (index % size) as isize * stride;
                index /= size;
            }
        }
        let length = (inner - column).min(self.count - self.done);
        let segment = (self.offset + column as isize * self.strides[axis], self.done, length);
        self.done += length;
        self.rows -= 1;
        // After the last row this may be farther than anything reaches.
        self.offset = self.offset.wrapping_add(if axis > 0 { self.strides[axis - 1] } else { 0 });
        Some(segment)
    }
}

/// Row-major strides over the axes that `keeps` holds for, 0 for the others.
pub(super) fn row_major(shape: &[usize], keeps: impl Fn(usize) -> bool) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for axis in (0..shape.len()).rev().filter(|&axis| keeps(axis)) {
        strides[axis] = step;
        step *= shape[axis].max(1) as isize;
    }
    strides
}

pub(super) fn row_major_without(shape: &[usize], axes: &[usize]) -> Vec<isize> {
    row_major(shape, |axis| !axes.contains(&axis))
}
