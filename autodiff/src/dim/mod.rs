//! Dimensions that may be free, and shapes made of them.

mod arithmetic;
mod bounds;
mod dimension;
mod display;
mod floor;
mod polynomial;
#[cfg(test)]
pub(crate) mod properties;
mod saved;
mod shape;
mod solve;
#[cfg(test)]
mod tests;

pub(crate) use dimension::Sizes;
pub use dimension::{Dim, batch};
pub use shape::Shape;
