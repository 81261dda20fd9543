//! `gemm` against another implementation, the crate `matrixmultiply`, on sizes with and without remainders.

use approx::assert_abs_diff_eq;
use bayeux_kernels::{gemm, gemm_scratch, random};

fn numbers(len: usize, stream: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    random::fill_normal(1, stream, 0, &mut numbers);
    numbers
}

#[test]
fn products_agree_with_matrixmultiply() {
    for (m, k, n) in [(1, 1, 1), (64, 64, 64), (97, 301, 53), (500, 25, 32), (33, 800, 10), (10, 7, 513)] {
        for transposed in [false, true] {
            let (a, b, start) = (numbers(m * k, 0), numbers(k * n, 1), numbers(m * n, 2));
            let a_strides = if transposed { [1, m as isize] } else { [k as isize, 1] };
            let b_strides = if transposed { [1, k as isize] } else { [n as isize, 1] };
            let (mut found, mut expected) = (start.clone(), start);
            let mut scratch = vec![f64::NAN; gemm_scratch(k, n)];
            gemm(m, k, n, 0.7, &a, a_strides, &b, b_strides, 0.3, &mut found, &mut scratch);
            // SAFETY: the slices hold m·k, k·n and m·n elements, which the strides walk exactly.
            unsafe {
                let c = expected.as_mut_ptr();
                let ([ra, ca], [rb, cb]) = (a_strides, b_strides);
                matrixmultiply::dgemm(
                    m,
                    k,
                    n,
                    0.7,
                    a.as_ptr(),
                    ra,
                    ca,
                    b.as_ptr(),
                    rb,
                    cb,
                    0.3,
                    c,
                    n as isize,
                    1,
                );
            }
            for (found, expected) in found.iter().zip(&expected) {
                assert_abs_diff_eq!(found, expected, epsilon = 1e-13 * k as f64 + 1e-14);
            }
        }
    }
}
