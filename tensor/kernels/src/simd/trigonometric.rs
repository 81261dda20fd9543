//! sin, cos, tan and sinc.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::exponential::select;
use super::fma::MulAdd;
use super::number::Number;
use crate::Float;

/// x = k π/2 + r for |x| up to `TRIG_LIMIT`: k + MAGIC and r (Cody and Waite's reduction in four parts).
#[inline(always)]
fn reduce<T: Number, M: MulAdd>(x: T) -> (T, T) {
    let magic = M::mul_add(x, T::TWO_OVER_PI, T::MAGIC);
    let k = magic - T::MAGIC;
    let [a, b, c, d] = T::HALF_PI;
    let r = M::mul_add(-k, c, M::mul_add(-k, b, M::mul_add(-k, a, x)));
    (magic, M::mul_add(-k, d, r))
}

/// sin r and cos r for |r| ≤ π/4.
#[inline(always)]
pub(crate) fn sin_cos_inside<T: Number, M: MulAdd>(r: T) -> (T, T) {
    let z = r * r;
    (M::mul_add(r * z, z.sin_tail::<M>(), r), cos_inside::<T, M>(z))
}

/// sin(r + q π/2), |r| ≤ π/4, given q + MAGIC.
#[inline(always)]
fn sin_in_quadrant<T: Number, M: MulAdd>(r: T, quadrant: T) -> T {
    let (sin, cos) = sin_cos_inside::<T, M>(r);
    let y = T::bit_as_sign(quadrant, 0).if_negative(cos, sin);
    T::bit_as_sign(quadrant, 1).if_negative(-y, y)
}

/// cos r for |r| ≤ π/4, given z = r²: 1 − z/2 as a rounded number and its error, then the rest.
#[inline(always)]
fn cos_inside<T: Number, M: MulAdd>(z: T) -> T {
    let half = T::from_f64(0.5) * z;
    let first = T::ONE - half;
    first + ((T::ONE - first) - half + z * z * z.cos_tail::<M>())
}

pub(crate) struct Sin;
impl ScalarFormula for Sin {
    const HALVES: bool = true;
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        reduce::<T, M>(x)
    }
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(x: T, (magic, r): (T, T)) -> T {
        select(x.equals(T::ZERO), x, sin_in_quadrant::<T, M>(r, magic))
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        x.abs().is_above(T::TRIG_LIMIT)
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::sin(x.to_f64()))
    }
}

pub(crate) struct Cos;
impl ScalarFormula for Cos {
    const HALVES: bool = true;
    #[inline(always)]
    fn prepare<T: Number, M: MulAdd>(x: T) -> (T, T) {
        reduce::<T, M>(x)
    }
    #[inline(always)]
    fn finish<T: Number, M: MulAdd>(_x: T, (magic, r): (T, T)) -> T {
        sin_in_quadrant::<T, M>(r, magic + T::ONE)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        x.abs().is_above(T::TRIG_LIMIT)
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::cos(x.to_f64()))
    }
}

pub(crate) struct Tan;
impl ScalarFormula for Tan {
    /// sin r/cos r, and −cos r/sin r in every other quadrant.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (magic, r) = reduce::<T, M>(x);
        let (sin, cos) = sin_cos_inside::<T, M>(r);
        let odd = T::bit_as_sign(magic, 0);
        let y = odd.if_negative(-cos, sin) / odd.if_negative(sin, cos);
        select(x.equals(T::ZERO), x, y)
    }
    const HAS_SLOW: bool = true;
    #[inline(always)]
    fn is_slow<T: Number>(x: T) -> T::Truth {
        x.abs().is_above(T::TRIG_LIMIT)
    }
    fn slow<T: Float>(x: T) -> T {
        T::from_f64(libm::tan(x.to_f64()))
    }
}

pub(crate) struct Sinc;
impl ScalarFormula for Sinc {
    /// sin πx/πx. Of πx only what is left of a whole multiple of π/2 is multiplied by π, and that rest is exact.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let [half, two, pi] = [0.5, 2.0, std::f64::consts::PI].map(T::from_f64);
        // Far out only whether the whole number is even counts.
        let far = (x.abs() * T::from_f64(16.0) * T::EPSILON).is_at_least(T::ONE);
        let y = select(far, M::mul_add(-two, M::mul_add(x, half, half).floor(), x), x);
        let magic = M::mul_add(y, two, T::MAGIC);
        let r = M::mul_add(magic - T::MAGIC, -half, y);
        let sin = sin_in_quadrant::<T, M>(r * pi, magic);
        select(x.equals(T::ZERO), T::ONE, sin / (x * pi))
    }
}
