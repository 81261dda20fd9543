//! The layers, one a file.

mod affine;
mod conv;
mod dense;
mod dropout;
mod padding;
mod pool;
mod shape;

pub use conv::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use padding::Padding;
pub use pool::MaxPool2d;
pub use shape::{Flatten, Reshape};
