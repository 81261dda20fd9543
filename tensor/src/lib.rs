//! N-d strided arrays of f32 and f64 with SIMD kernels and counter-based random numbers.

mod float;
mod tensor;

pub use float::Float;
pub use tensor::Tensor;
