//! Draws of single numbers, element by element.

use bayeux_autodiff::Expr;
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

/// Draws every element on its own, from its own parameters. A number too large for the element type becomes the largest
/// that there is.
pub(super) fn draw_each<T: Float, const N: usize>(
    parameters: &[Tensor<T>],
    shape: &[usize],
    mut draw: impl FnMut([f64; N]) -> f64,
) -> Tensor<T> {
    let parameters: [Vec<f64>; N] = std::array::from_fn(|i| {
        let parameter = parameters[i].broadcast_to(shape);
        parameter.iter().map(T::to_f64).collect()
    });
    let count = shape.iter().product();
    let largest = (2.0 - T::EPSILON.to_f64()) * (2.0 / T::MIN_POSITIVE.to_f64());
    let element = |i: usize| {
        let drawn = draw(std::array::from_fn(|n| parameters[n][i]));
        T::from_f64(drawn.clamp(-largest, largest))
    };
    Tensor::new(shape, (0..count).map(element).collect())
}

/// [`draw_each`] for positive numbers, kept between the smallest normal number and its reciprocal: rounded to 0 or to ∞, a
/// draw would be no scale or rate of what depends on it, and its logarithm no number.
pub(super) fn draw_each_positive<T: Float, const N: usize>(
    parameters: &[Tensor<T>],
    shape: &[usize],
    mut draw: impl FnMut([f64; N]) -> f64,
) -> Tensor<T> {
    let smallest = T::MIN_POSITIVE.to_f64();
    draw_each(parameters, shape, |parameters| draw(parameters).clamp(smallest, smallest.recip()))
}

pub(super) fn standard_normal(rng: &mut dyn Rng) -> f64 {
    rand_distr::Distribution::<f64>::sample(&rand_distr::StandardNormal, rng)
}

/// Uniform on [0, 1).
pub(super) fn standard_uniform(rng: &mut dyn Rng) -> f64 {
    rand_distr::Distribution::<f64>::sample(&rand_distr::StandardUniform, rng)
}

/// With rate 1.
pub(super) fn standard_exponential(rng: &mut dyn Rng) -> f64 {
    rand_distr::Distribution::<f64>::sample(&rand_distr::Exp1, rng)
}

/// Draws as an expression, where they are positive: kept where [`draw_each_positive`] keeps its own.
pub(super) fn kept_positive<T: Float>(x: &Expr<T>) -> Expr<T> {
    let smallest = T::MIN_POSITIVE.to_f64();
    x.clip(smallest, smallest.recip())
}

/// The logarithm of a gamma number of rate 1, also where it would underflow: of α + 1, times U^(1/α).
pub(super) fn log_gamma(concentration: f64, rng: &mut dyn Rng) -> f64 {
    let Ok(gamma) = rand_distr::Gamma::new(concentration + 1.0, 1.0) else { return f64::NAN };
    let drawn: f64 = rand_distr::Distribution::sample(&gamma, rng);
    libm::log(drawn) - standard_exponential(rng) / concentration
}

/// The numbers between which draws from an open unit interval are kept.
pub(super) fn unit_ends<T: Float>() -> [f64; 2] {
    [T::MIN_POSITIVE.to_f64(), 1.0 - 0.5 * T::EPSILON.to_f64()]
}

/// Draws as an expression between [`unit_ends`].
pub(super) fn kept_in_unit<T: Float>(x: &Expr<T>) -> Expr<T> {
    let [least, most] = unit_ends::<T>();
    x.clip(least, most)
}
