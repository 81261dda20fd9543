//! The mean-field normal family: every element of every unconstrained variable is an independent normal.

use bayeux_autodiff::{Expr, RandomStreams, Shared, interpret};
use bayeux_tensor::random::{Philox4x32, fill_normal_par};
use bayeux_tensor::{Float, Tensor};

use crate::distributions::HALF_LN_2PI;
use crate::random::{Purpose, generator, stream};
use crate::{Error, Variable};

/// How to choose a first mean: `None` leaves it to the default.
pub(crate) type InitialMean<'a, T> = Box<dyn Fn(&Variable<T>, &mut Philox4x32) -> Option<Tensor<T>> + 'a>;

/// Where a fit starts.
pub(crate) struct Start<'a, T: Float> {
    pub mean: Option<InitialMean<'a, T>>,
    pub sd: Option<f64>,
    pub seed: u64,
}

/// The variational parameters: for every free variable a mean and a ρ in the unconstrained variable's shape, where the standard
/// deviation is softplus ρ.
///
/// A draw is z = mean + sd · ε with standard normal ε, so it can be differentiated by the parameters (Kingma & Welling
/// 2014, "Auto-encoding variational Bayes"; Kucukelbir et al. 2017, "Automatic differentiation variational inference").
#[derive(Clone, Debug)]
pub struct MeanField<T: Float> {
    factors: Vec<Factor<T>>,
}

#[derive(Clone, Debug)]
struct Factor<T: Float> {
    mean: Shared<T>,
    rho: Shared<T>,
}

impl<T: Float> MeanField<T> {
    /// A family for some variables, with first values.
    pub(crate) fn new(variables: &[Variable<T>], start: &Start<'_, T>) -> Result<Self, Error> {
        let mut earlier: Vec<(&Expr<T>, Tensor<T>)> = Vec::new();
        let mut factors = Vec::new();
        for (i, variable) in variables.iter().enumerate() {
            let mut random = generator(start.seed, Purpose::Start, i);
            let chosen = start.mean.as_ref().and_then(|mean| mean(variable, &mut random));
            let mean = chosen.unwrap_or_else(|| default_mean(variable, &earlier, &mut random));
            let shape = variable.unconstrained_shape();
            if mean.shape() != shape {
                return Err(Error::InitialShape {
                    name: variable.name().into(),
                    expected: shape,
                    found: mean.shape().to_vec(),
                });
            }
            let rho = softplus_inverse(start.sd.unwrap_or_else(|| default_sd(variable)));
            earlier.push((variable.unconstrained(), mean.clone()));
            factors.push(Factor {
                mean: Shared::new(format!("{}.mean", variable.name()), mean),
                rho: Shared::new(format!("{}.rho", variable.name()), Tensor::full(&shape, T::from_f64(rho))),
            });
        }
        Ok(MeanField { factors })
    }

    /// All parameters: mean and ρ of the first variable, then of the second, ….
    #[must_use]
    pub fn parameters(&self) -> Vec<Shared<T>> {
        self.factors.iter().flat_map(|factor| [factor.mean.clone(), factor.rho.clone()]).collect()
    }

    /// One draw of every unconstrained variable, with noise of its own.
    pub fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>> {
        let draw = |f: &Factor<T>| f.mean.expr() + f.rho.expr().softplus() * noise.normal(f.mean.shape());
        self.factors.iter().map(draw).collect()
    }

    /// The entropy in closed form: Σ ln sd + n/2 · ln 2πe over all n elements.
    #[must_use]
    pub fn entropy(&self) -> Expr<T> {
        let count: usize =
            self.factors.iter().map(|factor| factor.mean.shape().iter().product::<usize>()).sum();
        let logs = self.factors.iter().map(|factor| factor.rho.expr().softplus().ln().sum_all());
        let constant = count as f64 * (HALF_LN_2PI + 0.5);
        logs.reduce(|sum, log| sum + log).unwrap_or_else(|| Expr::scalar(0.0)) + constant
    }

    /// The present means and standard deviations, by variable.
    pub(crate) fn values(&self) -> Vec<Gaussian<T>> {
        let sd = |rho: T| T::from_f64(softplus(rho.to_f64()));
        self.factors.iter().map(|f| Gaussian { mean: f.mean.get(), sd: f.rho.get().map(sd) }).collect()
    }
}

/// The fitted distribution of one unconstrained variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gaussian<T: Float> {
    /// The means of the elements.
    pub mean: Tensor<T>,
    /// Their standard deviations.
    pub sd: Tensor<T>,
}

impl<T: Float> Gaussian<T> {
    /// The draw of a number: the same for the same seed, variable and number.
    pub(crate) fn draw(&self, seed: u64, variable: usize, number: usize) -> Tensor<T> {
        let mut noise = vec![T::ZERO; self.mean.len()];
        fill_normal_par(
            seed,
            stream(Purpose::Posterior, ((variable as u64) << 40) | number as u64),
            0,
            &mut noise,
        );
        &self.mean + &(&self.sd * &Tensor::new(self.mean.shape(), noise))
    }
}

/// Weights of a layer start at random, N(0, 1/√fan-in), because equal units would remain equal. All else starts at the
/// prior's centre, given the centres of the variables it depends on; at 0 where that cannot be computed without data.
fn default_mean<T: Float>(
    variable: &Variable<T>,
    earlier: &[(&Expr<T>, Tensor<T>)],
    random: &mut Philox4x32,
) -> Tensor<T> {
    if let (crate::Transform::Identity, Some(fan_in)) = (variable.transform(), variable.fan_in()) {
        let sd = (fan_in.max(1) as f64).sqrt().recip();
        let normal = |_: &[usize]| {
            let standard: f64 = rand_distr::Distribution::sample(&rand_distr::StandardNormal, random);
            T::from_f64(sd * standard)
        };
        return Tensor::from_fn(variable.shape(), normal);
    }
    let centre = variable.prior().centre().map(|x| variable.transform().inverse(&x));
    let inputs: Vec<(&Expr<T>, &Tensor<T>)> = earlier.iter().map(|(leaf, value)| (*leaf, value)).collect();
    let value = centre.and_then(|centre| interpret(&[centre], &inputs, 0).ok());
    let finite = value.map(|values| values[0].clone()).filter(|value| value.iter().all(T::is_finite));
    finite
        .unwrap_or_else(|| Tensor::scalar(T::ZERO))
        .broadcast_to(&variable.unconstrained_shape())
        .contiguous()
}

/// Small for weights, whose errors add up over the fan-in; wider for what stands alone.
fn default_sd<T: Float>(variable: &Variable<T>) -> f64 {
    if variable.fan_in().is_some() { 0.02 } else { 0.1 }
}

/// ln (1 + eʳ).
fn softplus(r: f64) -> f64 {
    r.max(0.0) + libm::log1p(libm::exp(-r.abs()))
}

/// The r with ln (1 + eʳ) = y > 0:  r = y + ln (1 − e⁻ʸ).
fn softplus_inverse(y: f64) -> f64 {
    y + libm::log(-libm::expm1(-y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softplus_inverts() {
        for y in [1e-12, 0.02, 0.7, 3.0, 40.0, 800.0] {
            assert!((softplus(softplus_inverse(y)) / y - 1.0).abs() < 1e-12, "{y}");
        }
    }
}
