//! Kernels of 3×3 taps with a stride of one, for vectors of 512 bits. A plane's rows are read where they stand, each once and one
//! after the other, as processors foresee best: memory takes longer than the arithmetic. What a row is needed for by three rows
//! of outputs, or of gradients, stays in registers meanwhile. Sums are in the order of the kernels for copied bands.

mod correlate;
mod gradient;
mod plane;

pub(super) use correlate::Correlate;
pub(super) use gradient::Gradient;
pub(super) use plane::Plane;
use plane::{AHEAD, VECTORS, Vectors};
