//! Counter-based random numbers: Philox4x32-10.
//!
//! A counter-based generator is a function, not a state: number `i` of a stream is computed from (seed, stream, i) alone.
//! So threads can fill parts of one array in any order, a run can be resumed anywhere, and a draw can be computed again
//! instead of being stored, always with the same bits. Streams with different numbers are independent.
//!
//! ```
//! use bayeux_kernels::random;
//! let mut whole = [0.0f32; 100];
//! random::fill_normal(7, 0, 0, &mut whole);
//! let mut part = [0.0f32; 30];
//! random::fill_normal(7, 0, 50, &mut part);
//! assert_eq!(part, whole[50..80]);
//! ```
//!
//! [`Philox4x32`] is the same function as a generator for `rand` and `rand_distr`.

pub(crate) mod draw;
mod fill;
mod philox;

pub use fill::{fill_normal, fill_normal_par, fill_uniform, fill_uniform_par};
pub use philox::{Philox4x32, philox4x32};
