//! N-d strided arrays of f32 and f64 with SIMD kernels and counter-based random numbers.

mod compiled;
mod conv;
mod copy;
mod float;
pub mod fused;
mod gemm;
mod lanes;
mod pool;
pub mod random;
pub mod simd;
pub mod softmax;
mod tensor;
mod tile;

pub use conv::{Conv2dShape, conv2d, conv2d_input, conv2d_weights};
pub use copy::copy_strided;
pub use float::Float;
pub use gemm::gemm;
pub use pool::{Pool2dShape, max_pool2d, max_pool2d_gather, max_pool2d_scatter};
pub use tensor::Tensor;
