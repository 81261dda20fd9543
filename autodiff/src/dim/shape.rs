//! Lists of dimensions.

use std::fmt;
use std::ops::Index;

use super::{Dim, Sizes};
use crate::Error;

/// The shape of an expression: a list of [`Dim`]s. A scalar's is empty.
///
/// Made from an array, a slice or a vector of numbers, or from a tuple that mixes numbers with free dimensions:
///
/// ```
/// use bayeux_autodiff::{Shape, batch};
/// assert_eq!(Shape::from([3, 4]).to_string(), "[3, 4]");
/// assert_eq!(Shape::from((batch(), 1, 28, 28)).to_string(), "[batch, 1, 28, 28]");
/// ```
///
/// # Panics
/// A conversion panics for a dimension that is negative, or is at all sizes of its symbols.
#[must_use]
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<Dim>);

impl Shape {
    #[track_caller]
    fn new(dims: Vec<Dim>) -> Self {
        for (axis, dim) in dims.iter().enumerate() {
            assert!(dim.is_at_least(0) != Some(false), "axis {axis} cannot have the negative length {dim}");
        }
        Shape(dims)
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The dimensions in order.
    pub fn dims(&self) -> &[Dim] {
        &self.0
    }

    /// The number of elements, as a dimension.
    ///
    /// # Panics
    /// If it is a number beyond the range of `i64`, or has one as a coefficient.
    #[track_caller]
    pub fn len(&self) -> Dim {
        if self.is_empty() {
            return Dim::from(0);
        }
        self.0.iter().fold(Dim::from(1), |product, dim| product * dim)
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().any(|dim| dim.size() == Some(0))
    }

    /// The sizes, if no dimension is free.
    pub fn sizes(&self) -> Option<Vec<usize>> {
        self.0.iter().map(Dim::size).collect()
    }

    /// Where another shape differs, in words, for a message: nothing if it does not.
    ///
    /// ```
    /// use bayeux_autodiff::{Shape, batch};
    /// let shape = Shape::from((3, batch() * 2 + 1));
    /// let other = Shape::from((3, batch() + 1));
    /// assert_eq!(shape.difference(&other).unwrap(), "axis 1: 2·batch + 1 is not batch + 1");
    /// assert_eq!(shape.difference(&[3].into()).unwrap(), "2 axes are not 1");
    /// assert_eq!(shape.difference(&shape), None);
    /// ```
    #[must_use]
    pub fn difference(&self, other: &Shape) -> Option<String> {
        if self.rank() != other.rank() {
            let verb = if self.rank() == 1 { "axis is" } else { "axes are" };
            return Some(format!("{} {verb} not {}", self.rank(), other.rank()));
        }
        in_words(self.0.iter().zip(&other.0).enumerate().filter(|(_, (a, b))| a != b))
    }

    /// Where two shapes do not broadcast, in words, for a message: nothing if they do. Axes are counted as those of the
    /// shape of the higher rank.
    ///
    /// ```
    /// use bayeux_autodiff::{Shape, batch};
    /// let rows = Shape::from((batch(), 3));
    /// assert_eq!(rows.broadcast_difference(&[3].into()), None);
    /// assert_eq!(rows.broadcast_difference(&[4].into()).unwrap(), "axis 1: 3 is not 4");
    /// ```
    #[must_use]
    pub fn broadcast_difference(&self, other: &Shape) -> Option<String> {
        let rank = self.rank().max(other.rank());
        let last = |shape: &Shape| shape.0.clone().into_iter().rev();
        let pairs = last(self).zip(last(other)).enumerate();
        let clashes = pairs.filter(|(_, (a, b))| a != b && !a.is_one() && !b.is_one());
        let mut clashes: Vec<_> = clashes.map(|(i, pair)| (rank - 1 - i, pair)).collect();
        clashes.reverse();
        in_words(clashes)
    }

    /// The shape without some axes.
    pub(crate) fn without(&self, axes: &[usize]) -> Shape {
        let keep = self.0.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        Shape(keep.map(|(_, dim)| dim.clone()).collect())
    }

    /// The shape with some axes set to one.
    pub(crate) fn with_ones(&self, axes: &[usize]) -> Shape {
        let dims = self.0.iter().enumerate();
        Shape(dims.map(|(axis, dim)| if axes.contains(&axis) { Dim::from(1) } else { dim.clone() }).collect())
    }

    /// The shape with one axis replaced.
    #[track_caller]
    pub(crate) fn with(&self, axis: usize, dim: Dim) -> Shape {
        let mut dims = self.0.clone();
        dims[axis] = dim;
        Shape::new(dims)
    }

    /// NumPy's broadcast of two shapes: aligned at the last axis, equal or one of them 1.
    pub(crate) fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let one = Dim::from(1);
        let at = |shape: &Shape, axis: usize| {
            (axis + shape.rank()).checked_sub(rank).map_or(one.clone(), |axis| shape[axis].clone())
        };
        (0..rank)
            .map(|axis| match (at(self, axis), at(other, axis)) {
                (a, b) if a == b || b.is_one() => Some(a),
                (a, b) if a.is_one() => Some(b),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(Shape)
    }

    /// The sizes once the symbols are known.
    pub(crate) fn resolve(&self, sizes: &Sizes) -> Result<Vec<usize>, Error> {
        self.0.iter().map(|dim| dim.resolve(sizes)).collect()
    }
}

fn in_words<D: fmt::Display>(clashes: impl IntoIterator<Item = (usize, (D, D))>) -> Option<String> {
    let clashes = clashes.into_iter().map(|(axis, (a, b))| format!("axis {axis}: {a} is not {b}"));
    let clashes: Vec<String> = clashes.collect();
    (!clashes.is_empty()).then(|| clashes.join(", "))
}

impl Index<usize> for Shape {
    type Output = Dim;
    fn index(&self, axis: usize) -> &Dim {
        &self.0[axis]
    }
}

impl<D: Into<Dim>, const N: usize> From<[D; N]> for Shape {
    #[track_caller]
    fn from(dims: [D; N]) -> Self {
        Shape::new(dims.into_iter().map(Into::into).collect())
    }
}

impl<D: Into<Dim>> From<Vec<D>> for Shape {
    #[track_caller]
    fn from(dims: Vec<D>) -> Self {
        Shape::new(dims.into_iter().map(Into::into).collect())
    }
}

impl<D: Clone + Into<Dim>> From<&[D]> for Shape {
    #[track_caller]
    fn from(dims: &[D]) -> Self {
        Shape::new(dims.iter().cloned().map(Into::into).collect())
    }
}

impl From<&Vec<usize>> for Shape {
    #[track_caller]
    fn from(dims: &Vec<usize>) -> Self {
        Shape::new(dims.iter().copied().map(Into::into).collect())
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<()> for Shape {
    fn from(_: ()) -> Self {
        Shape::default()
    }
}

impl FromIterator<Dim> for Shape {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Shape::new(dims.into_iter().collect())
    }
}

macro_rules! from_tuple {
    ($($name:ident)+) => {
        impl<$($name: Into<Dim>),+> From<($($name,)+)> for Shape {
            #[allow(non_snake_case)] // the type parameters' names serve for the fields
            #[track_caller]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Shape::new(vec![$($name.into()),+])
            }
        }
    };
}

from_tuple!(A);
from_tuple!(A B);
from_tuple!(A B C);
from_tuple!(A B C D);
from_tuple!(A B C D F);
from_tuple!(A B C D F G);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.0.iter().enumerate() {
            write!(f, "{}{dim}", if i > 0 { ", " } else { "" })?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
