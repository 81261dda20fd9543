//! The operations. All that is known of one stands in one file: documentation, shape rule, formula, forward, gradient.

mod axes;
mod binary;
mod broadcast;
mod concat;
mod conv;
mod custom;
mod index;
mod layout;
mod leaf;
mod matmul;
mod placed;
mod pool;
mod reduce;
mod select;
mod slice;
mod softmax;
mod unary;

#[cfg(test)]
mod gradient_tests;

use bayeux_tensor::{Float, Tensor};
use derive_where::derive_where;

use crate::kernel::{Kernel, View};
use crate::{Dim, Error, Expr, Shared};

pub use axes::Axes;
pub use conv::Conv2dOptions;
pub use custom::CustomOp;
pub use pool::Pool2dOptions;

pub(crate) use binary::Binary;
pub(crate) use broadcast::Broadcast;
pub(crate) use concat::Concat;
pub(crate) use conv::{Conv2d, Map as ConvMap};
pub(crate) use custom::Custom;
pub(crate) use index::OneHot;
use layout::Copy;
pub(crate) use layout::{Flip, Reshape, Transpose};
pub use leaf::RandomStreams;
pub(crate) use leaf::{Constant, Input, Noise, NoiseKind};
pub(crate) use matmul::Matmul;
pub(crate) use placed::{Map as PlacedMap, Placed, len_of_places, len_with_places};
pub(crate) use pool::{Map as PoolMap, Pool2d};
pub(crate) use reduce::{Max, Sum};
pub(crate) use select::{Select, StopGradient};
pub(crate) use slice::{Pad, Slice};
pub(crate) use softmax::Softmax;
pub(crate) use unary::Unary;

/// What a node does. Equality and hash compare attributes; constants are compared by shape and bits, variables by identity.
#[derive_where(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op<T: Float> {
    // Leaves.
    Input(Input),
    Shared(Shared<T>),
    Constant(Constant<T>),
    /// A dimension as a number.
    Size(Dim),
    Noise(Noise),
    // Element by element: all inputs have the output's shape.
    Unary(Unary),
    Binary(Binary),
    Select(Select),
    StopGradient(StopGradient),
    // The same numbers seen otherwise.
    Reshape(Reshape),
    Transpose(Transpose),
    Broadcast(Broadcast),
    Slice(Slice),
    Flip(Flip),
    /// The same numbers in a buffer of their own, row-major. Put in by the compiler.
    Copy,
    // Reductions.
    Sum(Sum),
    Max(Max),
    // All that has a kernel of its own.
    Pad(Pad),
    Concat(Concat),
    Matmul(Matmul),
    Conv2d(Conv2d),
    Pool2d(Pool2d),
    /// Put in by the compiler.
    Placed(Placed),
    Softmax(Softmax),
    OneHot(OneHot),
    Custom(Custom<T>),
}

/// What every op must tell.
pub(crate) trait Rule<T: Float> {
    /// The name, with the attributes that matter to a reader.
    fn name(&self) -> String;

    /// The value, one tensor op: what the interpreter runs. An op with a kernel runs that.
    fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
        let shapes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        let Some(kernel) = self.kernel(&shapes, shape)? else {
            return Err(Error::Size { op: self.name(), what: "has no value of its own".into() });
        };
        let inputs: Vec<Tensor<T>> = inputs.iter().map(Tensor::contiguous).collect();
        let views: Vec<View<'_, T>> = inputs.iter().map(View::of).collect();
        let mut output = vec![T::ZERO; shape.iter().product()];
        let mut scratch = vec![T::ZERO; kernel.scratch()];
        kernel.run(&views, &mut output, &mut scratch)?;
        Ok(Tensor::new(shape, output))
    }

    /// The kernel for concrete shapes, of an op that has one.
    ///
    /// # Errors
    /// If the sizes do not fit, where symbols hid that when the expression was built.
    fn kernel(&self, _inputs: &[&[usize]], _shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(None)
    }

    /// What each input's adjoint receives when the output's adjoint is `g`: for each input an expression of that
    /// input's shape, or `None` where the derivative is zero everywhere.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], output: &Expr<T>) -> Vec<Option<Expr<T>>>;
}

impl<T: Float> Op<T> {
    /// Whether there is data of the right shape that it cannot take.
    pub(crate) fn can_fail(&self) -> bool {
        matches!(self, Op::OneHot(_) | Op::Custom(_))
    }

    /// The rule of this op.
    pub(crate) fn rule(&self) -> &dyn Rule<T> {
        match self {
            Op::Input(op) => op,
            Op::Shared(op) => op,
            Op::Constant(op) => op,
            Op::Size(op) => op,
            Op::Noise(op) => op,
            Op::Unary(op) => op,
            Op::Binary(op) => op,
            Op::Select(op) => op,
            Op::StopGradient(op) => op,
            Op::Reshape(op) => op,
            Op::Transpose(op) => op,
            Op::Broadcast(op) => op,
            Op::Slice(op) => op,
            Op::Flip(op) => op,
            Op::Copy => &Copy,
            Op::Sum(op) => op,
            Op::Max(op) => op,
            Op::Pad(op) => op,
            Op::Concat(op) => op,
            Op::Matmul(op) => op,
            Op::Conv2d(op) => op,
            Op::Pool2d(op) => op,
            Op::Placed(op) => op,
            Op::Softmax(op) => op,
            Op::OneHot(op) => op,
            Op::Custom(op) => op,
        }
    }
}

macro_rules! into_op {
    ($($name:ident)+) => {
        $(impl<T: Float> From<$name> for Op<T> {
            fn from(op: $name) -> Self {
                Op::$name(op)
            }
        })+
    };
}

into_op!(Input Noise Unary Binary Select StopGradient Reshape Transpose Broadcast Slice Flip Sum Max);
into_op!(Pad Concat Matmul Conv2d Pool2d Placed Softmax OneHot);
