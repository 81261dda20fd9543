//! A function that rises does so from each number to the next.

use bayeux_kernels::{Float, simd};

use super::Unary;

fn rises<T: Float>(f: Unary<T>, xs: &[T]) {
    let mut y = vec![T::ZERO; xs.len()];
    f(xs, &mut y);
    for i in 1..xs.len() {
        assert!(y[i - 1] <= y[i], "{} between {:e} and {:e}", T::TYPE, xs[i - 1], xs[i]);
    }
}

/// Runs of neighbouring numbers, everywhere and around the seam at 0.625.
#[test]
fn tanh_is_monotone() {
    for start in (0..0x4130_0000u32).step_by(1 << 22).chain([0.625f32.to_bits() - 5000]) {
        rises(simd::tanh, &(start..start + 10_000).map(f32::from_bits).collect::<Vec<_>>());
    }
    for i in 0..2000u64 {
        let start = if i < 1000 { (i as f64 * 0.023).to_bits() } else { 0.625f64.to_bits() - 10 * (i - 990) };
        rises(simd::tanh, &(start..start + 300).map(f64::from_bits).collect::<Vec<_>>());
    }
}

/// All f32, a few seconds.
#[test]
#[ignore = "exhaustive"]
fn tanh_is_monotone_everywhere() {
    for start in (0..0x4140_0000u32).step_by(1 << 20) {
        rises(simd::tanh, &(start..=start + (1 << 20)).map(f32::from_bits).collect::<Vec<_>>());
    }
}
