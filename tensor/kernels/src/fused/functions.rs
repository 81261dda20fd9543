//! Functions that are made of others.

use super::definition::Definition;
use super::{Arithmetic, FusedBuilder, Value};
use crate::Float;

impl<T: Float> FusedBuilder<T> {
    /// x².
    pub fn square(&mut self, x: Value) -> Value {
        self.arithmetic(Arithmetic::Mul, x, x)
    }

    /// √x.
    pub fn sqrt(&mut self, x: Value) -> Value {
        self.define(Definition::Sqrt(x))
    }

    /// ln x. A sum of it over everything costs much less than the logarithms, where nothing else reads them.
    pub fn ln(&mut self, x: Value) -> Value {
        self.define(Definition::Ln(x))
    }

    /// −x.
    pub fn neg(&mut self, x: Value) -> Value {
        let zero = self.constant(-T::ZERO); // −0 − 0 is −0, and −0 − −0 is 0
        self.arithmetic(Arithmetic::Sub, zero, x)
    }

    /// 1/x.
    pub fn recip(&mut self, x: Value) -> Value {
        let one = self.constant(T::ONE);
        self.arithmetic(Arithmetic::Div, one, x)
    }

    /// max(x, 0); NaN stays.
    pub fn relu(&mut self, x: Value) -> Value {
        let zero = self.constant(T::ZERO);
        self.arithmetic(Arithmetic::Maximum, zero, x)
    }
}
