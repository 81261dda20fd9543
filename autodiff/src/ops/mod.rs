//! The operations. All that is known of one stands in one file: documentation, type rule, formula, kernel, gradient, and examples,
//! of which the tests that hold for all of them are made: a new file stands in the list in `examples.rs`, too.
//!
//! Those that passes of the compiler rewrite are variants of [`Op`]; all others are one variant, [`Op::Other`], and known by
//! what they tell of themselves as an [`Operation`].

mod axes;
mod batch;
mod binary;
mod broadcast;
mod by_name;
mod call;
mod cast;
mod concat;
mod conv;
mod cummax;
mod cumulative;
mod elementwise;
mod flow;
mod images;
mod index;
mod indexing;
mod integers;
mod layout;
mod leaf;
mod linalg;
mod logic;
mod matmul;
mod moments;
mod noise;
mod operation;
mod order;
mod placed;
mod places;
mod pool;
mod random;
mod range;
mod reduce;
mod reductions;
mod registry;
mod scan;
mod select;
mod shaping;
mod slice;
mod softmax;
mod sorting;
mod special;
mod take;
mod unary;

#[cfg(test)]
mod examples;

use std::sync::Arc;

use bayeux_tensor::{AnyTensor, ElementType};
use smallvec::SmallVec;

use crate::dim::Sizes;
use crate::expr::refusal;
use crate::kernel::Kernel;
use crate::{AnyExpr, ArrayType, Dim, Error, Shape, Shared, Untyped, ValueType};

pub use axes::Axes;
pub use batch::Batch;
pub use call::{Values, checkpoint, custom_gradient};
pub use conv::Conv2dOptions;
pub use images::{
    ConvOptions, ConvolveMode, Coordinates, FftNorm, PoolOptions, ResizeOptions, Rounding, SampleMode,
    SampleOptions, SamplePadding,
};
pub use linalg::Triangle;
pub use noise::RandomStreams;
pub use operation::{Attributes, Linearity, Operation};
pub use pool::Pool2dOptions;
pub use registry::Operations;
pub use shaping::PadMode;
pub use sorting::Unique;

pub(crate) use batch::stacked;
pub(crate) use binary::Binary;
pub(crate) use broadcast::Broadcast;
use by_name::by_name;
pub(crate) use call::{Call, How, Rule, draws};
pub(crate) use cast::Cast;
pub(crate) use concat::Concat;
pub(crate) use conv::{Conv2d, ConvMap};
use layout::Copy;
pub(crate) use layout::{Reshape, Transpose};
pub(crate) use leaf::{Constant, Input};
pub(crate) use linalg::log_determinant;
pub(crate) use logic::Logic;
pub(crate) use matmul::Matmul;
pub(crate) use noise::{CallNumber, Noise, NoiseKind, fresh_makers, tell_apart};
pub(crate) use operation::Other;
pub(crate) use placed::{Placed, PlacedMap};
pub(crate) use pool::{Pool2d, PoolMap};
pub(crate) use reduce::{Max, Sum};
pub(crate) use reductions::product_axis;
pub(crate) use scan::Scan;
pub(crate) use select::{Select, StopGradient};
pub use slice::{AxisRange, Place};
pub(crate) use slice::{Pad, Slice};
pub(crate) use softmax::Softmax;
pub(crate) use take::{Scatter, Take};
pub(crate) use unary::Unary;

/// What a node does. Equality and hash compare attributes; constants are compared by shape and bits, variables by identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    // Leaves.
    Input(Input),
    Shared(Shared<Untyped>),
    Constant(Constant),
    /// A dimension as a number.
    Size(Dim),
    Noise(Noise),
    // Element by element: all inputs have the output's shape.
    Unary(Unary),
    Binary(Binary),
    Logic(Logic),
    Select(Select),
    Cast(Cast),
    StopGradient(StopGradient),
    // The same elements seen otherwise.
    Reshape(Reshape),
    Transpose(Transpose),
    Broadcast(Broadcast),
    Slice(Slice),
    /// The same elements in a buffer of their own, row-major. Put in by the compiler.
    Copy,
    /// One of the values of an operation that has several. Put in by the compiler.
    Output(usize),
    // Reductions.
    Sum(Sum),
    Max(Max),
    // What passes look at among all that has a kernel of its own.
    Pad(Pad),
    Matmul(Matmul),
    Conv2d(Conv2d),
    Pool2d(Pool2d),
    /// Put in by the compiler.
    Placed(Placed),
    Softmax(Softmax),
    Take(Take),
    Scatter(Scatter),
    /// A lambda. It is gone since the trace.
    Call(Call),
    /// A loop. It is gone since the trace, too.
    Scan(Scan),
    /// All others.
    Other(Other),
}

impl Op {
    /// The types of the values, from those of the inputs. `asked` is the shape that the builder asks for, by which an op that can
    /// have several, such as a reshape, is told which it is.
    ///
    /// # Panics
    /// If the inputs do not fit.
    #[track_caller]
    pub fn types(&self, inputs: &[AnyExpr], asked: &Shape) -> Vec<ValueType> {
        let given: Vec<ValueType> = inputs.iter().map(|input| input.value_type().clone()).collect();
        match self.infer(&given, asked) {
            Ok(types) => types,
            Err(why) => refusal::refuse_all(format_args!("{}: {why}", self.rule().name()), inputs),
        }
    }

