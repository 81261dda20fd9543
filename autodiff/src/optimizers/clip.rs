//! Limits of gradients.

use bayeux_tensor::Float;

use crate::Expr;

/// Gradients scaled down together, where needed, so that the Euclidean norm of all of them is at most `limit`
/// (Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks").
///
/// ```
/// use bayeux_autodiff::optimizers::clip_norm;
/// use bayeux_autodiff::{Expr, Function};
/// let g = [Expr::<f64>::full([4], 3.0), Expr::full([7], 4.0)]; // norm √(4·9 + 7·16) = √148
/// let clipped = clip_norm(&g, 1.0);
/// let values = Function::new([], [&clipped[0]])?.call(&[])?;
/// assert!((values[0].get(&[0]) - 3.0 / 148f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
pub fn clip_norm<T: Float>(gradients: &[Expr<T>], limit: f64) -> Vec<Expr<T>> {
    // In parts of the largest, whose squares neither overflow nor all vanish.
    let largest = gradients.iter().map(|g| g.abs().max_all()).reduce(|a, b| a.maximum(&b));
    let Some(largest) = largest else { return Vec::new() };
    let largest = largest.maximum(&Expr::scalar(T::MIN_POSITIVE.to_f64()));
    let squares = gradients.iter().map(|g| (g / &largest).square().sum_all());
    let Some(total) = squares.reduce(|a, b| a + b) else { return Vec::new() };
    let scale = (limit / largest / total.sqrt()).minimum(&Expr::scalar(1.0));
    gradients.iter().map(|g| g * &scale).collect()
}
