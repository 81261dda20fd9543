//! Dimensions that may be free, and shapes made of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Index, Mul};
use std::sync::Arc;

/// One dimension of a shape: a whole number times zero or more free symbols, such as `28`, `batch` or `16·batch`.
///
/// A symbol stands for a size that is known only when a [`Function`](crate::Function) is called. Two symbols with the
/// same name are the same.
///
/// ```
/// use bayeux_autodiff::{Dim, batch};
/// let rows = batch() * 16;
/// assert_eq!(rows.to_string(), "16·batch");
/// assert_eq!(rows.divide(&Dim::from(8)), Some(batch() * 2));
/// assert_eq!(Dim::from(28).size(), Some(28));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dim {
    coefficient: usize,
    /// Sorted; a symbol that occurs twice stands twice.
    symbols: Vec<Arc<str>>,
}

/// The free dimension named `batch`, the usual first axis of a data set's mini-batches.
pub fn batch() -> Dim {
    Dim::symbol("batch")
}

/// The concrete sizes of the free dimensions in one call of a function.
pub(crate) type Sizes = BTreeMap<Arc<str>, usize>;

impl Dim {
    /// A free dimension with a name.
    pub fn symbol(name: &str) -> Self {
        Dim { coefficient: 1, symbols: vec![name.into()] }
    }

    /// The size, if it is a plain number.
    pub fn size(&self) -> Option<usize> {
        (self.symbols.is_empty() || self.coefficient == 0).then_some(self.coefficient)
    }

    /// `self / other` where that is again a dimension: the number divides and the symbols cancel.
    pub fn divide(&self, other: &Dim) -> Option<Dim> {
        if other.coefficient == 0 || !self.coefficient.is_multiple_of(other.coefficient) {
            return None;
        }
        let mut symbols = self.symbols.clone();
        for symbol in &other.symbols {
            let at = symbols.iter().position(|s| s == symbol)?;
            symbols.remove(at);
        }
        Some(Dim { coefficient: self.coefficient / other.coefficient, symbols })
    }

    pub(crate) fn is_one(&self) -> bool {
        self.size() == Some(1)
    }

    pub(crate) fn symbols(&self) -> &[Arc<str>] {
        &self.symbols
    }

    /// The size once the symbols are known; the missing symbol if one is not.
    pub(crate) fn resolve(&self, sizes: &Sizes) -> Result<usize, Arc<str>> {
        self.symbols.iter().try_fold(self.coefficient, |product, symbol| {
            sizes.get(symbol).map(|size| product * size).ok_or_else(|| symbol.clone())
        })
    }

    /// Learns a symbol's size from `size`, the concrete length of this dimension, where exactly one symbol of it is
    /// unknown. `Ok(false)` if several are; `Err(())` if the length cannot be this dimension's.
    pub(crate) fn bind(&self, size: usize, sizes: &mut Sizes) -> Result<bool, ()> {
        let mut known = self.coefficient;
        let mut unknown = None;
        for symbol in &self.symbols {
            match sizes.get(symbol) {
                Some(size) => known *= size,
                None if unknown.is_none() => unknown = Some(symbol),
                None => return Ok(false),
            }
        }
        match unknown {
            None => (known == size).then_some(true).ok_or(()),
            // Nothing times anything is nothing: another dimension must tell.
            Some(_) if known == 0 => {
                if size == 0 {
                    Ok(false)
                } else {
                    Err(())
                }
            }
            Some(_) if !size.is_multiple_of(known) => Err(()),
            Some(symbol) => {
                sizes.insert(symbol.clone(), size / known);
                Ok(true)
            }
        }
    }
}

impl From<usize> for Dim {
    fn from(coefficient: usize) -> Self {
        Dim { coefficient, symbols: Vec::new() }
    }
}

/// # Panics
/// For a negative number.
impl From<i32> for Dim {
    #[track_caller]
    fn from(size: i32) -> Self {
        match usize::try_from(size) {
            Ok(size) => size.into(),
            Err(_) => panic!("a dimension cannot be negative: {size}"),
        }
    }
}

impl From<&Dim> for Dim {
    fn from(dim: &Dim) -> Self {
        dim.clone()
    }
}

