//! The largest element of each window, or part, of images with any number of axes, and where it stands.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::Batch;
use super::super::operation::Operation;
use super::axis_map::{Along, Table};
use super::pooling::{PoolOptions, adaptive_sizes};
use crate::expr::refusal::{difference, ensure};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, Arithmetic, ArrayType, Dim, Error, Expr, Pool2dOptions, Real, Rows, Shape, ValueType};

/// x → the largest element of each window over the last axes, and its place among the elements of these axes: the first one if several
/// are largest, a NaN if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Largest {
    /// The windows along each of the last axes, and how many there are.
    windows: Vec<(Along, Dim)>,
}

impl Operation for Largest {
    fn name(&self) -> String {
        "max_pool".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ValueType { element, shape } = &inputs[0];
        let Some(front) = shape.rank().checked_sub(self.windows.len()) else {
            return Err(format!("{} has not {} axes", inputs[0], self.windows.len()));
        };
        let counts = self.windows.iter().map(|(_, count)| count);
        let shape: Shape = shape.dims()[..front].iter().chain(counts).cloned().collect();
        Ok(vec![ValueType::new(*element, &shape), ValueType::new(ElementType::I64, shape)])
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let fail = |what| Error::Size { op: self.name(), what };
        let front = inputs[0].shape.len() - self.windows.len();
        let sizes = inputs[0].shape[front..].to_vec();
        let mut tables = Vec::new();
        for ((map, _), (&n, &m)) in self.windows.iter().zip(sizes.iter().zip(&outputs[0].shape[front..])) {
            map.fits(n, m).map_err(fail)?;
            let table = map.table(n, m);
            if (0..m).any(|row| table.row(row).is_empty()) {
                return Err(fail(format!("a window has nothing but padding on an axis of {n}")));
            }
            tables.push(table);
        }
        Ok(Some(Box::new(LargestKernel { sizes, tables })))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(self.clone()), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        let rank = inputs[0].rank();
        rows[0].without(&(rank - self.windows.len()..rank).collect::<Vec<_>>(), false)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    /// Each window's adjoint goes to where its largest element stands.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let [Some(g), _] = adjoints else { return vec![None] };
        let front = inputs[0].rank() - self.windows.len();
        vec![Some(put(g, &outputs[1].typed(), front, inputs[0].shape()))]
    }
}

/// Zeros of a shape, to which parts are added at places among the elements of the axes from `front` on.
#[track_caller]
fn put<T: Real>(parts: &Expr<T>, places: &Expr<i64>, front: usize, shape: &Shape) -> Expr<T> {
    let zeros = parts.number_like(0.0).broadcast_to(shape).flatten_from(front);
    zeros.put_along_last(&places.flatten_from(front), &parts.flatten_from(front)).reshape(shape)
}

#[derive(Debug)]
struct LargestKernel {
    sizes: Vec<usize>,
    tables: Vec<Table>,
}

impl LargestKernel {
    fn run_as<T: Element>(&self, x: &[T], values: &mut [T], places: &mut [i64]) {
        let Some((last, others)) = self.tables.split_last() else { return };
        let (columns, width) = (last.rows(), self.sizes.last().copied().unwrap_or(1));
        let pixels: usize = self.sizes.iter().product();
        if values.is_empty() {
            return;
        }
        let rows: usize = others.iter().map(Table::rows).product();
        let is_nan = |x: T| x.partial_cmp(&x).is_none();
        // Some rows of windows at a time.
        let together = (4096 / columns).max(1);
        let chunks = values.par_chunks_mut(together * columns).zip(places.par_chunks_mut(together * columns));
        chunks.enumerate().for_each(|(task, (values, places))| {
            let mut starts = Vec::new();
            let both = values.chunks_exact_mut(columns).zip(places.chunks_exact_mut(columns));
            for (row, (values, places)) in (task * together..).zip(both) {
                let x = &x[row / rows * pixels..][..pixels];
                self.starts(row % rows, width, &mut starts);
                for (j, (value, place)) in values.iter_mut().zip(places).enumerate() {
                    let terms = last.row(j);
                    let mut at = starts[0] + terms[0].0;
                    let mut best = x[at];
                    for next in
                        starts.iter().flat_map(|start| terms.iter().map(move |(term, _)| start + term))
                    {
                        let x = x[next];
                        if x > best || (is_nan(x) && !is_nan(best)) {
                            (best, at) = (x, next);
                        }
                    }
                    (*value, *place) = (best, at as i64);
                }
            }
        });
    }

