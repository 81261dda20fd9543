//! The instructions: the contract between the compiler and the machine.
//!
//! An instruction says what it reads, what it writes and what it computes, and nothing about threads or registers. It is data:
//! it can be printed and compared; an [executor](crate::execute) makes of it what it runs.

use std::fmt;

use bayeux_tensor::ElementType;

use super::element_wise::ElementWise;
use super::inner::Called;
use crate::ops::{Noise, Op};

/// Where elements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFrom {
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
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    /// The value whose elements they are, as the graph numbers it: what the verifier expects there.
    pub of: usize,
    pub from: ReadFrom,
    pub element: ElementType,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<isize>,
}

/// Where elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteTo {
    /// A buffer of the program.
    Slot(usize),
    /// A variable, over its value at the start of the call.
    Shared(usize),
}

/// Row-major elements from the start of a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Write {
    /// The value, as the graph numbers it; `None` if nobody reads it.
    pub of: Option<usize>,
    pub to: WriteTo,
    pub element: ElementType,
    pub len: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    /// Element-wise operations; the reads are the operands, the first two of them the factors if there is a product.
    ElementWise(ElementWise),
    /// An operation with a kernel of its own, and the types of its values.
    Op(Op, Vec<(ElementType, Vec<usize>)>),
    /// Random numbers.
    Noise(Noise),
    /// A program.
    Call(Called),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub work: Work,
    pub reads: Vec<Read>,
    pub writes: Vec<Write>,
    /// The operations, for readers.
    pub label: String,
    /// The names and lines of the user's code that they come from.
    pub origins: Vec<String>,
}

impl Instruction {
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

impl fmt::Display for ReadFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadFrom::Slot(i) => write!(f, "s{i}"),
            ReadFrom::Input(i) => write!(f, "in{i}"),
            ReadFrom::Shared(i) => write!(f, "var{i}"),
            ReadFrom::Constant(i) => write!(f, "const{i}"),
        }
    }
}

impl fmt::Display for WriteTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            WriteTo::Slot(i) => ReadFrom::Slot(i).fmt(f),
            WriteTo::Shared(i) => ReadFrom::Shared(i).fmt(f),
        }
    }
}

/// One line: `s3[400000], s4[1] <- tanh, sum [0, 1] (s1[500, 800], var2[800])`.
impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes: Vec<String> =
            self.writes.iter().map(|write| format!("{}[{}]", write.to, write.len)).collect();
        let reads: Vec<String> =
            self.reads.iter().map(|read| format!("{}{:?}", read.from, read.shape)).collect();
        write!(f, "{} <- {} ({})", writes.join(", "), self.label, reads.join(", "))?;
        if !self.origins.is_empty() && f.alternate() {
            write!(f, "  # {}", self.origins.join(", "))?;
        }
        Ok(())
    }
}
