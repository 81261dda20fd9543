//! Tests of the crate from outside, in one program, which is built faster than several.

mod activations;
mod gradients;
mod layers;
mod onnx;
mod stable;
mod training;
