//! Functions of one and of two numbers that are not in the list of the graphs themselves, of arguments for which they are smooth.

use bayeux_autodiff::Expr;
use rand::RngExt;

/// A function of one number.
pub fn any_unary(rng: &mut impl RngExt, x: &Expr<f64>) -> Expr<f64> {
    match rng.random_range(0..26) {
        0 => -x,
        1 => x.abs(),
        2 => x.tanh().square(),
        3 => (x.square() + 0.5).sqrt(),
        4 => (x.square() + 1.0).recip(),
        5 => x.tanh().exp(),
        6 => x.tanh().expm1(),
        7 => (x.square() + 0.1).ln(),
        8 => x.abs().log1p(),
        9 => x.sin(),
        10 => x.cos(),
        11 => x.tanh(),
        12 => x.sigmoid(),
        13 => x.softplus(),
        14 => x.relu(),
        15 => (1.0 + x.tanh().exp()).ln(),
        16 => x.sigmoid().ln(),
        17 => (1.0 - x.sigmoid()).ln(),
        18 => x * x * 0.25,
        19..25 => unary(rng, x),
        _ => x.tanh().exp() - 1.0,
    }
}

fn unary(rng: &mut impl RngExt, x: &Expr<f64>) -> Expr<f64> {
    let inside = x.tanh() * 0.9;
    match rng.random_range(0..24) {
        0 => inside.exp2(),
        1 => inside.exp10(),
        2 => (x.square() + 0.5).log2(),
        3 => (x.square() + 0.5).log10(),
        4 => (x.square() + 0.5).cbrt(),
        5 => (x.square() + 0.5).rsqrt(),
        6 => inside.tan(),
        7 => inside.asin(),
        8 => inside.acos(),
        9 => x.atan(),
        10 => inside.sinh(),
        11 => inside.cosh(),
        12 => x.asinh(),
        13 => (x.square() + 1.5).acosh(),
        14 => inside.atanh(),
        15 => x.sinc(),
        16 => inside.erfcx(),
        17 => inside.erfinv(),
        18 => x.ndtr(),
        19 => inside.log_ndtr(),
        20 => (inside * 0.5 + 0.5).ndtri(),
        21 => (x.square() + 0.5).i0e() + (x.square() + 0.5).i1e(),
        22 => x.gelu() + x.silu() + x.softsign(),
        _ => (inside * 0.5 + 0.5).logit(),
    }
}

pub fn binary(rng: &mut impl RngExt, a: &Expr<f64>, b: &Expr<f64>) -> Expr<f64> {
    let positive = b.square() + 0.5;
    match rng.random_range(0..8) {
        0 => a.atan2(&positive),
        1 => a.hypot(&positive),
        2 => a.xlogy(&positive),
        3 => a.xlog1py(&positive),
        4 => a.logaddexp(b),
        5 => (a.square() + 0.5).betaln(&positive),
        6 => (a.square() + 0.5).gammainc(&positive),
        _ => (a.tanh() * 0.3 + 2.5).remainder(&(b.tanh() * 0.05 + 1.0)),
    }
}
