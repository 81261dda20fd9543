//! Truth values.

use bayeux_tensor::{AnySliceMut, AnyTensor, ElementType, Tensor};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::axes::Axes;
use super::elementwise::{self, fill};
use super::operation::Operation;
use crate::expr::refusal::{broadcast_difference, refuse};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// A function of truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Logic {
    And,
    Or,
    Xor,
    Not,
}

impl Operation for Logic {
    fn name(&self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        match inputs[0].element {
            ElementType::Bool => elementwise::alike(inputs),
            _ => Err(format!("{} has no truth values", inputs[0])),
        }
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        let a = inputs[0].get::<bool>().iter();
        let values = match inputs.get(1) {
            None => a.map(|a| !a).collect(),
            Some(b) => a.zip(b.get::<bool>().iter()).map(|(a, b)| self.of(a, b)).collect(),
        };
        Ok(Some(Tensor::new(shape, values).into()))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, _g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        inputs.iter().map(|_| None).collect()
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let operands: Vec<&HloValue> = inputs.iter().collect();
        Some(vec![hlo.op(&self.name(), &operands, "", outputs[0].clone())])
    }
}

impl Logic {
    fn of(self, a: bool, b: bool) -> bool {
        match self {
            Logic::And => a & b,
            Logic::Or => a | b,
            Logic::Xor => a ^ b,
            Logic::Not => !a,
        }
    }
}

impl Kernel for Logic {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        let (a, y) = (inputs[0].elements::<bool>(), outputs[0].reborrow().get());
        let b = inputs.get(1).map_or(a, View::elements);
        fill(y, |i| self.of(a[i], b[i]));
        Ok(())
    }
}

impl Expr<bool> {
    #[track_caller]
    fn logic(op: Logic, a: &Expr<bool>, b: &Expr<bool>) -> Self {
        let Some(shape) = a.shape().broadcast(b.shape()) else {
            let (left, right) = (a.shape(), b.shape());
            let where_not = broadcast_difference(left, right);
            refuse!([a, b], "{}: shapes {left} and {right} do not broadcast{where_not}", op.name());
        };
        Expr::new(op, vec![a.broadcast_to(&shape).untyped(), b.broadcast_to(&shape).untyped()], shape)
    }

    /// Whether it is true everywhere along `axes`, which disappear; over nothing it is.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn all(&self, axes: impl Axes) -> Self {
        !(!self).any(axes)
    }

    /// Whether it is true somewhere along `axes`, which disappear.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn any(&self, axes: impl Axes) -> Self {
        let count = self.cast::<i64>().sum(axes);
        count.gt(&count.zeros_like())
    }

    /// Where it is false. `!` says the same.
    #[allow(clippy::should_implement_trait)] // it is, and this is its name in other languages of arrays
    #[must_use]
    pub fn not(&self) -> Self {
        Expr::new(Logic::Not, vec![self.untyped()], self.shape())
    }
}

macro_rules! operator {
    ($trait:ident $method:ident $variant:ident) => {
        operator!(@impl $trait $method $variant, &Expr<bool>, &Expr<bool>);
        operator!(@impl $trait $method $variant, &Expr<bool>, Expr<bool>);
        operator!(@impl $trait $method $variant, Expr<bool>, &Expr<bool>);
        operator!(@impl $trait $method $variant, Expr<bool>, Expr<bool>);
    };
    (@impl $trait:ident $method:ident $variant:ident, $a:ty, $b:ty) => {
        /// # Panics
        /// If the shapes do not broadcast.
        #[allow(clippy::needless_borrow)] // of references there is nothing to borrow, of values there is
        impl std::ops::$trait<$b> for $a {
            type Output = Expr<bool>;
            #[track_caller]
            fn $method(self, other: $b) -> Expr<bool> {
                Expr::logic(Logic::$variant, &self, &other)
            }
        }
    };
}

operator!(BitAnd bitand And);
operator!(BitOr bitor Or);
operator!(BitXor bitxor Xor);

impl std::ops::Not for &Expr<bool> {
    type Output = Expr<bool>;
    fn not(self) -> Expr<bool> {
        Expr::not(self)
    }
}

impl std::ops::Not for Expr<bool> {
    type Output = Expr<bool>;
    fn not(self) -> Expr<bool> {
        Expr::not(&self)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let both = |of: fn(&Expr<bool>, &Expr<bool>) -> Expr<bool>| {
        example("truth values", &[&[3, 5], &[5]], 0.0..1.0, move |x| of(&x[0].typed(), &x[1].typed()))
            .truth(0)
            .truth(1)
            .and(&[&[0, 5], &[5]])
            .and(&[&[1], &[1]])
    };
    let along = |of: fn(&Expr<bool>) -> Expr<bool>| {
        example("truth values along an axis", &[&[5, 3]], 0.0..1.0, move |x| of(&x[0].typed()))
            .truth(0)
            .and(&[&[0, 3]])
    };
    vec![
        both(|a, b| a & b),
        both(|a, b| a | b),
        both(|a, b| a ^ b),
        along(|a| !a),
        along(|a| a.not()),
        along(|a| a.all(1)),
        along(|a| a.any(0)),
    ]
}
