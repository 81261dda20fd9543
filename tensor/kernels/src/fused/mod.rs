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
//! use bayeux_kernels::random::Source;
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
//! fused.run_with_noise(&[Source::new(seed, stream)], &[], &mut [&mut numbers], &mut [&mut sum], &mut scratch);
//! assert!((sum[0] / 1000.0 - 1.0).abs() < 0.2);
//!
//! let mut filled = [0.0; 1000];
//! random::fill_normal(seed, stream, 0, &mut filled);
//! assert_eq!(numbers, filled);
//! ```

mod block;
mod build;
mod definition;
mod each;
mod file;
mod functions;
mod logarithms;
mod noise;
mod place;
mod plain;
mod product;
mod ready;
mod reduce;
mod region;
mod run;
mod sizes;
mod space;
mod steps;

pub use crate::simd::{Arithmetic, Function};
pub use build::FusedBuilder;
pub use definition::Value;
pub(crate) use each::Each;
pub use product::{Factors, Product};
pub use ready::Fused;
pub use reduce::Reduce;
pub use steps::{BinaryKernel, TernaryKernel, UnaryKernel};
use steps::{Operand, Place, Step, Uniform, UniformSource};

#[cfg(test)]
mod tests;
