//! The operators of Rust between expressions, and between an expression and a number.

use super::Binary;
use crate::{Arithmetic, Expr, Real};

macro_rules! operator {
    ($trait:ident $method:ident $variant:ident $kind:ident) => {
        operator!(@impl $trait $method $variant $kind, &Expr<T>, &Expr<T>, |a, b| (a, b));
        operator!(@impl $trait $method $variant $kind, &Expr<T>, Expr<T>, |a, b| (a, &b));
        operator!(@impl $trait $method $variant $kind, Expr<T>, &Expr<T>, |a, b| (&a, b));
        operator!(@impl $trait $method $variant $kind, Expr<T>, Expr<T>, |a, b| (&a, &b));
        operator!(@impl $trait $method $variant Real, &Expr<T>, f64, |a, b| (a, &a.number_like(b)));
        operator!(@impl $trait $method $variant Real, Expr<T>, f64, |a, b| (&a, &a.number_like(b)));
        operator!(@impl $trait $method $variant Real, f64, &Expr<T>, |a, b| (&b.number_like(a), b));
        operator!(@impl $trait $method $variant Real, f64, Expr<T>, |a, b| (&b.number_like(a), &b));
        operator!(@impl $trait $method $variant $kind, &Expr<T>, i32, |a, b| (a, &a.whole_like(b)));
        operator!(@impl $trait $method $variant $kind, Expr<T>, i32, |a, b| (&a, &a.whole_like(b)));
        operator!(@impl $trait $method $variant $kind, i32, &Expr<T>, |a, b| (&b.whole_like(a), b));
        operator!(@impl $trait $method $variant $kind, i32, Expr<T>, |a, b| (&b.whole_like(a), &b));
    };
    (@impl $trait:ident $method:ident $variant:ident $kind:ident, $a:ty, $b:ty, |$x:ident, $y:ident| ($p:expr, $q:expr)) => {
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: $kind> std::ops::$trait<$b> for $a {
            type Output = Expr<T>;
            #[track_caller]
            fn $method(self, other: $b) -> Expr<T> {
                let ($x, $y) = (self, other);
                Expr::binary(Binary::$variant, $p, $q)
            }
        }
    };
}

operator!(Add add Add Arithmetic);
operator!(Sub sub Sub Arithmetic);
operator!(Mul mul Mul Arithmetic);
operator!(Div div Div Real);
