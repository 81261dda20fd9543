//! How a loop runs.

use super::blocks::in_blocks;
use super::body::{Body, all_steps};
use super::build::Results;
use crate::expr::refusal::{ensure, refuse};
use crate::ops::Values;
use crate::{AnyExpr, Dim, Expr, Kind};

/// A [`scan`](crate::scan()) with options.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, ScanOptions};
/// use bayeux_tensor::Tensor;
/// // Aᵏ, by k products.
/// let a = Expr::<f64>::input("a", [2, 2]);
/// let power = ScanOptions::new().steps(5).fold(|p: &Expr<f64>| p.matmul(&a), Expr::eye(2));
/// let f = Function::new([&a], [power])?;
/// let a = Tensor::new([2, 2], vec![1.0, 1.0, 1.0, 0.0]);
/// assert_eq!(f.call(&[&a])?[0].to_vec(), [8.0, 5.0, 5.0, 3.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ScanOptions {
    steps: Option<Dim>,
    backwards: bool,
    truncated: Option<usize>,
    checkpoints: Option<usize>,
}

impl ScanOptions {
    /// From the first part to the last, all steps kept for gradients.
    pub fn new() -> Self {
        ScanOptions::default()
    }

    /// So many steps: for loops without sequences.
    pub fn steps(self, steps: impl Into<Dim>) -> Self {
        ScanOptions { steps: Some(steps.into()), ..self }
    }

    /// From the last part of each sequence to the first. Stacks are in the order of the sequences, not of the steps.
    pub fn backwards(self) -> Self {
        ScanOptions { backwards: true, ..self }
    }

    /// Gradients go back through so many of the last steps only, and stop there.
    pub fn truncate_gradient(self, steps: usize) -> Self {
        ScanOptions { truncated: Some(steps), ..self }
    }

    /// For gradients only what is carried into every so many steps is kept; what lies between is computed again, see
    /// [`checkpoint`](crate::checkpoint). With about √n of n steps at a time the memory is that of 2√n steps.
    pub fn checkpoint_every(self, steps: usize) -> Self {
        ScanOptions { checkpoints: Some(steps), ..self }
    }

    /// The loop, see [`scan`](crate::scan()).
    ///
    /// # Panics
    /// As there, and if the sequences are not as long as the number of steps that was said, or nothing says how many there are.
    #[track_caller]
    pub fn scan<T: Kind, S: Values, Y: Values>(
        &self,
        f: impl FnOnce(&S, &[Expr<T>]) -> (S, Y),
        start: S,
        sequences: &[Expr<T>],
    ) -> (S, Y) {
        let sequences: Vec<AnyExpr> = sequences.iter().map(Expr::untyped).collect();
        let typed = |carried: &[AnyExpr], parts: &[AnyExpr]| {
            let parts: Vec<Expr<T>> = parts.iter().map(Expr::typed).collect();
            let (next, outputs) = f(&S::from_values(carried.to_vec()), &parts);
            (next.into_values(), outputs.into_values())
        };
        let (last, stacks) = self.untyped(typed, start.into_values(), sequences);
        (S::from_values(last), Y::from_values(stacks))
    }

    /// A loop without sequences of which the end is wanted.
    ///
    /// # Panics
    /// As [`scan`](Self::scan).
    #[track_caller]
    pub fn fold<S: Values>(&self, f: impl FnOnce(&S) -> S, start: S) -> S {
        let none: &[AnyExpr] = &[];
        self.scan(|state: &S, _| (f(state), Vec::<AnyExpr>::new()), start, none).0
    }

    /// The same until it is over: the third value of `f` says whether this step was the last. Then what was carried on last, the
    /// stacks, with zeros for the steps that were not done, and how many were done.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, ScanOptions, Untyped};
    /// // Powers of two, up to the first above 45.
    /// let none: &[Expr<f64>] = &[];
    /// let (last, all, steps) = ScanOptions::new().steps(9).scan_until(
    ///     |x: &Expr<f64>, _| {
    ///         let next = x * 2.0;
    ///         (next.clone(), next.clone(), next.gt(&Expr::scalar(45.0)))
    ///     },
    ///     Expr::ones(()),
    ///     none,
    /// );
    /// let f = Function::<Untyped>::new([], [last.untyped(), all.untyped(), steps.untyped()])?;
    /// let values = f.call(())?;
    /// assert_eq!(values[0].get::<f64>().item(), 64.0);
    /// assert_eq!(values[1].get::<f64>().to_vec(), [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(values[2].get::<i64>().item(), 6);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`scan`](Self::scan); and backwards, with checkpoints or with a truncated gradient.
    #[track_caller]
    pub fn scan_until<T: Kind, S: Values, Y: Values>(
        &self,
        f: impl FnOnce(&S, &[Expr<T>]) -> (S, Y, Expr<bool>),
        start: S,
        sequences: &[Expr<T>],
    ) -> (S, Y, Expr<i64>) {
        assert!(!self.backwards, "scan_until: not backwards; flip the sequences");
        assert!(self.checkpoints.is_none(), "scan_until: not with checkpoints");
        assert!(self.truncated.is_none(), "scan_until: not with a truncated gradient");
        let sequences: Vec<AnyExpr> = sequences.iter().map(Expr::untyped).collect();
        let length = self.length(&sequences);
        let typed = |carried: &[AnyExpr], parts: &[AnyExpr]| {
            let parts: Vec<Expr<T>> = parts.iter().map(Expr::typed).collect();
            let (next, outputs, until) = f(&S::from_values(carried.to_vec()), &parts);
            ensure!(
                until.rank() == 0,
                [until],
                "scan_until: {until:?} of shape {} is no scalar",
                until.shape()
            );
            (next.into_values(), outputs.into_values(), Some(until.untyped()))
        };
        let Results { last, stacks, steps, .. } =
            self.body(start.into_values(), sequences, length).run(typed);
        let Some(steps) = steps else { unreachable!("it can end") };
        (S::from_values(last), Y::from_values(stacks), steps.typed())
    }

    #[track_caller]
    fn untyped(
        &self,
        f: impl FnOnce(&[AnyExpr], &[AnyExpr]) -> (Vec<AnyExpr>, Vec<AnyExpr>),
        start: Vec<AnyExpr>,
        sequences: Vec<AnyExpr>,
    ) -> (Vec<AnyExpr>, Vec<AnyExpr>) {
        let length = self.length(&sequences);
        let body = self.body(start, sequences, length);
        match self.checkpoints {
            Some(every) => in_blocks(every, body, f),
            None => all_steps(body, f),
        }
    }

    fn body(&self, start: Vec<AnyExpr>, sequences: Vec<AnyExpr>, length: Dim) -> Body {
        let ScanOptions { backwards, truncated, .. } = *self;
        Body { start, sequences, length, backwards, truncated, limit: None }
    }

    #[track_caller]
    fn length(&self, sequences: &[AnyExpr]) -> Dim {
        let first = |x: &AnyExpr| match x.shape().dims().first() {
            Some(length) => length.clone(),
            None => refuse!([x], "scan: {x:?} has no axis to go along"),
        };
        let length = match (&self.steps, sequences.first()) {
            (Some(steps), _) => steps.clone(),
            (None, Some(sequence)) => first(sequence),
            (None, None) => panic!("scan: neither a sequence nor a number of steps"),
        };
        for sequence in sequences {
            let found = first(sequence);
            ensure!(
                found == length,
                [sequence],
                "scan: {sequence:?} has {found} parts, there are {length} steps"
            );
        }
        length
    }
}
