//! Sums of logarithms, as a loop needs them for an entropy: one logarithm for many numbers.

use super::definition::{Definition, readers, uniform};
use super::reduce::{LANES, Reduce, join_lanes};
use super::{Operand, Value};
use crate::Float;
use crate::reduce::Sum;
use crate::simd::dispatch::{LoopPerLevel, ScalarFormula};
use crate::simd::exponential::Ln;
use crate::simd::fma::MulAdd;

/// Factors of a product: with each between √½ and √2 it stays far from both ends of the range, and its rounding errors
/// add up to what those of so many logarithms of about 1 would.
const FACTORS: usize = 32;

/// Adds Σ ln x to a sum. With x = 2ᵏ m it is ln 2 · Σ k + ln Π m. Of elements of a chunk, so many of which are `before` them, and
/// which may be the last; the products and Σ k stand behind the sum, until there are enough factors.
pub(super) struct SumOfLogarithms;

impl<T: Float> LoopPerLevel<(&[T], usize, bool, &mut [T])> for SumOfLogarithms {
    #[inline(always)]
    fn run<M: MulAdd>((x, before, is_last, partial): (&[T], usize, bool, &mut [T])) {
        let (sum, lanes) = partial.split_at_mut(1);
        let (mut products, mut exponents) = ([T::ONE; LANES], [T::ZERO; LANES]);
        products.copy_from_slice(&lanes[..LANES]);
        exponents.copy_from_slice(&lanes[LANES..]);
        let rows = x.len().div_ceil(LANES);
        for (i, row) in x.chunks(LANES).enumerate() {
            let is_slow = row.iter().fold(false, |found, &x| found | Ln::is_slow(x.number()));
            let factors = products.iter_mut().zip(&mut exponents).zip(row);
            if is_slow {
                for ((product, exponent), &x) in factors {
                    if Ln::is_slow(x.number()) {
                        sum[0] += Ln::slow(x);
                    } else {
                        let (m, k) = x.split_exponent();
                        (*product, *exponent) = (*product * m, *exponent + k);
                    }
                }
            } else {
                for ((product, exponent), x) in factors {
                    let (m, k) = x.split_exponent();
                    (*product, *exponent) = (*product * m, *exponent + k);
                }
            }
            if (before / LANES + i + 1).is_multiple_of(FACTORS) || is_last && i + 1 == rows {
                products
                    .iter_mut()
                    .for_each(|product| *product = T::element(Ln::eval::<_, M>(product.number())));
                sum[0] += join_lanes::<T, Sum>(products) + T::LN2 * join_lanes::<T, Sum>(exponents);
                (products, exponents) = ([T::ONE; LANES], [T::ZERO; LANES]);
            }
        }
        lanes[..LANES].copy_from_slice(&products);
        lanes[LANES..].copy_from_slice(&exponents);
    }
}

/// Finds the sums over everything of logarithms that nothing else reads. Such a reduction gets what the logarithm is of, and
/// is no longer one that regions can do; the logarithm is not computed.
pub(super) fn absorb<T: Float>(
    values: &mut [Definition<T>],
    operands: &[Operand],
    stores: &[Value],
    reduced: &mut [(Reduce, Value, bool)],
) -> Vec<bool> {
    let (uniform, readers) = (uniform(values, operands), readers(values, stores, reduced));
    let absorbed = |(kind, value, whole): &mut (Reduce, Value, bool)| match values[value.0] {
        Definition::Ln(x) if *whole && *kind == Reduce::Sum && readers[value.0] == 1 && !uniform[x.0] => {
            values[value.0] = Definition::Absorbed;
            (*value, *whole) = (x, false);
            true
        }
        _ => false,
    };
    reduced.iter_mut().map(absorbed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::{Arithmetic, Fused, FusedBuilder};
    use crate::level::{Level, level};
    use crate::simd;

    /// Σ ln x, where x is read from memory or computed from x/2.
    fn sum<T: Float>(x: &[T], computed: bool, level: Level) -> T {
        let mut builder = FusedBuilder::new(&[x.len()]);
        let mut value = builder.operand(&[1]);
        if computed {
            value = builder.arithmetic(Arithmetic::Add, value, value);
        }
        let ln = builder.ln(value);
        builder.reduce(Reduce::Sum, ln, &[0]);
        let fused: Fused<T> = builder.build_with(false, level);
        // A single number is the same everywhere, and what it takes is computed once anyway.
        assert_eq!(fused.reductions[0].logarithms, x.len() > 1);
        let read: Vec<T> = x.iter().map(|&x| if computed { x / (T::ONE + T::ONE) } else { x }).collect();
        let (mut sum, mut scratch) = ([T::ZERO], vec![T::ZERO; fused.scratch()]);
        fused.run(&[(&read, 0)], &mut [], &mut [&mut sum], &mut scratch);
        sum[0]
    }

    fn check<T: Float>(tolerance: f64) {
        for len in [1, 31, 32, 33, 1000, 1024, 1057, 100_003] {
            // From 1e-30 to 1e30, most of them near 1.
            let number = |i: usize| 10f64.powf(30.0 * ((i * 7919 % 4001) as f64 / 2000.0 - 1.0).powi(5));
            let x: Vec<T> = (0..len).map(|i| T::from_f64(number(i))).collect();
            let logarithms: Vec<f64> = x.iter().map(|x| x.to_f64().ln()).collect();
            let scale: f64 = logarithms.iter().map(|ln| ln.abs()).sum::<f64>().max(1.0);
            for computed in [false, true] {
                for level in Level::available() {
                    let sum = sum(&x, computed, level).to_f64();
                    let error = (sum - logarithms.iter().sum::<f64>()).abs();
                    assert!(error <= tolerance * scale, "{len} of {}: {error} of {scale}", T::TYPE);
                }
            }
        }
    }

    #[test]
    fn sums_of_logarithms_are_as_close_as_sums_of_rounded_ones() {
        check::<f32>(3e-7);
        check::<f64>(1e-15);
    }

    #[test]
    fn numbers_without_an_ordinary_logarithm_count() {
        let sum = |odd: f32| {
            let mut x = [1.0; 1100];
            x[777] = odd;
            sum(&x, false, level())
        };
        assert_eq!(sum(0.0), f32::NEG_INFINITY);
        assert_eq!(sum(f32::INFINITY), f32::INFINITY);
        assert!(sum(-1.0).is_nan() && sum(f32::NAN).is_nan());
        assert!((sum(1e-42) - 1e-42f32.ln()).abs() < 1e-4);
    }

    #[test]
    fn a_logarithm_that_is_wanted_itself_is_computed() {
        let x: Vec<f64> = (1..=500).map(f64::from).collect();
        let mut builder = FusedBuilder::<f64>::new(&[x.len()]);
        let operand = builder.operand(&[1]);
        let ln = builder.ln(operand);
        builder.reduce(Reduce::Sum, ln, &[0]);
        builder.store(ln);
        let (fused, mut ln, mut sum) = (builder.build(), vec![0.0; x.len()], [0.0]);
        let mut scratch = vec![0.0; fused.scratch()];
        fused.run(&[(&x, 0)], &mut [&mut ln], &mut [&mut sum], &mut scratch);
        assert!(!fused.reductions[0].logarithms);
        let mut expected = vec![0.0; x.len()];
        simd::ln(&x, &mut expected);
        assert_eq!(ln, expected);
        assert!((sum[0] - expected.iter().sum::<f64>()).abs() < 1e-10);
    }
}
