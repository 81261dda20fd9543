//! Functions of two numbers, with NumPy's broadcasting.

use bayeux_tensor::{Float, Tensor};

use super::Rule;
use crate::known::is_nonzero;
use crate::{Error, Expr};

macro_rules! binary {
    ($($(#[$doc:meta])* $variant:ident $method:ident $symbol:literal,
        |$g:ident, $a:ident, $b:ident, $y:ident| $da:expr, $db:expr;)+) => {
        /// A function of two numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Binary {
            $($variant),+
        }

        impl Binary {
            #[cfg(test)]
            pub(crate) const ALL: &[Binary] = &[$(Binary::$variant),+];

            /// How the printer writes it.
            pub(crate) fn symbol(self) -> &'static str {
                match self {
                    $(Binary::$variant => $symbol),+
                }
            }

            /// The vector function: `y[i] = f(a[i], b[i])`.
            pub(crate) fn vector<T: Float>(self) -> fn(&[T], &[T], &mut [T]) {
                match self {
                    $(Binary::$variant => vector::$method::<T>),+
                }
            }
        }

        impl<T: Float> Rule<T> for Binary {
            fn name(&self) -> String {
                match self {
                    $(Binary::$variant => stringify!($method).into()),+
                }
            }

            fn forward(&self, inputs: &[Tensor<T>], shape: &[usize]) -> Result<Tensor<T>, Error> {
                let (a, b) = (inputs[0].to_vec(), inputs[1].to_vec());
                let mut output = vec![T::ZERO; a.len()];
                self.vector()(&a, &b, &mut output);
                Ok(Tensor::new(shape, output))
            }

            fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], output: &Expr<T>) -> Vec<Option<Expr<T>>> {
                match self {
                    $(Binary::$variant => {
                        #[allow(unused_variables)] // a rule may need any of them
                        let ($g, $a, $b, $y) = (g, &inputs[0], &inputs[1], output);
                        vec![$da, $db]
                    }),+
                }
            }
        }
    };
}

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
    Maximum maximum "max", |g, a, b, y| Some(g * wins(&a.gt(b), &a.eq(b))), Some(g * wins(&b.gt(a), &a.eq(b)));

    /// The smaller.   A tie is split evenly: half of the adjoint to each.
    Minimum minimum "min", |g, a, b, y| Some(g * wins(&a.lt(b), &a.eq(b))), Some(g * wins(&b.lt(a), &a.eq(b)));

    /// 1 where a > b, else 0.
    Gt gt ">", |g, a, b, y| None, None;

    /// 1 where a ≥ b, else 0.
    Ge ge ">=", |g, a, b, y| None, None;

    /// 1 where a < b, else 0.
    Lt lt "<", |g, a, b, y| None, None;

    /// 1 where a ≤ b, else 0.
    Le le "<=", |g, a, b, y| None, None;

    /// 1 where a = b, else 0.
    Eq eq "==", |g, a, b, y| None, None;

    /// 1 where a ≠ b, else 0.
    Ne ne "!=", |g, a, b, y| None, None;

    /// ψ⁽ᵃ⁾(b).   ∂b = ψ⁽ᵃ⁺¹⁾(b); a is a whole number.
    Polygamma polygamma "polygamma", |g, n, x, y| None,
    Some(g * Expr::binary(Binary::Polygamma, &(n + 1.0), x));
}

/// The vector functions by the names of the table.
mod vector {
    pub(super) use bayeux_tensor::simd::{add, div, eq, ge, gt, le, lt, maximum, minimum, mul, ne, pow, sub};
    use bayeux_tensor::{Float, simd};

    /// Of one order: all elements of `n` are equal.
    pub(super) fn polygamma<T: Float>(n: &[T], x: &[T], y: &mut [T]) {
        if let Some(n) = n.first() {
            simd::polygamma(n.to_f64() as usize, x, y);
        }
    }
}

/// aᵇ⁻¹, and 0 where that is infinite for b = 0.
fn lower_power<T: Float>(a: &Expr<T>, b: &Expr<T>) -> Expr<T> {
    let power = a.pow(&(b - 1.0));
    if is_nonzero(b) {
        return power;
    }
    let zero = Expr::scalar(0.0);
    Expr::select(&b.ne(&zero).maximum(&a.ne(&zero)), &power, &zero)
}

