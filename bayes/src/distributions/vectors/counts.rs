use bayeux_autodiff::{Dim, Expr, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::dirichlet::shares;
use super::{batch_method, elements, joint, split, with};
use crate::distributions::domain::{Domain, outside, valid};
use crate::distributions::{Distribution, Support};

/// How many of n draws fall into each of K classes: whole numbers along the last axis that sum to n.
///
/// ln p(x) = ln n! − Σ ln xₖ! + Σ xₖ ln pₖ
#[derive(Clone, Debug)]
#[must_use]
pub struct Multinomial<T: Float = f32> {
    total: Expr<T>,
    log_p: Expr<T>,
    batch: Shape,
    len: Dim,
}

impl<T: Float> Multinomial<T> {
    /// With the number of draws, and logits `[…, K]`.
    ///
    /// # Panics
    /// If there is no axis, the shapes do not broadcast, or for a constant that is not a number of draws or is NaN.
    #[track_caller]
    pub fn logits(total: impl Into<Expr<T>>, logits: impl Into<Expr<T>>) -> Self {
        let (total, logits) = (total.into(), logits.into());
        Domain::Weight.check(&total, "Multinomial: the number of draws");
        Domain::Logit.check(&logits, "Multinomial: a logit");
        let (batch, len) = split("Multinomial", "logits", logits.shape(), 1);
        let batch = joint::<T>(&batch, total.shape());
        Multinomial { total, log_p: logits.log_softmax(), batch, len: len[0].clone() }
    }

    /// With the number of draws, and probabilities `[…, K]`, in parts of their row's sum.
    ///
    /// # Panics
    /// As [`logits`](Self::logits); or for a constant that is not between 0 and 1.
    #[track_caller]
    pub fn probabilities(total: impl Into<Expr<T>>, probabilities: impl Into<Expr<T>>) -> Self {
        let p = probabilities.into();
        Domain::Probability.check(&p, "Multinomial: a probability");
        Multinomial::logits(total, p.ln())
    }

    batch_method!();
}

/// −∞ where x is not made of whole numbers of this sum.
fn counted<T: Float>(x: &Expr<T>, total: &Expr<T>, density: &Expr<T>) -> Expr<T> {
    let last = x.rank() - 1;
    let sum = x.sum(last);
    let whole = x.floor().eq(x).all(last) & x.ge(&Expr::scalar(0.0)).all(last);
    Expr::select(&(whole & sum.eq(total)), density, &outside(&sum))
}

impl<T: Float> Distribution<T> for Multinomial<T> {
    fn name(&self) -> &'static str {
        "Multinomial"
    }

    /// The number of draws, and logarithms of probabilities.
    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.total.clone(), self.log_p.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.len.clone()].into_iter().collect()
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    /// A class that was not drawn has no part, however improbable it is.
    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let safe = x.maximum(&Expr::scalar(0.0));
        let zero = Expr::scalar(0.0);
        let terms = Expr::select(&safe.gt(&zero), &(&safe * &self.log_p), &zero) - (&safe + 1.0).lgamma();
        let density = (&self.total + 1.0).lgamma() + terms.sum(terms.rank() - 1);
        valid(counted(x, &self.total, &density), [Domain::Weight.holds(&self.total)])
    }

    fn mean(&self) -> Option<Expr<T>> {
        let mean = self.total.insert_axis(self.total.rank()) * self.log_p.exp();
        Some(mean.broadcast_to(with(&self.batch, [self.len.clone()])))
    }

    fn variance(&self) -> Option<Expr<T>> {
        Some(self.mean()? * (1.0 - self.log_p.exp()))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let log_p = elements(&parameters[1], shape);
        draw(&parameters[0], shape, rng, |row, _| log_p[row.clone()].iter().map(|log| log.exp()).collect())
    }
}

