//! What passes have to know of the machine for which they compile.

use bayeux_tensor::ElementType;
use bayeux_tensor::fused::Product;

use crate::kernel::Kernel;
use crate::ops::Op;
use crate::{ArrayType, Error};

/// A machine, as far as it matters which of several equal programs is the fastest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The most operations in one loop: what it keeps for a block of elements must fit into a cache.
    pub most_operations: usize,
    /// The most instructions that are looked at to find one that would do.
    pub candidates: usize,
    /// Passes over memory that a stored value costs: one to write, one to read, and one if a line that is written is fetched before.
    pub stored: usize,
    /// What a buffer that is there anyway costs its reader.
    pub read: usize,
    /// The most operations in a row that are repeated to make a value, rather than read it.
    pub most_repeated: usize,
    /// In how many parts, each with partial sums of its own, a loop of this shape goes on with a product; `None` if it cannot.
    pub parts_of_product: fn(ElementType, &[usize], Product) -> Option<usize>,
    /// What runs an operation of these types that is not element-wise, if there is a kernel for it.
    pub kernel: KernelOf,
}

/// See [`Target::kernel`].
pub(crate) type KernelOf =
    fn(&Op, &[ArrayType<'_>], &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error>;
