//! Tests of the crate from outside, in one program, which is built faster than several.

mod bits;
mod common;
mod sizes;
mod tensor;
