//! What a loop does with a block, step by step, and where values stand meanwhile.

use super::noise::Noise;
use crate::simd::combined::{Formula, TileKernel};

/// A vector function of one operand.
pub type UnaryKernel<T> = fn(&[T], &mut [T]);

/// A vector function of two operands.
pub type BinaryKernel<T> = fn(&[T], &[T], &mut [T]);

/// A vector function of three operands.
pub type TernaryKernel<T> = fn(&[T], &[T], &[T], &mut [T]);

/// How an operand is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Row-major over the whole space: read in place.
    Direct,
    /// The same element everywhere: put into a tile once per chunk.
    Uniform,
    /// Anything else, by strides over the space's axes: gathered into a register for each block.
    /// The reach: how far from the first element the others lie, at most, before it and after it.
    Strided { strides: Vec<isize>, reach: [usize; 2] },
    /// What stands in a result until it is overwritten, row-major over the whole space.
    Former { store: usize },
    /// The product that the loop goes on with, row-major over the whole space.
    Product,
}

/// A number that is the same everywhere, and its tile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uniform<T> {
    pub source: UniformSource<T>,
    pub to: Place,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum UniformSource<T> {
    Number(T),
    Operand(usize),
}

/// Where a value stands while a block is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Operand(usize),
    Register(usize),
    /// One tile for all elements.
    Tile(usize),
    Store(usize),
    /// It is part of another value.
    Nowhere,
}

/// One operation on a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<T> {
    Gather { operand: usize, to: Place },
    Noise { noise: Noise, number: usize, to: Place },
    Region { number: usize },
    Tiled { formula: Formula, kernel: TileKernel<T>, from: [Place; 4], to: Place },
    Unary { kernel: UnaryKernel<T>, x: Place, to: Place },
    Binary { kernel: BinaryKernel<T>, x: Place, y: Place, to: Place },
    Ternary { kernel: TernaryKernel<T>, x: Place, y: Place, z: Place, to: Place },
    Stream { x: Place, store: usize },
    Reduce { number: usize, x: Place },
}

impl<T> Step<T> {
    /// The result that it streams to.
    pub fn streams(&self) -> Option<usize> {
        match *self {
            Step::Stream { store, .. } => Some(store),
            _ => None,
        }
    }

    /// Where a kernel reads and writes.
    pub fn by_kernel(&self) -> Vec<Place> {
        match *self {
            Step::Gather { to, .. } | Step::Noise { to, .. } => vec![to],
            Step::Region { .. } => vec![],
            Step::Tiled { from, to, .. } => [&from[..], &[to]].concat(),
            Step::Unary { x, to, .. } => vec![x, to],
            Step::Binary { x, y, to, .. } => vec![x, y, to],
            Step::Ternary { x, y, z, to, .. } => vec![x, y, z, to],
            Step::Stream { x, .. } | Step::Reduce { x, .. } => vec![x],
        }
    }
}
