//! Fourier transforms of real numbers, of whose spectra the first half says all.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::super::Batch;
use super::super::elementwise::of_floats;
use super::super::operation::{Linearity, Operation};
use super::fft::{FftNorm, Number, RealPlan, last_length, pair, together};
use crate::expr::refusal::{difference, ensure, refuse};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Real, Rows, ValueType};

/// One of four linear maps between n real numbers and ⌊n/2⌋ + 1 complex ones, along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Map {
    /// x → re, im of Σⱼ xⱼ exp(−2πijk/n)
    Forward,
    /// re, im → Re Σₖ zₖ exp(2πijk/n) over the numbers given
    ForwardAdjoint,
    /// re, im → the same over all n, of which the others are their conjugates
    Inverse,
    /// x → re, im, twice what forward gives where a number stands for two
    InverseAdjoint,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct RealFft {
    map: Map,
    n: Dim,
}

/// How many numbers a spectrum of real numbers has.
fn half(n: &Dim) -> Dim {
    n.div_floor(2) + 1
}

impl RealFft {
    fn takes_spectra(&self) -> bool {
        matches!(self.map, Map::ForwardAdjoint | Map::Inverse)
    }

    fn adjoint(&self, inputs: Vec<AnyExpr>) -> Vec<Option<AnyExpr>> {
        let map = match self.map {
            Map::Forward => Map::ForwardAdjoint,
            Map::ForwardAdjoint => Map::Forward,
            Map::Inverse => Map::InverseAdjoint,
            Map::InverseAdjoint => Map::Inverse,
        };
        let op = RealFft { map, n: self.n.clone() };
        AnyExpr::values_of(Arc::new(op), inputs).into_iter().map(Some).collect()
    }
}

