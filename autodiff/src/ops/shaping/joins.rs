//! Tensors side by side along a new axis, and parts of one.

use crate::expr::refusal::{difference, ensure, refuse};
use crate::ops::Axes;
use crate::{Dim, Expr, Kind};

impl<T: Kind> Expr<T> {
    /// Tensors of one shape side by side along a new axis, which is the one at this place of the result.
    ///
    /// # Panics
    /// If there is none, if the shapes differ, or if the axis is beyond the rank.
    #[track_caller]
    pub fn stack(parts: &[Expr<T>], axis: impl Axes) -> Self {
        let Some(first) = parts.first() else { panic!("stack: nothing to put together") };
        if let Some(other) = parts.iter().find(|part| part.shape() != first.shape()) {
            let (a, b) = (first.shape(), other.shape());
            refuse!([first, other], "stack: shapes {a} and {b} differ{}", difference(a, b));
        }
        let axis = first.axis_among("stack", axis, first.rank() + 1);
        Expr::concat(&parts.iter().map(|part| part.insert_axis(axis)).collect::<Vec<_>>(), axis)
    }

    /// The parts along an axis, one of each place, without the axis: what [`stack`](Self::stack) puts together.
    ///
    /// # Panics
    /// If there is no such axis, or if its length is not known.
    #[track_caller]
    pub fn unstack(&self, axis: impl Axes) -> Vec<Self> {
        let axis = self.axis_of("unstack", axis);
        let Some(count) = self.shape()[axis].size() else {
            refuse!(
                [self],
                "unstack: the length of axis {axis} of {self:?} of shape {} is not known",
                self.shape()
            );
        };
        (0..count).map(|i| self.slice(axis, i..i + 1).squeeze(axis)).collect()
    }

    /// Parts of these lengths one behind the other, whose sum is that of the axis.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, batch};
    /// let x = Expr::<f32>::input("x", (batch(), 12));
    /// let [a, b] = x.split(1, &[4, 8]).try_into().unwrap();
    /// assert_eq!((a.shape().to_string(), b.shape().to_string()), ("[batch, 4]".into(), "[batch, 8]".into()));
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the sum is another.
    #[track_caller]
    pub fn split<D: Clone + Into<Dim>>(&self, axis: impl Axes, lengths: &[D]) -> Vec<Self> {
        let axis = self.axis_of("split", axis);
        let lengths: Vec<Dim> = lengths.iter().cloned().map(Into::into).collect();
        let sum = lengths.iter().fold(Dim::from(0usize), |sum, length| sum + length);
        ensure!(
            sum == self.shape()[axis],
            [self],
            "split: axis {axis} of {self:?} of shape {} is not {sum} long, as parts of {lengths:?} are",
            self.shape()
        );
        let mut start = Dim::from(0usize);
        let mut part = |length: Dim| {
            let end = &start + length;
            let part = self.slice(axis, start.clone()..end.clone());
            start = end;
            part
        };
        lengths.into_iter().map(&mut part).collect()
    }

    /// So many parts of equal length.
    ///
    /// # Panics
    /// If there is no such axis, or if its length is not a multiple of `count`.
    #[track_caller]
    pub fn split_equally(&self, axis: impl Axes, count: usize) -> Vec<Self> {
        let axis = self.axis_of("split_equally", axis);
        let Some(length) = self.shape()[axis].divide(&Dim::from(count)) else {
            refuse!(
                [self],
                "split_equally: axis {axis} of {self:?} of shape {} has no {count} equal parts",
                self.shape()
            );
        };
        self.split(axis, &vec![length; count])
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let stacked = |x: &[AnyExpr]| Expr::stack(&[x[0].tanh(), x[1].clone(), x[0].square()], -1);
    let apart = |x: &[AnyExpr]| {
        let [a, b] = x[0].split(1, &[1, 3]).try_into().expect("two");
        let [c, d] = x[0].split_equally(1, 2).try_into().expect("two");
        a * b + (c * d).sum_keep(1)
    };
    let undone = |x: &[AnyExpr]| x[0].unstack(1).into_iter().reduce(|a, b| a.tanh() * b).expect("some");
    vec![
        example("stack", &[&[2, 3], &[2, 3]], -1.0..1.0, stacked).and(&[&[0, 3], &[0, 3]]).and(&[&[1], &[1]]),
        example("split", &[&[2, 4]], -1.0..1.0, apart),
        example("unstack", &[&[2, 3]], -1.0..1.0, undone),
    ]
}

#[cfg(test)]
mod tests {
    use crate::Expr;

    #[test]
    #[should_panic(expected = "stack: shapes [2] and [3] differ")]
    fn shapes_must_be_one() {
        let _ = Expr::stack(&[Expr::<f32>::zeros([2]), Expr::zeros([3])], 0);
    }

    #[test]
    #[should_panic(expected = "is not 5 long, as parts of [2, 3] are")]
    fn the_parts_are_the_whole() {
        let _ = Expr::<f32>::zeros([2, 6]).split(1, &[2, 3]);
    }
}
