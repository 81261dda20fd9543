//! One tensor that a function is called with.

use bayeux_tensor::{AnySlice, AnyTensor, Element, ElementType, Tensor};

/// A tensor as a function sees it.
#[derive(Clone, Copy)]
pub struct Argument<'a> {
    pub(super) element: ElementType,
    pub(super) shape: &'a [usize],
    /// The elements, if they are row-major.
    pub(super) slice: Option<AnySlice<'a>>,
    tensor: &'a dyn AsArgument,
}

impl std::fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.element, self.shape)
    }
}

impl Argument<'_> {
    pub(super) fn tensor(&self) -> AnyTensor {
        self.tensor.untyped()
    }
}

/// A tensor of a type known to Rust, or not.
pub trait AsArgument {
    /// As a function sees it.
    fn argument(&self) -> Argument<'_>;
    /// The same tensor, without its element type being known to Rust.
    fn untyped(&self) -> AnyTensor;
}

impl<T: Element> AsArgument for Tensor<T> {
    #[inline]
    fn argument(&self) -> Argument<'_> {
        let slice = self.as_slice().map(T::any_slice);
        Argument { element: T::TYPE, shape: self.shape(), slice, tensor: self }
    }
    fn untyped(&self) -> AnyTensor {
        self.into()
    }
}

impl AsArgument for AnyTensor {
    fn argument(&self) -> Argument<'_> {
        Argument { element: self.element_type(), shape: self.shape(), slice: self.as_slice(), tensor: self }
    }
    fn untyped(&self) -> AnyTensor {
        self.clone()
    }
}
