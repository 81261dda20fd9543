//! Shared with the kernels' tests.

#[path = "../../kernels/tests/it/bits/hashes.rs"]
pub mod hashes;
#[path = "../../kernels/tests/it/common/numbers.rs"]
pub mod numbers;
#[cfg(panic = "unwind")]
#[path = "../../kernels/tests/it/common/panics.rs"]
pub mod panics;
#[path = "../../kernels/tests/it/common/threads.rs"]
pub mod threads;
