//! Fused element-wise loops: one pass over memory for a whole chain of operations and the reductions that end it.
//!
//! A [`Fused`] loop runs over an iteration space, the shape that all its operations share, in blocks of a few hundred
//! elements. Within a block every function is a vector kernel that reads and writes *registers*, small buffers that
//! stay in a cache, and the arithmetic between two kernels is compiled to one piece of machine code, where the processor is one
//! for which this crate can do so; only operands and stored results touch memory. Blocks are gathered into chunks, and chunks
//! run in parallel. Where blocks and chunks begin depends on the loop and its shape alone, so it gives the same bits on any
//! number of threads.
//!
//! ```
//! use bayeux_kernels::fused::{Fused, FusedBuilder, Reduce};
//! use bayeux_kernels::simd;
//!
//! // y = tanh(x) + b, with the bias b repeated along rows, and the sum of y over rows.
//! let mut builder = FusedBuilder::new(&[2, 3]);
//! let x = builder.operand(&[3, 1]);
//! let b = builder.operand(&[0, 1]);
//! let t = builder.unary(simd::tanh, x);
//! let y = builder.binary(simd::add, t, b);
//! builder.store(y);
//! builder.reduce(Reduce::Sum, y, &[0]);
//! let fused: Fused<f64> = builder.build();
//!
//! let (mut y, mut sum) = ([0.0; 6], [0.0; 3]);
//! let mut scratch = vec![0.0; fused.scratch()];
//! fused.run(&[(&[0.0; 6], 0), (&[1.0, 2.0, 3.0], 0)], &mut [&mut y], &mut [&mut sum], &mut scratch);
//! assert_eq!(y, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
//! assert_eq!(sum, [2.0, 4.0, 6.0]);
//! ```
//!
//! A loop can go on with a product of matrices, or a convolution, some rows or images at a time, while they are in a cache:
//!
//! ```
//! use bayeux_kernels::fused::{Factors, Fused, FusedBuilder, Product};
//! use bayeux_kernels::simd;
//!
//! // tanh(a b), of 2×3 and 3×2.
//! let mut builder = FusedBuilder::new(&[2, 2]);
//! let product = builder.product(Product::Matrices(3));
//! let y = builder.unary(simd::tanh, product);
//! builder.store(y);
//! let fused: Fused<f64> = builder.build();
//!
//! let (a, b) = ([1.0, 0.0, 0.0, 0.0, 1.0, 1.0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
//! let factors = Factors::Matrices([(&a, [3, 1]), (&b, [2, 1])]);
//! let (mut y, mut scratch) = ([0.0; 4], vec![0.0; fused.scratch()]);
//! fused.run_on_product(factors, None, &[], &[(&[], 0)], &mut [&mut y], &mut [], &mut scratch);
//! assert_eq!(y[0], 0.1f64.tanh());
//! assert!((y[3] - 1.0f64.tanh()).abs() < 1e-12); // 0.4 + 0.6
//! ```
//!
//! Random numbers need no memory at all: each block draws its own, and an element's number depends on its place alone.
//!
//! ```
//! use bayeux_kernels::fused::{FusedBuilder, Reduce};
//! use bayeux_kernels::{random, simd};
//!
//! // The mean of the squares of a thousand standard normal numbers.
//! let mut builder = FusedBuilder::<f64>::new(&[10, 100]);
//! let normal = builder.normal();
//! let square = builder.unary(simd::square, normal);
//! builder.store(normal);
//! builder.reduce(Reduce::Sum, square, &[0, 1]);
//! let fused = builder.build();
//!
//! let (mut numbers, mut sum) = ([0.0; 1000], [0.0]);
//! let mut scratch = vec![0.0; fused.scratch()];
//! let (seed, stream) = (7, 3);
//! fused.run_with_noise(&[(seed, stream)], &[], &mut [&mut numbers], &mut [&mut sum], &mut scratch);
//! assert!((sum[0] / 1000.0 - 1.0).abs() < 0.2);
//!
//! let mut filled = [0.0; 1000];
//! random::fill_normal(seed, stream, 0, &mut filled);
//! assert_eq!(numbers, filled);
//! ```

use std::ops::Range;

mod block;
mod build;
mod definition;
mod file;
mod functions;
mod logarithms;
mod noise;
mod place;
mod plain;
mod product;
mod reduce;
mod region;
mod run;
mod sizes;
mod space;

pub use crate::simd::{Arithmetic, Function};
pub use build::{FusedBuilder, Value};
pub(crate) use product::Each;
pub use product::{Factors, Product};
pub use reduce::Reduce;

use crate::native::Native;
use crate::reduce::{Extent, Kind};
use crate::simd::combined::{Formula, TileKernel};
use noise::Noise;
use reduce::Reduction;
use region::Region;
use space::Space;

/// A vector function of one operand.
pub type UnaryKernel<T> = fn(&[T], &mut [T]);
/// A vector function of two operands.
pub type BinaryKernel<T> = fn(&[T], &[T], &mut [T]);
/// A vector function of three operands.
pub type TernaryKernel<T> = fn(&[T], &[T], &[T], &mut [T]);

/// A compiled element-wise loop; see the [module](self).
#[derive(Clone, Debug)]
pub struct Fused<T> {
    space: Space,
    operands: Vec<Operand>,
    /// The product that the loop goes on with, and its shape.
    product: Option<(Product, Vec<usize>)>,
    /// The number of noise values.
    noise: usize,
    /// Numbers that are the same everywhere, known before the loop,
    uniform: Vec<Uniform<T>>,
    /// and computed from those, once a chunk;
    once: Vec<Step<T>>,
    /// and copies of both all over a register, for kernels that need them so.
    spread: Vec<Step<T>>,
    /// What is done for each block.
    steps: Vec<Step<T>>,
    /// For each step, the lines of memory of the next block that are fetched before it.
    fetched: Vec<Range<usize>>,
    /// Arithmetic that was compiled.
    regions: Vec<Region>,
    native: Option<Native>,
    tiles: usize,
    registers: usize,
    stores: usize,
    /// Whether results go to memory past the caches.
    streamed: bool,
    /// Results that are not put there by a [`Step::Stream`].
    in_place: Vec<usize>,
    /// What is fetched from memory ahead of its use, other than by a region.
    ahead: Vec<Place>,
    reductions: Vec<Reduction>,
    /// If the loop is no more than a reduction of its operand, which.
    plain: Option<(Kind, Extent)>,
    /// Elements per block: as many as keep the registers in the first two caches; whole tiles.
    block: usize,
    /// Elements per parallel task, unless the tasks are those of a product.
    chunk: usize,
    /// Parallel tasks.
    chunks: usize,
    /// How long it takes, without the product.
    cycles: usize,
}

/// How an operand is read.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
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
struct Uniform<T> {
    source: UniformSource<T>,
    to: Place,
}

#[derive(Clone, Copy, Debug)]
enum UniformSource<T> {
    Number(T),
    Operand(usize),
}

/// Where a value stands while a block is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
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
enum Step<T> {
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
    fn streams(&self) -> Option<usize> {
        match *self {
            Step::Stream { store, .. } => Some(store),
            _ => None,
        }
    }

    /// Where a kernel reads and writes.
    fn by_kernel(&self) -> Vec<Place> {
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

#[cfg(test)]
mod tests;
