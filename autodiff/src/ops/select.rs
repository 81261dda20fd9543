//! Choice by a condition, and the end of a gradient's path.

use bayeux_tensor::{AnySliceMut, AnyTensor, Element, ElementType, Tensor, with_type};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::elementwise::{self, fill};
use super::operation::Operation;
use crate::expr::refusal::{broadcast_difference, refuse};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Kind, Real, Rows, ValueType};

/// `a` where the condition is true, else `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Select;

impl Operation for Select {
    fn name(&self) -> String {
        "select".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let condition = &inputs[0];
        match condition.element == ElementType::Bool && condition.shape == inputs[1].shape {
            true => elementwise::alike(&inputs[1..]),
            false => Err(format!("a condition of type {condition} for {}", inputs[1])),
        }
    }

    fn kernel(
        &self,
        _: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok((!outputs[0].element.is_float()).then(|| Box::new(*self) as Box<dyn Kernel>))
    }

    fn forward(&self, inputs: &[AnyTensor], shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        fn choose<T: Element>(c: &Tensor<bool>, a: &Tensor<T>, b: &Tensor<T>, shape: &[usize]) -> AnyTensor {
            let chosen = c.iter().zip(a.iter()).zip(b.iter()).map(|((c, a), b)| if c { a } else { b });
            Tensor::new(shape, chosen.collect()).into()
        }
        let [c, a, b] = [&inputs[0], &inputs[1], &inputs[2]];
        Ok(Some(with_type!(a.element_type(), T => choose::<T>(c.get(), a.get(), b.get(), shape))))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    /// ∂a = c ? g : 0, ∂b = c ? 0 : g: a value not chosen, even an infinite one, gets exactly 0.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (condition, zero) = (inputs[0].typed(), g.zeros_like());
        vec![None, Some(Expr::select(&condition, g, &zero)), Some(Expr::select(&condition, &zero, g))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.select(&inputs[0], &inputs[1], &inputs[2])])
    }
}

impl Kernel for Select {
    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element>(c: &[bool], a: &[T], b: &[T], y: &mut [T]) {
            fill(y, |i| if c[i] { a[i] } else { b[i] });
        }
        let [c, a, b] = [&inputs[0], &inputs[1], &inputs[2]];
        with_type!(a.data.element_type(), T => {
            run::<T>(c.elements(), a.elements(), b.elements(), outputs[0].reborrow().get());
        });
        Ok(())
    }
}

/// The identity, through which no gradient passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct StopGradient;

impl Operation for StopGradient {
    fn name(&self) -> String {
        "stop_gradient".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Ok(inputs.to_vec())
    }

    fn forward(&self, inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(Some(inputs[0].clone()))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }
    /// The identity that no compiler looks through, so that whoever differentiates the text can tell it.
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.unary("optimization_barrier", &inputs[0])])
    }
}

impl<T: Kind> Expr<T> {
    /// `a` where `condition` is true, else `b`. What is not chosen gets a gradient of exactly 0.
    ///
    /// # Panics
    /// If the three shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn select(condition: &Expr<bool>, a: &Expr<T>, b: &Expr<T>) -> Self {
        let [first, second, third] = [condition.shape(), a.shape(), b.shape()];
        let both = second.broadcast(third);
        let Some(shape) = both.as_ref().and_then(|both| both.broadcast(first)) else {
            let why = match &both {
                Some(both) => broadcast_difference(first, both),
                None => broadcast_difference(second, third),
            };
            refuse!([condition, a, b], "select: shapes {first}, {second} and {third} do not broadcast{why}");
        };
        let condition = condition.broadcast_to(&shape).untyped();
        let [a, b] = [a, b].map(|x| x.broadcast_to(&shape).untyped());
        Expr::new(Select, vec![condition, a, b], shape)
    }
}

impl<T: Real> Expr<T> {
    /// The same value, taken as a constant by [`grad`](crate::grad).
    #[track_caller]
    #[must_use]
    pub fn stop_gradient(&self) -> Self {
        Expr::new(StopGradient, vec![self.untyped()], self.shape())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let larger = |x: &[AnyExpr]| Expr::select(&x[0].gt(&x[1]), &(&x[0] * &x[1]), &x[1].square());
    let chosen = |x: &[AnyExpr]| Expr::select(&x[0].typed(), &x[1], &x[2]);
    let stopped = |x: &[AnyExpr]| x[0].stop_gradient();
    vec![
        example("select", &[&[6], &[6]], 0.2..2.0, larger).and(&[&[0], &[0]]).and(&[&[1], &[1]]),
        example("select by an input", &[&[3, 1], &[4], &[3, 4]], 0.2..2.0, chosen).truth(0),
        example("select of whole numbers", &[&[5], &[5], &[5]], 0.0..1.0, chosen)
            .truth(0)
            .whole(1, 0..9)
            .whole(2, 0..9),
        // Differences see what the gradient must not.
        example("stop_gradient", &[&[5]], 0.0..1.0, move |x| stopped(x).floor()),
    ]
}