    /// Where the rows begin that the windows of a row of them lie on.
    fn starts(&self, mut row: usize, width: usize, starts: &mut Vec<usize>) {
        let axes = self.tables.len() - 1;
        let mut terms = vec![&[][..]; axes];
        for axis in (0..axes).rev() {
            let table = &self.tables[axis];
            terms[axis] = table.row(row % table.rows());
            row /= table.rows();
        }
        starts.clear();
        starts.push(0);
        for (axis, terms) in terms.into_iter().enumerate() {
            let before = std::mem::take(starts);
            let rows = before
                .iter()
                .flat_map(|start| terms.iter().map(move |(term, _)| start * self.sizes[axis] + term));
            starts.extend(rows);
        }
        starts.iter_mut().for_each(|start| *start *= width);
    }
}

impl Kernel for LargestKernel {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let [values, places] = outputs else { unreachable!("it has two values") };
        with_type!(inputs[0].data.element_type(), T => {
            self.run_as::<T>(inputs[0].elements(), values.reborrow().get(), places.reborrow().get());
        });
        Ok(())
    }
}

impl<T: Arithmetic> Expr<T> {
    #[track_caller]
    fn largest(&self, windows: Vec<(Along, Dim)>) -> (Self, Expr<i64>) {
        let values = AnyExpr::values_of(Arc::new(Largest { windows }), vec![self.untyped()]);
        (values[0].typed(), values[1].typed())
    }

    /// The largest element of each window of images `[n, c, …]`, and its place among the pixels of its channel, counted in row-major
    /// order: `return_indices` of PyTorch's `max_pool1d`, `max_pool2d`, `max_pool3d`. If several are largest, the first counts, and gets
    /// the gradient; a NaN is larger than any number.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, PoolOptions, Untyped};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::new([1, 1, 4], vec![1.0, 3.0, 2.0, 0.0]));
    /// let (largest, places) = x.max_pool_with_indices(&PoolOptions::new([3]).stride([1]));
    /// let values = Function::<Untyped>::new([], [largest.untyped(), places.untyped()])?.call(())?;
    /// assert_eq!(values[0].get::<f32>().to_vec(), [3.0, 3.0]);
    /// assert_eq!(values[1].get::<i64>().to_vec(), [1, 1]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`sum_pool`](Expr::sum_pool). A window of nothing but padding makes the call of the function fail.
    #[track_caller]
    #[must_use]
    pub fn max_pool_with_indices(&self, options: &PoolOptions) -> (Self, Expr<i64>) {
        let windows = options.windows("max_pool", self, self.shape());
        self.largest(windows.into_iter().map(|(window, count)| (Along::Sum(window), count)).collect())
    }

    /// The largest of each of `sizes` parts of images `[n, c, …]`, and its place: the parts are those of
    /// [`adaptive_avg_pool`](Expr::adaptive_avg_pool).
    ///
    /// # Panics
    /// If there is not a size for each axis behind the first two, or an axis has no elements.
    #[track_caller]
    #[must_use]
    pub fn adaptive_max_pool<D: Into<Dim>>(&self, sizes: impl IntoIterator<Item = D>) -> (Self, Expr<i64>) {
        let sizes = adaptive_sizes("adaptive_max_pool", self, sizes);
        self.largest(sizes.into_iter().map(|size| (Along::Adaptive, size)).collect())
    }
}

