//! Grids of places under an affine map.

use crate::expr::refusal::ensure;
use crate::{Dim, Expr, Real, Shape};

impl<T: Real> Expr<T> {
    /// Where affine maps `[n, 2, 3]` bring the pixels of images of sizes `[h, w]`: a grid `[n, h, w, 2]` of places (x, y) between −1 and
    /// 1, as [`grid_sample`](Self::grid_sample) takes it; with more axes or one in the same way. PyTorch's `affine_grid`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let turned = Expr::<f32>::constant(Tensor::new([1, 2, 3], vec![0.0, -1.0, 0.0, 1.0, 0.0, 0.0]));
    /// let grid = Function::new([], [turned.affine_grid([1, 2], true)])?.call(&[])?;
    /// assert_eq!(grid[0].to_vec(), [0.0, -1.0, 0.0, 1.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the maps are not matrices of as many rows as there are sizes, and one column more.
    #[track_caller]
    #[must_use]
    pub fn affine_grid<D: Into<Dim>>(&self, sizes: impl IntoIterator<Item = D>, align_corners: bool) -> Self {
        let sizes: Vec<Dim> = sizes.into_iter().map(Into::into).collect();
        let axes = sizes.len();
        let fits = self.rank() == 3 && self.dim(1) == axes.into() && self.dim(2) == (axes + 1).into();
        ensure!(axes > 0 && fits, [self], "affine_grid: maps of shape {} for sizes {sizes:?}", self.shape());
        let count: Dim = sizes.iter().product();
        let column = Shape::from((count.clone(), 1));
        let mut columns = Vec::new();
        for (axis, size) in sizes.iter().enumerate().rev() {
            let pixels: Self = Expr::<i64>::arange(size.clone()).cast_like(self);
            let whole = self.size_like(size.clone());
            let (twice, last) = (pixels * 2.0, &whole - 1.0);
            let along = match align_corners {
                // A single pixel lies at 0.
                true => (twice - &last) / last.maximum(&last.number_like(1.0)),
                false => (twice + 1.0) / whole - 1.0,
            };
            let ones = (0..axes).map(|other| if other == axis { size.clone() } else { 1usize.into() });
            let everywhere = along.reshape(ones.collect::<Shape>()).broadcast_to(sizes.clone());
            columns.push(everywhere.reshape(&column));
        }
        columns.push(self.number_like(1.0).broadcast_to(&column));
        let places = Expr::concat(&columns, 1);
        let shape: Shape = [self.dim(0)].into_iter().chain(sizes).chain([Dim::from(axes)]).collect();
        places.matmul(&self.t()).reshape(shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    vec![
        example("affine_grid", &[&[2, 2, 3]], -1.0..1.0, |x| x[0].affine_grid([3, 4], false).tanh())
            .and(&[&[0, 2, 3]]),
        example("aligned corners", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].affine_grid([1, 3, 2], true)),
        example("of one pixel, by one number", &[&[1]], -1.0..1.0, |x| {
            x[0].broadcast_to([1, 1, 2]).affine_grid([1], false)
        }),
    ]
}
