//! An operation for a whole stack of inputs at once.

use crate::{AnyExpr, Dim, Shape, ValueType};

/// The inputs of an operation that is to be done for each part of a stack: those that are stacked have one axis more, the first.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(crate) inputs: &'a [AnyExpr],
    pub(crate) stacked: &'a [bool],
    /// The types of the values of one part.
    pub(crate) types: &'a [ValueType],
    pub(crate) size: &'a Dim,
}

impl Batch<'_> {
    /// How many parts there are.
    pub fn size(&self) -> &Dim {
        self.size
    }

    /// Whether an input differs from part to part.
    #[must_use]
    pub fn is_stacked(&self, input: usize) -> bool {
        self.stacked[input]
    }

    /// An input as it is: with one axis more if it is stacked.
    #[must_use]
    pub fn given(&self, input: usize) -> &AnyExpr {
        &self.inputs[input]
    }

    /// An input as a stack: one that is the same for all parts is repeated.
    #[track_caller]
    #[must_use]
    pub fn stack(&self, input: usize) -> AnyExpr {
        let given = &self.inputs[input];
        match self.stacked[input] {
            true => given.clone(),
            false => given.broadcast_to(stacked(self.size, given.shape())),
        }
    }

    /// All inputs as stacks.
    #[track_caller]
    #[must_use]
    pub fn stacks(&self) -> Vec<AnyExpr> {
        (0..self.inputs.len()).map(|input| self.stack(input)).collect()
    }

    /// The shape of a stack of one of the values.
    pub fn shape(&self, output: usize) -> Shape {
        stacked(self.size, &self.types[output].shape)
    }
}

/// The shape of a stack of so many of a shape.
pub(crate) fn stacked(size: &Dim, shape: &Shape) -> Shape {
    [size].into_iter().chain(shape.dims()).cloned().collect()
}
