//! Fourier transforms of complex numbers, as pairs of real ones, along the last axis.

mod plan;

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

pub(in crate::ops) use plan::{Number, RealPlan};
use plan::{Plan, Row};

use super::super::Batch;
use super::super::elementwise::of_floats;
use super::super::operation::{Linearity, Operation};
use crate::expr::refusal::{difference, ensure};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Real, Rows, Shape, ValueType};

/// Which of two transforms divides by n, so that one is the other's inverse: NumPy's `norm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FftNorm {
    /// The inverse one.
    #[default]
    Backward,
    /// Both divide by √n.
    Ortho,
    /// The forward one.
    Forward,
}

impl FftNorm {
    /// The transform of so many numbers, from the sums.
    #[track_caller]
    pub(super) fn scaled<T: Real>(self, sums: &Expr<T>, n: &Dim, inverse: bool) -> Expr<T> {
        match (self, inverse) {
            (FftNorm::Backward, false) | (FftNorm::Forward, true) => sums.clone(),
            (FftNorm::Backward, true) | (FftNorm::Forward, false) => sums / sums.size_like(n.clone()),
            (FftNorm::Ortho, _) => sums / sums.size_like(n.clone()).sqrt(),
        }
    }
}

/// re, im of z → re, im of Σⱼ zⱼ exp(∓2πijk/n) along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Fft {
    inverse: bool,
}

impl Operation for Fft {
    fn name(&self) -> String {
        if self.inverse { "ifft" } else { "fft" }.into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = of_floats(inputs)?;
        match inputs[0].shape.rank() {
            0 => Err("a scalar has no last axis".into()),
            _ => Ok([types.clone(), types].concat()),
        }
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let n = last_length(self, inputs[0].shape)?;
        Ok(Some(Box::new(FftKernel { n, plan: Plan::new(n, self.inverse) })))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(*self), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[inputs[0].rank() - 1], false)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it has two values")
    }

    /// The matrix is symmetric, so its conjugate is its adjoint: the transform backwards.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        _outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        let Some(pair) = pair(adjoints, inputs[0].shape()) else { return vec![None, None] };
        AnyExpr::values_of(Arc::new(Fft { inverse: !self.inverse }), pair).into_iter().map(Some).collect()
    }
}

/// Two adjoints, of which one may be zeros.
#[track_caller]
pub(super) fn pair(adjoints: &[Option<AnyExpr>], shape: &Shape) -> Option<Vec<AnyExpr>> {
    let any = adjoints.iter().flatten().next()?;
    let zeros = any.number_like(0.0).broadcast_to(shape);
    Some(adjoints.iter().map(|g| g.clone().unwrap_or_else(|| zeros.clone())).collect())
}

/// How many rows of `n` numbers are one task at least.
pub(super) fn together(n: usize) -> usize {
    (4096 / n).max(1)
}

/// How many numbers a transform is of.
pub(super) fn last_length(op: &dyn Operation, shape: &[usize]) -> Result<usize, Error> {
    match shape.last() {
        Some(&n) if n > 0 => Ok(n),
        _ => Err(Error::Size { op: op.name(), what: format!("{shape:?} has nothing along its last axis") }),
    }
}

#[derive(Debug)]
struct FftKernel {
    n: usize,
    plan: Plan,
}

impl FftKernel {
    fn run_as<T: Number + Element>(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) {
        let [re, im] = [0, 1].map(|i| inputs[i].elements::<T>().par_chunks(self.n));
        let [to_re, to_im] = outputs else { unreachable!("it has two values") };
        let to = to_re.reborrow().get::<T>().par_chunks_mut(self.n);
        let rows = to.zip(to_im.reborrow().get::<T>().par_chunks_mut(self.n)).zip(re.zip(im));
        rows.with_min_len(together(self.n)).for_each_init(
            || Row::<T>::new(&self.plan),
            |row, ((to_re, to_im), (re, im))| {
                for (z, (re, im)) in row.numbers.iter_mut().zip(re.iter().zip(im)) {
                    *z = Complex::new(*re, *im);
                }
                row.run();
                for ((re, im), z) in to_re.iter_mut().zip(to_im).zip(&row.numbers) {
                    (*re, *im) = (z.re, z.im);
                }
            },
        );
    }
}

