//! Tests of the crate from outside, in one program, which is built faster than several.

mod bits;
mod common;
mod grouped;
mod linear;
mod matrixmultiply;
mod pooled;
mod products_in_loops;
mod random;
mod simd;
#[cfg(panic = "unwind")]
mod sizes;
mod small;
