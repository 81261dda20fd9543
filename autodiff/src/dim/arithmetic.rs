//! Sums, differences and products of dimensions and of numbers with them.

use std::borrow::Cow;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::dimension::{Dim, Form};
use super::polynomial::Polynomial;

impl Dim {
    pub(super) fn polynomial(&self) -> Cow<'_, Polynomial> {
        match &self.0 {
            Form::Number(number) => Cow::Owned((*number).into()),
            Form::Polynomial(polynomial) => Cow::Borrowed(polynomial),
        }
    }

    #[track_caller]
    fn sum_of(&self, other: &Dim) -> Dim {
        match (&self.0, &other.0) {
            (Form::Number(a), Form::Number(b)) => small(a.checked_add(*b), self, "+", other),
            (_, Form::Number(0)) => self.clone(),
            (Form::Number(0), _) => other.clone(),
            _ => small(self.polynomial().plus(&other.polynomial()), self, "+", other),
        }
    }

    #[track_caller]
    fn difference_of(&self, other: &Dim) -> Dim {
        match (&self.0, &other.0) {
            (Form::Number(a), Form::Number(b)) => small(a.checked_sub(*b), self, "−", other),
            (_, Form::Number(0)) => self.clone(),
            _ => small(self.polynomial().minus(&other.polynomial()), self, "−", other),
        }
    }

    #[track_caller]
    fn product_of(&self, other: &Dim) -> Dim {
        match (&self.0, &other.0) {
            (Form::Number(a), Form::Number(b)) => small(a.checked_mul(*b), self, "·", other),
            (_, Form::Number(1)) => self.clone(),
            (Form::Number(1), _) => other.clone(),
            _ => small(self.polynomial().times(&other.polynomial()), self, "·", other),
        }
    }
}

#[track_caller]
fn small(result: Option<impl Into<Dim>>, a: &Dim, sign: &str, b: &Dim) -> Dim {
    result.map_or_else(|| panic!("the dimension ({a}) {sign} ({b}) is too large"), Into::into)
}

macro_rules! operators {
    ($($op:ident $method:ident $assign:ident $assign_method:ident $by:ident)+) => { $(
        impl<D: Into<Dim>> $op<D> for Dim {
            type Output = Dim;
            #[track_caller]
            fn $method(self, other: D) -> Dim {
                self.$by(&other.into())
            }
        }

        impl<D: Into<Dim>> $op<D> for &Dim {
            type Output = Dim;
            #[track_caller]
            fn $method(self, other: D) -> Dim {
                self.$by(&other.into())
            }
        }

        impl<D: Into<Dim>> $assign<D> for Dim {
            #[track_caller]
            fn $assign_method(&mut self, other: D) {
                *self = self.$by(&other.into());
            }
        }

        // For one type of numbers only, so that `(2 * n).div_floor(3)` says which.
        impl $op<Dim> for usize {
            type Output = Dim;
            #[track_caller]
            fn $method(self, other: Dim) -> Dim {
                Dim::from(self).$by(&other)
            }
        }

        impl $op<&Dim> for usize {
            type Output = Dim;
            #[track_caller]
            fn $method(self, other: &Dim) -> Dim {
                Dim::from(self).$by(other)
            }
        }
    )+ };
}

operators! {
    Add add AddAssign add_assign sum_of
    Sub sub SubAssign sub_assign difference_of
    Mul mul MulAssign mul_assign product_of
}

impl Neg for Dim {
    type Output = Dim;
    #[track_caller]
    fn neg(self) -> Dim {
        0 - self
    }
}

impl Neg for &Dim {
    type Output = Dim;
    #[track_caller]
    fn neg(self) -> Dim {
        0 - self
    }
}

impl<D: Into<Dim>> Sum<D> for Dim {
    fn sum<I: Iterator<Item = D>>(dims: I) -> Dim {
        dims.fold(Dim::from(0), |sum, dim| sum + dim)
    }
}

impl<D: Into<Dim>> Product<D> for Dim {
    fn product<I: Iterator<Item = D>>(dims: I) -> Dim {
        dims.fold(Dim::from(1), |product, dim| product * dim)
    }
}
