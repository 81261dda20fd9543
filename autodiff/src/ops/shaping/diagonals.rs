//! Diagonals of matrices, and matrices of diagonals.

use bayeux_tensor::Element;

use crate::expr::refusal::{ensure, refuse};
use crate::{Dim, Expr, Kind};

impl<T: Kind> Expr<T> {
    /// A diagonal of the matrices that the last two axes hold: `[…, n, m]` becomes `[…, k]`. The main one has offset 0, that above it 1,
    /// that below −1.
    ///
    /// # Panics
    /// If the rank is below 2, if there is no such diagonal, or if a dimension is free and the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn diagonal(&self, offset: i32) -> Self {
        let [rows, columns] = self.matrix("diagonal");
        let by = offset.unsigned_abs() as usize;
        // What of both is left from where it begins.
        let (rows_left, columns_left) =
            if offset < 0 { (&rows - by, columns.clone()) } else { (rows.clone(), &columns - by) };
        let count = match (rows_left.is_at_least(&columns_left), columns_left.is_at_least(&rows_left)) {
            (Some(true), _) => columns_left,
            (_, Some(true)) => rows_left,
            _ => {
                refuse!([self], "diagonal: which of {rows} and {columns} of {self:?} is larger is not known")
            }
        };
        ensure!(
            count.is_at_least(0) != Some(false),
            [self],
            "diagonal: matrices of {self:?} of shape {} have no diagonal {offset}",
            self.shape()
        );
        let step = Expr::<i64>::size(&columns + 1);
        let first = match offset < 0 {
            true => Expr::<i64>::size(columns * by),
            false => Expr::size(by),
        };
        let places = Expr::<i64>::arange(count) * step + first;
        self.flatten_from(self.rank() - 2).take(self.rank() - 2, &places)
    }

    /// Square matrices with these on a diagonal and zeros elsewhere: `[…, n]` becomes `[…, n + |k|, n + |k|]` for offset k. The main one
    /// has offset 0, that above it 1, that below −1. NumPy's `diag` of a vector.
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn diag(&self, offset: i32) -> Self {
        ensure!(self.rank() > 0, [self], "diag: {self:?} is a scalar");
        let (last, by) = (self.rank() - 1, offset.unsigned_abs() as usize);
        let n = self.dim(last) + by;
        // Along the columns each element stands in its row, or it is moved on to it.
        let placed = if offset < 0 { self.pad(last, by, 0) } else { self.pad(last, 0, by) };
        let is_there = Expr::eye_at(n.clone(), n, offset);
        Expr::select(&is_there, &placed.insert_axis(last + 1), &self.number_like(0.0))
    }
}

impl Expr<bool> {
    /// Where in a matrix a diagonal is.
    #[track_caller]
    fn eye_at(rows: Dim, columns: Dim, offset: i32) -> Self {
        let rows = Expr::<i64>::arange(rows) + offset;
        rows.insert_axis(1).eq(&Expr::<i64>::arange(columns).insert_axis(0))
    }
}

impl<T: Element> Expr<T> {
    /// A matrix with ones on a diagonal and zeros elsewhere. Its sizes may be free. The main diagonal has offset 0, that above it 1, that
    /// below −1.
    #[track_caller]
    pub fn eye_with(rows: impl Into<Dim>, columns: impl Into<Dim>, offset: i32) -> Self {
        Expr::eye_at(rows.into(), columns.into(), offset).cast()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let diagonal = |offset| move |x: &[AnyExpr]| x[0].diagonal(offset).tanh();
    let diag = |offset| move |x: &[AnyExpr]| x[0].diag(offset).tanh();
    let unit = |x: &[AnyExpr]| Expr::<f64>::eye_with(2, 3, 1).cast_like(&x[0]).matmul(&x[0]);
    vec![
        example("diagonal", &[&[2, 3, 4]], -1.0..1.0, diagonal(0)).and(&[&[2, 3, 3]]).and(&[&[1, 1, 1]]),
        example("diagonal above", &[&[3, 4]], -1.0..1.0, diagonal(2)),
        example("diagonal below", &[&[4, 3]], -1.0..1.0, diagonal(-1)),
        example("diagonal of nothing", &[&[0, 0]], -1.0..1.0, diagonal(0)),
        example("diag", &[&[2, 3]], -1.0..1.0, diag(0)).and(&[&[0]]).and(&[&[1]]),
        example("diag above", &[&[3]], -1.0..1.0, diag(2)),
        example("diag below", &[&[2, 2]], -1.0..1.0, diag(-1)),
        example("eye_with", &[&[3, 2]], -1.0..1.0, unit),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    /// What `numpy.diagonal`, `numpy.diag` and `numpy.eye` give.
    #[test]
    fn offsets_count_as_in_numpy() {
        let n = Dim::symbol("n");
        let x = Expr::<i32>::input("x", (n.clone(), n));
        let v = Expr::constant(Tensor::<i32>::from_slice(&[7, 8]));
        let outputs = [x.diagonal(0), x.diagonal(1), x.diagonal(-2), v.diag(0), v.diag(1), v.diag(-1)];
        let f = Function::new([&x], outputs).unwrap();
        let values = f.call(&[&Tensor::new([3, 3], (1..10).collect())]).unwrap();
        let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1, 5, 9]);
        assert_eq!(found[1], [2, 6]);
        assert_eq!(found[2], [7]);
        assert_eq!(found[3], [7, 0, 0, 8]);
        assert_eq!(found[4], [0, 7, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(found[5], [0, 0, 0, 7, 0, 0, 0, 8, 0]);
        let unit = Function::new([], [Expr::<i32>::eye_with(2, 3, 1)]).unwrap().call(&[]).unwrap();
        assert_eq!(unit[0].to_vec(), [0, 1, 0, 0, 0, 1]);
    }

    #[test]
    #[should_panic(expected = "which of n and m of `x` is larger is not known")]
    fn sizes_that_are_not_known_are_refused() {
        let [n, m] = Dim::symbols(["n", "m"]);
        let _ = Expr::<f32>::input("x", (n, m)).diagonal(0);
    }
}
