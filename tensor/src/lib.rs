//! N-d strided arrays of f32 and f64 with SIMD kernels and counter-based random numbers.

mod float;

pub use float::Float;
