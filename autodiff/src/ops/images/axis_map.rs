//! Sparse linear maps along one axis: windows and their sums, elements spread with zeros, interpolation. Each is a table of which
//! elements an element of the value is a sum of, and so are their adjoints.

mod interpolation;
mod table;
mod window;

use std::sync::Arc;

use bayeux_tensor::{AnyTensor, Float, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use interpolation::{Coordinates, Rounding};
pub(in crate::ops) use interpolation::{Interpolation, Kernel as InterpolationKernel};
pub(in crate::ops) use table::Table;
pub(in crate::ops) use window::Window;

use super::super::Batch;
use super::super::operation::{Linearity, Operation};
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// Elements of a task.
const CHUNK: usize = 1 << 14;

/// What the elements of the value are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::ops) enum Along {
    /// The elements of the first window, of the second, and so on. Padding is 0.
    Unfold(Window),
    /// The sum of each window.
    Sum(Window),
    /// Its mean. Padding, but not what a window covers behind it, is zeros that count, or counts not at all.
    Mean {
        window: Window,
        counts_padding: bool,
    },
    /// The means of parts of the axis, each from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉: PyTorch's `adaptive_avg_pool`.
    Adaptive,
    /// All elements, so far apart, and zeros between.
    Spread(usize),
    Interpolate(Interpolation),
}

impl Along {
    /// The matrix for an axis of length `n`, with a row for each of the `m` elements of the value.
    pub fn table(&self, n: usize, m: usize) -> Table {
        let mut table = Table::default();
        let inside = |place: isize| usize::try_from(place).ok().filter(|&place| place < n);
        match *self {
            Along::Unfold(window) => {
                for place in (0..m / window.size).flat_map(|i| window.places(i)) {
                    table.push(inside(place).map(|place| (place, 1.0)));
                }
            }
            Along::Sum(window) => {
                (0..m)
                    .for_each(|i| table.push(window.places(i).filter_map(inside).map(|place| (place, 1.0))));
            }
            Along::Mean { window, counts_padding } => {
                let end = (n + window.padding[1]) as isize;
                let counts =
                    |place: &isize| if counts_padding { *place < end } else { inside(*place).is_some() };
                for i in 0..m {
                    let share = 1.0 / window.places(i).filter(counts).count() as f64;
                    table.push(window.places(i).filter_map(inside).map(|place| (place, share)));
                }
            }
            Along::Adaptive => {
                for i in 0..m {
                    let part = i * n / m..((i + 1) * n).div_ceil(m);
                    let share = 1.0 / part.len() as f64;
                    table.push(part.map(|place| (place, share)));
                }
            }
            Along::Spread(apart) => {
                (0..m).for_each(|i| table.push(i.is_multiple_of(apart).then_some((i / apart, 1.0))));
            }
            Along::Interpolate(interpolation) => interpolation.fill(&mut table, n, m),
        }
        table
    }

    /// Whether there is something to look at, at concrete sizes.
    pub fn fits(&self, n: usize, m: usize) -> Result<(), String> {
        match self {
            Along::Unfold(window) | Along::Sum(window) | Along::Mean { window, .. } => {
                let length = Dim::from(n);
                (window.fits(&length) == Some(true)).then_some(()).ok_or_else(|| window.refusal(&length))
            }
            Along::Adaptive | Along::Interpolate(_) if n == 0 && m > 0 => Err("an axis of 0 elements".into()),
            _ => Ok(()),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Along::Unfold(_) => "unfold",
            Along::Sum(_) => "sum of windows",
            Along::Mean { .. } => "mean of windows",
            Along::Adaptive => "adaptive mean",
            Along::Spread(_) => "spread",
            Along::Interpolate(_) => "resize",
        }
    }
}

/// A map along an axis, from so many elements to so many; or its adjoint, from the latter to the former.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct AxisMap {
    axis: usize,
    map: Along,
    from: Dim,
    to: Dim,
    adjoint: bool,
}

impl AxisMap {
    fn lengths(&self) -> [&Dim; 2] {
        if self.adjoint { [&self.to, &self.from] } else { [&self.from, &self.to] }
    }
}

