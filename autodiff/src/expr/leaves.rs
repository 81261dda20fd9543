//! Expressions that begin a graph: inputs, constants, and sizes as numbers.

use bayeux_tensor::{AnyTensor, Element, ElementType, Float, Tensor};

use crate::ops::{Constant, Input, Op};
use crate::{AnyExpr, Dim, Expr, Kind, Shape, Shared};

impl<T: Element> Expr<T> {
    /// A value given at each call of a function: a mini-batch, a learning rate.
    #[track_caller]
    pub fn input(name: &str, shape: impl Into<Shape>) -> Self {
        Expr::leaf(Op::Input(Input::fresh()), T::TYPE, shape.into()).named(name)
    }

    /// A tensor that never changes.
    #[track_caller]
    #[must_use]
    pub fn constant(value: Tensor<T>) -> Self {
        AnyExpr::of_tensor(value.into()).typed()
    }

    /// A constant of rank 0: the number of this type that stands for `value`, see [`Element::from_f64`].
    #[track_caller]
    #[must_use]
    pub fn scalar(value: f64) -> Self {
        Expr::constant(Tensor::scalar(T::from_f64(value)))
    }

    /// One number, everywhere in a shape that may have free dimensions.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: f64) -> Self {
        Expr::scalar(value).broadcast_to(shape)
    }

    /// Zeros.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Expr::full(shape, 0.0)
    }

    /// Ones.
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Expr::full(shape, 1.0)
    }

    /// A dimension as a number of rank 0, such as the batch size of the call.
    #[track_caller]
    pub fn size(dim: impl Into<Dim>) -> Self {
        AnyExpr::size_of(T::TYPE, dim.into()).typed()
    }
}

impl AnyExpr {
    /// An input of the type of another expression, which it is to stand for inside a lambda, with its name.
    pub(crate) fn parameter_like(of: &AnyExpr) -> Self {
        AnyExpr::parameter(of.element_type(), of.shape().clone(), of.name())
    }

    /// Older than all that is made from now on.
    pub(crate) fn marker() -> Self {
        AnyExpr::parameter(ElementType::F32, Shape::from(()), None)
    }

    /// An input that stands for something inside a lambda.
    pub(crate) fn parameter(element: ElementType, shape: Shape, name: Option<&str>) -> Self {
        let leaf = Expr::leaf(Op::Input(Input::fresh()), element, shape);
        match name {
            Some(name) => leaf.named(name),
            None => leaf,
        }
    }

    /// A tensor that never changes.
    #[track_caller]
    #[must_use]
    pub fn of_tensor(value: AnyTensor) -> Self {
        let (element, shape) = (value.element_type(), Shape::from(value.shape()));
        Expr::leaf(Op::Constant(Constant(value.contiguous())), element, shape)
    }

    /// A number of an element type.
    #[track_caller]
    #[must_use]
    pub fn number(element: ElementType, value: f64) -> Self {
        AnyExpr::of_tensor(
            bayeux_tensor::with_type!(element, T => Tensor::<T>::scalar(T::from_f64(value)).into()),
        )
    }

    #[track_caller]
    pub(crate) fn size_of(element: ElementType, dim: Dim) -> Self {
        match dim.size() {
            Some(size) => AnyExpr::number(element, size as f64),
            None => Expr::leaf(Op::Size(dim), element, Shape::from(())),
        }
    }
}

impl<T: Kind> Expr<T> {
    /// A number of this expression's element type.
    #[track_caller]
    pub(crate) fn number_like(&self, value: f64) -> Self {
        AnyExpr::number(self.element_type(), value).typed()
    }

    /// A whole number of this expression's element type; of more bits than it has, the last ones, as its arithmetic goes.
    #[track_caller]
    pub(crate) fn whole_like(&self, value: i32) -> Self {
        AnyExpr::of_tensor(
            bayeux_tensor::with_type!(self.element_type(), T => Tensor::<T>::scalar(value.cast()).into()),
        )
        .typed()
    }

    /// A dimension as a number of this expression's element type.
    #[track_caller]
    pub(crate) fn size_like(&self, dim: Dim) -> Self {
        AnyExpr::size_of(self.element_type(), dim).typed()
    }

    /// Zeros of this expression's type and shape.
    #[track_caller]
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        self.number_like(0.0).broadcast_to(self.shape())
    }

    /// Ones of this expression's type and shape.
    #[track_caller]
    #[must_use]
    pub fn ones_like(&self) -> Self {
        self.number_like(1.0).broadcast_to(self.shape())
    }
}

impl<T: Float> From<f64> for Expr<T> {
    fn from(value: f64) -> Self {
        Expr::scalar(value)
    }
}

impl From<i64> for Expr<i64> {
    fn from(value: i64) -> Self {
        Expr::constant(Tensor::scalar(value))
    }
}

impl<T: Element> From<Tensor<T>> for Expr<T> {
    fn from(value: Tensor<T>) -> Self {
        Expr::constant(value)
    }
}

impl<T: Kind> From<&Shared<T>> for Expr<T> {
    fn from(shared: &Shared<T>) -> Self {
        shared.expr()
    }
}
