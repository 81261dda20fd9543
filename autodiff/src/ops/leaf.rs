//! Leaves: inputs, variables, constants, dimensions as numbers, and noise.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use bayeux_tensor::{AnyTensor, Float, random};

use super::Op;
use super::operation::Operation;
use crate::{AnyExpr, Dim, Error, Expr, Shape, Shared, Untyped, ValueType};

/// A value given at each call; its identity is a number no other input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Input(u64);

impl Input {
    pub(crate) fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Input(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A tensor that never changes. Two scalars with the same bits are the same constant; larger ones are compared by
/// shape and bits.
#[derive(Clone, Debug)]
pub(crate) struct Constant(pub AnyTensor);

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.0.element_type() == other.0.element_type()
            && self.0.shape() == other.0.shape()
            && self.0.bits().eq(other.0.bits())
    }
}

impl Eq for Constant {}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.element_type().hash(state);
        self.0.shape().hash(state);
        self.0.bits().take(4).for_each(|bits| bits.hash(state));
    }
}

/// Random numbers, drawn anew at each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Noise {
    pub kind: NoiseKind,
    pub seed: u64,
    pub stream: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NoiseKind {
    /// Standard normal.
    Normal,
    /// Uniform on [0, 1).
    Uniform,
}

/// How many calls fit between two streams' numbers, see the table in [`bayeux_tensor::random`].
const CALLS_PER_STREAM: u64 = 1 << 40;
/// How many streams there are.
const STREAMS: u64 = 1 << 24;

impl Noise {
    /// Fills a buffer with the numbers of one call: element `i` depends on the seed, the stream, the call and `i` alone.
    pub(crate) fn fill<T: Float>(&self, call: u64, output: &mut [T]) {
        let (seed, stream) = self.source(call);
        match self.kind {
            NoiseKind::Normal => random::fill_normal_par(seed, stream, 0, output),
            NoiseKind::Uniform => random::fill_uniform_par(seed, stream, 0, output),
        }
    }

    /// The seed and the stream of one call's numbers.
    pub(crate) fn source(&self, call: u64) -> (u64, u64) {
        (self.seed, self.stream * CALLS_PER_STREAM + call % CALLS_PER_STREAM)
    }
}

/// Where an expression's random numbers come from: each request opens the next stream of one seed.
///
/// The numbers are counter-based (Philox): a function called twice draws two different samples, and the same seed, the
/// same order of requests and the same call number give the same numbers on any number of threads.
///
/// ```
/// use bayeux_autodiff::{Function, RandomStreams};
/// let random = RandomStreams::new(7);
/// let f = Function::<f32>::new([], [&random.normal([2, 2])])?;
/// assert_ne!(f.call(&[])?, f.call(&[])?);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Debug)]
pub struct RandomStreams {
    seed: u64,
    next: AtomicU64,
}

impl RandomStreams {
    /// Streams of one seed, from the first.
    pub fn new(seed: u64) -> Self {
        RandomStreams { seed, next: AtomicU64::new(0) }
    }

    /// Independent standard normal numbers.
    ///
    /// # Panics
    /// At more than 2²⁴ requests.
    #[track_caller]
    pub fn normal<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        self.open(NoiseKind::Normal, shape.into())
    }

    /// Independent numbers, uniform on [0, 1).
    ///
    /// # Panics
    /// At more than 2²⁴ requests.
    #[track_caller]
    pub fn uniform<T: Float>(&self, shape: impl Into<Shape>) -> Expr<T> {
        self.open(NoiseKind::Uniform, shape.into())
    }

    #[track_caller]
    fn open<T: Float>(&self, kind: NoiseKind, shape: Shape) -> Expr<T> {
        let stream = self.next.fetch_add(1, Ordering::Relaxed);
        assert!(stream < STREAMS, "RandomStreams: more than {STREAMS} requests for random numbers");
        Expr::leaf(Noise { kind, seed: self.seed, stream }.into(), T::TYPE, shape)
    }
}

/// A leaf has no inputs and so passes nothing on; its type is given when it is made, and its value is not computed but found
/// where the function keeps it.
macro_rules! leaf {
    ($type:ty, |$op:ident| $name:expr) => {
        impl Operation for $type {
            fn name(&self) -> String {
                let $op = self;
                $name
            }
            fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
                Err("is a leaf".into())
            }
            fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
                Vec::new()
            }
        }
    };
}

leaf!(Input, |_op| "input".into());
leaf!(Shared<Untyped>, |_op| "shared".into());
leaf!(Dim, |op| format!("size {op}"));
leaf!(Noise, |op| format!("{:?} noise {}", op.kind, op.stream).to_lowercase());

impl Operation for Constant {
    fn name(&self) -> String {
        match self.0.rank() {
            0 => format!("{}", self.0.item_f64()),
            _ => "constant".into(),
        }
    }
    fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![ValueType::new(self.0.element_type(), self.0.shape())])
    }
    fn forward(&self, _inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(self.0.clone()))
    }
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        Vec::new()
    }
}

impl Op {
    /// Whether the value does not come from other nodes.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self, Op::Input(_) | Op::Shared(_) | Op::Constant(_) | Op::Size(_) | Op::Noise(_))
    }
}
