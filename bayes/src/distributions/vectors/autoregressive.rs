use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::{batch_method, elements, joint, known, split};
use crate::distributions::domain::{Domain, valid};
use crate::distributions::draws::standard_normal;
use crate::distributions::{Distribution, HALF_LN_2PI, Support};

/// A series of n numbers in which each is a linear combination of the p before it, and noise:
/// xₜ ~ N(α + Σₖ βₖ xₜ₋ₖ, sd). The first p numbers are independent, N(0, first sd).
#[derive(Clone, Debug)]
#[must_use]
pub struct AutoRegressive<T: Float = f32> {
    len: usize,
    order: usize,
    constant: Expr<T>,
    coefficients: Expr<T>,
    sd: Expr<T>,
    first_sd: Expr<T>,
    batch: Shape,
}

impl<T: Float> AutoRegressive<T> {
    /// Of so many numbers, with the constant α, the coefficients β `[…, p]`, that of the number just before the first, and the
    /// standard deviation of the noise. The first numbers have the standard deviation 1 unless [`first_sd`](Self::first_sd) says
    /// otherwise.
    ///
    /// # Panics
    /// If there are fewer numbers than coefficients, the shapes do not broadcast, or for a constant out of its domain.
    #[track_caller]
    pub fn new(
        len: usize,
        constant: impl Into<Expr<T>>,
        coefficients: impl Into<Expr<T>>,
        sd: impl Into<Expr<T>>,
    ) -> Self {
        let (constant, coefficients, sd) = (constant.into(), coefficients.into(), sd.into());
        Domain::Finite.check(&constant, "AutoRegressive: the constant");
        Domain::Finite.check(&coefficients, "AutoRegressive: a coefficient");
        Domain::Positive.check(&sd, "AutoRegressive: the standard deviation");
        let (batch, last) = split("AutoRegressive", "coefficients", coefficients.shape(), 1);
        let order = known("AutoRegressive", &last[0]);
        assert!(len >= order, "AutoRegressive: {len} numbers, each from {order} before it");
        let batch = joint::<T>(&batch, &joint::<T>(constant.shape(), sd.shape()));
        AutoRegressive { len, order, constant, coefficients, sd, first_sd: Expr::scalar(1.0), batch }
    }

    /// With a standard deviation of the first numbers, those that have not enough before them.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or for a constant that is not positive and finite.
    #[track_caller]
    pub fn first_sd(mut self, sd: impl Into<Expr<T>>) -> Self {
        let sd = sd.into();
        Domain::Positive.check(&sd, "AutoRegressive: the first standard deviation");
        self.batch = joint::<T>(&self.batch, sd.shape());
        self.first_sd = sd;
        self
    }

    batch_method!();
}

impl<T: Float> Distribution<T> for AutoRegressive<T> {
    fn name(&self) -> &'static str {
        "AutoRegressive"
    }

    /// The constant, the coefficients, the noise's standard deviation and the first one.
    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.constant.clone(), self.coefficients.clone(), self.sd.clone(), self.first_sd.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.len].into()
    }

    fn support(&self) -> Support<T> {
        Support::Reals
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (last, p, n) = (x.rank() - 1, self.order, self.len);
        let along = |parameter: &Expr<T>| parameter.insert_axis(parameter.rank());
        let normal = |x: &Expr<T>, mean: &Expr<T>, sd: &Expr<T>| {
            let terms = ((x - mean) / sd).square() * -0.5 - sd.ln() - HALF_LN_2PI;
            terms.sum(terms.rank() - 1)
        };
        let beta_last = self.coefficients.rank() - 1;
        let mean = (0..p).fold(along(&self.constant), |mean, k| {
            mean + self.coefficients.slice(beta_last, k..k + 1) * x.slice(last, p - 1 - k..n - 1 - k)
        });
        let first = normal(&x.slice(last, ..p), &Expr::scalar(0.0), &along(&self.first_sd));
        let density = first + normal(&x.slice(last, p..), &mean, &along(&self.sd));
        let finite = |x: &Expr<T>| Domain::Finite.holds(x);
        let coefficients = finite(&self.coefficients).map(|holds| holds.all(beta_last));
        let positive = [&self.sd, &self.first_sd].map(|sd| Domain::Positive.holds(sd));
        let [sd, first_sd] = positive;
        valid(density, [finite(&self.constant), coefficients, sd, first_sd])
    }

    fn centre(&self) -> Option<Expr<T>> {
        Some(Expr::zeros(super::with(&self.batch, [self.len.into()])))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let (batch, p) = (&shape[..shape.len() - 1], self.order);
        let [constant, sd, first_sd] = [0, 2, 3].map(|i| elements(&parameters[i], batch));
        let coefficients = elements(&parameters[1], &[batch, &[p]].concat());
        let mut drawn: Vec<T> = Vec::new();
        for row in 0..batch.iter().product() {
            let beta = &coefficients[row * p..(row + 1) * p];
            let mut series: Vec<f64> = Vec::with_capacity(self.len);
            for t in 0..self.len {
                let (mean, sd) = match t < p {
                    true => (0.0, first_sd[row]),
                    false => {
                        let before = beta.iter().enumerate().map(|(k, beta)| beta * series[t - 1 - k]);
                        (constant[row] + before.sum::<f64>(), sd[row])
                    }
                };
                series.push(mean + Domain::Positive.or_nan(sd) * standard_normal(rng));
            }
            drawn.extend(series.into_iter().map(T::from_f64));
        }
        Tensor::new(shape, drawn)
    }
}
