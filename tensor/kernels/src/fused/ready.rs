//! A loop that is ready to be run.

use std::ops::Range;

use super::product::Product;
use super::reduce::Reduction;
use super::region::Region;
use super::space::Space;
use super::steps::{Operand, Place, Step, Uniform};
use crate::native::Native;
use crate::reduce::{Extent, Kind};

/// A compiled element-wise loop; see the [module](super).
#[derive(Clone, Debug)]
pub struct Fused<T> {
    pub(super) space: Space,
    pub(super) operands: Vec<Operand>,
    /// The product that the loop goes on with, and its shape.
    pub(super) product: Option<(Product, Vec<usize>)>,
    /// The number of noise values.
    pub(super) noise: usize,
    /// Numbers that are the same everywhere, known before the loop,
    pub(super) uniform: Vec<Uniform<T>>,
    /// and computed from those, once a chunk;
    pub(super) once: Vec<Step<T>>,
    /// and copies of both all over a register, for kernels that need them so.
    pub(super) spread: Vec<Step<T>>,
    /// What is done for each block.
    pub(super) steps: Vec<Step<T>>,
    /// For each step, the lines of memory of the next block that are fetched before it.
    pub(super) fetched: Vec<Range<usize>>,
    /// Arithmetic that was compiled.
    pub(super) regions: Vec<Region>,
    pub(super) native: Option<Native>,
    pub(super) tiles: usize,
    pub(super) registers: usize,
    pub(super) stores: usize,
    /// Whether results go to memory past the caches.
    pub(super) streamed: bool,
    /// Results that are not put there by a [`Step::Stream`].
    pub(super) in_place: Vec<usize>,
    /// What is fetched from memory ahead of its use, other than by a region.
    pub(super) ahead: Vec<Place>,
    pub(super) reductions: Vec<Reduction>,
    /// If the loop is no more than a reduction of its operand, which.
    pub(super) plain: Option<(Kind, Extent)>,
    /// Elements per block: as many as keep the registers in the first two caches; whole tiles.
    pub(super) block: usize,
    /// Elements per parallel task, unless the tasks are those of a product.
    pub(super) chunk: usize,
    /// Parallel tasks.
    pub(super) chunks: usize,
    /// How long it takes, without the product.
    pub(super) cycles: usize,
}
