//! Values that are looked at as they pass.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, with_type};
use serde::{Deserialize, Serialize};

use crate::kernel::View;
use crate::ops::{Batch, Linearity, Operation};
use crate::{AnyExpr, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// x → x, printed under a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Print(String);

impl Operation for Print {
    fn name(&self) -> String {
        format!("debug_print {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        eprintln!("{}: {}", self.0, description(&inputs[0]));
        pass(&inputs[0], outputs[0].reborrow());
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(self.clone()), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.clone())]
    }

    fn only_moves(&self) -> bool {
        true
    }
    fn stablehlo(&self, _hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(inputs.to_vec())
    }
}

/// x, truth values → x, or an error where one is false.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Require(String);

impl Operation for Require {
    fn name(&self) -> String {
        format!("require {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![inputs[0].clone()])
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let holds = inputs[1].elements::<bool>();
        if let Some(position) = holds.iter().position(|holds| !holds) {
            let (message, len) = (self.0.clone(), holds.len());
            return Err(Error::Required { message, position, len });
        }
        pass(&inputs[0], outputs[0].reborrow());
        Ok(())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(self.clone()), batch.stacks()))
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![Some(g.clone()), None]
    }

    fn can_fail(&self) -> bool {
        true
    }
    /// Without a look at what holds: StableHLO has no errors.
    fn stablehlo(&self, _hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(inputs[..1].to_vec())
    }
}

fn pass(from: &View<'_>, to: AnySliceMut<'_>) {
    with_type!(to.element_type(), T => to.get::<T>().copy_from_slice(from.elements::<T>()));
}

/// Type, range and first elements.
fn description(x: &View<'_>) -> String {
    fn of<T: Element>(elements: &[T]) -> String {
        const FIRST: usize = 6;
        let numbers = elements.iter().map(|x| x.to_f64());
        let finite = || numbers.clone().filter(|x| x.is_finite());
        let count = finite().count();
        let [least, largest] =
            [finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)];
        let mean = finite().sum::<f64>() / count as f64;
        let first: Vec<String> = elements.iter().take(FIRST).map(|x| format!("{}", x.to_f64())).collect();
        let rest = if elements.len() > FIRST { ", …" } else { "" };
        let range = match count {
            0 => String::new(),
            _ => format!(" from {least:.6} to {largest:.6}, mean {mean:.6}"),
        };
        let others = match elements.len() - count {
            0 => String::new(),
            others => format!(", {others} not finite"),
        };
        format!("{range}{others}; [{}{rest}]", first.join(", "))
    }
    let element = x.data.element_type();
    let rest = with_type!(element, T => of(x.elements::<T>()));
    format!("{element}{:?}{rest}", x.shape)
}

impl<T: Kind> Expr<T> {
    /// The same value, which is printed to standard error whenever it is computed: label, type, range, mean, and the first elements.
    /// Gradients pass unseen.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [2]);
    /// let y = x.exp().debug_print("e to the x").sum_all();
    /// // e to the x: f32[2] from 1.000000 to 2.718282, mean 1.859141; [1, 2.7182817459106445]
    /// Function::new([&x], [y])?.call(&[&Tensor::from_slice(&[0.0, 1.0])])?;
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn debug_print(&self, label: &str) -> Self {
        AnyExpr::values_of(Arc::new(Print(label.into())), vec![self.untyped()]).remove(0).typed()
    }

    /// The same value, if something holds everywhere; otherwise the call of the function fails with [`Error::Required`] and the message.
    /// What does not depend on the result is not guarded by it.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [2]);
    /// let root = x.require(&x.ge(&x.zeros_like()), "roots of negative numbers").sqrt();
    /// let f = Function::new([&x], [root])?;
    /// assert!(f.call(&[&Tensor::ones([2])]).is_ok());
    /// let error = f.call(&[&Tensor::from_slice(&[1.0, -1.0])]).unwrap_err();
    /// assert_eq!(error.to_string(), "roots of negative numbers: it does not hold for element 1 of 2");
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn require(&self, holds: &Expr<bool>, message: &str) -> Self {
        let inputs = vec![self.untyped(), holds.untyped()];
        AnyExpr::values_of(Arc::new(Require(message.into())), inputs).remove(0).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let printed = |x: &[AnyExpr]| x[0].sin().debug_print("sine");
    let required = |x: &[AnyExpr]| {
        let bound = x[0].number_like(2.0).broadcast_to(x[0].shape());
        x[0].require(&x[0].lt(&bound), "below 2").sin()
    };
    vec![
        example("debug_print", &[&[3]], -1.0..1.0, printed).and(&[&[0]]).and(&[&[1]]),
        example("require", &[&[3]], -1.0..1.0, required).and(&[&[0]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::{AnyTensor, Tensor};

    use super::*;

    #[test]
    fn a_description_says_what_is_not_finite() {
        let tensor = AnyTensor::from(Tensor::from_slice(&[1.0, f64::NAN, 3.0, 0.0, 0.0, 0.0, 0.0]));
        let said = description(&View::of(&tensor));
        assert_eq!(
            said,
            "f64[7] from 0.000000 to 3.000000, mean 0.666667, 1 not finite; [1, NaN, 3, 0, 0, 0, …]"
        );
        let none = AnyTensor::from(Tensor::<i64>::zeros([0]));
        assert_eq!(description(&View::of(&none)), "i64[0]; []");
    }
}
