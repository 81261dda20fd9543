//! Which numbers have a mean and a variance, and how these come of sums.

use crate::Float;
use crate::size::checked_len;

/// Numbers of which mean and variance are taken along some axes: rows for each result, of which those of one plane lie one after the
/// other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MomentsShape {
    pub(in crate::reduce) len: usize,
    /// Sizes of axes and how far apart neighbours are: one index of the first and one of the second make a plane. Along the first
    /// there are other results, along the second more rows for the same.
    pub(in crate::reduce) kept: Vec<[usize; 2]>,
    pub(in crate::reduce) gone: Vec<[usize; 2]>,
    /// Rows of a plane, and their length: so many results lie side by side.
    pub(in crate::reduce) rows: usize,
    pub(in crate::reduce) width: usize,
}

impl MomentsShape {
    /// A shape, row-major, of which some axes go.
    ///
    /// # Panics
    /// If it is one that memory could not hold.
    pub fn new(shape: &[usize], goes: impl Fn(usize) -> bool) -> Self {
        let len = checked_len::<u8>(shape).expect("a shape that memory could hold");
        // Neighbours that go, or stay, together are one axis.
        let mut groups: Vec<(bool, [usize; 2])> = Vec::new();
        let mut stride = 1;
        for (axis, &size) in shape.iter().enumerate().rev().filter(|(_, size)| **size != 1) {
            match groups.last_mut() {
                Some((gone, [group, _])) if *gone == goes(axis) => *group *= size,
                _ => groups.push((goes(axis), [size, stride])),
            }
            stride *= size;
        }
        let mut groups = groups.into_iter().peekable();
        let width = groups.next_if(|(gone, _)| !gone).map_or(1, |(_, [size, _])| size);
        let rows = groups.next_if(|(gone, _)| *gone).map_or(1, |(_, [size, _])| size);
        let (gone, kept): (Vec<_>, Vec<_>) = groups.partition(|(gone, _)| *gone);
        let axes = |groups: Vec<(bool, [usize; 2])>| groups.into_iter().map(|(_, axis)| axis).collect();
        MomentsShape { len, kept: axes(kept), gone: axes(gone), rows, width }
    }

    /// How many rows there are for each result.
    pub(super) fn count(&self) -> usize {
        self.gone.iter().map(|[size, _]| size).product::<usize>() * self.rows
    }

    pub(super) fn results(&self) -> usize {
        self.kept.iter().map(|[size, _]| size).product::<usize>() * self.width
    }
}

/// From what is infinite there are no deviations.
#[inline(always)]
pub(super) fn pivot<T: Float>(mean: f64) -> T {
    let mean = T::from_f64(mean);
    if mean.is_finite() { mean } else { T::ZERO }
}

/// The mean and the sum of squares, from the sums of the deviations from another number and of their squares.
#[inline(always)]
pub(super) fn shifted<T: Float>(pivot: T, count: f64, sum: f64, squares: f64) -> (f64, f64) {
    let shift = sum / count;
    (pivot.to_f64() + shift, (squares - sum * shift).clamp(0.0, f64::INFINITY))
}
