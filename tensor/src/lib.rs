//! N-d strided arrays, and the kernels that work on them.
//!
//! ```
//! use bayeux_tensor::Tensor;
//! let x = Tensor::<f32>::from_fn([2, 3], |i| (i[0] * 3 + i[1]) as f32); // [[0, 1, 2], [3, 4, 5]]
//! let centred = &x - &x.mean(&[1]).insert_axis(1); // NumPy's broadcasting
//! assert_eq!(centred.to_vec(), [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]);
//! assert_eq!(x.t().slice(0, 1..3).matmul(&x).shape(), [2, 3]); // views are not copied
//! ```
//!
//! A [`Tensor`] is for people. What a compiler of expressions needs lies below it, in [`bayeux_kernels`], and is re-exported here:
//! functions over slices that take their working space from the caller, and run on the current rayon pool.
//! Results have the same bits on any number of threads and at every instruction set: see there.

#![forbid(unsafe_code)]

mod any;
mod tensor;

pub use any::AnyTensor;
pub use bayeux_kernels::*;
pub use tensor::Tensor;
