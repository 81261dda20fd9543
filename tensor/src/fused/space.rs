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
                strides.iter().all(|walk| walk[outer] == walk[axis] * size as isize)
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

    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Visits the elements `start .. start + count` in order, cut where the innermost axis ends:
    /// `f(offset in the walk, position − start, length)`.
    pub fn segments(
        &self,
        strides: &[isize],
        start: usize,
        count: usize,
        mut f: impl FnMut(isize, usize, usize),
    ) {
        let (&inner, outer) = self.shape.split_last().expect("a space has an axis");
        let inner_stride = strides[outer.len()];
        let mut done = 0;
        while done < count {
            let at = start + done;
            let column = at % inner;
            let mut row = at / inner;
            let mut offset = column as isize * inner_stride;
            for (&size, &stride) in outer.iter().zip(strides).rev() {
                offset += (row % size) as isize * stride;
                row /= size;
            }
            let length = (inner - column).min(count - done);
            f(offset, done, length);
            done += length;
        }
    }
}
