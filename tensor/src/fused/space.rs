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
    #[inline(always)]
    pub fn segments(
        &self,
        strides: &[isize],
        start: usize,
        count: usize,
        mut f: impl FnMut(isize, usize, usize),
    ) {
        let (&inner, outer) = self.shape.split_last().expect("a space has an axis");
        let inner_stride = strides[outer.len()];
        let (rows, row_stride) = outer.last().map_or((1, 0), |&rows| (rows, strides[outer.len() - 1]));
        let mut done = 0;
        while done < count {
            // The walk's offset from its indices, needed anew only where the second innermost axis ends.
            let at = start + done;
            let (mut column, mut index) = (at % inner, at / inner);
            let first = index % rows;
            let mut offset = 0;
            for (&size, &stride) in outer.iter().zip(strides).rev() {
                offset += (index % size) as isize * stride;
                index /= size;
            }
            for _ in first..rows {
                let length = (inner - column).min(count - done);
                if length == 0 {
                    break;
                }
                f(offset + column as isize * inner_stride, done, length);
                done += length;
                offset += row_stride;
                column = 0;
            }
        }
    }
}
