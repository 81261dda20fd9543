//! Where fits start.

use bayeux_autodiff::{Expr, interpret};
use bayeux_tensor::random::Philox4x32;
use bayeux_tensor::{Float, Tensor};

use super::Initial;
use crate::random::{Purpose, generator};
use crate::{Error, Variable};

/// How to choose a first mean: `None` leaves it to the default.
pub(crate) type InitialMean<'a, T> = Box<dyn Fn(&Variable<T>, &mut Philox4x32) -> Option<Tensor<T>> + 'a>;

/// Where a fit starts.
pub(crate) struct Start<'a, T: Float> {
    pub mean: Option<InitialMean<'a, T>>,
    pub sd: Option<f64>,
    pub seed: u64,
}

/// Of each variable, in the model's order.
pub(crate) fn initial<T: Float>(
    variables: &[Variable<T>],
    start: &Start<'_, T>,
) -> Result<Vec<Initial<T>>, Error> {
    let mut earlier: Vec<(&Expr<T>, Tensor<T>)> = Vec::new();
    let mut all = Vec::new();
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
        earlier.push((variable.unconstrained(), mean.clone()));
        let sd = start.sd.unwrap_or_else(|| default_sd(variable));
        all.push(Initial { variable: variable.clone(), mean, sd });
    }
    Ok(all)
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
        .broadcast_to(variable.unconstrained_shape())
        .contiguous()
}

/// Small for weights, whose errors add up over the fan-in; wider for what stands alone.
fn default_sd<T: Float>(variable: &Variable<T>) -> f64 {
    if variable.fan_in().is_some() { 0.02 } else { 0.1 }
}
