//! Axes as arguments, and what lies along one in memory.

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
    /// # Panics
    /// If an axis is out of range or named twice.
    fn resolve(&self, rank: usize) -> Vec<usize>;
}

impl Axes for i32 {
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        [*self].as_slice().resolve(rank)
    }
}

impl Axes for usize {
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        [*self].as_slice().resolve(rank)
    }
}

impl Axes for [i32] {
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        let from_front = |axis: i32| usize::try_from(if axis < 0 { axis + rank as i32 } else { axis });
        sorted(self.iter().map(|&axis| from_front(axis).ok()).collect(), rank, &format!("{self:?}"))
    }
}

impl Axes for [usize] {
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        sorted(self.iter().copied().map(Some).collect(), rank, &format!("{self:?}"))
    }
}

#[track_caller]
fn sorted(axes: Vec<Option<usize>>, rank: usize, given: &str) -> Vec<usize> {
    let in_range: Option<Vec<usize>> =
        axes.into_iter().map(|axis| axis.filter(|&axis| axis < rank)).collect();
    let Some(mut axes) = in_range else { panic!("axes {given} of a tensor of rank {rank}") };
    axes.sort_unstable();
    assert!(axes.windows(2).all(|pair| pair[0] != pair[1]), "axes {given} name one axis twice");
    axes
}

impl<A, const N: usize> Axes for [A; N]
where
    [A]: Axes,
{
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        self.as_slice().resolve(rank)
    }
}

impl<A> Axes for Vec<A>
where
    [A]: Axes,
{
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        self.as_slice().resolve(rank)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    #[track_caller]
    fn resolve(&self, rank: usize) -> Vec<usize> {
        (**self).resolve(rank)
    }
}

/// The one axis that is named.
#[track_caller]
pub(super) fn one_axis(axis: impl Axes, rank: usize) -> usize {
    match axis.resolve(rank)[..] {
        [axis] => axis,
        ref axes => panic!("axes {axes:?} in place of a single one"),
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
