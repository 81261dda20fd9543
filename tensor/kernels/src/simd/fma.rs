//! a · b + c in one rounding where the processor has no instruction for it.

use super::number::Number;

/// How the vector maths computes a · b + c, always in one rounding: so all instruction sets give the same bits.
pub trait MulAdd {
    /// a · b + c.
    fn mul_add<T: Number>(a: T, b: T, c: T) -> T;

    /// a · b as a rounded product and its exact error.
    #[inline(always)]
    fn two_product<T: Number>(a: T, b: T) -> (T, T) {
        let p = a * b;
        (p, Self::mul_add(a, b, -p))
    }
}

/// By an instruction, in functions that are compiled for a processor that has one. (Elsewhere it is a call of the system's
/// library, with the same result.)
pub(crate) struct Instruction;

/// By other instructions.
pub(crate) struct Emulated;

impl MulAdd for Instruction {
    #[inline(always)]
    fn mul_add<T: Number>(a: T, b: T, c: T) -> T {
        a.mul_add(b, c)
    }
}

impl MulAdd for Emulated {
    #[inline(always)]
    fn mul_add<T: Number>(a: T, b: T, c: T) -> T {
        T::emulated_mul_add(a, b, c)
    }
}

/// a · b + c. The product is exact in f64, and so is the error of the sum (Knuth's two-sum); the sum, rounded to odd with its
/// help, is then rounded to f32 as the exact one would be (Boldo and Melquiond, IEEE Transactions on Computers 57, 2008).
/// Branch-free, so that a loop over it becomes vector code.
#[inline(always)]
pub(crate) fn mul_add_f32(a: f32, b: f32, c: f32) -> f32 {
    let (p, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = p + c;
    let part = sum - p;
    let error = (p - (sum - part)) + (c - part);
    let bits = sum.to_bits();
    // Towards the error by one unit, where the last bit is even and there is an error (which is NaN beside an infinity).
    let away = (error.to_bits() ^ bits) >> 63;
    let odd = bits.wrapping_add(1).wrapping_sub(2 * away);
    let inexact = (error.abs() > 0.0) & (bits & 1 == 0);
    f64::from_bits(if inexact { odd } else { bits }) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where a sum cancels, is a tie, is subnormal, overflows, or is none.
    #[test]
    fn hard_cases() {
        let e = f32::EPSILON;
        let tiny = f32::from_bits(1);
        for (a, b, c) in [
            (1.0 + e, 1.0 + e, -(1.0 + 2.0 * e)),
            (1.0 + e, 1.0 - e / 2.0, tiny),
            (1.0 + e, 1.0 + e / 2.0, e / 4.0),
            (1.5, 1.0 + e, -tiny),
            (tiny, 0.5, tiny),
            (tiny, 0.5, -tiny),
            (tiny, 0.25, f32::MIN_POSITIVE),
            (f32::MAX, 1.0 + e, -f32::MAX),
            (f32::MAX, 2.0, -f32::MAX),
            (f32::INFINITY, 1.0, f32::NEG_INFINITY),
            (f32::INFINITY, -1.0, 3.0),
            (0.0, -1.0, 0.0),
            (-0.0, 1.0, -0.0),
            (f32::NAN, 1.0, 1.0),
        ] {
            let (found, expected) = (mul_add_f32(a, b, c), libm::fmaf(a, b, c));
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                "{a:e} · {b:e} + {c:e}: {found:e}, not {expected:e}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn as_the_library(a: u32, b: u32, exponent in 0u32..255, c: u32) {
            // Of any size, and such that the product and c are near each other.
            let [a, b, c] = [a, b, c].map(f32::from_bits);
            let near = f32::from_bits((a * b).to_bits() ^ (c.to_bits() & 0x3FF_FFFF));
            let scaled = f32::from_bits((c.to_bits() & 0x807F_FFFF) | exponent << 23);
            for c in [c, near, scaled] {
                let (found, expected) = (mul_add_f32(a, b, c), libm::fmaf(a, b, c));
                prop_assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan());
            }
        }
    }
}
