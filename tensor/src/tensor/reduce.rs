//! Sums, means, largest and smallest elements along axes.
//!
//! Every reduction is a fixed tree: which elements are combined in which order depends on the shape and strides alone,
//! never on the number of threads. For sums the tree is nearly balanced (pairwise summation, Higham, *Accuracy and
//! Stability of Numerical Algorithms*, 2nd ed., section 4.2), so that the error grows with the logarithm of the count.

use rayon::prelude::*;

use super::Tensor;
use super::tree::{PairUp, combine_rows, reduce_slice};
use super::walk::{CHUNK, Walk};
use bayeux_kernels::reduce::{Combine, Extent, Largest, Smallest, Sum, argmax, reduce, room};
use bayeux_kernels::{Float, zeros};

/// Columns reduced together when a kept axis is the inner one.
const COLUMNS: usize = 256;
/// Rows combined one after the other before results are combined in pairs.
const ROWS: usize = 16;

impl<T: Float> Tensor<T> {
    /// The axes that stay and those that go, checked.
    #[track_caller]
    fn split_axes(&self, op: &str, axes: &[usize]) -> (Vec<usize>, Vec<usize>) {
        for (i, axis) in axes.iter().enumerate() {
            assert!(*axis < self.rank(), "{op}: no axis {axis} in shape {:?}", self.shape);
            assert!(!axes[..i].contains(axis), "{op}: axis {axis} is named twice in {axes:?}");
        }
        (0..self.rank()).partition(|axis| !axes.contains(axis))
    }

    #[track_caller]
    fn reduce<C: Combine>(&self, op: &str, axes: &[usize]) -> Self {
        let (kept, gone) = self.split_axes(op, axes);
        if let Some(x) = self.as_slice()
            && let Some(extent) = Extent::of(&self.shape, |axis| axes.contains(&axis))
        {
            let shape: Vec<usize> = kept.iter().map(|&axis| self.shape[axis]).collect();
            let mut results = zeros(extent.outer * extent.inner);
            let mut scratch = zeros(room(extent));
            reduce(C::KIND, x, extent, &mut results, &mut scratch);
            return Self::new(shape, results);
        }
        let pick = |axes: &[usize]| -> (Vec<usize>, Vec<isize>) {
            axes.iter().map(|&axis| (self.shape[axis], self.strides[axis])).unzip()
        };
        let ((kept_shape, kept_strides), (gone_shape, gone_strides)) = (pick(&kept), pick(&gone));
        let outer = Walk::new(&kept_shape, [&kept_strides]);
        let inner = Walk::new(&gone_shape, [&gone_strides]);
        let out = if outer.len() == 0 || inner.len() == 0 {
            neutral::<T, C>(outer.len())
        } else if outer.inner_strides() == [1] && outer.inner_len() > 1 && inner.inner_strides() != [1] {
            self.reduce_columns::<C>(&outer, &inner)
        } else {
            self.reduce_rows::<C>(&outer, &inner)
        };
        Self::new(kept_shape, out)
    }

    /// Each result from a walk over its own elements.
    fn reduce_rows<C: Combine>(&self, outer: &Walk<1>, inner: &Walk<1>) -> Vec<T> {
        let count = inner.len();
        let chunk = |base: isize, start: usize, buffer: &mut Vec<T>| {
            let len = CHUNK.min(count - start);
            let from = |offset: isize| (self.offset as isize + base + offset) as usize;
            if inner.inner_strides() == [1] && inner.inner_len() == count {
                return reduce_slice::<T, C>(&self.data[from(start as isize)..][..len]);
            }
            buffer.clear();
            let [stride] = inner.inner_strides();
            inner.segments(start, len, |_, len, [offset]| match stride {
                1 => buffer.extend_from_slice(&self.data[from(offset)..][..len]),
                _ => buffer.extend((0..len as isize).map(|i| self.data[from(offset + i * stride)])),
            });
            reduce_slice::<T, C>(buffer)
        };
        let one = |base: isize, buffer: &mut Vec<T>| {
            let partial: Vec<T> = if count > CHUNK {
                (0..count.div_ceil(CHUNK))
                    .into_par_iter()
                    .map(|i| chunk(base, i * CHUNK, &mut Vec::new()))
                    .collect()
            } else {
                return chunk(base, 0, buffer);
            };
            reduce_slice::<T, C>(&partial)
        };
        let mut out = neutral::<T, C>(outer.len());
        let per_task = (CHUNK / count).max(1);
        let [stride] = outer.inner_strides();
        let task = |(i, out): (usize, &mut [T])| {
            let mut buffer = Vec::new();
            outer.segments(i * per_task, out.len(), |at, len, [offset]| {
                for (j, out) in out[at..at + len].iter_mut().enumerate() {
                    *out = one(offset + j as isize * stride, &mut buffer);
                }
            });
        };
        if out.len() <= per_task {
            task((0, &mut out));
        } else {
            out.par_chunks_mut(per_task).enumerate().for_each(task);
        }
        out
    }

