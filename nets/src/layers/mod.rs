//! The layers, one a file.

mod affine;
mod avg_pool;
mod conv;
mod dense;
mod dropout;
mod padding;
mod pool;
mod shape;

pub use avg_pool::AvgPool2d;
pub use conv::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use padding::Padding;
pub use pool::MaxPool2d;
pub use shape::{Flatten, Reshape};
