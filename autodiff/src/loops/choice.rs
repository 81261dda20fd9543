//! One of two branches, and loops as long as something holds.

use super::body::Body;
use super::build::Results;
use crate::expr::refusal::{ensure, refuse_all};
use crate::ops::Values;
use crate::{AnyExpr, Dim, Expr};

/// The value of one of two functions, of which only that one is computed; [`Expr::select`] computes both. Both see what is there
/// before, and gradients of any order go through the one that was taken.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, cond, grad};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", ());
/// let y = cond(&x.gt(&Expr::zeros(())), || x.sqrt(), || -&x);
/// let slope = grad(&y, &[x.clone()]).remove(0);
/// let f = Function::new([&x], [y, slope])?;
/// let at = |x: f64| f.call(&[&Tensor::scalar(x)]).map(|values| (values[0].item(), values[1].item()));
/// assert_eq!((at(4.0)?, at(-3.0)?), ((2.0, 0.25), (3.0, -1.0)));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the condition is no scalar, or if the branches give values of different types.
#[track_caller]
pub fn cond<V: Values>(condition: &Expr<bool>, yes: impl FnOnce() -> V, no: impl FnOnce() -> V) -> V {
    ensure!(
        condition.rank() == 0,
        [condition],
        "cond: {condition:?} of shape {} is no scalar",
        condition.shape()
    );
    let begin = AnyExpr::marker();
    let (yes, no) = (yes().into_values(), no().into_values());
    let types = |values: &[AnyExpr]| values.iter().map(|x| x.value_type().clone()).collect::<Vec<_>>();
    let (a, b) = (types(&yes), types(&no));
    if a != b {
        let all = yes.iter().chain(&no).cloned().collect::<Vec<_>>();
        refuse_all(format_args!("cond: one branch gives {a:?}, the other {b:?}"), &all);
    }
    let taken = condition.cast::<i64>();
    let start = yes.iter().map(AnyExpr::zeros_like).collect();
    let first = branch(&begin, yes, start, taken.untyped());
    let other = (taken.ones_like() - taken).untyped();
    V::from_values(branch(&begin, no, first, other))
}

/// A loop of at most one step: what it makes, or what it started with.
#[track_caller]
fn branch(begin: &AnyExpr, made: Vec<AnyExpr>, start: Vec<AnyExpr>, limit: AnyExpr) -> Vec<AnyExpr> {
    let length = Dim::from(1usize);
    let limit = Some(limit);
    let body = Body { start, sequences: Vec::new(), length, backwards: false, truncated: None, limit };
    body.run_since(begin, |_, _| (made, Vec::new(), None)).last
}

/// A loop as long as something holds: what is carried on goes through `step` while `holds` says so, which is asked before each
/// step. No more than `most` steps are done.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, while_loop};
/// use bayeux_tensor::Tensor;
/// // The whole part of the logarithm to base 2.
/// let x = Expr::<f64>::input("x", ());
/// let [_, digits] = while_loop(
///     |[x, _]: &[Expr<f64>; 2]| x.ge(&Expr::scalar(2.0)),
///     |[x, n]| [x * 0.5, n + 1.0],
///     [x.clone(), Expr::zeros(())],
///     64,
/// );
/// let f = Function::new([&x], [digits])?;
/// assert_eq!(f.call(&[&Tensor::scalar(1000.0)])?[0].item(), 9.0);
/// assert_eq!(f.call(&[&Tensor::scalar(1.5)])?[0].item(), 0.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// Gradients need what each step began with, so that memory for `most` steps is needed for them, and only for them.
///
/// # Panics
/// If `holds` gives no scalar, or if a step makes something of another type than what it began with.
#[track_caller]
pub fn while_loop<S: Values + Clone>(
    holds: impl Fn(&S) -> Expr<bool>,
    step: impl FnOnce(&S) -> S,
    start: S,
    most: usize,
) -> S {
    let begins = holds(&start);
    ensure!(begins.rank() == 0, [begins], "while_loop: {begins:?} of shape {} is no scalar", begins.shape());
    let limit = begins.cast::<i64>() * Expr::<i64>::scalar(most as f64);
    let body = Body {
        start: start.into_values(),
        sequences: Vec::new(),
        length: most.into(),
        backwards: false,
        truncated: None,
        limit: Some(limit.untyped()),
    };
    let Results { last, .. } = body.run(|carried, _| {
        let next = step(&S::from_values(carried.to_vec()));
        let over = !holds(&next);
        (next.into_values(), Vec::new(), Some(over.untyped()))
    });
    S::from_values(last)
}