impl Operation for RealFft {
    fn name(&self) -> String {
        match self.map {
            Map::Forward => "rfft",
            Map::ForwardAdjoint => "rfft, adjoint,",
            Map::Inverse => "irfft",
            Map::InverseAdjoint => "irfft, adjoint,",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let given = of_floats(inputs)?.remove(0);
        let Some(last) = given.shape.rank().checked_sub(1) else {
            return Err("a scalar has no last axis".into());
        };
        let (real, spectrum) = (self.n.clone(), half(&self.n));
        let (from, to, count) = if self.takes_spectra() { (spectrum, real, 1) } else { (real, spectrum, 2) };
        // A symbol in the attributes is a number in a program.
        let length = &given.shape[last];
        match *length == from || (length.size().is_some() && from.size().is_none()) {
            true => Ok(vec![ValueType::new(given.element, given.shape.with(last, to)); count]),
            false => Err(format!("{given} has not {from} numbers along its last axis")),
        }
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let real = if self.takes_spectra() { outputs[0].shape } else { inputs[0].shape };
        let n = last_length(self, real)?;
        Ok(Some(Box::new(RealFftKernel { map: self.map, n, plan: RealPlan::new(n, self.takes_spectra()) })))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Joint
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(AnyExpr::values_of(Arc::new(self.clone()), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[inputs[0].rank() - 1], false)
    }

    fn gradient(&self, g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        self.adjoint(vec![g.clone()])
    }

    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        match adjoints {
            [Some(g)] => self.gradient(g, inputs, &outputs[0]),
            adjoints => match pair(adjoints, outputs[0].shape()) {
                Some(pair) => self.adjoint(pair),
                None => inputs.iter().map(|_| None).collect(),
            },
        }
    }
}

#[derive(Debug)]
struct RealFftKernel {
    map: Map,
    n: usize,
    plan: RealPlan,
}

impl RealFftKernel {
    fn run_as<T: Number + Element>(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) {
        let (n, m, plan) = (self.n, self.n / 2 + 1, &self.plan);
        match (self.map, outputs) {
            (Map::Forward | Map::InverseAdjoint, [re, im]) => {
                let to = re.reborrow().get::<T>().par_chunks_mut(m);
                let to = to.zip(im.reborrow().get::<T>().par_chunks_mut(m));
                to.zip(inputs[0].elements::<T>().par_chunks(n)).with_min_len(together(n)).for_each_init(
                    || plan.row::<T>(),
                    |row, ((re, im), x)| {
                        plan.forward(row, x, re, im);
                        if self.map == Map::InverseAdjoint {
                            for k in (0..m).filter(|&k| !plan.is_single(k)) {
                                (re[k], im[k]) = (re[k] * T::of(2.0), im[k] * T::of(2.0));
                            }
                        }
                    },
                );
            }
            (map, outputs) => {
                let [re, im] = [0, 1].map(|i| inputs[i].elements::<T>().par_chunks(m));
                let to = outputs[0].reborrow().get::<T>().par_chunks_mut(n);
                let factor = T::of(if map == Map::ForwardAdjoint { 0.5 } else { 1.0 });
                to.zip(re.zip(im)).with_min_len(together(n)).for_each_init(
                    || plan.row::<T>(),
                    |row, (x, (re, im))| {
                        let at = |k: usize| match plan.is_single(k) {
                            true => Complex::new(re[k], im[k]),
                            false => Complex::new(re[k] * factor, im[k] * factor),
                        };
                        plan.inverse(row, at, x);
                    },
                );
            }
        }
    }
}

impl Kernel for RealFftKernel {
    fn flops(&self, inputs: &[ArrayType<'_>], outputs: &[ArrayType<'_>]) -> usize {
        inputs[0].len().max(outputs[0].len()) * 5 * (self.n.ilog2() as usize).max(1) / 2
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
    /// The Fourier transform of real numbers along the last axis, `[…, n]`, as real and imaginary parts of the first ⌊n/2⌋ + 1 numbers of
    /// their spectrum, whose others are the conjugates of these: NumPy's `rfft`.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, FftNorm, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0]));
    /// let (re, im) = x.rfft(FftNorm::Backward);
    /// let values = Function::new([], [re, im])?.call(&[])?;
    /// assert_eq!(values[0].to_vec(), [10.0, -2.0, -2.0]);
    /// assert_eq!(values[1].to_vec(), [0.0, 2.0, 0.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no last axis, or nothing along it. Where that depends on a free dimension, the call of the function fails instead.
    #[track_caller]
    #[must_use]
    pub fn rfft(&self, norm: FftNorm) -> (Self, Self) {
        let n = self.shape().dims().last().cloned();
        let Some(n) = n.filter(|n| n.size() != Some(0)) else {
            refuse!([self], "rfft: {} has nothing along its last axis", self.shape());
        };
        let op = RealFft { map: Map::Forward, n: n.clone() };
        let values = AnyExpr::values_of(Arc::new(op), vec![self.untyped()]);
        (norm.scaled(&values[0].typed(), &n, false), norm.scaled(&values[1].typed(), &n, false))
    }

    /// The `n` real numbers of whose spectrum these are the real parts of the first ⌊n/2⌋ + 1: the inverse of [`rfft`](Self::rfft) of
    /// the same norm. The imaginary parts of the first number, and of the last one if n is even, do not count.
    ///
    /// # Panics
    /// If the shapes differ, n is 0, or there are not ⌊n/2⌋ + 1 along the last axis.
    #[track_caller]
    #[must_use]
    pub fn irfft(&self, im: &Expr<T>, n: impl Into<Dim>, norm: FftNorm) -> Self {
        let n = n.into();
        let last = self.shape().dims().last();
        ensure!(
            self.shape() == im.shape() && n.size() != Some(0) && last == Some(&half(&n)),
            [self, im],
            "irfft: {n} numbers from real parts of shape {} and imaginary parts of shape {}{}",
            self.shape(),
            im.shape(),
            difference(self.shape(), im.shape())
        );
        let op = RealFft { map: Map::Inverse, n: n.clone() };
        let sums = AnyExpr::values_of(Arc::new(op), vec![self.untyped(), im.untyped()]).remove(0).typed();
        norm.scaled(&sums, &n, true)
    }

    /// The Fourier transform of real numbers over the last two axes: [`rfft`](Self::rfft) along the last, then [`fft`](Self::fft) along the
    /// one before.
    ///
    /// # Panics
    /// As [`rfft`](Self::rfft), or if there is one axis only.
    #[track_caller]
    #[must_use]
    pub fn rfft2(&self, norm: FftNorm) -> (Self, Self) {
        let (re, im) = self.rfft(norm);
        let (re, im) = re.t().fft(&im.t(), norm);
        (re.t(), im.t())
    }

    /// The inverse of [`rfft2`](Self::rfft2) of the same norm, with rows of `n` numbers.
    ///
    /// # Panics
    /// As [`irfft`](Self::irfft), or if there is one axis only.
    #[track_caller]
    #[must_use]
    pub fn irfft2(&self, im: &Expr<T>, n: impl Into<Dim>, norm: FftNorm) -> Self {
        let (re, im) = self.t().ifft(&im.t(), norm);
        re.t().irfft(&im.t(), n, norm)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let forward = |name: &str, norm: FftNorm| {
        example(name, &[&[3, 4]], -1.0..1.0, move |x| x[0].rfft(norm))
            .and(&[&[7]])
            .and(&[&[1]])
            .and(&[&[2]])
            .and(&[&[0, 3]])
    };
    let back = |name: &str, n: usize| {
        let m = n / 2 + 1;
        example(name, &[&[2, m], &[2, m]], -1.0..1.0, move |x| x[0].irfft(&x[1], n, FftNorm::Ortho).tanh())
    };
    vec![
        forward("rfft", FftNorm::Backward),
        forward("rfft, ortho", FftNorm::Ortho),
        back("irfft of 6", 6),
        back("irfft of 5", 5),
        back("irfft of 1", 1),
        back("irfft of 2", 2),
        example("rfft2", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].rfft2(FftNorm::Forward)),
        example("irfft2", &[&[3, 3], &[3, 3]], -1.0..1.0, |x| x[0].irfft2(&x[1], 5, FftNorm::Backward)),
    ]
}
