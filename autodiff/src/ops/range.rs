//! Numbers in order, of a length that may be free.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, Tensor, with_type};
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use crate::kernel::View;
use crate::{AnyExpr, Dim, Error, Expr, Hlo, HloType, HloValue, ValueType};

/// 0, 1, …, n − 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Range {
    length: Dim,
    #[serde(with = "crate::element")]
    element: ElementType,
}

impl Operation for Range {
    fn name(&self) -> String {
        format!("arange {}", self.length)
    }

    fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![ValueType::new(self.element, [self.length.clone()])])
    }

    fn run(&self, _inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        with_type!(self.element, T => {
            let numbers = outputs[0].reborrow().get::<T>().iter_mut().enumerate();
            numbers.for_each(|(i, y)| *y = T::from_f64(i as f64));
        });
        Ok(())
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        Vec::new()
    }
    fn stablehlo(&self, hlo: &mut Hlo, _inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.iota(&outputs[0], 0)])
    }
}

impl<T: Element> Expr<T> {
    /// The whole numbers 0, 1, …, n − 1. The length may be free.
    #[track_caller]
    pub fn arange(n: impl Into<Dim>) -> Self {
        let length = n.into();
        if let Some(n) = length.size() {
            return Expr::constant(Tensor::arange(n));
        }
        Expr::of_range(length)
    }

    fn of_range(length: Dim) -> Self {
        let op = Range { length, element: T::TYPE };
        AnyExpr::values_of(Arc::new(op), Vec::new()).remove(0).typed()
    }

    /// A square matrix with ones on its diagonal and zeros elsewhere. Its size may be free.
    #[track_caller]
    pub fn eye(n: impl Into<Dim>) -> Self {
        let n = n.into();
        let places = Expr::<i64>::arange(n.clone());
        places.insert_axis(1).eq(&places.insert_axis(0)).cast()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let numbered = |x: &[AnyExpr]| Expr::<f64>::arange(x[0].dim(0)).cast_like(&x[0]) * &x[0];
    // As of a length that is not known until it runs.
    let free = |x: &[AnyExpr]| Expr::<f64>::of_range(x[0].dim(0)).cast_like(&x[0]) * &x[0];
    let unit = |x: &[AnyExpr]| Expr::<f64>::eye(x[0].dim(0)).cast_like(&x[0]).matmul(&x[0]);
    vec![
        example("arange", &[&[5]], -1.0..1.0, numbered).and(&[&[0]]).and(&[&[1]]),
        example("arange of a free length", &[&[5]], -1.0..1.0, free).and(&[&[0]]).and(&[&[1]]),
        example("eye", &[&[3, 2]], -1.0..1.0, unit).and(&[&[0, 2]]).and(&[&[1, 1]]),
    ]
}
