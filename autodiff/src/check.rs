//! Gradient checking by finite differences along random directions.

use bayeux_tensor::{Tensor, random};

use crate::{Error, Expr, Function, grad};

/// What [`check_gradient`] found: the largest relative errors over all directions tried.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct GradientErrors {
    /// Of the gradient, against differences of the cost.
    pub first: f64,
    /// Of the gradient of the gradient's directional derivative, against differences of the gradient.
    pub second: f64,
}

/// Directions tried for each point.
const DIRECTIONS: u64 = 3;

/// Compares the gradient of a scalar, and the gradient of its directional derivative, with finite differences.
///
/// For a random direction v (normal, scaled to unit length) it compares
///
/// * order 1: ∇f(x) · v with [f(x + hv) − f(x − hv)] / 2h, extrapolated (Richardson);
/// * order 2: uᵀ ∇(∇f(x) · v) with the same difference quotient of ∇f · u, for a second random direction u,
///
/// so the cost does not grow with the number of inputs, yet an error in any entry shows with probability one. Errors are
/// relative to the larger of the two values and 1e-3 times the scale of the function. `points` pairs each input with the
/// place at which to check; choose places away from ties and kinks.
///
/// ```
/// use bayeux_autodiff::{Expr, check_gradient};
/// use bayeux_tensor::Tensor;
/// let x = Expr::input("x", [3]);
/// let cost = (x.tanh() * x.exp()).sum_all();
/// let errors = check_gradient(&cost, &[(&x, &Tensor::from_slice(&[0.1, -0.4, 0.7]))])?;
/// assert!(errors.first < 1e-6 && errors.second < 1e-5);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Errors
/// If the function cannot be built or called at the points.
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
pub fn check_gradient(
    cost: &Expr<f64>,
    points: &[(&Expr<f64>, &Tensor<f64>)],
) -> Result<GradientErrors, Error> {
    check_gradient_to_order(cost, points, 2)
}

/// The same up to an order: with order 1 for a cost whose gradient has no gradient, such as one made of operations of one's own
/// that have only values and slopes. The error of the second order is 0 then.
///
/// # Errors
/// As [`check_gradient`].
///
/// # Panics
/// If the cost is not a scalar, or the order neither 1 nor 2.
#[track_caller]
pub fn check_gradient_to_order(
    cost: &Expr<f64>,
    points: &[(&Expr<f64>, &Tensor<f64>)],
    order: usize,
) -> Result<GradientErrors, Error> {
    assert!(matches!(order, 1 | 2), "check_gradient_to_order: order {order} is neither 1 nor 2");
    let inputs: Vec<Expr<f64>> = points.iter().map(|(input, _)| (*input).clone()).collect();
    // Directions are inputs too, of the same free dimensions.
    let like = |name: &str| inputs.iter().map(|x| Expr::input(name, x.shape())).collect::<Vec<Expr<f64>>>();
    let (v, u) = (like("v"), like("u"));
    let along = |slopes: &[Expr<f64>], direction: &[Expr<f64>]| {
        let terms = slopes.iter().zip(direction).map(|(slope, d)| (slope * d).sum_all());
        terms.reduce(|a, b| a + b).unwrap_or_else(|| Expr::scalar(0.0))
    };
    let along_v = along(&grad(cost, &inputs), &v);
    let curvature = match order {
        1 => Expr::scalar(0.0),
        _ => along(&grad(&along_v, &inputs), &u),
    };
    let all = inputs.iter().chain(&v).chain(&u);
    let mut f = Function::new(all, [cost, &along_v, &curvature])?;
    let mut errors = GradientErrors { first: 0.0, second: 0.0 };
    for direction in 0..DIRECTIONS {
        let v: Vec<Tensor<f64>> = unit_direction(points, 2 * direction);
        let u: Vec<Tensor<f64>> = unit_direction(points, 2 * direction + 1);
        let mut at = |direction: &[Tensor<f64>], step: f64| -> Result<[f64; 3], Error> {
            let moved: Vec<Tensor<f64>> =
                points.iter().zip(direction).map(|((_, x), d)| *x + &(d * step)).collect();
            f.set_call(0);
            let values = f.call(&moved.iter().chain(&v).chain(&u).collect::<Vec<_>>())?;
            Ok([values[0].item(), values[1].item(), values[2].item()])
        };
        let here = at(&v, 0.0)?;
        let first = richardson(|h| Ok((at(&v, h)?[0] - at(&v, -h)?[0]) / (2.0 * h)))?;
        errors.first = errors.first.max(relative(here[1], first, here[0]));
        if order == 2 {
            let second = richardson(|h| Ok((at(&u, h)?[1] - at(&u, -h)?[1]) / (2.0 * h)))?;
            errors.second = errors.second.max(relative(here[2], second, here[1]));
        }
    }
    Ok(errors)
}

/// Removes the h² and h⁴ errors of a central difference, from steps h, h/2 and h/4.
fn richardson(mut quotient: impl FnMut(f64) -> Result<f64, Error>) -> Result<f64, Error> {
    let h = 4e-3;
    let [a, b, c] = [quotient(h)?, quotient(h / 2.0)?, quotient(h / 4.0)?];
    let (ab, bc) = ((4.0 * b - a) / 3.0, (4.0 * c - b) / 3.0);
    Ok((16.0 * bc - ab) / 15.0)
}

fn relative(found: f64, expected: f64, scale: f64) -> f64 {
    if !found.is_finite() || !expected.is_finite() {
        return f64::INFINITY;
    }
    let floor = found.abs().max(expected.abs()).max(1e-3 * scale.abs()).max(1e-6);
    (found - expected).abs() / floor
}

/// Random numbers in the shapes of the points, together of length 1.
fn unit_direction(points: &[(&Expr<f64>, &Tensor<f64>)], stream: u64) -> Vec<Tensor<f64>> {
    let total: usize = points.iter().map(|(_, x)| x.len()).sum();
    let mut numbers = vec![0.0; total];
    random::fill_normal_par(0x6772_6164, stream, 0, &mut numbers);
    let length = numbers.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    let mut rest = numbers.as_slice();
    let take = |(_, x): &(&Expr<f64>, &Tensor<f64>)| {
        let (mine, others) = rest.split_at(x.len());
        rest = others;
        Tensor::new(x.shape(), mine.iter().map(|d| d / length).collect())
    };
    points.iter().map(take).collect()
}
