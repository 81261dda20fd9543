//! Modified Bessel functions of the first kind, of the orders 0 and 1, times e^−|x|.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::exponential::{exp_two_words, select};
use super::fma::MulAdd;
use super::number::Number;

/// Up to here power series of z = x²/4, all terms of which are positive; beyond, polynomials of 1/x times 1/√x.
const EDGE: f64 = 12.0;

/// z and e^−a up to the edge, 24/a − 1 and 1/√a from there on, for a = |x|. What z loses in rounding counts many times in the series:
/// it is made good by the power of e, since the logarithm of the series rises by about 2/(`first` − 1 + √(1 + a²)).
#[inline(always)]
fn parts<T: Number, M: MulAdd>(x: T, first: f64) -> (T::Truth, [T; 4]) {
    let (a, edge) = (x.abs(), T::from_f64(EDGE));
    let far = a.is_above(edge);
    let near = select(far, edge, a);
    let half = T::from_f64(0.5) * near;
    let (z, low) = M::two_product(half, half);
    let slope = T::from_f64(2.0) / (M::mul_add(near, near, T::ONE).sqrt() + T::from_f64(first - 1.0));
    let power = exp_two_words::<T, M>(-near, low * slope);
    let a = select(far, a, edge);
    (far, [z, power, T::from_f64(2.0 * EDGE) / a - T::ONE, T::ONE / a.sqrt()])
}

pub(crate) struct I0e;
impl ScalarFormula for I0e {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (far, [z, power, v, root]) = parts::<T, M>(x, 2.0);
        let y = select(far, root * v.i0_far::<M>(), power * z.i0_series::<M>());
        select(x.equals(x), y, x)
    }
}

pub(crate) struct I1e;
impl ScalarFormula for I1e {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let (far, [z, power, v, root]) = parts::<T, M>(x, 4.0);
        let near = (T::from_f64(0.5) * x.abs()) * (power * z.i1_series::<M>());
        let y = select(far, root * v.i1_far::<M>(), near).with_sign(x);
        select(x.equals(x), y, x)
    }
}
