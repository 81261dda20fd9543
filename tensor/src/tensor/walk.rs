//! Walking several strided operands of one shape together, in row-major order.

use rayon::prelude::*;

/// Elements per parallel task. Fixed, so that nothing computed chunk by chunk depends on the number of threads.
pub(crate) const CHUNK: usize = 1 << 14;

/// Calls `f(start, chunk)` for each chunk of `out`, in parallel when there is more than one.
pub(crate) fn par_chunks<T: Send>(out: &mut [T], f: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= CHUNK {
        f(0, out);
    } else {
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, chunk)| f(i * CHUNK, chunk));
    }
}

/// Strides of contiguous storage in row-major order.
pub(crate) fn row_major_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis].max(1) as isize;
    }
    strides
}

/// Moves each operand's offset by so many steps of its stride.
fn shift<const N: usize>(offsets: &mut [isize; N], steps: isize, strides: [isize; N]) {
    for (offset, stride) in offsets.iter_mut().zip(strides) {
        *offset += steps * stride;
    }
}

/// The loop nest over a shape for `N` operands, with axes merged wherever every operand allows it, so that the inner
/// loop is as long as possible.
pub(crate) struct Walk<const N: usize> {
    shape: Vec<usize>,
    strides: Vec<[isize; N]>,
}

impl<const N: usize> Walk<N> {
    pub(crate) fn new(shape: &[usize], strides: [&[isize]; N]) -> Self {
        let mut walk =
            Self { shape: Vec::with_capacity(shape.len()), strides: Vec::with_capacity(shape.len()) };
        for (axis, &n) in shape.iter().enumerate() {
            if n == 1 {
                continue;
            }
            let here: [isize; N] = std::array::from_fn(|k| strides[k][axis]);
            match (walk.shape.last_mut(), walk.strides.last_mut()) {
                (Some(outer_n), Some(outer)) if (0..N).all(|k| outer[k] == here[k] * n as isize) => {
                    *outer_n *= n;
                    *outer = here;
                }
                _ => {
                    walk.shape.push(n);
                    walk.strides.push(here);
                }
            }
        }
        if walk.shape.is_empty() {
            walk.shape.push(1);
            walk.strides.push([1; N]);
        }
        walk
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The length of the inner loop.
    pub(crate) fn inner_len(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }

    /// Each operand's stride in the inner loop.
    pub(crate) fn inner_strides(&self) -> [isize; N] {
        self.strides[self.strides.len() - 1]
    }

    /// Visits elements `start .. start + count` in row-major order, as pieces of the inner loop:
    /// `f(position − start, length, each operand's offset)`.
    pub(crate) fn segments(&self, start: usize, count: usize, mut f: impl FnMut(usize, usize, [isize; N])) {
        if count == 0 {
            return;
        }
        let rank = self.shape.len();
        let mut index = vec![0; rank];
        let mut offsets = [0; N];
        let mut rest = start;
        for axis in (0..rank).rev() {
            index[axis] = rest % self.shape[axis];
            rest /= self.shape[axis];
            shift(&mut offsets, index[axis] as isize, self.strides[axis]);
        }
        let mut done = 0;
        loop {
            let len = (self.inner_len() - index[rank - 1]).min(count - done);
            f(done, len, offsets);
            done += len;
            if done == count {
                return;
            }
            // To the start of the next row: undo this one's steps, then count up the outer indices.
            shift(&mut offsets, -(index[rank - 1] as isize), self.strides[rank - 1]);
            index[rank - 1] = 0;
            for axis in (0..rank - 1).rev() {
                index[axis] += 1;
                let wrap = index[axis] == self.shape[axis];
                let back = if wrap { index[axis] as isize } else { 0 };
                shift(&mut offsets, 1 - back, self.strides[axis]);
                if !wrap {
                    break;
                }
                index[axis] = 0;
            }
        }
    }
}