impl<D: Into<Dim>> Mul<D> for Dim {
    type Output = Dim;
    fn mul(self, other: D) -> Dim {
        let other = other.into();
        let mut symbols = self.symbols;
        symbols.extend(other.symbols);
        symbols.sort();
        Dim { coefficient: self.coefficient * other.coefficient, symbols }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.symbols.is_empty() || self.coefficient != 1 {
            write!(f, "{}", self.coefficient)?;
        }
        for (i, symbol) in self.symbols.iter().enumerate() {
            let dot = if i > 0 || self.coefficient != 1 { "·" } else { "" };
            write!(f, "{dot}{symbol}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shape of an expression: a list of [`Dim`]s. A scalar's is empty.
///
/// Made from an array, a slice or a vector of numbers, or from a tuple that mixes numbers with free dimensions:
///
/// ```
/// use bayeux_autodiff::{Shape, batch};
/// assert_eq!(Shape::from([3, 4]).to_string(), "[3, 4]");
/// assert_eq!(Shape::from((batch(), 1, 28, 28)).to_string(), "[batch, 1, 28, 28]");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<Dim>);

impl Shape {
    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The dimensions in order.
    pub fn dims(&self) -> &[Dim] {
        &self.0
    }

    /// The number of elements, as a dimension.
    pub fn len(&self) -> Dim {
        self.0.iter().fold(Dim::from(1usize), |product, dim| product * dim)
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.iter().any(|dim| dim.size() == Some(0))
    }

    /// The sizes, if no dimension is free.
    pub fn sizes(&self) -> Option<Vec<usize>> {
        self.0.iter().map(Dim::size).collect()
    }

    /// The shape without some axes.
    pub(crate) fn without(&self, axes: &[usize]) -> Shape {
        let keep = self.0.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        Shape(keep.map(|(_, dim)| dim.clone()).collect())
    }

    /// The shape with some axes set to one.
    pub(crate) fn with_ones(&self, axes: &[usize]) -> Shape {
        let dims = self.0.iter().enumerate();
        Shape(
            dims.map(|(axis, dim)| if axes.contains(&axis) { Dim::from(1usize) } else { dim.clone() })
                .collect(),
        )
    }

    /// The shape with one axis replaced.
    pub(crate) fn with(&self, axis: usize, dim: Dim) -> Shape {
        let mut dims = self.0.clone();
        dims[axis] = dim;
        Shape(dims)
    }

    /// NumPy's broadcast of two shapes: aligned at the last axis, equal or one of them 1.
    pub(crate) fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let one = Dim::from(1usize);
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

    pub(crate) fn resolve(&self, sizes: &Sizes) -> Result<Vec<usize>, Arc<str>> {
        self.0.iter().map(|dim| dim.resolve(sizes)).collect()
    }
}

impl Index<usize> for Shape {
    type Output = Dim;
    fn index(&self, axis: usize) -> &Dim {
        &self.0[axis]
    }
}

impl<D: Into<Dim>, const N: usize> From<[D; N]> for Shape {
    fn from(dims: [D; N]) -> Self {
        Shape(dims.into_iter().map(Into::into).collect())
    }
}

impl<D: Into<Dim>> From<Vec<D>> for Shape {
    fn from(dims: Vec<D>) -> Self {
        Shape(dims.into_iter().map(Into::into).collect())
    }
}

impl<D: Clone + Into<Dim>> From<&[D]> for Shape {
    fn from(dims: &[D]) -> Self {
        Shape(dims.iter().cloned().map(Into::into).collect())
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(dims: &Vec<usize>) -> Self {
        Shape(dims.iter().copied().map(Into::into).collect())
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
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Shape(dims.into_iter().collect())
    }
}

macro_rules! from_tuple {
    ($($name:ident)+) => {
        impl<$($name: Into<Dim>),+> From<($($name,)+)> for Shape {
            #[allow(non_snake_case)] // the type parameters' names serve for the fields
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Shape(vec![$($name.into()),+])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_follows_numpy_and_keeps_symbols_apart() {
        let rows = Shape::from((batch(), 3));
        assert_eq!(rows.broadcast(&Shape::from([3])), Some(rows.clone()));
        assert_eq!(Shape::from([1, 3]).broadcast(&rows), Some(rows.clone()));
        assert_eq!(rows.broadcast(&Shape::from([500, 3])), None);
        assert_eq!(rows.broadcast(&Shape::from((Dim::symbol("other"), 3))), None);
    }

    #[test]
    fn binding_solves_for_the_one_unknown() {
        let mut sizes = Sizes::new();
        assert_eq!((batch() * 16).bind(40, &mut sizes), Err(()));
        assert_eq!((batch() * 16).bind(48, &mut sizes), Ok(true));
        assert_eq!(batch().resolve(&sizes), Ok(3));
        assert_eq!(batch().bind(4, &mut sizes), Err(()));
        assert_eq!((batch() * Dim::symbol("time")).bind(12, &mut sizes), Ok(true));
        assert_eq!(Dim::symbol("time").resolve(&sizes), Ok(4));
    }
}
