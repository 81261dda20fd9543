//! Vector maths and random numbers.

use super::Hashes;
use crate::common::numbers;
use bayeux_kernels::{Float, random, simd};

pub fn all<T: Float>(hashes: &mut Hashes) {
    functions::<T>(hashes);
    draws::<T>(hashes);
}

/// Of all sizes, and what functions treat apart: far out, subnormal, whole, special.
fn arguments<T: Float>() -> Vec<T> {
    let mut x: Vec<T> = Vec::new();
    for scale in [1e-40, 1e-7, 1.0, 30.0, 900.0, 1e8, 1e30] {
        x.extend(numbers::<T>(600, 1).into_iter().map(|x| x * T::from_f64(scale)));
    }
    x.extend((-30..30).map(|i| T::from_f64(f64::from(i) / 2.0)));
    x.extend([T::INFINITY, T::NEG_INFINITY, T::NAN, -T::ZERO, T::MIN_POSITIVE, T::EPSILON]);
    x
}

fn functions<T: Float>(hashes: &mut Hashes) {
    let a = arguments::<T>();
    let mut b = a.clone();
    b.rotate_left(601); // another number of each pair, and another scale
    let mut y = vec![T::ZERO; a.len()];

    type Unary<T> = fn(&[T], &mut [T]);
    let unary: [(&str, Unary<T>); 48] = [
        ("exp", simd::exp),
        ("expm1", simd::expm1),
        ("ln", simd::ln),
        ("log1p", simd::log1p),
        ("tanh", simd::tanh),
        ("sigmoid", simd::sigmoid),
        ("softplus", simd::softplus),
        ("sqrt", simd::sqrt),
        ("recip", simd::recip),
        ("abs", simd::abs),
        ("neg", simd::neg),
        ("square", simd::square),
        ("relu", simd::relu),
        ("sign", simd::sign),
        ("floor", simd::floor),
        ("sin", simd::sin),
        ("cos", simd::cos),
        ("erf", simd::erf),
        ("erfc", simd::erfc),
        ("lgamma", simd::lgamma),
        ("digamma", simd::digamma),
        ("exp2", simd::exp2),
        ("exp10", simd::exp10),
        ("log2", simd::log2),
        ("log10", simd::log10),
        ("cbrt", simd::cbrt),
        ("rsqrt", simd::rsqrt),
        ("tan", simd::tan),
        ("sinc", simd::sinc),
        ("asin", simd::asin),
        ("acos", simd::acos),
        ("atan", simd::atan),
        ("sinh", simd::sinh),
        ("cosh", simd::cosh),
        ("asinh", simd::asinh),
        ("acosh", simd::acosh),
        ("atanh", simd::atanh),
        ("ceil", simd::ceil),
        ("round", simd::round),
        ("trunc", simd::trunc),
        ("erfcx", simd::erfcx),
        ("ndtr", simd::ndtr),
        ("log_ndtr", simd::log_ndtr),
        ("ndtri", simd::ndtri),
        ("erfinv", simd::erfinv),
        ("i0e", simd::i0e),
        ("i1e", simd::i1e),
        ("tanh in place", |x, y| {
            y.copy_from_slice(x);
            simd::tanh_inplace(y);
        }),
    ];
    for (name, f) in unary {
        f(&a, &mut y);
        hashes.add(name, &[&y]);
    }
    for n in [1, 2, 5] {
        simd::polygamma(n, &a, &mut y);
        hashes.add(format!("polygamma {n}"), &[&y]);
    }
    type Binary<T> = fn(&[T], &[T], &mut [T]);
    let binary: [(&str, Binary<T>); 21] = [
        ("add", simd::add),
        ("sub", simd::sub),
        ("mul", simd::mul),
        ("div", simd::div),
        ("pow", simd::pow),
        ("maximum", simd::maximum),
        ("minimum", simd::minimum),
        ("gt", simd::gt),
        ("ge", simd::ge),
        ("lt", simd::lt),
        ("le", simd::le),
        ("eq", simd::eq),
        ("ne", simd::ne),
        ("remainder", simd::remainder),
        ("fmod", simd::fmod),
        ("floor_divide", simd::floor_divide),
        ("atan2", simd::atan2),
        ("hypot", simd::hypot),
        ("xlogy", simd::xlogy),
        ("xlog1py", simd::xlog1py),
        ("logaddexp", simd::logaddexp),
    ];
    for (name, f) in binary {
        f(&a, &b, &mut y);
        hashes.add(name, &[&y]);
    }
    for exponent in [-2.0, 0.5, 2.0, 3.0] {
        simd::pow_scalar(&a, T::from_f64(exponent), &mut y);
        hashes.add(format!("power {exponent}"), &[&y]);
    }
    simd::select(&a, &b, &a, &mut y);
    hashes.add("select", &[&y]);
}

fn draws<T: Float>(hashes: &mut Hashes) {
    let mut x = vec![T::ZERO; 20_001];
    random::fill_normal(3, 4, 5, &mut x);
    hashes.add("normal numbers", &[&x]);
    random::fill_uniform(3, 4, 5, &mut x);
    hashes.add("uniform numbers", &[&x]);
    random::fill_normal_par(3, 4, 5, &mut x);
    hashes.add("normal numbers on all threads", &[&x]);
}
