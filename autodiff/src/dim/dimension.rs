//! One dimension.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::polynomial::{Atom, Polynomial};
use super::saved::Saved;

/// One dimension of a shape: a polynomial with integer coefficients in free symbols, such as `28`, `batch`, `2·n + 1` or
/// `batch·time`, which may hold floor divisions by a number, such as `⌊(n + 1)/2⌋`.
///
/// A symbol stands for a size that is known only when a [`Function`](crate::Function) is called. Two symbols with the
/// same name are the same.
///
/// ```
/// use bayeux_autodiff::Dim;
/// let [n, t] = Dim::symbols(["n", "t"]);
/// assert_eq!((&n + 1) * &t - &t, &n * &t);
/// assert_eq!((2 * &n + 1).to_string(), "2·n + 1");
/// // A convolution's output: ⌊(n + padding − window) / stride⌋ + 1.
/// assert_eq!((&n + 2).windows(5, 2).to_string(), "⌊(n + 1)/2⌋ − 1");
/// assert_eq!((&n * &t * 16).divide(&(8 * t)), Some(n * 2));
/// assert_eq!(Dim::from(28).size(), Some(28));
/// ```
///
/// # Equality
///
/// A dimension is kept in a normal form: multiplied out, with like terms gathered, and floor divisions in lowest terms
/// with what divides exactly taken out, as ⌊(2·n + 3)/2⌋ = n + 1 and ⌊⌊n/2⌋/3⌋ = ⌊n/6⌋. Dimensions are equal if their forms
/// are. Polynomials are equal in this sense exactly if they are at all sizes. So are single floor divisions of a linear
/// polynomial; of sums of floor divisions some are equal at all sizes that have two forms, as ⌊n/2⌋ + ⌊(n + 1)/2⌋ and n.
///
/// # Negative values
///
/// A dimension may be negative, as −n is on the way to 3 − n. An axis may not: a [`Shape`](crate::Shape) refuses a dimension that is
/// negative at all sizes, and a function one that is at the sizes of a call.
#[must_use]
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Dim(pub(super) Form);

/// Numbers are the most, and stay small.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Form {
    Number(i64),
    /// Not a constant.
    Polynomial(Arc<Polynomial>),
}

/// The free dimension named `batch`, the usual first axis of a data set's mini-batches.
pub fn batch() -> Dim {
    static BATCH: LazyLock<Dim> = LazyLock::new(|| Dim::symbol("batch"));
    BATCH.clone()
}

/// The concrete sizes of the free dimensions in one call of a function.
pub(crate) type Sizes = BTreeMap<Arc<str>, usize>;

impl Dim {
    /// A free dimension with a name.
    pub fn symbol(name: &str) -> Self {
        Polynomial::from(Atom::Symbol(name.into())).into()
    }

    /// Several free dimensions with names.
    ///
    /// ```
    /// use bayeux_autodiff::{Dim, Shape};
    /// let [n, t] = Dim::symbols(["n", "t"]);
    /// assert_eq!(Shape::from((n, 3, t)).to_string(), "[n, 3, t]");
    /// ```
    pub fn symbols<const N: usize>(names: [&str; N]) -> [Self; N] {
        names.map(Dim::symbol)
    }

