//! Operators: `+ − * /` between tensors (owned or borrowed) and with a number, unary `−`, and `+= −= *= /=`.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Tensor;
use bayeux_kernels::{Float, simd};

macro_rules! operator {
    ($trait:ident $method:ident $right:ident $left:ident $assign_trait:ident $assign:ident $op:tt) => {
        impl<T: Float> $trait<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                self.zip_rows(stringify!($method), other, &(simd::$method, simd::$right, simd::$left))
            }
        }
        operator!(@owned $trait $method $op, [&Tensor<T>] [Tensor<T>], |a, b| a $op &b);
        operator!(@owned $trait $method $op, [Tensor<T>] [&Tensor<T>], |a, b| &a $op b);
        operator!(@owned $trait $method $op, [Tensor<T>] [Tensor<T>], |a, b| &a $op &b);
        operator!(@owned $trait $method $op, [&Tensor<T>] [T], |a, b| a.map_slices(|a, y| simd::$right(a, b, y)));
        operator!(@owned $trait $method $op, [Tensor<T>] [T], |a, b| &a $op b);
        operator!(@left $trait $method $left $op, f32);
        operator!(@left $trait $method $left $op, f64);

        impl<T: Float> $assign_trait<&Tensor<T>> for Tensor<T> {
            /// In place where the storage is not shared and the shape stays; otherwise the result replaces this tensor.
            #[track_caller]
            fn $assign(&mut self, other: &Tensor<T>) {
                if self.shape == other.shape
                    && let (Some(x), Some(y)) = (self.get_mut(), other.as_slice())
                {
                    x.iter_mut().zip(y).for_each(|(x, &y)| *x = *x $op y);
                } else {
                    *self = &*self $op other;
                }
            }
        }
        impl<T: Float> $assign_trait<T> for Tensor<T> {
            fn $assign(&mut self, other: T) {
                self.make_mut().iter_mut().for_each(|x| *x = *x $op other);
            }
        }
    };
    (@owned $trait:ident $method:ident $op:tt, [$left:ty] [$right:ty], |$a:ident, $b:ident| $body:expr) => {
        impl<T: Float> $trait<$right> for $left {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: $right) -> Tensor<T> {
                let ($a, $b) = (self, other);
                $body
            }
        }
    };
    // A number on the left: the orphan rule wants a concrete type.
    (@left $trait:ident $method:ident $left:ident $op:tt, $t:ty) => {
        impl $trait<&Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            fn $method(self, other: &Tensor<$t>) -> Tensor<$t> {
                other.map_slices(|x, y| simd::$left(self, x, y))
            }
        }
        impl $trait<Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            fn $method(self, other: Tensor<$t>) -> Tensor<$t> {
                self $op &other
            }
        }
    };
}

operator!(Add add add_scalar scalar_add AddAssign add_assign +);
operator!(Sub sub sub_scalar scalar_sub SubAssign sub_assign -);
operator!(Mul mul mul_scalar scalar_mul MulAssign mul_assign *);
operator!(Div div div_scalar scalar_div DivAssign div_assign /);

impl<T: Float> Neg for &Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        self.map_slices(simd::neg)
    }
}

impl<T: Float> Neg for Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        -&self
    }
}
