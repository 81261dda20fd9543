//! Tests of the crate from outside, in one program, which is built faster than several.

mod advi;
mod continuous;
mod densities;
mod discrete;
mod edges;
mod eight_schools;
mod log_density;
mod model;
#[cfg(feature = "nuts")]
mod sampling;
mod stable;
mod transforms;
mod vectors;
