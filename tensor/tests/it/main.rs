//! Tests of the crate from outside, in one program, which is built faster than several.

mod bits;
mod common;
#[cfg(panic = "unwind")]
mod sizes;
mod tensor;
