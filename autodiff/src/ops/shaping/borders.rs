//! What stands around an axis.

use crate::expr::refusal::ensure;
use crate::{Dim, Expr, Kind};

/// What is put around an axis, see [`Expr::pad_with`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PadMode {
    /// A number.
    Constant(f64),
    /// The first and the last element.
    Edge,
    /// The elements next to the first and the last, mirrored: `c b | a b c | b a`.
    Reflect,
    /// The elements from the first and the last on, mirrored: `b a | a b c | c b`.
    Symmetric,
    /// The elements of the other end: `b c | a b c | a b`.
    Wrap,
}

impl<T: Kind> Expr<T> {
    /// Elements before and after one axis, which may be free: NumPy's `pad`, whose names of the modes are the same.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, PadMode};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0]));
    /// let y = [PadMode::Edge, PadMode::Reflect, PadMode::Constant(9.0)].map(|mode| x.pad_with(0, 2, 1, mode));
    /// let values = Function::new([], y)?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
    /// assert_eq!(values[1].to_vec(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(values[2].to_vec(), [9.0, 9.0, 1.0, 2.0, 3.0, 9.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// More elements than there are, mirrored or repeated, come again and again, if the axis is not free.
    ///
    /// # Panics
    /// If there is no such axis, or if it has no elements that could come again. An axis that is free and has fewer elements than are
    /// mirrored or repeated makes the call of the function fail.
    #[track_caller]
    #[must_use]
    pub fn pad_with(&self, axis: usize, before: usize, after: usize, mode: PadMode) -> Self {
        let n = self.dim(axis);
        let needed = match mode {
            PadMode::Constant(_) => 0,
            PadMode::Edge => usize::from(before + after > 0),
            PadMode::Reflect if before + after == 0 => 0,
            PadMode::Reflect => before.max(after) + 1,
            PadMode::Symmetric | PadMode::Wrap => before.max(after),
        };
        if let Some(n) = n.size().filter(|n| (1..needed).contains(n)) {
            let period = self.period(axis, n, mode);
            let length = period.dim(axis).size().unwrap_or(n);
            let start = (length - before % length) % length;
            let total = before + n + after;
            let mut times = vec![1; self.rank()];
            times[axis] = (start + total).div_ceil(length);
            return period.tile(&times).slice(axis, start..start + total);
        }
        ensure!(
            n.is_at_least(needed) != Some(false),
            [self],
            "pad_with: {before} before and {after} after axis {axis} of {self:?} of shape {}, by {mode:?}, need {needed} elements there",
            self.shape()
        );
        let part = |start: Dim, count: usize| self.slice(axis, start.clone()..start + count);
        let zero = || Dim::from(0usize);
        let border = |count: usize, is_first: bool| match mode {
            PadMode::Constant(value) => {
                self.number_like(value).broadcast_to(self.shape().with(axis, Dim::from(count)))
            }
            PadMode::Edge => {
                let edge = part(if is_first { zero() } else { &n - 1 }, 1);
                edge.broadcast_to(self.shape().with(axis, Dim::from(count)))
            }
            PadMode::Reflect => part(if is_first { Dim::from(1) } else { &n - count - 1 }, count).flip(axis),
            PadMode::Symmetric => part(if is_first { zero() } else { &n - count }, count).flip(axis),
            PadMode::Wrap => part(if is_first { &n - count } else { zero() }, count),
        };
        let mut parts = vec![self.clone()];
        if before > 0 {
            parts.insert(0, border(before, true));
        }
        if after > 0 {
            parts.push(border(after, false));
        }
        if parts.len() == 1 { self.clone() } else { Expr::concat(&parts, axis) }
    }

    /// What comes again and again around an axis of `n` elements, from the first of these on.
    #[track_caller]
    fn period(&self, axis: usize, n: usize, mode: PadMode) -> Self {
        let back = match mode {
            PadMode::Reflect => self.slice(axis, 1..n.max(2) - 1),
            PadMode::Symmetric => self.clone(),
            _ => return self.clone(),
        };
        match n {
            1 => self.clone(),
            _ => Expr::concat(&[self.clone(), back.flip(axis)], axis),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let with = |mode| {
        example("pad_with", &[&[2, 3]], -1.0..1.0, move |x| x[0].pad_with(1, 2, 1, mode).tanh())
            .and(&[&[0, 3]])
    };
    vec![
        with(PadMode::Constant(2.5)).and(&[&[2, 0]]),
        with(PadMode::Edge).and(&[&[1, 1]]),
        with(PadMode::Reflect),
        with(PadMode::Symmetric),
        with(PadMode::Wrap),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use super::PadMode;
    use crate::{Dim, Expr, Function};

    /// What `numpy.pad` gives.
    #[test]
    fn modes_are_numpys() {
        let x = Expr::<i32>::input("x", [Dim::symbol("n")]);
        let found = |mode, before, after| {
            let f = Function::new([&x], [x.pad_with(0, before, after, mode)]).unwrap();
            f.call(&[&Tensor::from_slice(&[1, 2, 3])]).map(|values| values[0].to_vec())
        };
        assert_eq!(found(PadMode::Constant(-1.0), 1, 2).unwrap(), [-1, 1, 2, 3, -1, -1]);
        assert_eq!(found(PadMode::Edge, 2, 2).unwrap(), [1, 1, 1, 2, 3, 3, 3]);
        assert_eq!(found(PadMode::Reflect, 2, 1).unwrap(), [3, 2, 1, 2, 3, 2]);
        assert_eq!(found(PadMode::Symmetric, 2, 3).unwrap(), [2, 1, 1, 2, 3, 3, 2, 1]);
        assert_eq!(found(PadMode::Wrap, 1, 2).unwrap(), [3, 1, 2, 3, 1, 2]);
        assert_eq!(found(PadMode::Wrap, 0, 0).unwrap(), [1, 2, 3]);
        assert!(found(PadMode::Reflect, 3, 0).is_err(), "there are not so many to mirror");
    }

    /// As `numpy.pad` has it.
    #[test]
    fn more_than_there_is_comes_again() {
        let found = |x: &[i32], mode, before, after| {
            let x = Expr::<i32>::constant(Tensor::from_slice(x));
            Function::new([], [x.pad_with(0, before, after, mode)]).unwrap().call(&[]).unwrap()[0].to_vec()
        };
        assert_eq!(found(&[1, 2, 3], PadMode::Reflect, 3, 5), [2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]);
        assert_eq!(found(&[1, 2, 3], PadMode::Symmetric, 4, 4), [3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1]);
        assert_eq!(found(&[1, 2, 3], PadMode::Wrap, 5, 4), [2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(found(&[7], PadMode::Reflect, 1, 2), [7, 7, 7, 7]);
    }

    #[test]
    #[should_panic(
        expected = "2 before and 0 after axis 0 of `x` of shape [0], by Wrap, need 2 elements there"
    )]
    fn nothing_is_refused() {
        let _ = Expr::<f32>::input("x", [0]).pad_with(0, 2, 0, PadMode::Wrap);
    }
}
