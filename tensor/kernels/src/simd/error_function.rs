//! erf and erfc.

use super::coefficients::Fitted;
use super::dispatch::ScalarFormula;
use super::exponential::{exp_two_words, select};
use super::fma::MulAdd;
use super::number::Number;

/// erf x for |x| ≤ 1: x + x (2/√π − 1 + z P(z)), z = x². The first x is exact.
#[inline(always)]
pub(super) fn erf_inside<T: Number, M: MulAdd>(x: T) -> T {
    let z = x * x;
    let first = T::from_f64(std::f64::consts::FRAC_2_SQRT_PI - 1.0);
    M::mul_add(x, M::mul_add(z, z.erf_tail::<M>(), first), x)
}

/// erfc a for a ≥ ½: exp(−a²) P(t)/(1 + 2a), t = (a − 4)/(a + 4). a² in two words, since its absolute error is the result's
/// relative error.
#[inline(always)]
fn erfc_outside<T: Number, M: MulAdd>(a: T) -> T {
    let four = T::from_f64(4.0);
    let limit = T::from_f64(28.0); // erfc 28 is 0 in f64
    let a = select(a.is_above(limit), limit, a);
    let t = (a - four) / (a + four);
    let (square, low) = M::two_product(a, a);
    exp_two_words::<T, M>(-square, -low) * (t.erfc_scaled::<M>() / (T::ONE + (a + a)))
}

pub(crate) struct Erf;
impl ScalarFormula for Erf {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let outside = T::ONE - erfc_outside::<T, M>(a);
        select(a.is_below(T::ONE), erf_inside::<T, M>(x), outside.with_sign(x))
    }
}

pub(crate) struct Erfc;
impl ScalarFormula for Erfc {
    #[inline(always)]
    fn eval<T: Number, M: MulAdd>(x: T) -> T {
        let a = x.abs();
        let outside = erfc_outside::<T, M>(a);
        let outside = select(x.is_below(T::ZERO), T::from_f64(2.0) - outside, outside);
        select(a.is_below(T::from_f64(0.5)), T::ONE - erf_inside::<T, M>(x), outside)
    }
}
