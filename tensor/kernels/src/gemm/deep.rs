//! Products of many terms. Added up one after the other, their blocks of terms would cost single precision its digits: 1.3e-5 of a sum
//! of 4·10⁷ positive terms. Here parts of the depth are added in double precision.

use super::{COPIED_DEPTH, product};
use crate::Float;
use crate::lanes::groups;

/// Products of more terms are computed so. It takes room for two more matrices like C, which is little beside such factors.
pub(super) const MANY: usize = 64 * COPIED_DEPTH;
/// Terms of a part, at most.
const PART: usize = 16 * COPIED_DEPTH;

/// [`gemm`](super::gemm), of factors that have been checked.
#[track_caller]
#[allow(clippy::too_many_arguments)] // the BLAS signature
pub(super) fn deep<T: Float>(
    [m, k, n]: [usize; 3],
    alpha: T,
    a: &[T],
    a_strides: [isize; 2],
    b: &[T],
    b_strides: [isize; 2],
    beta: T,
    c: &mut [T],
    scratch: &mut [T],
) {
    let (mut sums, mut part) = (vec![0.0; c.len()], vec![T::ZERO; c.len()]);
    for (first, depth) in groups(k, PART) {
        let a = &a[first * a_strides[1].unsigned_abs()..];
        let b = &b[first * b_strides[0].unsigned_abs()..];
        product([m, depth, n], T::ONE, a, a_strides, b, b_strides, T::ZERO, &mut part, scratch);
        sums.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part.to_f64());
    }
    for (c, sum) in c.iter_mut().zip(sums) {
        let product = alpha * T::from_f64(sum);
        *c = if beta == T::ZERO { product } else { product + beta * *c };
    }
}
