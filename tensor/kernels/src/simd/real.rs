//! What the branch-free kernels need to know of a float's bits.

/// Bit-level operations and constants of `f32` and `f64`. Sealed with [`crate::Float`], which requires it.
pub trait Real: Copy {
    /// 1.5 · 2^p where p is the number of mantissa bits: adding it rounds to a whole number, which then stands in the
    /// low bits of the sum.
    const MAGIC: Self;
    /// log₂ e.
    const LOG2_E: Self;
    /// ln 2 without its last bits, so that whole multiples up to the largest exponent are exact,
    const LN2_HI: Self;
    /// and the rest (fdlibm's split).
    const LN2_LO: Self;
    /// ln 2, rounded.
    const LN2: Self;
    /// 2/π.
    const TWO_OVER_PI: Self;
    /// π/2 in four parts, the first three with so few bits that whole multiples are exact.
    const HALF_PI: [Self; 4];
    /// Above it sin and cos leave the fast reduction: multiples of the parts would be rounded.
    const TRIG_LIMIT: Self;
    /// eˣ is infinite from here on,
    const EXP_MAX: Self;
    /// and 0 up to here.
    const EXP_MIN: Self;
    /// A power of two half-way down the range of exponents: with it, and with its reciprocal, 2^k is normal also where it
    /// over- or underflows.
    const DOWN: Self;
    /// eˣ − 1 rounds to −1 below.
    const EXPM1_MIN: Self;
    /// tanh x rounds to 1 above.
    const TANH_MAX: Self;
    /// 2/3 as a rounded number and the rest.
    const TWO_THIRDS: [Self; 2];
    /// Numbers below this are multiplied by [`Real::UP`] before their exponent is read.
    const SMALL: Self;
    /// A power of two that makes subnormal numbers normal,
    const UP: Self;
    /// and its exponent.
    const UP_EXPONENT: Self;

    /// 2^k · `unit` given k + MAGIC, where `unit` is a power of two and the product is normal.
    fn power_of_two(magic: Self, unit: Self) -> Self;
    /// `yes` if the sign bit is set, `no` otherwise.
    fn if_negative(self, yes: Self, no: Self) -> Self;
    /// A number whose sign bit is bit `n` of the whole number k, given k + MAGIC.
    fn bit_as_sign(magic: Self, n: u32) -> Self;
    /// m in [√½, √2) and whole k with self = m · 2^k, for positive normal numbers.
    fn split_exponent(self) -> (Self, Self);
    /// The k of [`Real::split_exponent`] and 2^−k, for positive numbers from 2^−p up.
    fn exponent(self) -> (Self, Self);
    /// |self| with the sign bit of `sign`.
    fn with_sign(self, sign: Self) -> Self;
    /// a · b + c in one rounding, for processors without an instruction for it.
    fn emulated_mul_add(a: Self, b: Self, c: Self) -> Self;
}

macro_rules! real {
    ($t:ident $bits:ident, mantissa $p:literal, $sqrt_half:expr, $emulated:path, { $($consts:tt)* }) => {
        impl Real for $t {
            const MAGIC: Self = 1.5 * (1u64 << $p) as $t;
            const LOG2_E: Self = std::$t::consts::LOG2_E;
            const LN2: Self = std::$t::consts::LN_2;
            const TWO_OVER_PI: Self = std::$t::consts::FRAC_2_PI;
            const SMALL: Self = $t::MIN_POSITIVE;
            const UP: Self = (1u64 << ($p + 2)) as $t;
            const UP_EXPONENT: Self = ($p + 2) as $t;
            $($consts)*

            #[inline(always)]
            fn power_of_two(magic: Self, unit: Self) -> Self {
                $t::from_bits((magic.to_bits() << $p).wrapping_add(unit.to_bits()))
            }
            #[inline(always)]
            fn if_negative(self, yes: Self, no: Self) -> Self {
                if self.is_sign_negative() { yes } else { no }
            }
            #[inline(always)]
            fn bit_as_sign(magic: Self, n: u32) -> Self {
                $t::from_bits(magic.to_bits() << ($bits::BITS - 1 - n))
            }
            #[inline(always)]
            fn split_exponent(self) -> (Self, Self) {
                // Shifted so that the exponent field counts up at √½ instead of at 1.
                const SQRT_HALF: $bits = ($sqrt_half as $t).to_bits();
                const ONE: $bits = (1.0 as $t).to_bits();
                let shifted = self.to_bits().wrapping_add(ONE - SQRT_HALF);
                let mantissa = (shifted & ((1 << $p) - 1)) + SQRT_HALF;
                let exponent = (shifted >> $p).wrapping_sub(ONE >> $p);
                let k = $t::from_bits(Self::MAGIC.to_bits().wrapping_add(exponent)) - Self::MAGIC;
                ($t::from_bits(mantissa), k)
            }
            #[inline(always)]
            fn exponent(self) -> (Self, Self) {
                const SQRT_HALF: $bits = ($sqrt_half as $t).to_bits();
                const ONE: $bits = (1.0 as $t).to_bits();
                let field = (self.to_bits().wrapping_add(ONE - SQRT_HALF)) >> $p;
                let k = $t::from_bits(Self::MAGIC.to_bits().wrapping_add(field.wrapping_sub(ONE >> $p))) - Self::MAGIC;
                (k, $t::from_bits((ONE << 1).wrapping_sub(field << $p)))
            }
            #[inline(always)]
            fn with_sign(self, sign: Self) -> Self {
                self.copysign(sign)
            }
            #[inline(always)]
            fn emulated_mul_add(a: Self, b: Self, c: Self) -> Self {
                $emulated(a, b, c)
            }
        }
    };
}

real!(f32 u32, mantissa 23, std::f32::consts::FRAC_1_SQRT_2, super::fma::mul_add_f32, {
    const LN2_HI: Self = 6.931_381e-1;
    const LN2_LO: Self = 9.058_001e-6;
    const HALF_PI: [Self; 4] = [1.570_312_5, 4.837_513e-4, 7.549_533_6e-8, 2.563_344e-12];
    const TRIG_LIMIT: Self = 6400.0;
    const EXP_MAX: Self = 89.0;
    const EXP_MIN: Self = -104.0;
    const DOWN: Self = 1.0 / (1u128 << 64) as f32;
    const EXPM1_MIN: Self = -20.0;
    const TANH_MAX: Self = 10.0;
    const TWO_THIRDS: [Self; 2] = [2.0 / 3.0, -1.986_821_6e-8];
});

// The library does it for f64.
real!(f64 u64, mantissa 52, std::f64::consts::FRAC_1_SQRT_2, f64::mul_add, {
    const LN2_HI: Self = 6.931_471_803_691_238e-1;
    const LN2_LO: Self = 1.908_214_929_270_587_7e-10;
    const HALF_PI: [Self; 4] =
        [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_711_166_5e-21, 8.478_427_660_368_9e-32];
    const TRIG_LIMIT: Self = 1e6;
    const EXP_MAX: Self = 710.0;
    const EXP_MIN: Self = -746.0;
    const DOWN: Self = f64::from_bits((1023 - 512) << 52);
    const EXPM1_MIN: Self = -45.0;
    const TANH_MAX: Self = 22.0;
    const TWO_THIRDS: [Self; 2] = [2.0 / 3.0, 3.700_743_415_417_188e-17];
});
