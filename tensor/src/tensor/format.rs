//! Printing, in NumPy's manner.

use std::fmt;

use super::Tensor;
use bayeux_kernels::Element;

/// Tensors with more elements than this are abbreviated,
const SUMMARISE: usize = 1000;
/// to so many indices at each end of each axis.
const EDGE: usize = 3;

/// Nested brackets, columns aligned, large tensors abbreviated; then the type and shape. A precision (`{:.3?}`) sets the
/// number of decimals.
///
/// ```
/// use bayeux_tensor::Tensor;
/// let a = Tensor::<f32>::from_fn([2, 2], |i| (i[0] * 10) as f32 - i[1] as f32);
/// assert_eq!(format!("{a:?}"), "[[ 0, -1],\n [10,  9]] f32[2, 2]");
/// ```
impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.len() > SUMMARISE;
        let mut cells = Vec::new();
        collect(self, cut, f.precision(), &mut cells);
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        let mut cells = cells.into_iter();
        write_nested(&self.shape, cut, 0, width, &mut cells, f)?;
        write!(f, " {}{:?}", T::TYPE, self.shape)
    }
}

/// The indices shown along an axis; `None` stands for the dots.
fn shown(n: usize, cut: bool) -> Vec<Option<usize>> {
    if cut && n > 2 * EDGE {
        (0..EDGE).map(Some).chain([None]).chain((n - EDGE..n).map(Some)).collect()
    } else {
        (0..n).map(Some).collect()
    }
}

fn collect<T: Element>(x: &Tensor<T>, cut: bool, precision: Option<usize>, cells: &mut Vec<String>) {
    if x.rank() == 0 {
        let value = x.item();
        cells.push(match precision {
            Some(decimals) => format!("{value:.decimals$}"),
            None if T::TYPE.is_float() && needs_exponent(value.to_f64()) => format!("{:e}", value.to_f64()),
            None => format!("{value}"),
        });
        return;
    }
    for i in shown(x.shape()[0], cut).into_iter().flatten() {
        collect(&x.index_axis(0, i), cut, precision, cells);
    }
}

/// Whether a number is too long to be written in full.
fn needs_exponent(value: f64) -> bool {
    value != 0.0 && value.is_finite() && !(1e-4..1e8).contains(&value.abs())
}

fn write_nested(
    shape: &[usize],
    cut: bool,
    depth: usize,
    width: usize,
    cells: &mut impl Iterator<Item = String>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let Some((&n, rest)) = shape.split_first() else {
        return write!(f, "{:>width$}", cells.next().unwrap_or_default());
    };
    f.write_str("[")?;
    for (position, index) in shown(n, cut).into_iter().enumerate() {
        if position > 0 {
            match rest.len() {
                0 => f.write_str(", ")?,
                // A blank line between matrices, two between stacks of them, and so on.
                below => write!(f, ",{}{:pad$}", "\n".repeat(below), "", pad = depth + 1)?,
            }
        }
        match index {
            Some(_) => write_nested(rest, cut, depth + 1, width, cells, f)?,
            None => f.write_str("...")?,
        }
    }
    f.write_str("]")
}