    /// The types of the values, or why the inputs do not fit.
    pub fn infer(&self, inputs: &[ValueType], asked: &Shape) -> Result<Vec<ValueType>, String> {
        let fits = match self {
            Op::Reshape(op) => op.fits(&inputs[0].shape, asked),
            Op::Broadcast(op) => op.fits(&inputs[0].shape, asked),
            Op::Slice(op) => op.fits(&inputs[0].shape, asked),
            Op::Pad(op) => op.fits(&inputs[0].shape, asked),
            Op::Conv2d(op) => op.fits(inputs, asked),
            Op::Pool2d(op) => op.fits(inputs, asked),
            _ => return self.rule().types(inputs),
        };
        fits.map(|()| vec![ValueType::new(inputs[0].element, asked)])
    }

    /// The rule of this op.
    pub fn rule(&self) -> &dyn Operation {
        match self {
            Op::Input(op) => op,
            Op::Shared(op) => op,
            Op::Constant(op) => op,
            Op::Size(op) => op,
            Op::Noise(op) => op,
            Op::Unary(op) => op,
            Op::Binary(op) => op,
            Op::Logic(op) => op,
            Op::Select(op) => op,
            Op::Cast(op) => op,
            Op::StopGradient(op) => op,
            Op::Reshape(op) => op,
            Op::Transpose(op) => op,
            Op::Broadcast(op) => op,
            Op::Slice(op) => op,
            Op::Copy => &Copy,
            Op::Output(_) => &operation::Projection,
            Op::Sum(op) => op,
            Op::Max(op) => op,
            Op::Pad(op) => op,
            Op::Matmul(op) => op,
            Op::Conv2d(op) => op,
            Op::Pool2d(op) => op,
            Op::Placed(op) => op,
            Op::Softmax(op) => op,
            Op::Take(op) => op,
            Op::Scatter(op) => op,
            Op::Call(op) => op,
            Op::Scan(op) => op,
            Op::Other(op) => op.operation(),
        }
    }

    /// The op at concrete sizes of the free dimensions. `types` are those of the inputs, at these sizes.
    ///
    /// # Errors
    /// If the sizes do not fit, where symbols hid that when the expression was built.
    pub fn at(&self, sizes: &Sizes, types: &[ArrayType<'_>], shape: &[usize]) -> Result<Op, Error> {
        let inputs: SmallVec<[&[usize]; 4]> = types.iter().map(|of| of.shape).collect();
        let inputs = &inputs[..];
        let place = |dim: &Dim| Ok::<_, Error>(Dim::from(dim.resolve(sizes)?));
        let (op, fits) = match self {
            Op::Slice(op) => {
                let op = Slice { axis: op.axis, start: place(&op.start)? };
                let fits = op.fits(&inputs[0].into(), &shape.into());
                (Op::Slice(op), fits)
            }
            Op::Pad(op) => {
                let op = Pad { axis: op.axis, before: place(&op.before)? };
                let fits = op.fits(&inputs[0].into(), &shape.into());
                (Op::Pad(op), fits)
            }
            Op::Conv2d(op) => (self.clone(), op.window_fits(inputs, shape)),
            Op::Pool2d(op) => (self.clone(), op.window_fits(inputs, shape)),
            Op::Other(op) => {
                let types: Vec<ValueType> =
                    types.iter().map(|of| ValueType::new(of.element, of.shape)).collect();
                (self.clone(), op.operation().types(&types).map(|_| ()))
            }
            op => (op.clone(), Ok(())),
        };
        fits.map(|()| op).map_err(|what| Error::Size { op: self.rule().name(), what })
    }

    /// The kernel for concrete types, of an op that has one.
    ///
    /// # Errors
    /// If the sizes do not fit, where symbols hid that when the expression was built.
    pub fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        match self {
            Op::Other(op) => op.kernel(inputs, outputs).map(Some),
            op => op.rule().kernel(inputs, outputs),
        }
    }

    /// The values, one tensor op: what the interpreter runs.
    pub fn forward(
        &self,
        inputs: &[AnyTensor],
        outputs: &[(ElementType, Vec<usize>)],
    ) -> Result<Vec<AnyTensor>, Error> {
        if let Some(value) = self.rule().forward(inputs, &outputs[0].1)? {
            return Ok(vec![value]);
        }
        operation::run(self, inputs, outputs)
    }
}

macro_rules! into_op {
    ($($name:ident)+) => {
        $(impl From<$name> for Op {
            fn from(op: $name) -> Self {
                Op::$name(op)
            }
        })+
    };
}

into_op!(Input Noise Unary Binary Logic Select Cast StopGradient Reshape Transpose Broadcast Slice Sum Max);
into_op!(Pad Matmul Conv2d Pool2d Placed Softmax Take Scatter Scan Other);

impl<O: Operation> From<Arc<O>> for Op {
    fn from(op: Arc<O>) -> Self {
        Op::Other(Other::new(op))
    }
}
