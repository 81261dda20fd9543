//! Tests of the crate from outside, in one program, which is built faster than several.

mod associative;
mod draws;
// A module in WebAssembly does not see the sources.
#[cfg(not(target_family = "wasm"))]
mod examples;
mod functions;
mod images;
mod in_place;
mod lambdas;
mod lines;
#[cfg(not(target_family = "wasm"))]
mod long_rows;
mod moments;
mod operations_page;
mod programs;
mod random;
mod refusals;
mod scan;
mod scan_nets;
mod sizes;
mod special;
mod switches;
mod tables;
mod theano;
// There are none in WebAssembly.
#[cfg(not(target_family = "wasm"))]
mod threads;
mod types;