impl Kernel for FftKernel {
    fn flops(&self, _inputs: &[ArrayType<'_>], outputs: &[ArrayType<'_>]) -> usize {
        5 * outputs[0].len() * (self.n.ilog2() as usize).max(1)
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        match inputs[0].data.element_type() {
            ElementType::F32 => self.run_as::<f32>(inputs, outputs),
            _ => self.run_as::<f64>(inputs, outputs),
        }
        Ok(())
    }
}

impl<T: Real> Expr<T> {
    #[track_caller]
    fn transformed(&self, im: &Expr<T>, norm: FftNorm, inverse: bool) -> (Self, Self) {
        let name = if inverse { "ifft" } else { "fft" };
        ensure!(
            self.rank() > 0 && self.shape() == im.shape(),
            [self, im],
            "{name}: real parts of shape {} and imaginary parts of shape {}, which must be the same and have an axis{}",
            self.shape(),
            im.shape(),
            difference(self.shape(), im.shape())
        );
        let n = self.dim(self.rank() - 1);
        ensure!(n.size() != Some(0), [self, im], "{name}: {} has nothing along its last axis", self.shape());
        let values = AnyExpr::values_of(Arc::new(Fft { inverse }), vec![self.untyped(), im.untyped()]);
        (norm.scaled(&values[0].typed(), &n, inverse), norm.scaled(&values[1].typed(), &n, inverse))
    }

    /// The Fourier transform along the last axis of complex numbers whose real parts these are, as real and imaginary parts:
    /// Σⱼ zⱼ exp(−2πijk/n), as NumPy's `fft`. Any length; those without large prime factors are the fastest.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, FftNorm, Function};
    /// use bayeux_tensor::Tensor;
    /// let re = Expr::<f64>::constant(Tensor::from_slice(&[0.0, 1.0, 0.0, 0.0]));
    /// let (re, im) = re.fft(&re.zeros_like(), FftNorm::Backward);
    /// let values = Function::new([], [re, im])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [1.0, 0.0, -1.0, 0.0]);
    /// assert_eq!(values[1].to_vec(), [0.0, -1.0, 0.0, 1.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, or there is no last axis, or nothing along it. Where that depends on a free dimension, the call of the
    /// function fails instead.
    #[track_caller]
    #[must_use]
    pub fn fft(&self, im: &Expr<T>, norm: FftNorm) -> (Self, Self) {
        self.transformed(im, norm, false)
    }

    /// The inverse of [`fft`](Self::fft) of the same norm.
    ///
    /// # Panics
    /// As [`fft`](Self::fft).
    #[track_caller]
    #[must_use]
    pub fn ifft(&self, im: &Expr<T>, norm: FftNorm) -> (Self, Self) {
        self.transformed(im, norm, true)
    }

    /// The Fourier transform over the last two axes.
    ///
    /// # Panics
    /// As [`fft`](Self::fft), or if there is one axis only.
    #[track_caller]
    #[must_use]
    pub fn fft2(&self, im: &Expr<T>, norm: FftNorm) -> (Self, Self) {
        let (re, im) = self.fft(im, norm);
        let (re, im) = re.t().fft(&im.t(), norm);
        (re.t(), im.t())
    }

    /// The inverse of [`fft2`](Self::fft2) of the same norm.
    ///
    /// # Panics
    /// As [`fft2`](Self::fft2).
    #[track_caller]
    #[must_use]
    pub fn ifft2(&self, im: &Expr<T>, norm: FftNorm) -> (Self, Self) {
        let (re, im) = self.t().ifft(&im.t(), norm);
        re.t().ifft(&im.t(), norm)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    vec![
        example("fft", &[&[3, 4], &[3, 4]], -1.0..1.0, |x| x[0].fft(&x[1], FftNorm::Ortho))
            .and(&[&[7], &[7]])
            .and(&[&[1], &[1]])
            .and(&[&[0, 3], &[0, 3]]),
        example("ifft", &[&[2, 6], &[2, 6]], -1.0..1.0, |x| x[0].ifft(&x[1], FftNorm::Backward)),
        example("imaginary part alone", &[&[2, 5], &[2, 5]], -1.0..1.0, |x| {
            x[0].fft(&x[1], FftNorm::Forward).1.tanh()
        }),
        example("fft2", &[&[2, 3, 4], &[2, 3, 4]], -1.0..1.0, |x| x[0].fft2(&x[1], FftNorm::Backward)),
        example("ifft2", &[&[2, 3], &[2, 3]], -1.0..1.0, |x| x[0].ifft2(&x[1], FftNorm::Ortho)),
    ]
}
