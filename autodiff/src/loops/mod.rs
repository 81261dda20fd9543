//! Loops: `scan` and what is made of it.

mod associative;
mod blocks;
mod body;
mod build;
mod choice;
mod options;
mod split;
mod sums;
mod taps;

use crate::ops::Values;
use crate::{AnyExpr, Expr, Kind};

pub use associative::associative_scan;
pub use choice::{cond, while_loop};
pub use options::ScanOptions;

pub(crate) use build::{Given, Step, build};

/// A loop over the parts of sequences, along their first axes: `f` gets what is carried on and a part of each sequence, and gives what is
/// carried on to the next step and what is stacked. The results are what was carried on last, and the stacks, along a new first axis.
///
/// It has gradients of any order, in reverse and forward mode. The length may be free. What `f` captures is the same in each
/// step; gradients reach it. The body is compiled once. What does not depend on the step is computed once, and products of what
/// is known for all steps are computed for all at once, before or after the loop, so that `x.matmul(&w)` inside a loop over `x` is
/// one large product. Random numbers inside are drawn anew in each step. [`ScanOptions`] says more: backwards, a number of steps
/// without sequences, memory for time, an end before the end.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, grad, scan};
/// use bayeux_tensor::Tensor;
/// // Exponential smoothing, and how the last value depends on the rate.
/// let x = Expr::<f64>::input("x", [4]);
/// let rate = Expr::<f64>::input("rate", ());
/// let (last, smooth) = scan(
///     |state: &Expr<f64>, x| {
///         let new = state + (&x[0] - state) * &rate;
///         (new.clone(), new)
///     },
///     Expr::zeros(()),
///     &[x.clone()],
/// );
/// let slope = grad(&last, &[rate.clone()]).remove(0);
/// let f = Function::new([&x, &rate], [smooth, slope])?;
/// let values = f.call(&[&Tensor::ones([4]), &Tensor::scalar(0.5)])?;
/// assert_eq!(values[0].to_vec(), [0.5, 0.75, 0.875, 0.9375]);
/// assert_eq!(values[1].item(), 0.5);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If there is no sequence, one has no axis, or they differ in their first; or if a step makes something of another type than what it
/// began with.
#[track_caller]
pub fn scan<T: Kind, S: Values, Y: Values>(
    f: impl FnOnce(&S, &[Expr<T>]) -> (S, Y),
    start: S,
    sequences: &[Expr<T>],
) -> (S, Y) {
    ScanOptions::new().scan(f, start, sequences)
}

/// A loop of which only the end is wanted: `f` gets what is carried on and a part of each sequence, and gives what is carried on. See
/// [`scan`].
///
/// ```
/// use bayeux_autodiff::{Expr, Function, fold};
/// use bayeux_tensor::Tensor;
/// // A polynomial, by Horner's rule.
/// let (c, x) = (Expr::<f64>::input("c", [3]), Expr::<f64>::input("x", ()));
/// let value = fold(|sum: &Expr<f64>, c| sum * &x + &c[0], Expr::zeros(()), &[c.clone()]);
/// let f = Function::new([&c, &x], [value])?;
/// assert_eq!(f.call(&[&Tensor::from_slice(&[1.0, 2.0, 3.0]), &Tensor::scalar(10.0)])?[0].item(), 123.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// As [`scan`].
#[track_caller]
pub fn fold<T: Kind, S: Values>(f: impl FnOnce(&S, &[Expr<T>]) -> S, start: S, sequences: &[Expr<T>]) -> S {
    let none = |state: &S, parts: &[Expr<T>]| (f(state, parts), Vec::<AnyExpr>::new());
    scan(none, start, sequences).0
}
