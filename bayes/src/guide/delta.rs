use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shared};
use bayeux_tensor::{Float, Tensor};

use super::{Factor, Family, Fitted, Gaussian, Initial, Noise};

/// One point, of which nothing is unknown: the fit finds where the posterior density of the *unconstrained* variables is largest (the
/// density has the Jacobians of the transforms, so the point depends on them). Together with other families it is what empirical
/// Bayes does with a scale.
///
/// A point has no entropy; the ELBO is the log density there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delta;

impl<T: Float> Family<T> for Delta {
    fn factor(&self, initial: &[Initial<T>]) -> Box<dyn Factor<T>> {
        let point = |initial: &Initial<T>| {
            Shared::new(format!("{}.mean", initial.variable.name()), initial.mean.clone())
        };
        Box::new(Points(initial.iter().map(point).collect()))
    }

    fn is_separable(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Points<T: Float>(Vec<Shared<T>>);

impl<T: Float> Factor<T> for Points<T> {
    fn parameters(&self) -> Vec<Shared<T>> {
        self.0.clone()
    }

    fn draw(&self, _noise: &RandomStreams) -> Vec<Expr<T>> {
        self.0.iter().map(Shared::expr).collect()
    }

    fn entropy(&self) -> Expr<T> {
        Expr::scalar(0.0)
    }

    fn log_prob(&self, _z: &[Expr<T>]) -> Expr<T> {
        Expr::scalar(0.0)
    }

    fn fitted(&self) -> Arc<dyn Fitted<T>> {
        Arc::new(FittedPoints(self.0.iter().map(Shared::get).collect()))
    }
}

#[derive(Debug)]
struct FittedPoints<T: Float>(Vec<Tensor<T>>);

impl<T: Float> Fitted<T> for FittedPoints<T> {
    fn draw(&self, _noise: &Noise<'_>) -> Vec<Tensor<T>> {
        self.0.clone()
    }

    fn marginals(&self) -> Vec<Gaussian<T>> {
        self.0.iter().map(|mean| Gaussian { mean: mean.clone(), sd: Tensor::zeros(mean.shape()) }).collect()
    }
}
