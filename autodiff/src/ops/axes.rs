//! Axes as arguments, and what lies along one in memory.

use crate::expr::refusal::refuse;
use crate::{Expr, Kind};

/// One axis or several, counted from the front or, if negative, from the back.
///
/// ```
/// use bayeux_autodiff::Expr;
/// let x = Expr::<f32>::zeros([2, 3, 4]);
/// assert_eq!(x.sum(-1).shape(), &[2, 3].into());
/// assert_eq!(x.sum([0, 2]).shape(), &[3].into());
/// ```
pub trait Axes {
    /// The axes of a tensor of rank `rank`, ascending and without duplicates.
    ///
    /// # Errors
    /// If an axis is out of range or named twice.
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String>;
}

impl Axes for i32 {
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        [*self].as_slice().resolve(rank)
    }
}

impl Axes for usize {
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        [*self].as_slice().resolve(rank)
    }
}

impl Axes for [i32] {
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        let from_front = |axis: i32| usize::try_from(if axis < 0 { axis + rank as i32 } else { axis });
        sorted(self.iter().map(|&axis| from_front(axis).ok()).collect(), rank, &format!("{self:?}"))
    }
}

impl Axes for [usize] {
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        sorted(self.iter().copied().map(Some).collect(), rank, &format!("{self:?}"))
    }
}

fn sorted(axes: Vec<Option<usize>>, rank: usize, given: &str) -> Result<Vec<usize>, String> {
    let in_range: Option<Vec<usize>> =
        axes.into_iter().map(|axis| axis.filter(|&axis| axis < rank)).collect();
    let mut axes = in_range.ok_or_else(|| format!("axes {given} of a tensor of rank {rank}"))?;
    axes.sort_unstable();
    match axes.windows(2).all(|pair| pair[0] != pair[1]) {
        true => Ok(axes),
        false => Err(format!("axes {given} name one axis twice")),
    }
}

impl<A, const N: usize> Axes for [A; N]
where
    [A]: Axes,
{
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        self.as_slice().resolve(rank)
    }
}

impl<A> Axes for Vec<A>
where
    [A]: Axes,
{
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        self.as_slice().resolve(rank)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn resolve(&self, rank: usize) -> Result<Vec<usize>, String> {
        (**self).resolve(rank)
    }
}

impl<T: Kind> Expr<T> {
    /// Axes of this expression, for a method `op`.
    #[track_caller]
    pub(super) fn axes_of(&self, op: &str, axes: impl Axes) -> Vec<usize> {
        self.axes_among(op, axes, self.rank())
    }

    /// Axes of what a method `op` makes of this expression.
    #[track_caller]
    pub(super) fn axes_among(&self, op: &str, axes: impl Axes, rank: usize) -> Vec<usize> {
        match axes.resolve(rank) {
            Ok(axes) => axes,
            Err(why) => refuse!([self], "{op}: {why}"),
        }
    }

    /// The one axis that is named.
    #[track_caller]
    pub(super) fn axis_of(&self, op: &str, axis: impl Axes) -> usize {
        self.axis_among(op, axis, self.rank())
    }

    /// The one axis that is named, of what a method `op` makes of this expression.
    #[track_caller]
    pub(super) fn axis_among(&self, op: &str, axis: impl Axes, rank: usize) -> usize {
        match self.axes_among(op, axis, rank)[..] {
            [axis] => axis,
            ref axes => refuse!([self], "{op}: axes {axes:?} in place of a single one"),
        }
    }
}

/// A row-major array as lanes along one axis: element `i` of lane `(o, k)` stands at `(o · length + i) · inner + k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    /// How many slabs of lanes that lie side by side.
    pub outer: usize,
    pub length: usize,
    /// How many lie side by side.
    pub inner: usize,
}

impl Lanes {
    pub fn new(shape: &[usize], axis: usize) -> Self {
        let [outer, inner] = [&shape[..axis], &shape[axis + 1..]].map(|sizes| sizes.iter().product());
        Lanes { outer, length: shape[axis], inner }
    }

    pub fn is_empty(self) -> bool {
        self.outer * self.length * self.inner == 0
    }
}