/// y where x is not 0, else 0: also where y is not a number.
fn unless_zero<T: Float>(x: &Expr<T>, y: &Expr<T>) -> Expr<T> {
    let zero = Expr::scalar(0.0);
    Expr::select(&x.ne(&zero), y, &zero)
}

/// What a maximum's input receives: all where it wins, half where it ties.
fn wins<T: Float>(wins: &Expr<T>, ties: &Expr<T>) -> Expr<T> {
    wins + ties * 0.5
}

impl<T: Float> Expr<T> {
    #[track_caller]
    fn binary(op: Binary, a: &Expr<T>, b: &Expr<T>) -> Self {
        let Some(shape) = a.shape().broadcast(b.shape()) else {
            let name = Rule::<T>::name(&op);
            panic!(
                "{name}: shapes {} and {} do not broadcast, in {a:?} {} {b:?}",
                a.shape(),
                b.shape(),
                op.symbol()
            );
        };
        let inputs = vec![a.broadcast_to(&shape), b.broadcast_to(&shape)];
        Expr::new(op, inputs, shape)
    }

    /// The polygamma function of order n ≥ 1 at x: the (n + 1)-th derivative of ln Γ(x).
    pub fn polygamma(&self, n: usize) -> Self {
        Expr::binary(Binary::Polygamma, &Expr::scalar(n as f64), self)
    }

    /// xᵖ for a fixed exponent.   dy/dx = p xᵖ⁻¹
    pub fn powf(&self, exponent: f64) -> Self {
        self.pow(&Expr::scalar(exponent))
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident $variant:ident;)+) => {
        impl<T: Float> Expr<T> {
            $($(#[$doc])*
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[track_caller]
            pub fn $method(&self, other: &Expr<T>) -> Self {
                Expr::binary(Binary::$variant, self, other)
            })+
        }
    };
}

methods! {
    /// `self` to the power of `other`, for a positive base or a whole exponent.
    pow Pow;
    /// The larger of two. A tie gives half of the adjoint to each.
    maximum Maximum;
    /// The smaller of two. A tie gives half of the adjoint to each.
    minimum Minimum;
    /// 1 where `self > other`, else 0.
    gt Gt;
    /// 1 where `self ≥ other`, else 0.
    ge Ge;
    /// 1 where `self < other`, else 0.
    lt Lt;
    /// 1 where `self ≤ other`, else 0.
    le Le;
    /// 1 where equal, else 0.
    eq Eq;
    /// 1 where not equal, else 0.
    ne Ne;
}

macro_rules! operator {
    ($trait:ident $method:ident $variant:ident) => {
        operator!(@impl $trait $method $variant, &Expr<T>, &Expr<T>, |a, b| (a, b));
        operator!(@impl $trait $method $variant, &Expr<T>, Expr<T>, |a, b| (a, &b));
        operator!(@impl $trait $method $variant, Expr<T>, &Expr<T>, |a, b| (&a, b));
        operator!(@impl $trait $method $variant, Expr<T>, Expr<T>, |a, b| (&a, &b));
        operator!(@impl $trait $method $variant, &Expr<T>, f64, |a, b| (a, &Expr::scalar(b)));
        operator!(@impl $trait $method $variant, Expr<T>, f64, |a, b| (&a, &Expr::scalar(b)));
        operator!(@impl $trait $method $variant, f64, &Expr<T>, |a, b| (&Expr::scalar(a), b));
        operator!(@impl $trait $method $variant, f64, Expr<T>, |a, b| (&Expr::scalar(a), &b));
    };
    (@impl $trait:ident $method:ident $variant:ident, $a:ty, $b:ty, |$x:ident, $y:ident| ($p:expr, $q:expr)) => {
        /// # Panics
        /// If the shapes do not broadcast.
        impl<T: Float> std::ops::$trait<$b> for $a {
            type Output = Expr<T>;
            #[track_caller]
            fn $method(self, other: $b) -> Expr<T> {
                let ($x, $y) = (self, other);
                Expr::binary(Binary::$variant, $p, $q)
            }
        }
    };
}

operator!(Add add Add);
operator!(Sub sub Sub);
operator!(Mul mul Mul);
operator!(Div div Div);
