//! Symbolic tensor expressions, their gradients, and the compiled tape.
//!
//! An [`Expr`] says what to compute. [`grad`] turns a scalar expression into the expressions of its gradient. A
//! [`Function`] compiles expressions into one program and runs it, as often as needed, on tensors of any sizes that fit.
//! [`Shared`] variables keep what changes between calls.
//!
//! ```
//! use bayeux_autodiff::{Expr, Function, Shared, batch, grad};
//! use bayeux_tensor::Tensor;
//!
//! // Least squares by gradient descent.
//! let x = Expr::<f64>::input("x", (batch(), 2));
//! let y = Expr::<f64>::input("y", [batch()]);
//! let w = Shared::new("w", Tensor::zeros([2]));
//! let cost = (x.matmul(&w.expr()) - &y).square().mean_all();
//! let slope = grad(&cost, &[w.expr()]).remove(0);
//! let step = w.expr() - slope * 0.1;
//! let train = Function::builder().inputs([&x, &y]).outputs([&cost]).updates([(&w, step)]).build()?;
//!
//! let points = Tensor::new([3, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
//! let values = Tensor::new([3], vec![2.0, -1.0, 1.0]);
//! for _ in 0..500 {
//!     train.call(&[&points, &values])?;
//! }
//! assert!((w.get().get(&[0]) - 2.0).abs() < 1e-6);
//! # Ok::<(), bayeux_autodiff::Error>(())
//! ```
//!
//! # Why expressions
//!
//! Because everything is an expression, everything can be put everywhere: a layer's weights may be the product of two
//! matrices, a random variable, or the output of another network, and the gradient of it all is again an expression. The
//! compiler then sees the whole computation at once and may simplify, share, reorder and fuse it.

//!
//! # A tour
//!
//! - [`operations`]: all of them in tables, by subject.
//! - [`coming_from`]: what one writes here for what one wrote in NumPy, Theano, JAX or PyTorch.
//! - [What does not fit](#what-does-not-fit).
//! - Gradients: [`grad`], [`vjp`], [`jvp`], [`jacobian`], [`hessian`], of any order and through everything; [`custom_gradient`],
//!   [`checkpoint`].
//! - Loops: [`scan`](scan()), [`fold`], [`while_loop`], [`cond`], [`associative_scan`]; [`vmap`](vmap()) for a stack of examples.
//! - Random numbers: [`RandomStreams`].
//! - Programs: [`Function`], [`Shared`], and [`optimizers`]; [`Graph`] for files, [`to_stablehlo`] for XLA.
//! - One's own: [`Operation`], to the compiler the same as those of this crate.
//!
//! # What does not fit
//!
//! Shapes and element types are checked where an expression is built. What does not fit panics at that line, and says what differs and
//! where the operands were made:
//!
//! ```should_panic
//! # use bayeux_autodiff::{Expr, batch};
//! let x = Expr::<f32>::input("x", (batch(), 3));
//! let next = Expr::<f32>::input("next", (batch() + 1, 3));
//! let difference = &next - &x;
//! ```
//!
//! ```text
//! thread 'main' panicked at src/main.rs:6:18:
//! sub: shapes [batch + 1, 3] and [batch, 3] do not broadcast (axis 0: batch + 1 is not batch)
//!   `next`: f32[batch + 1, 3], made at src/main.rs:5:12
//!   `x`: f32[batch, 3], made at src/main.rs:4:9
//! ```
//!
//! An operand without a name is told by its formula:
//!
//! ```should_panic
//! # use bayeux_autodiff::{Expr, batch};
//! let x = Expr::<f32>::input("x", (batch(), 3));
//! let hidden = x.matmul(&Expr::zeros([3, 4])).tanh();
//! let output = hidden.matmul(&Expr::zeros([5, 2]));
//! ```
//!
//! ```text
//! thread 'main' panicked at src/main.rs:6:21:
//! matmul: shapes [batch, 4] and [5, 2] do not fit (4 columns, 5 rows)
//!   `tanh(matmul(x, …))`: f32[batch, 4], made at src/main.rs:5:45
//!   `0`: f32[5, 2], made at src/main.rs:6:29
//! ```
//!
//! Where free dimensions hid it, it is an [`Error`] of the call, which says the same.

#![forbid(unsafe_code)]

// As tests outside name it, of which some rooms are used inside, too.
#[cfg(test)]
extern crate self as bayeux_autodiff;

#[doc = include_str!("coming_from.md")]
pub mod coming_from {}
#[doc = include_str!("operations.md")]
pub mod operations {}

mod bind;
mod check;
mod compile;
mod dim;
mod display;
mod element;
mod error;
mod execute;
mod expr;
mod function;
mod grad;
mod graph;
mod interpreter;
mod kernel;
mod known;
mod lambda;
mod loops;
mod ops;
pub mod optimizers;
mod options;
mod profile;
mod rows;
mod shared;
mod stabilise;
mod stablehlo;
mod substitute;
mod turn;
mod types;
mod vmap;

pub use check::{GradientErrors, check_gradient, check_gradient_to_order};
pub use dim::{Dim, Shape, batch};
pub use display::to_dot;
pub use error::Error;
pub use expr::{AnyExpr, Expr};
pub use function::{
    Argument, Arguments, AsArgument, Function, FunctionBuilder, NamedArgument, NamedArguments,
};
pub use grad::forward::jvp;
pub use grad::jacobian::{hessian, hessian_vector, jacobian, linearize};
pub use grad::{grad, grad_connected, grad_from, value_and_grad, vjp};
pub use graph::Graph;
pub use interpreter::interpret;
pub use kernel::{Kernel, Scratch, TypedView, View};
pub use loops::{ScanOptions, associative_scan, cond, fold, scan, while_loop};
pub use ops::{
    Attributes, Axes, AxisRange, Batch, Conv2dOptions, Linearity, Operation, Operations, PadMode, Place,
    Pool2dOptions, RandomStreams, Triangle, Unique,
};
pub use ops::{
    ConvOptions, ConvolveMode, Coordinates, FftNorm, PoolOptions, ResizeOptions, Rounding, SampleMode,
    SampleOptions, SamplePadding,
};
pub use ops::{Values, checkpoint, custom_gradient};
pub use profile::{Measured, Profile};
pub use rows::Rows;
pub use shared::{Shared, Updates};
pub use stablehlo::{Hlo, HloType, HloValue, to_stablehlo};
pub use types::{Arithmetic, ArrayType, Kind, Real, Untyped, ValueType};
pub use vmap::vmap;
