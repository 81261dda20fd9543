//! The table of functions of two numbers, and their derivatives.

use bayeux_tensor::Float;

use crate::known::is_nonzero;
use crate::{AnyExpr, Expr};

binary! {
    /// a + b
    Add add "+", |g, a, b, y| Some(g.clone()), Some(g.clone());

    /// a − b
    Sub sub "-", |g, a, b, y| Some(g.clone()), Some(-g);

    /// a · b.   ∂a = b, ∂b = a
    Mul mul "*", |g, a, b, y| Some(g * b), Some(g * a);

    /// a / b.   ∂a = 1/b, ∂b = −y/b
    Div div "/", |g, a, b, y| Some(g / b), Some(-(g * (y / b)));

    /// aᵇ.   ∂a = b aᵇ⁻¹, and 0 for b = 0; ∂b = y ln a, and 0 for a = 0
    Pow pow "^", |g, a, b, y| Some(g * (b * lower_power(a, b))), Some(g * unless_zero(a, &(y * a.ln())));

    /// The larger.   A tie is split evenly: half of the adjoint to each.
    Maximum maximum "max", |g, a, b, y| Some(g * wins(g, &a.gt(b), &a.eq(b))), Some(g * wins(g, &b.gt(a), &a.eq(b)));

    /// The smaller.   A tie is split evenly: half of the adjoint to each.
    Minimum minimum "min", |g, a, b, y| Some(g * wins(g, &a.lt(b), &a.eq(b))), Some(g * wins(g, &b.lt(a), &a.eq(b)));

    /// Where a > b.
    Gt gt ">", |g, a, b, y| None, None;

    /// Where a ≥ b.
    Ge ge ">=", |g, a, b, y| None, None;

    /// Where a < b.
    Lt lt "<", |g, a, b, y| None, None;

    /// Where a ≤ b.
    Le le "<=", |g, a, b, y| None, None;

    /// Where a = b.
    Eq eq "==", |g, a, b, y| None, None;

    /// Where a ≠ b.
    Ne ne "!=", |g, a, b, y| None, None;

    /// ψ⁽ᵃ⁾(b).   ∂b = ψ⁽ᵃ⁺¹⁾(b); a is a whole number.
    Polygamma polygamma "polygamma", |g, n, x, y| None,
    Some(g * AnyExpr::binary(Binary::Polygamma, &(n + 1.0), x));

    /// a − b ⌊a/b⌋.   ∂a = 1, ∂b = −⌊a/b⌋
    Remainder remainder "%", |g, a, b, y| Some(g.clone()), Some(-(g * a.floor_divide(b)));

    /// ⌊a/b⌋.   ∂ = 0
    FloorDivide floor_divide "//", |g, a, b, y| None, None;

    /// a − b q, q the quotient rounded towards 0.   ∂a = 1, ∂b = −q
    Fmod fmod "fmod", |g, a, b, y| Some(g.clone()), Some(-(g * ((a - y) / b).round()));

    /// The angle of the point (b, a).   ∂a = b/(a² + b²), ∂b = −a/(a² + b²)
    Atan2 atan2 "atan2", |g, a, b, y| Some(g * over_square(b, a, b)), Some(-(g * over_square(a, a, b)));

    /// √(a² + b²).   ∂a = a/y, ∂b = b/y, and 0 where y is 0
    Hypot hypot "hypot", |g, a, b, y| Some(g * (a / or_one(y))), Some(g * (b / or_one(y)));

    /// a ln b.   ∂a = ln b, ∂b = a/b, and 0 where both are 0
    Xlogy xlogy "xlogy", |g, a, b, y| Some(g * b.ln()), Some(g * ratio(a, b));

    /// a ln(1 + b).   ∂a = ln(1 + b), ∂b = a/(1 + b), and 0 where both are 0
    Xlog1py xlog1py "xlog1py", |g, a, b, y| Some(g * b.log1p()), Some(g * ratio(a, &(b + 1.0)));

    /// ln(eᵃ + eᵇ).   ∂a = σ(a − b), ∂b = σ(b − a), and ½ where both are the same infinity
    LogAddExp logaddexp "logaddexp", |g, a, b, y|
    Some(g * difference(a, b).sigmoid()), Some(g * difference(b, a).sigmoid());
}

/// The vector functions by the names of the table.
mod vector {
    pub(super) use bayeux_tensor::simd::*;
    use bayeux_tensor::{Float, simd};

    /// Of one order: all elements of `n` are equal.
    pub(super) fn polygamma<T: Float>(n: &[T], x: &[T], y: &mut [T]) {
        if let Some(n) = n.first() {
            simd::polygamma(n.to_f64() as usize, x, y);
        }
    }
}

/// aᵇ⁻¹, and 0 where that is infinite for b = 0.
fn lower_power(a: &AnyExpr, b: &AnyExpr) -> AnyExpr {
    let power = a.pow(&(b - 1.0));
    if is_nonzero(b) {
        return power;
    }
    let zero = a.number_like(0.0);
    Expr::select(&(b.ne(&zero) | a.ne(&zero)), &power, &zero)
}

/// y where x is not 0, else 0: also where y is not a number.
fn unless_zero(x: &AnyExpr, y: &AnyExpr) -> AnyExpr {
    let zero = x.number_like(0.0);
    Expr::select(&x.ne(&zero), y, &zero)
}

/// a/b, and 0 where both are 0.
fn ratio(a: &AnyExpr, b: &AnyExpr) -> AnyExpr {
    let zero = a.number_like(0.0);
    a / Expr::select(&(a.eq(&zero) & b.eq(&zero)), &b.ones_like(), b)
}

/// y, and 1 where it is 0.
fn or_one(y: &AnyExpr) -> AnyExpr {
    Expr::select(&y.eq(&y.number_like(0.0)), &y.ones_like(), y)
}

/// c/(a² + b²), where the squares may be too large or too small.
fn over_square(c: &AnyExpr, a: &AnyExpr, b: &AnyExpr) -> AnyExpr {
    let length = or_one(&a.hypot(b));
    c / &length / length
}

/// a − b, and 0 where that is undefined.
fn difference(a: &AnyExpr, b: &AnyExpr) -> AnyExpr {
    let difference = a - b;
    Expr::select(&difference.eq(&difference), &difference, &difference.zeros_like())
}

/// What a maximum's input receives: all where it wins, half where it ties.
fn wins(g: &AnyExpr, wins: &Expr<bool>, ties: &Expr<bool>) -> AnyExpr {
    wins.cast_like(g) + ties.cast_like(g) * 0.5
}
