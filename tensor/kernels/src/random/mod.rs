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
//! # The counter
//!
//! The 128 bits of a counter have their places, so that what draws in a loop meets no number that something else draws. The
//! key is the seed.
//!
//! | bits | what | used by |
//! | --- | --- | --- |
//! | 0 to 31 | the block of four words: 2³⁴ numbers of f32, 2³³ of f64 | all fills; one that goes on beyond runs into the next bits |
//! | 32 to 39 | kept free | 0 |
//! | 40 to 63 | iteration of a loop in a program | `scan`, see [`Source`] |
//! | 64 to 103 | call of a function | expressions, see `RandomStreams` |
//! | 104 to 127 | stream: which request for random numbers | expressions |
//!
//! The functions here take bits 64 to 127 as their `stream`.
//!
//! What draws again and again until a number is accepted has a function of its own for each element: the key is 64 bits that were drawn
//! for the element ([`Source::fill_bits`]), and bits 0 to 31 of the counter say which attempt it is, bits 32 to 63 for which of the
//! numbers that an element needs. So however many attempts an element needs, the others' numbers are not moved.
//!
//! [`Philox4x32`] is the same function as a generator for `rand` and `rand_distr`.

pub(crate) mod draw;
mod fill;
mod philox;

pub use fill::{Source, fill_normal, fill_normal_par, fill_uniform, fill_uniform_par};
pub use philox::{Philox4x32, philox4x32};
