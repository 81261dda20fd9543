//! The types of values: element type and shape; and what the handle of an expression knows of its element type.

use std::fmt;

use bayeux_tensor::{AnyTensor, Element, ElementType, Float, Numeric, Tensor};

use crate::{AsArgument, Shape};

/// The type of a value: what its elements are, and how many there are along each axis.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3));
/// assert_eq!(x.value_type().to_string(), "f32[batch, 3]");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ValueType {
    /// The type of the elements.
    pub element: ElementType,
    /// The sizes of the axes.
    pub shape: Shape,
}

impl ValueType {
    /// A type.
    pub fn new(element: ElementType, shape: impl Into<Shape>) -> Self {
        ValueType { element, shape: shape.into() }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.element, self.shape)
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The type of a value in a program, where all sizes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArrayType<'a> {
    /// The type of the elements.
    pub element: ElementType,
    /// The sizes of the axes.
    pub shape: &'a [usize],
}

impl ArrayType<'_> {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }
}

/// In place of an element type: known when the program is built, not when it is compiled by Rust.
///
/// An `Expr<Untyped>` can be any expression, as which operations see their inputs; [`Expr::untyped`](crate::Expr::untyped) and
/// [`Expr::typed`](crate::Expr::typed) lead there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untyped;

mod sealed {
    pub trait Sealed {}
    impl<T: bayeux_tensor::Element> Sealed for T {}
    impl Sealed for super::Untyped {}
}

/// What the handle of an expression knows of its elements: their type, or nothing ([`Untyped`]).
pub trait Kind: sealed::Sealed + Copy + fmt::Debug + Send + Sync + 'static {
    /// The type of the elements, if it is known.
    const TYPE: Option<ElementType>;
    /// The tensors that are values of such expressions.
    type Tensor: AsArgument + Clone + fmt::Debug + PartialEq + Send + Sync + 'static;

    /// A tensor as one of these.
    ///
    /// # Panics
    /// If its elements are of another type.
    fn of(tensor: &AnyTensor) -> &Self::Tensor;
    /// One of these as a tensor of any type.
    fn any(tensor: &Self::Tensor) -> AnyTensor;
}

impl<T: Element> Kind for T {
    const TYPE: Option<ElementType> = Some(T::TYPE);
    type Tensor = Tensor<T>;

    #[track_caller]
    fn of(tensor: &AnyTensor) -> &Tensor<T> {
        tensor.get()
    }
    fn any(tensor: &Tensor<T>) -> AnyTensor {
        tensor.into()
    }
}

impl Kind for Untyped {
    const TYPE: Option<ElementType> = None;
    type Tensor = AnyTensor;

    fn of(tensor: &AnyTensor) -> &AnyTensor {
        tensor
    }
    fn any(tensor: &AnyTensor) -> AnyTensor {
        tensor.clone()
    }
}

/// Expressions of numbers, which can be added and multiplied: of all types but `bool`.
pub trait Arithmetic: Kind {}

impl<T: Numeric> Arithmetic for T {}
impl Arithmetic for Untyped {}

/// Expressions of real numbers, which can be divided and have functions and gradients: of `f32` and `f64`.
pub trait Real: Arithmetic {}

impl<T: Float> Real for T {}
impl Real for Untyped {}