impl Operation for AxisMap {
    fn name(&self) -> String {
        let adjoint = if self.adjoint { ", adjoint," } else { "" };
        format!("{}{adjoint} along axis {}", self.map.name(), self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let ([from, to], ValueType { element, shape }) = (self.lengths(), &inputs[0]);
        let length = shape.dims().get(self.axis).filter(|_| element.is_float());
        // A symbol in the attributes is a number in a program.
        match length
            .is_some_and(|length| length == from || (length.size().is_some() && from.size().is_none()))
        {
            true => Ok(vec![ValueType::new(*element, shape.with(self.axis, to.clone()))]),
            false => Err(format!("{} has not {from} real numbers along axis {}", inputs[0], self.axis)),
        }
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let [given, wanted] = [inputs[0].shape, outputs[0].shape].map(|shape| shape[self.axis]);
        let [n, m] = if self.adjoint { [wanted, given] } else { [given, wanted] };
        self.map.fits(n, m).map_err(|what| Error::Size { op: self.name(), what })?;
        let table = self.map.table(n, m);
        let table = if self.adjoint { table.transposed(n) } else { table };
        let inner = outputs[0].shape[self.axis + 1..].iter().product();
        Ok(Some(Box::new(OfFloats(AxisKernel { table, given, inner }))))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = AxisMap { axis: self.axis + 1, ..self.clone() };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let op = AxisMap { adjoint: !self.adjoint, ..self.clone() };
        vec![AnyExpr::values_of(Arc::new(op), vec![g.clone()]).pop()]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        // As a matrix; where a number is infinite or undefined, what it has no part in is undefined, too.
        let [given, wanted] = [inputs[0].of(), &outputs[0]].map(|of| of.shape[self.axis]);
        let [n, m] = if self.adjoint { [wanted, given] } else { [given, wanted] };
        let table = self.map.table(n, m);
        let table = if self.adjoint { table.transposed(n) } else { table };
        let mut matrix = vec![0.0; wanted * given];
        for row in 0..wanted {
            for &(column, factor) in table.row(row) {
                matrix[row * given + column] += factor;
            }
        }
        let matrix = AnyTensor::from(Tensor::<f64>::new([wanted, given], matrix)).cast_to(outputs[0].element);
        let matrix = hlo.constant(&matrix);
        let attributes = format!(
            "dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [{}], rhs_contracting_dimensions = [1]>",
            self.axis
        );
        let rank = outputs[0].rank();
        let mut of = outputs[0].clone();
        of.shape.remove(self.axis);
        of.shape.push(wanted);
        let product = hlo.op("dot_general", &[&inputs[0], &matrix], &attributes, of);
        let order: Vec<usize> = (0..self.axis).chain([rank - 1]).chain(self.axis..rank - 1).collect();
        Some(vec![hlo.transpose(&product, &order)])
    }
}

#[derive(Debug)]
struct AxisKernel {
    table: Table,
    /// Elements of the input along the axis.
    given: usize,
    /// Elements behind the axis.
    inner: usize,
}

impl FloatKernel for AxisKernel {
    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        y: &mut [T],
        _scratch: &mut [T],
    ) -> Result<(), Error> {
        let (x, inner, rows) = (inputs[0].elements(), self.inner, self.table.rows());
        if y.is_empty() {
            return Ok(());
        }
        if x.is_empty() {
            y.fill(T::ZERO);
            return Ok(());
        }
        let together = (CHUNK / inner).max(1);
        y.par_chunks_mut(together * inner).enumerate().for_each(|(task, y)| {
            let (mut part, mut row) = (task * together / rows, task * together % rows);
            for y in y.chunks_exact_mut(inner) {
                let x = &x[part * self.given * inner..][..self.given * inner];
                combine(self.table.row(row), x, y);
                row += 1;
                if row == rows {
                    (part, row) = (part + 1, 0);
                }
            }
        });
        Ok(())
    }
}

/// y = Σ of rows of x, as long as y, with their factors.
fn combine<T: Float>(terms: &[(usize, f64)], x: &[T], y: &mut [T]) {
    let Some((&(first, factor), others)) = terms.split_first() else { return y.fill(T::ZERO) };
    let n = y.len();
    if let [y] = y {
        *y = others
            .iter()
            .fold(x[first] * T::from_f64(factor), |sum, &(at, factor)| sum + x[at] * T::from_f64(factor));
        return;
    }
    let factor = T::from_f64(factor);
    y.iter_mut().zip(&x[first * n..]).for_each(|(y, x)| *y = *x * factor);
    for &(at, factor) in others {
        let factor = T::from_f64(factor);
        y.iter_mut().zip(&x[at * n..]).for_each(|(y, x)| *y += *x * factor);
    }
}

impl<T: Real> Expr<T> {
    /// A map along an axis, to so many elements.
    #[track_caller]
    pub(in crate::ops) fn mapped_along(&self, axis: usize, map: Along, to: impl Into<Dim>) -> Self {
        let op = AxisMap { axis, map, from: self.dim(axis), to: to.into(), adjoint: false };
        AnyExpr::values_of(Arc::new(op), vec![self.untyped()]).remove(0).typed()
    }

    /// The adjoint of a map along an axis of so many elements.
    #[track_caller]
    pub(in crate::ops) fn along_adjoint(&self, axis: usize, map: Along, from: impl Into<Dim>) -> Self {
        let op = AxisMap { axis, map, from: from.into(), to: self.dim(axis), adjoint: true };
        AnyExpr::values_of(Arc::new(op), vec![self.untyped()]).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let window = Window { size: 3, stride: 2, dilation: 2, padding: [1, 2], ceil: false };
    let of = |name: &str, map: Along, to: usize| {
        example(name, &[&[2, 6, 3]], -1.0..1.0, move |x| x[0].mapped_along(1, map, to))
            .and(&[&[0, 6, 1]])
            .and(&[&[2, 6]])
    };
    let adjoint = |x: &[AnyExpr]| x[0].along_adjoint(0, Along::Spread(2), 2).tanh();
    vec![
        of("unfold", Along::Unfold(window), 9),
        of("sum of windows", Along::Sum(window), 3),
        of("mean of windows", Along::Mean { window, counts_padding: true }, 3),
        of("adaptive mean", Along::Adaptive, 4),
        of("spread", Along::Spread(3), 16),
        example("of one", &[&[1]], -1.0..1.0, |x| x[0].mapped_along(0, Along::Spread(3), 1)),
        example("adjoint of spreading", &[&[3, 2]], -1.0..1.0, adjoint),
    ]
}