    /// Neighbouring results together: whole rows are combined, which reads memory in order.
    fn reduce_columns<C: Combine>(&self, outer: &Walk<1>, inner: &Walk<1>) -> Vec<T> {
        let count = inner.len();
        let width = outer.inner_len();
        let columns = COLUMNS.min(width);
        let rows = (CHUNK / columns).next_multiple_of(ROWS);
        let [stride] = inner.inner_strides();
        // Rows start .. start + len of the columns that begin at `base`.
        let part = |base: isize, columns: usize, start: usize, len: usize| {
            let mut pairs = PairUp::new();
            let mut sum: Vec<T> = Vec::new();
            let mut held = 0;
            inner.segments(start, len, |_, len, [offset]| {
                for i in 0..len as isize {
                    let row =
                        &self.data[(self.offset as isize + base + offset + i * stride) as usize..][..columns];
                    if held == 0 {
                        sum = row.to_vec();
                    } else {
                        combine_rows::<T, C>(&mut sum, row);
                    }
                    held += 1;
                    if held == ROWS {
                        pairs.push::<C>(std::mem::take(&mut sum));
                        held = 0;
                    }
                }
            });
            if held > 0 {
                pairs.push::<C>(sum);
            }
            pairs.finish::<C>(columns)
        };
        let mut out = neutral::<T, C>(outer.len());
        let mut tasks = Vec::new();
        let mut rest = &mut out[..];
        outer.segments(0, outer.len(), |_, len, [offset]| {
            for at in (0..len).step_by(columns) {
                let (piece, tail) = std::mem::take(&mut rest).split_at_mut(columns.min(len - at));
                tasks.push((offset + at as isize, piece));
                rest = tail;
            }
        });
        let run = |(base, out): (isize, &mut [T])| {
            let columns = out.len();
            let starts = (0..count).into_par_iter().step_by(rows);
            let partial: Vec<Vec<T>> =
                starts.map(|start| part(base, columns, start, rows.min(count - start))).collect();
            let mut pairs = PairUp::new();
            partial.into_iter().for_each(|row| pairs.push::<C>(row));
            out.copy_from_slice(&pairs.finish::<C>(columns));
        };
        if self.len() <= CHUNK {
            tasks.into_iter().for_each(run);
        } else {
            tasks.into_par_iter().for_each(run);
        }
        out
    }

    #[track_caller]
    fn check_something_to_compare(&self, op: &str, axes: &[usize]) {
        let (kept, gone) = self.split_axes(op, axes);
        let empty = |axes: &[usize]| axes.iter().any(|&axis| self.shape[axis] == 0);
        assert!(
            !empty(&gone) || empty(&kept),
            "{op}: nothing to compare along axes {axes:?} of shape {:?}",
            self.shape
        );
    }

    /// Sums along `axes`, which are removed. The sum of nothing is 0.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let a = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(a.sum(&[0]).to_vec(), [5.0, 7.0, 9.0]);
    /// assert_eq!(a.sum(&[0, 1]).item(), 21.0);
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: &[usize]) -> Self {
        self.reduce::<Sum>("sum", axes)
    }

    /// Means along `axes`, which are removed. The mean of nothing is NaN.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice.
    #[track_caller]
    pub fn mean(&self, axes: &[usize]) -> Self {
        let mut out = self.reduce::<Sum>("mean", axes);
        let count: usize = axes.iter().map(|&axis| self.shape[axis]).product();
        out /= T::from_f64(count as f64);
        out
    }

    /// The largest elements along `axes`, which are removed; NaN if there is one.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice, or if there is nothing to compare.
    #[track_caller]
    pub fn max(&self, axes: &[usize]) -> Self {
        self.check_something_to_compare("max", axes);
        self.reduce::<Largest>("max", axes)
    }

    /// The smallest elements along `axes`, which are removed; NaN if there is one.
    ///
    /// # Panics
    /// If an axis does not exist or is named twice, or if there is nothing to compare.
    #[track_caller]
    pub fn min(&self, axes: &[usize]) -> Self {
        self.check_something_to_compare("min", axes);
        self.reduce::<Smallest>("min", axes)
    }

    /// The index of the largest element along `axis`, which is removed: the first of several, and the first NaN if there
    /// is one.
    ///
    /// # Panics
    /// If the axis does not exist, or has size 0 while there are results to give.
    #[track_caller]
    pub fn argmax(&self, axis: usize) -> Self {
        self.check_something_to_compare("argmax", &[axis]);
        let mut shape = self.shape.clone();
        shape.remove(axis);
        let size = |axes: std::ops::Range<usize>| self.shape[axes].iter().product();
        let extent =
            Extent { outer: size(0..axis), count: self.shape[axis], inner: size(axis + 1..self.rank()) };
        let mut places = zeros(extent.outer * extent.inner);
        argmax(self.contiguous().as_slice().unwrap_or_default(), extent, &mut places);
        Self::new(shape, places)
    }

    fn all_axes(&self) -> Vec<usize> {
        (0..self.rank()).collect()
    }

    /// The sum of all elements.
    #[must_use]
    pub fn sum_all(&self) -> T {
        self.sum(&self.all_axes()).item()
    }

    /// The mean of all elements; NaN if there are none.
    #[must_use]
    pub fn mean_all(&self) -> T {
        self.mean(&self.all_axes()).item()
    }

    /// The largest element; NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    #[must_use]
    pub fn max_all(&self) -> T {
        self.max(&self.all_axes()).item()
    }

    /// The smallest element; NaN if there is one.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    #[must_use]
    pub fn min_all(&self) -> T {
        self.min(&self.all_axes()).item()
    }
}

/// The results of nothing.
#[track_caller]
fn neutral<T: Float, C: Combine>(len: usize) -> Vec<T> {
    let mut out = zeros(len);
    out.fill(C::neutral());
    out
}
