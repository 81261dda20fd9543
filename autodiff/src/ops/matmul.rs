//! Matrix products.

use bayeux_tensor::{Float, gemm, gemm_scratch};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::operation::{Linearity, Operation};
use crate::expr::refusal::{broadcast_difference, refuse};
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Real, Rows, Shape, ValueType};

/// The product of two matrices, or of two stacks of them with the same leading axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Matmul;

impl Operation for Matmul {
    fn name(&self) -> String {
        "matmul".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [a, b] = inputs else { return Err("takes two inputs".into()) };
        let split = |x: &ValueType| x.shape.rank().checked_sub(2);
        let fits = |at: usize| {
            a.shape.dims()[..at] == b.shape.dims()[..at]
                && a.shape[at + 1] == b.shape[at]
                && a.element.is_float()
        };
        match (split(a), split(b)) {
            (Some(at), Some(other)) if at == other && a.element == b.element && fits(at) => {
                Ok(vec![ValueType::new(a.element, a.shape.with(at + 1, b.shape[at + 1].clone()))])
            }
            _ => Err(format!("{a} and {b} do not fit")),
        }
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let shape = outputs[0].shape;
        let n = shape[shape.len() - 1];
        let k = inputs[0].shape[shape.len() - 1];
        Ok(Some(Box::new(OfFloats(MatmulKernel { scratch: gemm_scratch(k, n) }))))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Each(&[0, 1])
    }

    /// A stack of which only the rows of the first factor differ is one product of more rows; so with the columns of the second.
    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let shape = batch.shape(0);
        let plain = shape.rank() == 3;
        let product = match (batch.is_stacked(0), batch.is_stacked(1)) {
            (true, false) if plain => {
                let rows = batch.given(0).reshape([&shape[0] * &shape[1], batch.given(0).dim(2)]);
                rows.matmul(batch.given(1)).reshape(shape)
            }
            (false, true) if plain => {
                let columns = batch.given(1).t().reshape([&shape[0] * &shape[2], batch.given(1).dim(1)]);
                let product = columns.matmul(&batch.given(0).t());
                product.reshape([&shape[0], &shape[2], &shape[1]].map(Dim::clone)).t()
            }
            _ => AnyExpr::new(*self, batch.stacks(), shape),
        };
        Some(vec![product])
    }

    /// Stacks of products are apart; so are the rows of a product if they are those of the first factor, and the columns of the
    /// second.
    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], output: &AnyExpr) -> Rows {
        let [last, second] = [1, 2].map(|back| output.rank() - back);
        match rows {
            [Rows::Free, Rows::Free] => Rows::Free,
            [Rows::Along(axis), Rows::Free] if *axis != last => Rows::Along(*axis),
            [Rows::Free, Rows::Along(axis)] if *axis != second => Rows::Along(*axis),
            [Rows::Along(a), Rows::Along(b)] if a == b && *a < second => Rows::Along(*a),
            _ => Rows::Mixed,
        }
    }

    /// y = a b:   ∂a = g bᵀ, ∂b = aᵀ g
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let (a, b) = (&inputs[0], &inputs[1]);
        vec![Some(g.matmul(&b.t())), Some(a.t().matmul(g))]
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![hlo.matmul(&inputs[0], &inputs[1])])
    }
}

#[derive(Debug)]
struct MatmulKernel {
    scratch: usize,
}

impl FloatKernel for MatmulKernel {
    fn scratch(&self) -> usize {
        self.scratch
    }

    fn takes_strides(&self, _i: usize) -> bool {
        true
    }

    fn flops(&self, inputs: &[ArrayType<'_>], output: ArrayType<'_>) -> usize {
        2 * inputs[0].shape.last().copied().unwrap_or(1) * output.len()
    }

    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        output: &mut [T],
        scratch: &mut [T],
    ) -> Result<(), Error> {
        let (a, b) = (&inputs[0], &inputs[1]);
        let rank = a.shape.len();
        let (leading, [m, k]) = (&a.shape[..rank - 2], [a.shape[rank - 2], a.shape[rank - 1]]);
        let n = b.shape[rank - 1];
        if k == 0 || output.is_empty() {
            output.fill(T::ZERO);
            return Ok(());
        }
        let last = |view: &TypedView<'_, T>| [view.strides[rank - 2], view.strides[rank - 1]];
        for index in 0..leading.iter().product() {
            let (a_from, b_from) = (start(a, leading, index), start(b, leading, index));
            let c = &mut output[index * m * n..(index + 1) * m * n];
            gemm(
                m,
                k,
                n,
                T::ONE,
                &a.data[a_from..],
                last(a),
                &b.data[b_from..],
                last(b),
                T::ZERO,
                c,
                scratch,
            );
        }
        Ok(())
    }
}