    /// The size, if it is a plain number that can be one.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self.0 {
            Form::Number(number) => usize::try_from(number).ok(),
            Form::Polynomial(_) => None,
        }
    }

    /// ⌊self / divisor⌋.
    ///
    /// ```
    /// # use bayeux_autodiff::Dim;
    /// let n = Dim::symbol("n");
    /// assert_eq!((&n + 3).div_floor(2), (&n + 1).div_floor(2) + 1);
    /// assert_eq!((&n * 2 + 3).div_floor(2), n + 1);
    /// ```
    ///
    /// # Panics
    /// If the divisor is 0.
    #[track_caller]
    pub fn div_floor(&self, divisor: usize) -> Dim {
        assert!(divisor > 0, "the dimension {self} is divided by 0");
        let by = i64::try_from(divisor).ok();
        match &self.0 {
            Form::Number(number) => by.map(|by| number.div_euclid(by).into()),
            Form::Polynomial(polynomial) => by.and_then(|by| polynomial.div_floor(by)).map(Dim::from),
        }
        .unwrap_or_else(|| panic!("the dimension ⌊({self})/{divisor}⌋ is too large"))
    }

    /// ⌈self / divisor⌉ = ⌊(self + divisor − 1) / divisor⌋.
    ///
    /// # Panics
    /// If the divisor is 0.
    #[track_caller]
    pub fn div_ceil(&self, divisor: usize) -> Dim {
        assert!(divisor > 0, "the dimension {self} is divided by 0");
        (self + (divisor - 1)).div_floor(divisor)
    }

    /// How many windows of a length fit, one every `stride` places: ⌊(self − window) / stride⌋ + 1. That is 0 where the
    /// axis is shorter than the window by at most the stride, and negative, an error at call time, where it is still
    /// shorter.
    ///
    /// # Panics
    /// If the stride is 0.
    #[track_caller]
    pub fn windows(&self, window: impl Into<Dim>, stride: usize) -> Dim {
        (self - window).div_floor(stride) + 1
    }

    /// The dimension that times `other` is this, if there is one: `other` is a factor of the polynomial.
    ///
    /// ```
    /// # use bayeux_autodiff::Dim;
    /// let [n, t] = Dim::symbols(["n", "t"]);
    /// assert_eq!((&n * &n - 1).divide(&(&n + 1)), Some(&n - 1));
    /// assert_eq!((&n + 1).divide(&t), None);
    /// ```
    pub fn divide(&self, other: &Dim) -> Option<Dim> {
        self.polynomial().divide(&other.polynomial()).map(Dim::from)
    }

    /// Whether this is at least as large as `other`: at all sizes, `Some(true)`, or at none, `Some(false)`. `None` if it
    /// depends on the sizes, or is not obvious: each term of the difference is bounded for itself.
    ///
    /// ```
    /// # use bayeux_autodiff::Dim;
    /// let n = Dim::symbol("n");
    /// assert_eq!((&n + 1).is_at_least(&n), Some(true));
    /// assert_eq!((3 - &n).is_at_least(4), Some(false));
    /// assert_eq!(n.is_at_least(1), None);
    /// ```
    pub fn is_at_least(&self, other: impl Into<Dim>) -> Option<bool> {
        let other = other.into();
        if let (Form::Number(a), Form::Number(b)) = (&self.0, &other.0) {
            return Some(a >= b);
        }
        let difference = self.polynomial().minus(&other.polynomial())?.bounds();
        match (difference.least >= 0, difference.most < 0) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }

    pub(crate) fn is_one(&self) -> bool {
        matches!(self.0, Form::Number(1))
    }
}

impl From<i64> for Dim {
    fn from(number: i64) -> Self {
        Dim(Form::Number(number))
    }
}

/// # Panics
/// For a number beyond the range of `i64`.
impl From<usize> for Dim {
    #[track_caller]
    fn from(size: usize) -> Self {
        match i64::try_from(size) {
            Ok(size) => size.into(),
            Err(_) => panic!("a dimension cannot be as large as {size}"),
        }
    }
}

impl From<i32> for Dim {
    fn from(number: i32) -> Self {
        i64::from(number).into()
    }
}

impl From<&Dim> for Dim {
    fn from(dim: &Dim) -> Self {
        dim.clone()
    }
}

impl From<Polynomial> for Dim {
    fn from(polynomial: Polynomial) -> Self {
        match polynomial.constant() {
            Some(number) => number.into(),
            None => Dim(Form::Polynomial(Arc::new(polynomial))),
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&*self.polynomial(), f)
    }
}

impl fmt::Debug for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
