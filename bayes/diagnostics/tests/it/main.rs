//! Values against ArviZ, edges, and what is wrong with data.

mod bits;
mod calibration;
mod chains;
mod errors;
mod inputs;
mod models;
mod reference;
mod smoothing;