/// Where the `index`-th matrix of a stack begins.
fn start<T>(view: &TypedView<'_, T>, leading: &[usize], mut index: usize) -> usize {
    let mut offset = view.offset;
    for (&size, &stride) in leading.iter().zip(view.strides).rev() {
        offset += (index % size) * stride as usize;
        index /= size;
    }
    offset
}

impl<T: Real> Expr<T> {
    /// The matrix product `[m, k] · [k, n] → [m, n]`, or stacks of them: `[…, m, k] · […, k, n]` with leading axes that
    /// broadcast. A vector on the left counts as a row, on the right as a column; that axis disappears again.
    ///
    /// # Panics
    /// If the inner dimensions differ, if the leading axes do not broadcast, or for a scalar.
    #[track_caller]
    #[must_use]
    pub fn matmul(&self, other: &Expr<T>) -> Self {
        #[track_caller]
        fn fail<T: Real>(a: &Expr<T>, b: &Expr<T>, why: &str) -> ! {
            refuse!([a, b], "matmul: shapes {} and {} do not fit{why}", a.shape(), b.shape())
        }
        if self.rank() == 0 || other.rank() == 0 {
            fail(self, other, ": one is a scalar");
        }
        let left = if self.rank() == 1 { self.insert_axis(0) } else { self.clone() };
        let right = if other.rank() == 1 { other.insert_axis(1) } else { other.clone() };
        let split = |x: &Expr<T>| -> (Shape, [_; 2]) {
            let (leading, last) = x.shape().dims().split_at(x.rank() - 2);
            (Shape::from(leading), [last[0].clone(), last[1].clone()])
        };
        let ((a_leading, [m, k]), (b_leading, [k2, n])) = (split(&left), split(&right));
        let Some(leading) = a_leading.broadcast(&b_leading) else {
            fail(self, other, &broadcast_difference(&a_leading, &b_leading))
        };
        if k != k2 {
            fail(self, other, &format!(" ({k} columns, {k2} rows)"));
        }
        let stack = |rows, columns| leading.dims().iter().cloned().chain([rows, columns]).collect::<Shape>();
        let a = left.broadcast_to(stack(m.clone(), k.clone()));
        let b = right.broadcast_to(stack(k, n.clone()));
        let product = Expr::new(Matmul, vec![a.untyped(), b.untyped()], stack(m, n));
        // The axes that vectors were given.
        let (rows, columns) = (leading.rank(), leading.rank() + 1);
        match (self.rank(), other.rank()) {
            (1, 1) => product.reshape(&leading),
            (1, _) => product.reshape(product.shape().without(&[rows])),
            (_, 1) => product.reshape(product.shape().without(&[columns])),
            _ => product,
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let product =
        |name: &str, a: &[usize], b: &[usize]| example(name, &[a, b], -1.0..1.0, |x| x[0].matmul(&x[1]));
    vec![
        product("matmul", &[3, 4], &[4, 2])
            .and(&[&[0, 4], &[4, 2]])
            .and(&[&[3, 0], &[0, 2]])
            .and(&[&[1, 1], &[1, 1]]),
        example("matmul, transposed", &[&[4, 3], &[2, 4]], -1.0..1.0, |x| x[0].t().matmul(&x[1].t())),
        product("matmul of stacks", &[2, 3, 4], &[4, 2]).and(&[&[0, 3, 4], &[4, 2]]),
        product("matrix times vector", &[3, 4], &[4]),
        product("vector times matrix", &[3], &[3, 4]),
        product("dot product", &[3], &[3]).and(&[&[0], &[0]]),
        example("quadratic form", &[&[3], &[3, 3]], -1.0..1.0, |x| x[0].matmul(&x[1]).matmul(&x[0])),
    ]
}
