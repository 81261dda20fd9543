//! Kernels on slices of f32 and f64: vector maths, products, convolutions, fused loops, counter-based random numbers.
//!
//! They are what a compiler of expressions needs: functions over slices that take their working space from the caller, allocate
//! nothing (but for a few numbers where a pool has no channels or places of columns are sought, and the sums of a product of more than
//! 65,536 terms), and run on the current rayon pool. `bayeux-tensor`, which stands on them, re-exports them beside its n-d array.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`simd`] | vector maths in both widths, compiled for several instruction sets, the best picked at run time |
//! | [`fused`] | one pass over memory for a chain of operations and the reductions that end it |
//! | [`gemm`], [`conv2d`], [`max_pool2d`], [`mod@softmax`], [`mod@reduce`] | matrix products; convolution and pooling with their adjoints; softmax; sums, largest and smallest, mean and variance |
//! | [`size`] | the lengths of shapes and the reach of strides, checked |
//! | [`random`] | Philox4x32-10: element i of a stream is a function of i |
//!
//! # The same bits on any number of threads
//!
//! How work is cut into tasks depends on shapes alone, never on the number of threads, and sums are trees of a fixed form.
//! So one thread and many give the same bits. The same holds for instruction sets: products are added in one rounding
//! everywhere, sums along a depth are in order, and where a sum's tree depends on the number of lanes, this number is fixed.
//! The environment variable `BAYEUX_SIMD` takes a lesser set than the machine has: `portable`, `avx2`, `avx512`, `neon` or `simd128`;
//! `BAYEUX_JIT=0` runs fused loops without machine code.
//!
//! All of the workspace's `unsafe` code is in this crate, each block with the reason why it is sound.

mod compiled;
mod conv;
mod copy;
mod element;
mod float;
pub mod fused;
mod gemm;
mod hand_off;
mod lanes;
mod level;
mod memory;
mod native;
mod peak;
mod pool;
pub mod random;
pub mod reduce;
mod shared;
pub mod simd;
pub mod size;
mod slices;
pub mod softmax;
mod storage;
mod tile;
pub mod time;

pub use conv::{
    Conv2dShape, conv2d, conv2d_input, conv2d_input_pooled, conv2d_max_pool2d, conv2d_weights,
    conv2d_weights_pooled,
};
pub use copy::copy_strided;
pub use element::{Element, ElementType, Numeric};
pub use float::{Float, bytes_of, bytes_of_mut};
pub use gemm::{gemm, gemm_scratch};
pub use peak::{copy_bandwidth, peak_flops, read_all};
pub use pool::{
    Pool2dShape, max_pool2d, max_pool2d_gather, max_pool2d_gather_places, max_pool2d_places,
    max_pool2d_scatter, max_pool2d_scatter_places,
};
#[doc(hidden)]
pub use slices::mistaken;
pub use slices::{AnySlice, AnySliceMut};
pub use storage::{Storage, zeros};
