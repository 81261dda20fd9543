//! Triangles of matrices.

use crate::expr::refusal::refuse;
use crate::{Dim, Expr, Kind};

impl Expr<bool> {
    /// Where in a matrix a column is not beyond the row by more than `diagonal`: the lower triangle. Both sizes may be free.
    #[track_caller]
    pub fn triangle(rows: impl Into<Dim>, columns: impl Into<Dim>, diagonal: i32) -> Self {
        let rows = Expr::<i64>::arange(rows) + diagonal;
        rows.insert_axis(1).ge(&Expr::<i64>::arange(columns).insert_axis(0))
    }
}

impl<T: Kind> Expr<T> {
    /// The lower triangles of the matrices that the last two axes hold, up to a diagonal: 0 is the main one, 1 that above. Zeros
    /// elsewhere, also in place of what is infinite there.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    #[must_use]
    pub fn tril(&self, diagonal: i32) -> Self {
        let [rows, columns] = self.matrix("tril");
        let below = Expr::triangle(rows, columns, diagonal);
        Expr::select(&below, self, &self.number_like(0.0))
    }

    /// The upper triangles of the matrices that the last two axes hold, from a diagonal on: 0 is the main one, 1 that above. Zeros
    /// elsewhere, also in place of what is infinite there.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    #[must_use]
    pub fn triu(&self, diagonal: i32) -> Self {
        let [rows, columns] = self.matrix("triu");
        let below = Expr::triangle(rows, columns, diagonal - 1);
        Expr::select(&below, &self.number_like(0.0), self)
    }

    /// The lengths of the last two axes.
    #[track_caller]
    pub(super) fn matrix(&self, op: &str) -> [Dim; 2] {
        match self.shape().dims() {
            [.., rows, columns] => [rows.clone(), columns.clone()],
            _ => refuse!([self], "{op}: {self:?} of shape {} is no matrix", self.shape()),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    vec![
        example("tril", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].tril(-1).tanh())
            .and(&[&[1, 1, 1]])
            .and(&[&[2, 0, 3]]),
        example("triu", &[&[3, 3]], -1.0..1.0, |x| x[0].triu(1).tanh()),
        example("triangles of whole numbers", &[&[3, 4]], 0.0..1.0, |x| x[0].tril(0)).whole(0, 1..9),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Expr, Function};

    /// What `numpy.tril` and `numpy.triu` give.
    #[test]
    fn diagonals_count_as_in_numpy() {
        let [n, m] = Dim::symbols(["n", "m"]);
        let x = Expr::<i32>::input("x", (n, m));
        let f = Function::new([&x], [x.tril(0), x.tril(1), x.triu(0), x.triu(-1), x.triu(2)]).unwrap();
        let values = f.call(&[&Tensor::new([2, 3], vec![1, 2, 3, 4, 5, 6])]).unwrap();
        let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1, 0, 0, 4, 5, 0]);
        assert_eq!(found[1], [1, 2, 0, 4, 5, 6]);
        assert_eq!(found[2], [1, 2, 3, 0, 5, 6]);
        assert_eq!(found[3], [1, 2, 3, 4, 5, 6]);
        assert_eq!(found[4], [0, 0, 3, 0, 0, 0]);
    }
}
