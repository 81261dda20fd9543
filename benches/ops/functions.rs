//! Functions of one number and of two, each number by itself.

use bayeux::autodiff::{AnyExpr, Expr};

use super::{Bench, SIZES, numbers};

pub(super) fn time(bench: &mut Bench) {
    type Function = fn(&AnyExpr) -> AnyExpr;
    let of_one: [(&str, f64, f64, Function); 31] = [
        ("x + 1", -1.0, 1.0, |x| x + 1.0),
        ("sqrt", 0.0, 10.0, |x| x.sqrt()),
        ("exp", -10.0, 10.0, |x| x.exp()),
        ("ln", 0.1, 10.0, |x| x.ln()),
        ("log1p", 0.0, 10.0, |x| x.log1p()),
        ("expm1", -1.0, 1.0, |x| x.expm1()),
        ("sin", -10.0, 10.0, |x| x.sin()),
        ("tan", -1.5, 1.5, |x| x.tan()),
        ("atan", -10.0, 10.0, |x| x.atan()),
        ("asin", -1.0, 1.0, |x| x.asin()),
        ("tanh", -5.0, 5.0, |x| x.tanh()),
        ("sinh", -5.0, 5.0, |x| x.sinh()),
        ("sigmoid", -10.0, 10.0, |x| x.sigmoid()),
        ("softplus", -10.0, 10.0, |x| x.softplus()),
        ("gelu", -5.0, 5.0, |x| x.gelu()),
        ("silu", -5.0, 5.0, |x| x.silu()),
        ("erf", -3.0, 3.0, |x| x.erf()),
        ("erfc", -3.0, 5.0, |x| x.erfc()),
        ("erfcx", -1.0, 10.0, |x| x.erfcx()),
        ("erfinv", -0.999, 0.999, |x| x.erfinv()),
        ("ndtr", -5.0, 5.0, |x| x.ndtr()),
        ("log_ndtr", -20.0, 5.0, |x| x.log_ndtr()),
        ("ndtri", 0.001, 0.999, |x| x.ndtri()),
        ("lgamma", 0.1, 20.0, |x| x.lgamma()),
        ("digamma", 0.1, 20.0, |x| x.digamma()),
        ("polygamma(1)", 0.1, 20.0, |x| x.polygamma(1)),
        ("i0", -10.0, 10.0, |x| x.i0()),
        ("i1", -10.0, 10.0, |x| x.i1()),
        ("i0e", -10.0, 10.0, |x| x.i0e()),
        ("i1e", -10.0, 10.0, |x| x.i1e()),
        ("sinc", -5.0, 5.0, |x| x.sinc()),
    ];
    type OfTwo = fn(&AnyExpr, &AnyExpr) -> AnyExpr;
    let of_two: [(&str, OfTwo); 8] = [
        ("x + y", |x, y| x + y),
        ("x / y", |x, y| x / y),
        ("pow", |x, y| x.pow(y)),
        ("atan2", |x, y| x.atan2(y)),
        ("hypot", |x, y| x.hypot(y)),
        ("logaddexp", |x, y| x.logaddexp(y)),
        ("xlogy", |x, y| x.xlogy(y)),
        ("gammainc", |x, y| x.gammainc(y)),
    ];
    for size in SIZES {
        for (name, low, high, f) in of_one {
            let name = format!("{name}, {}", size.word);
            if bench.wanted(&name) {
                bench.time(&name, [&numbers(1, &[size.len], low, high)], |[x]| vec![f(x)]);
            }
        }
        let (x, y) = (numbers(1, &[size.len], 0.1, 10.0), numbers(2, &[size.len], 0.1, 10.0));
        for (name, f) in of_two {
            bench.time(&format!("{name}, {}", size.word), [&x, &y], |[x, y]| vec![f(x, y)]);
        }
        bench.time(&format!("where, {}", size.word), [&x, &y], |[x, y]| {
            vec![Expr::select(&x.gt(&(x * 0.0 + 5.0)), x, y)]
        });
        bench.time_gradient(&format!("lgamma, {}", size.word), [&x, &y], |x| x[0].lgamma());
    }
}