impl<T: Real> Expr<T> {
    /// The largest element of each window of images `[n, c, …]`: PyTorch's `max_pool1d`, `max_pool2d`, `max_pool3d`. If several are
    /// largest, the first in row-major order gets the gradient; a NaN is larger than any number.
    ///
    /// # Panics
    /// As [`sum_pool`](Self::sum_pool). A window of nothing but padding makes the call of the function fail.
    #[track_caller]
    #[must_use]
    pub fn max_pool(&self, options: &PoolOptions) -> Self {
        let PoolOptions { window, stride, padding, dilation, ceil_mode, .. } = options;
        let plain = !ceil_mode
            && dilation.iter().all(|&d| d == 1)
            && padding.iter().zip(window).all(|(padding, window)| padding.iter().all(|p| p < window));
        match (window.as_slice(), stride.as_slice(), padding.as_slice()) {
            (&[h, w], &[down, right], &[rows, columns]) if plain && self.rank() == 4 => {
                self.max_pool2d(Pool2dOptions::new([h, w]).stride([down, right]).padding([rows, columns]))
            }
            (&[w], &[right], &[columns]) if plain && self.rank() == 3 => {
                let options = Pool2dOptions::new([1, w]).stride([1, right]).padding([[0, 0], columns]);
                let largest = self.insert_axis(2).max_pool2d(options);
                largest.reshape(largest.shape().without(&[2]))
            }
            _ => self.max_pool_with_indices(options).0,
        }
    }

    /// The adjoint of a max-pool as a map of its own: images `[n, c, sizes…]` of zeros with these elements at places that
    /// [`max_pool_with_indices`](Self::max_pool_with_indices) found. Elements of one place are added. A place beyond the images makes
    /// the call of the function fail with [`Error::Index`].
    ///
    /// # Panics
    /// If the shapes differ, or there is not a size for each axis behind the first two.
    #[track_caller]
    #[must_use]
    pub fn max_unpool<D: Into<Dim>>(&self, places: &Expr<i64>, sizes: impl IntoIterator<Item = D>) -> Self {
        let same = self.shape() == places.shape();
        ensure!(
            same,
            [self, places],
            "max_unpool: elements of shape {} at places of shape {}{}",
            self.shape(),
            places.shape(),
            difference(self.shape(), places.shape())
        );
        let sizes: Vec<Dim> = sizes.into_iter().map(Into::into).collect();
        ensure!(
            self.rank() == sizes.len() + 2,
            [self],
            "max_unpool: {} does not have two axes more than {sizes:?}",
            self.shape()
        );
        let shape: Shape = self.shape().dims()[..2].iter().cloned().chain(sizes).collect();
        put(self, places, 2, &shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let rich =
        PoolOptions::new([2, 3]).stride([2, 1]).padding([[1, 0], [0, 1]]).dilation([2, 1]).ceil_mode(true);
    let deep = PoolOptions::new([2, 2, 1]).stride([1, 2, 1]).padding([[1, 0], [0, 1], [0, 0]]);
    let long = PoolOptions::new([3]).stride([2]).padding([[1, 1]]);
    let one = PoolOptions::new([1]);
    let unpooled = |x: &[AnyExpr]| x[0].max_unpool(&x[1].typed(), [2, 3]).tanh();
    let whole = PoolOptions::new([2, 2]);
    vec![
        example("max_pool", &[&[2, 1, 5, 6]], -1.0..1.0, move |x| x[0].max_pool_with_indices(&rich)),
        example("max_pool in three dimensions", &[&[2, 1, 3, 4, 2]], -1.0..1.0, move |x| {
            x[0].max_pool(&deep)
        })
        .and(&[&[0, 1, 3, 4, 2]]),
        example("max_pool in one dimension", &[&[2, 3, 6]], -1.0..1.0, move |x| x[0].max_pool(&long)),
        example("max_pool of one", &[&[1, 1, 1]], -1.0..1.0, move |x| x[0].max_pool_with_indices(&one)),
        example("adaptive_max_pool", &[&[2, 1, 5, 4]], -1.0..1.0, |x| x[0].adaptive_max_pool([3, 7]).0),
        example("max_unpool", &[&[2, 1, 2, 2], &[2, 1, 2, 2]], -1.0..1.0, unpooled).whole(1, 0..6),
        example("max_pool of whole numbers", &[&[1, 2, 4, 4]], 0.0..1.0, move |x| {
            x[0].max_pool_with_indices(&whole)
        })
        .whole(0, -3..4),
    ]
}
