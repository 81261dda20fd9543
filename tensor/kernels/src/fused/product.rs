//! Products that a loop goes on with, some rows or images at a time.

use super::Each;
use crate::{Conv2dShape, Float, conv, gemm, gemm_scratch};

/// A product that a loop over its elements can go on with, by what the shape of the loop does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Of two matrices, by the number of columns of the first and rows of the second.
    Matrices(usize),
    /// A convolution.
    Images(Conv2dShape),
}

/// The factors of a [`Product`].
#[derive(Clone, Copy, Debug)]
pub enum Factors<'a, T> {
    /// A, of m×k, and B, of k×n, each from its first element on and with strides as [`gemm`](crate::gemm) takes them.
    Matrices([(&'a [T], [isize; 2]); 2]),
    /// x and w of [`conv2d`](crate::conv2d).
    Images([&'a [T]; 2]),
}

impl Product {
    /// In how many tasks a loop over the shape goes on with it; `None` if it cannot.
    pub(super) fn tasks<T: Float>(self, shape: &[usize]) -> Option<usize> {
        match (self, shape) {
            (Product::Matrices(terms), &[m, n]) => gemm::tasks_by_rows::<T>([m, terms, n]),
            (Product::Images(s), &[batch, channels, h, w]) => {
                let same = [s.batch, s.out_channels] == [batch, channels] && s.out_size() == [h, w];
                if same { conv::tasks_by_images(&s) } else { None }
            }
            _ => None,
        }
    }

    /// Elements of scratch for [`Product::run`].
    pub(super) fn scratch(self, shape: &[usize]) -> usize {
        match self {
            Product::Matrices(terms) => gemm_scratch(terms, shape[1]),
            Product::Images(s) => conv::scratch_by_images(&s),
        }
    }

    /// Computes it in so many tasks, those of [`Product::tasks`], of which all calls of `each` take so many cycles; in `kept` if that is not `None`; otherwise the elements are gone after the call of `each`.
    #[track_caller]
    pub(super) fn run<T: Float>(
        self,
        shape: &[usize],
        [tasks, cycles]: [usize; 2],
        factors: Factors<'_, T>,
        kept: Option<&mut [T]>,
        scratch: &mut [T],
        each: Each<'_, T>,
    ) {
        match (self, factors) {
            (Product::Matrices(terms), Factors::Matrices(factors)) => {
                T::gemm_by_rows([shape[0], terms, shape[1]], [tasks, cycles], factors, kept, scratch, each);
            }
            (Product::Images(s), Factors::Images(factors)) => {
                T::conv2d_by_images(&s, factors, kept, scratch, each);
            }
            _ => panic!("the loop goes on with {self:?}, but the factors are of the other kind"),
        }
    }
}
