//! The instructions: the contract between the compiler and the machine.
//!
//! An instruction says what it reads, what it writes and what it computes, and nothing about threads or registers.

use std::fmt;

use bayeux_tensor::ElementType;
use bayeux_tensor::fused::Fused;

use super::inner::Called;
use crate::kernel::Kernel;
use crate::ops::Noise;

/// Where elements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A buffer of the program, see [`Program`](super::Program).
    Slot(usize),
    /// A tensor given at the call.
    Input(usize),
    /// A variable's value at the start of the call.
    Shared(usize),
    /// A constant of the program.
    Constant(usize),
}

/// A strided view of a source.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub source: Source,
    pub element: ElementType,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<isize>,
}

/// Where elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A buffer of the program.
    Slot(usize),
    /// A variable, over its value at the start of the call.
    Shared(usize),
}

/// Row-major elements from the start of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub to: Target,
    pub element: ElementType,
    pub len: usize,
}

#[derive(Debug)]
pub(crate) enum Work {
    /// Element-wise operations, some on random numbers; the writes are the stored values, then the reductions. If the loop goes
    /// on with a product, its factors are the first reads, and its place the first write if it is kept.
    Loop { fused: AnyFused, noise: Vec<Noise>, stores: usize, product: Option<Kept> },
    /// An op with a kernel of its own.
    Kernel(Box<dyn Kernel>),
    /// Random numbers.
    Noise(Noise),
    /// A program.
    Call(Called),
}

/// A loop of either float type.
#[derive(Debug)]
pub(crate) enum AnyFused {
    Single(Box<Fused<f32>>),
    Double(Box<Fused<f64>>),
}

/// Whether a product is kept after the loop that goes on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Yes,
    No,
}

#[derive(Debug)]
pub(crate) struct Instruction {
    pub work: Work,
    pub reads: Vec<Read>,
    pub writes: Vec<Write>,
    /// Numbers of working space, and of which type.
    pub scratch: (ElementType, usize),
    /// Floating-point operations; a function such as exp counts as one.
    pub flops: usize,
    /// The operations, for readers.
    pub label: String,
    /// The names and lines of the user's code that they come from.
    pub origins: Vec<String>,
}

impl Instruction {
    /// How many numbers of a type it needs as working space.
    pub fn scratch(&self, element: ElementType) -> usize {
        let inner = match (&self.work, element) {
            (Work::Call(call), ElementType::F32) => call.program().scratch.single,
            (Work::Call(call), _) => call.program().scratch.double,
            _ => 0,
        };
        if self.scratch.0 == element { self.scratch.1.max(inner) } else { inner }
    }

    /// The bytes read and written, an element that is read repeatedly counted once.
    pub fn bytes(&self) -> usize {
        let read = |read: &Read| -> usize {
            read.shape
                .iter()
                .zip(&read.strides)
                .filter(|&(_, &stride)| stride != 0)
                .map(|(&n, _)| n)
                .product()
        };
        let reads = self.reads.iter().map(|of| read(of) * of.element.size());
        let writes = self.writes.iter().map(|write| write.len * write.element.size());
        reads.chain(writes).sum()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Slot(i) => write!(f, "s{i}"),
            Source::Input(i) => write!(f, "in{i}"),
            Source::Shared(i) => write!(f, "var{i}"),
            Source::Constant(i) => write!(f, "const{i}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Target::Slot(i) => Source::Slot(i).fmt(f),
            Target::Shared(i) => Source::Shared(i).fmt(f),
        }
    }
}

/// One line: `s3[400000], s4[1] <- tanh, sum [0, 1] (s1[500, 800], var2[800])`.
impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes: Vec<String> =
            self.writes.iter().map(|write| format!("{}[{}]", write.to, write.len)).collect();
        let reads: Vec<String> =
            self.reads.iter().map(|read| format!("{}{:?}", read.source, read.shape)).collect();
        write!(f, "{} <- {} ({})", writes.join(", "), self.label, reads.join(", "))?;
        if !self.origins.is_empty() && f.alternate() {
            write!(f, "  # {}", self.origins.join(", "))?;
        }
        Ok(())
    }
}
