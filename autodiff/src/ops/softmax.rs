//! Softmax and its relatives, along the last axis.

use bayeux_tensor::{ElementType, Float, softmax};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::elementwise::of_floats;
use super::operation::Operation;
use crate::expr::refusal::ensure;
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Real, Rows, ValueType};

/// Which of the three, along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Softmax {
    /// exp(x − max x) / Σ exp(x − max x)
    Probabilities,
    /// x − log Σ exp x
    Logarithms,
    /// log Σ exp x, without the last axis
    Normaliser,
}

impl Operation for Softmax {
    fn name(&self) -> String {
        match self {
            Softmax::Probabilities => "softmax",
            Softmax::Logarithms => "log_softmax",
            Softmax::Normaliser => "logsumexp",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let mut types = of_floats(inputs)?;
        let shape = &mut types[0].shape;
        if shape.rank() == 0 {
            return Err("a scalar has no last axis".into());
        }
        if *self == Softmax::Normaliser {
            *shape = shape.without(&[shape.rank() - 1]);
        }
        Ok(types)
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(OfFloats(*self))))
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![AnyExpr::new(*self, batch.stacks(), batch.shape(0))])
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[inputs[0].rank() - 1], *self == Softmax::Normaliser)
    }

    /// softmax:   ∂x = y (g − Σ g y).
    /// log softmax:   ∂x = g − softmax x Σ g.
    /// log Σ exp:   ∂x = g softmax x.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        vec![Some(match self {
            Softmax::Probabilities => y * (g - (g * y).sum_keep(-1)),
            Softmax::Logarithms => g - x.softmax() * g.sum_keep(-1),
            Softmax::Normaliser => g.insert_axis(g.rank()) * x.softmax(),
        })]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (x, last) = (&inputs[0], inputs[0].of().rank() - 1);
        let largest = hlo.reduce("maximum", x, &[last], f64::NEG_INFINITY);
        let finite = hlo.op(
            "is_finite",
            &[&largest],
            "",
            HloType { element: ElementType::Bool, ..largest.of().clone() },
        );
        let zero = hlo.full(largest.of(), 0.0);
        let shift = hlo.select(&finite, &largest, &zero);
        let all = hlo.restore(&shift, &[last], x.of());
        let shifted = hlo.binary("subtract", x, &all);
        let powers = hlo.unary("exponential", &shifted);
        let sum = hlo.reduce("add", &powers, &[last], 0.0);
        Some(vec![match self {
            Softmax::Probabilities => {
                let sum = hlo.restore(&sum, &[last], x.of());
                hlo.binary("divide", &powers, &sum)
            }
            Softmax::Logarithms => {
                let logarithm = hlo.unary("log", &sum);
                let logarithm = hlo.restore(&logarithm, &[last], x.of());
                hlo.binary("subtract", &shifted, &logarithm)
            }
            Softmax::Normaliser => {
                let logarithm = hlo.unary("log", &sum);
                hlo.binary("add", &shift, &logarithm)
            }
        }])
    }
}

impl FloatKernel for Softmax {
    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        output: &mut [T],
        _scratch: &mut [T],
    ) -> Result<(), Error> {
        let columns = inputs[0].shape.last().copied().unwrap_or(1);
        let x = inputs[0].elements();
        match self {
            Softmax::Probabilities => softmax::softmax(x, columns, output),
            Softmax::Logarithms => softmax::log_softmax(x, columns, output),
            Softmax::Normaliser => softmax::logsumexp(x, columns, output),
        }
        Ok(())
    }
}

impl<T: Real> Expr<T> {
    #[track_caller]
    fn along_last(&self, op: Softmax) -> Self {
        ensure!(self.rank() > 0, [self], "{}: {self:?} is a scalar", op.name());
        let shape = match op {
            Softmax::Normaliser => self.shape().without(&[self.rank() - 1]),
            _ => self.shape().clone(),
        };
        Expr::new(op, vec![self.untyped()], shape)
    }

    /// Probabilities from logits along the last axis: eˣ / Σ eˣ, without overflow.
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn softmax(&self) -> Self {
        self.along_last(Softmax::Probabilities)
    }

    /// Logarithms of probabilities from logits along the last axis: x − log Σ eˣ, without overflow.
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(&self) -> Self {
        self.along_last(Softmax::Logarithms)
    }

    /// log Σ eˣ along the last axis, which disappears, without overflow.
    ///
    /// # Panics
    /// For a scalar.
    #[track_caller]
    #[must_use]
    pub fn logsumexp(&self) -> Self {
        self.along_last(Softmax::Normaliser)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let sets = |name: &str, of: fn(&AnyExpr) -> AnyExpr| {
        example(name, &[&[3, 4]], -2.0..2.0, move |x| of(&x[0])).and(&[&[1]]).and(&[&[0, 4]]).and(&[&[2, 33]])
    };
    vec![
        sets("softmax", |x| x.softmax()),
        sets("log_softmax", |x| x.log_softmax()),
        sets("logsumexp", |x| x.logsumexp()),
    ]
}
