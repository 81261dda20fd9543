//! asin, acos, atan and atan2.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::coefficients::Fitted;
use super::dispatch::{ScalarFormula, ScalarFormula2};
use super::exponential::select;
use super::fma::MulAdd;
use super::number::{Number, constant};

/// What π and its half leave when they are rounded to f64.
const PI_LOW: f64 = 1.224_646_799_147_353_2e-16;

/// For a = |x|: whether it is above ½, and the arcsine of x or, above, of √((1 − a)/2), which is half of acos a.
#[inline(always)]
fn arcsine<T: Number, M: MulAdd>(x: T) -> (T::Truth, T) {
    let half = T::from_f64(0.5);
    let a = x.abs();
    let above = a.is_above(half);
    let z = select(above, half * (T::ONE - a), x * x);
    let s = select(above, z.sqrt(), x);
    (above, M::mul_add(s * z, z.asin_tail::<M>(), s))
}

pub(crate) struct Asin;
impl ScalarFormula for Asin {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (above, y) = arcsine::<T, M>(x);
        let (quarter, low) = constant::<T>(FRAC_PI_2, PI_LOW / 2.0);
        select(above, quarter - ((y + y) - low), y).with_sign(x)
    }
}

pub(crate) struct Acos;
impl ScalarFormula for Acos {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (above, y) = arcsine::<T, M>(x);
        let (quarter, low) = constant::<T>(FRAC_PI_2, PI_LOW / 2.0);
        let (half_turn, half_turn_low) = constant::<T>(PI, PI_LOW);
        let twice = y + y;
        let outside = select(x.is_below(T::ZERO), half_turn - (twice - half_turn_low), twice);
        select(above, outside, quarter - (y - low))
    }
}

/// atan a for a ≥ 0, by the ranges of fdlibm's s_atan.c: atan a = atan c + atan((a − c)/(1 + a c)), c one of 0, ½, 1, 1½ and ∞.
#[inline(always)]
fn arctangent<T: Number, M: MulAdd>(a: T) -> T {
    let edge = |sixteenths: f64| a.is_at_least(T::from_f64(sixteenths / 16.0));
    let [far, wide, middle, near] = [39.0, 19.0, 11.0, 7.0].map(edge);
    let pick = |values: [(f64, f64); 4]| {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = values.map(|(high, low)| constant::<T>(high, low));
        let chosen =
            |x0, x1, x2, x3| select(far, x3, select(wide, x2, select(middle, x1, select(near, x0, T::ZERO))));
        (chosen(x0, x1, x2, x3), chosen(y0, y1, y2, y3))
    };
    let (c, _) = pick([(0.5, 0.0), (1.0, 0.0), (1.5, 0.0), (0.0, 0.0)]);
    let (high, low) = pick([
        (0.463_647_609_000_806_1, 2.269_877_745_296_168_7e-17),
        (FRAC_PI_4, PI_LOW / 4.0),
        (0.982_793_723_247_329, 1.390_331_103_123_099_8e-17),
        (FRAC_PI_2, PI_LOW / 2.0),
    ]);
    let t = select(far, -T::ONE, a - c) / select(far, a, M::mul_add(a, c, T::ONE));
    let z = t * t;
    let y = high + (t + M::mul_add(t * z, z.atan_tail::<M>(), low));
    select(near, y, M::mul_add(a * z, z.atan_tail::<M>(), a))
}

pub(crate) struct Atan;
impl ScalarFormula for Atan {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        arctangent::<T, M>(x.abs()).with_sign(x)
    }
}

pub(crate) struct Atan2;
impl ScalarFormula2 for Atan2 {
    /// The angle of the point (x, y): of the smaller by the larger of |x| and |y|, mirrored at the diagonal and at the y-axis.
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(y: T, x: T) -> T {
        let (a, b) = (x.abs(), y.abs());
        let steep = b.is_above(a);
        let (small, large) = (select(steep, a, b), select(steep, b, a));
        // 0/0 is 0 here, and ∞/∞ is 1.
        let ratio = select(small.equals(large), T::ONE, small / large);
        let angle = arctangent::<T, M>(select(large.equals(T::ZERO), T::ZERO, ratio));
        let (quarter, quarter_low) = constant::<T>(FRAC_PI_2, PI_LOW / 2.0);
        let angle = select(steep, quarter - (angle - quarter_low), angle);
        let (half_turn, half_turn_low) = constant::<T>(PI, PI_LOW);
        let angle = x.if_negative(half_turn - (angle - half_turn_low), angle).with_sign(y);
        select(x.equals(x), select(y.equals(y), angle, y), x)
    }
}