/// Counts by classes, given the probabilities of each row: one class after the other, of what is left.
fn draw<T: Float>(
    totals: &Tensor<T>,
    shape: &[usize],
    rng: &mut dyn Rng,
    mut probabilities: impl FnMut(&std::ops::Range<usize>, &mut dyn Rng) -> Vec<f64>,
) -> Tensor<T> {
    let (batch, n) = (&shape[..shape.len() - 1], shape[shape.len() - 1]);
    let mut drawn = Vec::new();
    for (row, total) in elements(totals, batch).into_iter().enumerate() {
        let p = probabilities(&(row * n..(row + 1) * n), rng);
        let valid = Domain::Weight.or_nan(total).is_finite() && p.iter().all(|p| p.is_finite());
        let (mut left, mut mass) = (if valid { total as u64 } else { 0 }, p.iter().sum::<f64>());
        for (k, p) in p.into_iter().enumerate() {
            let share = if k + 1 == n { 1.0 } else { (p / mass).clamp(0.0, 1.0) };
            let binomial = rand_distr::Binomial::new(left, if share.is_nan() { 0.0 } else { share });
            let count = binomial.map_or(0, |binomial| rand_distr::Distribution::sample(&binomial, rng));
            (left, mass) = (left - count, mass - p);
            drawn.push(if valid { T::from_f64(count as f64) } else { T::NAN });
        }
    }
    Tensor::new(shape, drawn)
}

/// A [`Multinomial`] whose probabilities have a Dirichlet distribution with concentrations α: counts that vary more.
///
/// ln p(x) = ln Γ(A) + ln n! − ln Γ(n + A) + Σ (ln Γ(xₖ + αₖ) − ln Γ(αₖ) − ln xₖ!),   A = Σ α
#[derive(Clone, Debug)]
#[must_use]
pub struct DirichletMultinomial<T: Float = f32> {
    total: Expr<T>,
    concentration: Expr<T>,
    batch: Shape,
    len: Dim,
}

impl<T: Float> DirichletMultinomial<T> {
    /// With the number of draws, and concentrations `[…, K]`.
    ///
    /// # Panics
    /// If there is no axis, the shapes do not broadcast, or for a constant that is not a number of draws or not positive.
    #[track_caller]
    pub fn new(total: impl Into<Expr<T>>, concentration: impl Into<Expr<T>>) -> Self {
        let (total, concentration) = (total.into(), concentration.into());
        Domain::Weight.check(&total, "DirichletMultinomial: the number of draws");
        Domain::Positive.check(&concentration, "DirichletMultinomial: a concentration");
        let (batch, len) = split("DirichletMultinomial", "a concentration", concentration.shape(), 1);
        let batch = joint::<T>(&batch, total.shape());
        DirichletMultinomial { total, concentration, batch, len: len[0].clone() }
    }

    batch_method!();
}

impl<T: Float> Distribution<T> for DirichletMultinomial<T> {
    fn name(&self) -> &'static str {
        "DirichletMultinomial"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.total.clone(), self.concentration.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn event_shape(&self) -> Shape {
        [self.len.clone()].into_iter().collect()
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let (a, n) = (&self.concentration, &self.total);
        let safe = x.maximum(&Expr::scalar(0.0));
        let all = a.sum(a.rank() - 1);
        let terms = (&safe + a).lgamma() - a.lgamma() - (&safe + 1.0).lgamma();
        let density = all.lgamma() + (n + 1.0).lgamma() - (n + &all).lgamma() + terms.sum(terms.rank() - 1);
        let holds = Domain::Positive.holds(a).map(|holds| holds.all(a.rank() - 1));
        valid(counted(x, n, &density), [Domain::Weight.holds(n), holds])
    }

    fn mean(&self) -> Option<Expr<T>> {
        let a = &self.concentration;
        let mean = self.total.insert_axis(self.total.rank()) * (a / a.sum_keep(a.rank() - 1));
        Some(mean.broadcast_to(with(&self.batch, [self.len.clone()])))
    }

    /// n p (1 − p) (n + A)/(1 + A) for p = α/A.
    fn variance(&self) -> Option<Expr<T>> {
        let a = &self.concentration;
        let (all, n) = (a.sum_keep(a.rank() - 1), self.total.insert_axis(self.total.rank()));
        Some(self.mean()? * (1.0 - a / &all) * ((n + &all) / (&all + 1.0)))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let concentrations = elements(&parameters[1], shape);
        draw(&parameters[0], shape, rng, |row, rng| shares(&concentrations[row.clone()], rng))
    }
}
