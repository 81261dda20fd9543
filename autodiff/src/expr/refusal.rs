//! Panics of methods whose operands do not fit: what is wrong, then each operand with its type and the line that made it.

use std::fmt::Display;

use crate::{AnyExpr, Error, Expr, Kind, Shape};

/// An expression of any type, as a line of a message.
pub(crate) trait Operand {
    fn line(&self) -> String;
}

impl<T: Kind> Operand for Expr<T> {
    fn line(&self) -> String {
        let made = self.place().map(|place| format!(", made at {place}")).unwrap_or_default();
        format!("\n  {self:?}: {}{made}", self.value_type())
    }
}

impl<O: Operand> Operand for &O {
    fn line(&self) -> String {
        (**self).line()
    }
}

/// The panic of [`refuse`].
#[track_caller]
#[cold]
pub(crate) fn stop(what: impl Display, operands: &[&dyn Operand]) -> ! {
    let lines: String = operands.iter().map(|operand| operand.line()).collect();
    panic!("{what}{lines}")
}

/// The same, of operands that are a list.
#[track_caller]
#[cold]
pub(crate) fn refuse_all<T: Kind>(what: impl Display, operands: &[Expr<T>]) -> ! {
    stop(what, &operands.iter().map(|operand| operand as &dyn Operand).collect::<Vec<_>>())
}

/// The error of an operation whose operands do not fit at the sizes of a call, with its line and the operands'.
pub(crate) fn with_lines(error: Error, of: &AnyExpr) -> Error {
    match error {
        Error::Size { op, what } => {
            let made = of.place().map(|place| format!(", at {place}")).unwrap_or_default();
            let lines: String = of.inputs().iter().map(Operand::line).collect();
            Error::Size { op, what: format!("{what}{made}{lines}") }
        }
        other => other,
    }
}

/// Where two shapes differ that should be the same, as the end of a message.
pub(crate) fn difference(a: &Shape, b: &Shape) -> String {
    in_brackets(a.difference(b))
}

/// Where two shapes do not broadcast.
pub(crate) fn broadcast_difference(a: &Shape, b: &Shape) -> String {
    in_brackets(a.broadcast_difference(b))
}

fn in_brackets(difference: Option<String>) -> String {
    difference.map(|difference| format!(" ({difference})")).unwrap_or_default()
}

/// `refuse!([a, b], "…", …)`: a panic that ends with the lines of the operands.
macro_rules! refuse {
    ([$($operand:expr),*], $($what:tt)+) => {
        $crate::expr::refusal::stop(format_args!($($what)+), &[$(&$operand),*])
    };
}

/// `ensure!(holds, [a, b], "…", …)`: an assertion whose message ends with the lines of the operands.
macro_rules! ensure {
    ($holds:expr, $($refusal:tt)+) => {
        if !$holds {
            $crate::expr::refusal::refuse!($($refusal)+)
        }
    };
}

pub(crate) use {ensure, refuse};
