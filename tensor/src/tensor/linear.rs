//! Matrix products.

use super::Tensor;
use super::views::broadcast_shapes;
use crate::Float;

impl<T: Float> Tensor<T> {
    /// The matrix product: `[…, m, k]` times `[…, k, n]` is `[…, m, n]`. Leading axes are a batch and are broadcast
    /// together.
    ///
    /// # Panics
    /// If a tensor has fewer than two axes, the inner sizes differ, or the leading axes do not broadcast.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let a = Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// let x = Tensor::new([2, 1], vec![1.0, -1.0]);
    /// assert_eq!(a.matmul(&x), Tensor::new([2, 1], vec![-1.0, -1.0]));
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let (ra, rb) = (self.rank(), other.rank());
        assert!(
            ra >= 2 && rb >= 2 && self.shape[ra - 1] == other.shape[rb - 2],
            "matmul: {:?} times {:?} is not [.., m, k] times [.., k, n]",
            self.shape,
            other.shape
        );
        let (m, k, n) = (self.shape[ra - 2], self.shape[ra - 1], other.shape[rb - 1]);
        let batch = broadcast_shapes("matmul", &self.shape[..ra - 2], &other.shape[..rb - 2]);
        let whole = |tail: [usize; 2]| [&batch[..], &tail[..]].concat();
        let a = self.broadcast_to(whole([m, k]));
        let b = other.broadcast_to(whole([k, n]));
        let count: usize = batch.iter().product();
        let mut out = vec![T::ZERO; count * m * n];
        if !out.is_empty() {
            for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                multiply(&a.matrix(&batch, i), &b.matrix(&batch, i), out);
            }
        }
        Self::new(whole([m, n]), out)
    }

    /// Matrix number `i` of a batch, counted in row-major order.
    fn matrix(&self, batch: &[usize], mut i: usize) -> Self {
        let mut part = self.clone();
        for (axis, &n) in batch.iter().enumerate().rev() {
            part = part.index_axis(axis, i % n);
            i /= n;
        }
        part
    }
}

/// c ← a b for matrices.
fn multiply<T: Float>(a: &Tensor<T>, b: &Tensor<T>, c: &mut [T]) {
    let (k, n) = (a.shape[1], b.shape[1]);
    let (a, b) = (a.contiguous(), b.contiguous());
    let (a, b) = (a.as_slice().unwrap_or_default(), b.as_slice().unwrap_or_default());
    for (i, row) in c.chunks_exact_mut(n).enumerate() {
        for j in 0..k {
            let x = a[i * k + j];
            row.iter_mut().zip(&b[j * n..]).for_each(|(c, &b)| *c += x * b);
        }
    }
}
