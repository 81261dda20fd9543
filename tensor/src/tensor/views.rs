//! Views: the same storage seen with another shape, strides or offset. None copies, except `reshape` where it must.

use std::ops::Range;

use super::Tensor;
use super::walk::row_major_strides;
use bayeux_kernels::{Element, size};

impl<T: Element> Tensor<T> {
    fn view(&self, shape: Vec<usize>, strides: Vec<isize>, offset: usize) -> Self {
        Self { data: self.data.clone(), shape, strides, offset }
    }

    #[track_caller]
    fn check_axis(&self, op: &str, axis: usize) {
        assert!(axis < self.rank(), "{op}: no axis {axis} in shape {:?}", self.shape);
    }

    /// The same elements in row-major order with another shape. Copies only if the strides force it.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        let len = size::len::<T>("reshape", shape);
        assert!(
            self.len() == len,
            "reshape: {:?} has {} elements and cannot become {shape:?}, which has {len}",
            self.shape,
            self.len(),
        );
        let source = self.contiguous();
        source.view(shape.to_vec(), row_major_strides(shape), source.offset)
    }

    /// Axes in another order: axis `i` of the result is axis `perm[i]` of this tensor.
    ///
    /// # Panics
    /// If `perm` is not a permutation of the axes.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let a = Tensor::<f32>::zeros([2, 3, 4]);
    /// assert_eq!(a.transpose(&[2, 0, 1]).shape(), [4, 2, 3]);
    /// ```
    #[track_caller]
    pub fn transpose(&self, perm: &[usize]) -> Self {
        let mut seen = vec![false; self.rank()];
        for &axis in perm {
            assert!(
                axis < self.rank() && !std::mem::replace(&mut seen[axis], true),
                "transpose: {perm:?} does not name each axis of shape {:?} once",
                self.shape
            );
        }
        assert!(
            perm.len() == self.rank(),
            "transpose: {perm:?} does not name each axis of shape {:?} once",
            self.shape
        );
        let shape = perm.iter().map(|&axis| self.shape[axis]).collect();
        let strides = perm.iter().map(|&axis| self.strides[axis]).collect();
        self.view(shape, strides, self.offset)
    }

    /// The last two axes swapped: the transpose of a matrix, or of each matrix in a batch.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> Self {
        assert!(self.rank() >= 2, "t: shape {:?} has fewer than two axes", self.shape);
        let mut perm: Vec<usize> = (0..self.rank()).collect();
        perm.swap(self.rank() - 2, self.rank() - 1);
        self.transpose(&perm)
    }

    /// The part with indices `range` along `axis`.
    ///
    /// # Panics
    /// If there is no such axis, or the range does not lie within it.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Self {
        self.check_axis("slice", axis);
        assert!(
            range.start <= range.end && range.end <= self.shape[axis],
            "slice: {range:?} does not lie within axis {axis} of shape {:?}",
            self.shape
        );
        self.slice_step(axis, range.start, range.end - range.start, 1)
    }

    /// `len` indices along `axis`: `start`, `start + step`, `start + 2·step`, …
    ///
    /// # Panics
    /// If there is no such axis, or one of the indices is outside it.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let odd_backwards = Tensor::<f64>::arange(6).slice_step(0, 5, 3, -2);
    /// assert_eq!(odd_backwards.to_vec(), [5.0, 3.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn slice_step(&self, axis: usize, start: usize, len: usize, step: isize) -> Self {
        self.check_axis("slice_step", axis);
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape[axis] = len;
        // More indices than the axis has, if the step is 0.
        size::len::<T>("slice_step", &shape);
        if len == 0 {
            return self.view(shape, strides, self.offset);
        }
        let last = (len as i128 - 1) * step as i128 + start as i128;
        assert!(
            start < self.shape[axis] && (0..self.shape[axis] as i128).contains(&last),
            "slice_step: indices {start} to {last} do not lie within axis {axis} of shape {:?}",
            self.shape
        );
        if len > 1 {
            strides[axis] *= step; // of a single index it may be any number
        }
        let offset = self.offset as isize + start as isize * self.strides[axis];
        // A tensor without elements has nowhere to point to.
        let offset = if self.is_empty() { self.offset } else { offset as usize };
        self.view(shape, strides, offset)
    }

    /// Indices along `axis` in reverse order.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Self {
        self.check_axis("flip", axis);
        let n = self.shape[axis];
        if n == 0 { self.clone() } else { self.slice_step(axis, n - 1, n, -1) }
    }

    /// Repeats along new leading axes and along axes of size 1, by NumPy's rule.
    ///
    /// # Panics
    /// If some axis (aligned at the end) is neither 1 nor the wanted size, or memory could not hold a tensor of the shape.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        let fits = shape.len() >= self.rank()
            && self.shape.iter().rev().zip(shape.iter().rev()).all(|(&from, &to)| from == to || from == 1);
        assert!(fits, "broadcast_to: shape {:?} cannot be broadcast to {shape:?}", self.shape);
        size::len::<T>("broadcast_to", shape);
        let new = shape.len() - self.rank();
        let mut strides = vec![0; shape.len()];
        for axis in 0..self.rank() {
            if self.shape[axis] == shape[new + axis] {
                strides[new + axis] = self.strides[axis];
            }
        }
        self.view(shape.to_vec(), strides, self.offset)
    }

    /// The part with index `index` along `axis`, which is removed.
    ///
    /// # Panics
    /// If there is no such axis, or the index is outside it.
    #[track_caller]
    pub fn index_axis(&self, axis: usize, index: usize) -> Self {
        self.check_axis("index_axis", axis);
        assert!(
            index < self.shape[axis],
            "index_axis: index {index} is outside axis {axis} of shape {:?}",
            self.shape
        );
        let mut part = self.slice(axis, index..index + 1);
        part.shape.remove(axis);
        part.strides.remove(axis);
        part
    }

    /// A new axis of size 1 before axis `axis` (after the last if `axis` is the rank).
    ///
    /// # Panics
    /// If `axis` is larger than the rank.
    #[track_caller]
    pub fn insert_axis(&self, axis: usize) -> Self {
        assert!(axis <= self.rank(), "insert_axis: position {axis} is outside shape {:?}", self.shape);
        let mut out = self.clone();
        out.shape.insert(axis, 1);
        out.strides.insert(axis, 1);
        out
    }
}

/// The shape that both broadcast to, by NumPy's rule.
///
/// # Panics
/// If there is none that memory could hold, naming `op` and both shapes.
#[track_caller]
pub(crate) fn broadcast_shapes<T>(op: &str, a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    let one = |axis| match (size(a, axis), size(b, axis)) {
        (m, n) if m == n || n == 1 => Some(m),
        (1, n) => Some(n),
        _ => None,
    };
    let Some(shape) = (0..rank).map(one).collect::<Option<Vec<usize>>>() else {
        panic!("{op}: shapes {a:?} and {b:?} do not broadcast together");
    };
    if size::checked_len::<T>(&shape).is_none() {
        panic!("{op}: shapes {a:?} and {b:?} broadcast to {shape:?}, which is more than memory can hold");
    }
    shape
}
