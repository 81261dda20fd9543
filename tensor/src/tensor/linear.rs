//! Matrix products.

use super::Tensor;
use super::views::broadcast_shapes;
use bayeux_kernels::{Float, gemm, gemm_scratch, size, zeros};

impl<T: Float> Tensor<T> {
    /// The matrix product: `[…, m, k]` times `[…, k, n]` is `[…, m, n]`. Leading axes are a batch and are broadcast
    /// together. Transposed operands are not copied.
    ///
    /// # Panics
    /// If a tensor has fewer than two axes, the inner sizes differ, the leading axes do not broadcast, or there is no memory for the
    /// result.
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
        let batch = broadcast_shapes::<T>("matmul", &self.shape[..ra - 2], &other.shape[..rb - 2]);
        let whole = |tail: [usize; 2]| [&batch[..], &tail[..]].concat();
        let shape = whole([m, n]);
        let Some(len) = size::checked_len::<T>(&shape) else {
            panic!(
                "matmul: {:?} times {:?} is {shape:?}, which is more than memory can hold",
                self.shape, other.shape
            );
        };
        let a = self.for_gemm().broadcast_to(whole([m, k]));
        let b = other.for_gemm().broadcast_to(whole([k, n]));
        let mut out = zeros(len);
        if !out.is_empty() && k > 0 {
            let mut scratch = vec![T::ZERO; gemm_scratch(k, n)];
            for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                let ((a, a_strides), (b, b_strides)) = (a.matrix(i), b.matrix(i));
                gemm(m, k, n, T::ONE, a, a_strides, b, b_strides, T::ZERO, out, &mut scratch);
            }
        }
        Self::new(shape, out)
    }

    /// This tensor, or a copy if one of its last two axes runs backwards, which `gemm` does not take.
    fn for_gemm(&self) -> Self {
        if self.strides[self.rank() - 2..].iter().any(|&stride| stride < 0) {
            Self::new(&self.shape, self.to_vec())
        } else {
            self.clone()
        }
    }

    /// Matrix number `i` of a batch, counted in row-major order, and its strides.
    fn matrix(&self, mut i: usize) -> (&[T], [isize; 2]) {
        let batch = self.rank() - 2;
        let mut offset = self.offset as isize;
        for axis in (0..batch).rev() {
            offset += (i % self.shape[axis]) as isize * self.strides[axis];
            i /= self.shape[axis];
        }
        (&self.data[offset as usize..], [self.strides[batch], self.strides[batch + 1]])
    }
}
