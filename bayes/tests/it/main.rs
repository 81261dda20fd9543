//! Tests of the crate from outside, in one program, which is built faster than several.

mod advi;
mod densities;
mod edges;
mod model;
mod stable;
mod transforms;
