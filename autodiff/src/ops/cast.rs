//! Elements of another type.

use bayeux_tensor::{AnySliceMut, AnyTensor, Element, ElementType, with_type};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::elementwise::fill;
use super::operation::{Linearity, Operation};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// The same numbers as elements of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Cast(#[serde(with = "crate::element")] pub ElementType);

impl Operation for Cast {
    fn name(&self) -> String {
        format!("cast to {}", self.0)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(vec![ValueType::new(self.0, &inputs[0].shape)])
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].cast_to(self.0)))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    /// Between floats the adjoint is cast back. Whole numbers and truth values have none.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let both = inputs[0].element_type().is_float() && self.0.is_float();
        vec![both.then(|| g.cast_like(&inputs[0]))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        if self.0 == ElementType::Bool {
            let zero = hlo.full(inputs[0].of(), 0.0);
            return Some(vec![hlo.compare("NE", &inputs[0], &zero)]);
        }
        Some(vec![hlo.convert(&inputs[0], self.0)])
    }
}

impl Kernel for Cast {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element, U: Element>(x: &[T], y: &mut [U]) {
            fill(y, |i| x[i].cast());
        }
        let output = outputs[0].reborrow();
        with_type!(inputs[0].data.element_type(), T => with_type!(self.0, U => {
            run::<T, U>(inputs[0].elements(), output.get());
        }));
        Ok(())
    }
}

impl<T: Kind> Expr<T> {
    /// The same numbers as elements of another type. Floats are rounded to the nearest; whole numbers are cut off towards zero and,
    /// beyond their range, take its end (NaN is 0); among whole numbers the excess bits are lost, as with Rust's `as`. A truth
    /// value is 0 or 1, and what is not 0 is true. Between floats gradients pass.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [3]);
    /// let positive = x.gt(&x.zeros_like()).cast::<f32>().sum_all();
    /// let f = Function::new([&x], [&positive])?;
    /// assert_eq!(f.call(&[&Tensor::from_slice(&[1.0, -1.0, 2.0])])?[0].item(), 2.0);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cast<U: Element>(&self) -> Expr<U> {
        self.cast_to(U::TYPE).typed()
    }

    #[track_caller]
    pub(crate) fn cast_to(&self, element: ElementType) -> AnyExpr {
        match self.element_type() == element {
            true => self.untyped(),
            false => Expr::new(Cast(element), vec![self.untyped()], self.shape()),
        }
    }

    /// The same numbers as elements of another expression's type.
    #[track_caller]
    #[must_use]
    pub fn cast_like<U: Kind>(&self, other: &Expr<U>) -> Expr<U> {
        self.cast_to(other.element_type()).typed()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::{Example, example};

    let through =
        |element: ElementType| move |x: &[AnyExpr]| x[0].cast_to(element).cast_like(&x[0]) * x[0].square();
    let types = [ElementType::Bool, ElementType::U8, ElementType::I32, ElementType::I64];
    let to = |element| example("cast", &[&[3, 5]], 0.0..9.0, through(element)).and(&[&[0]]).and(&[&[1]]);
    let mut examples: Vec<Example> = types.into_iter().map(to).collect();
    examples.push(example("cast to f32", &[&[3, 5]], -2.0..2.0, through(ElementType::F32)).without_slopes());
    examples.push(example("cast to f64", &[&[3, 5]], -2.0..2.0, through(ElementType::F64)));
    examples.push(
        example("cast of whole numbers", &[&[7], &[7]], -2.0..2.0, |x| x[0].cast_like(&x[1]) * &x[1])
            .whole(0, -3..4),
    );
    examples.push(
        example("cast of truth values", &[&[7], &[7]], -2.0..2.0, |x| x[0].cast_like(&x[1]) * &x[1]).truth(0),
    );
    examples
}
