//! Whole Jacobians and Hessians, and their products with vectors.

use std::collections::HashMap;

use super::forward::{jvp, push_forward};
use super::product::Adjoint;
use super::{grad, pull_back};
use crate::expr::all_untyped;
use crate::vmap::batched;
use crate::{AnyExpr, Expr, Real};

/// The derivative of each element of `y` by each element of each of some expressions: for each an expression of the shape of `y`
/// followed by its own.
///
/// All rows are computed at once: one reverse sweep for a stack of as many adjoints as `y` has elements; or, where `x` has fewer, one
/// forward sweep for a stack of tangents. See [`vmap`](crate::vmap()).
///
/// ```
/// use bayeux_autodiff::{Expr, Function, jacobian};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", [3]);
/// let y = x.slice(0, 1..).square() * x.slice(0, ..-1);
/// let f = Function::new([&x], [jacobian(&y, &[x.clone()]).remove(0)])?;
/// let slopes = f.call(&[&Tensor::from_slice(&[2.0, 3.0, 5.0])])?;
/// assert_eq!(slopes[0], Tensor::new([2, 3], vec![9.0, 12.0, 0.0, 0.0, 25.0, 30.0]));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[track_caller]
#[must_use]
pub fn jacobian<T: Real>(y: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    let y = y.untyped();
    let is_smaller = |x: &AnyExpr| match (x.shape().len().size(), y.shape().len().size()) {
        (Some(x), Some(y)) => x < y,
        _ => false,
    };
    let wrt = all_untyped(wrt);
    let larger: Vec<AnyExpr> = wrt.iter().filter(|x| !is_smaller(x)).cloned().collect();
    let mut rows = by_rows(&y, &larger).into_iter();
    let whole = |x: &AnyExpr| if is_smaller(x) { Some(by_columns(&y, x)) } else { rows.next() };
    wrt.iter().filter_map(whole).map(|jacobian| jacobian.typed()).collect()
}

/// Unit vectors in the shape of an expression, one behind the other.
fn units(like: &AnyExpr) -> AnyExpr {
    let n = like.shape().len();
    let shape: Vec<_> = [&n].into_iter().chain(like.shape().dims()).cloned().collect();
    Expr::<bool>::eye(n).cast_like(like).reshape(shape)
}

fn by_rows(y: &AnyExpr, wrt: &[AnyExpr]) -> Vec<AnyExpr> {
    if wrt.is_empty() {
        return Vec::new();
    }
    let adjoint = AnyExpr::parameter_like(y);
    let slopes = pull_back(y, adjoint.clone(), wrt);
    let stacks = HashMap::from([(adjoint.key(), units(y))]);
    let stacks = batched(&slopes, stacks, &y.shape().len(), |_| false);
    let whole = |(stack, x): (AnyExpr, &AnyExpr)| {
        stack.reshape(y.shape().dims().iter().chain(x.shape().dims()).cloned().collect::<Vec<_>>())
    };
    stacks.into_iter().zip(wrt).map(whole).collect()
}

fn by_columns(y: &AnyExpr, x: &AnyExpr) -> AnyExpr {
    let tangent = AnyExpr::parameter_like(x);
    let moved = push_forward(y, vec![(x.clone(), Adjoint::new(tangent.clone()))]);
    let stacks = HashMap::from([(tangent.key(), units(x))]);
    let stack = batched(&[moved], stacks, &x.shape().len(), |_| false).remove(0);
    // The axes of x come last.
    let last: Vec<usize> = (1..stack.rank()).chain([0]).collect();
    let shape: Vec<_> = y.shape().dims().iter().chain(x.shape().dims()).cloned().collect();
    stack.transpose(&last).reshape(shape)
}

/// The second derivatives of a scalar: an expression of the shape of `x` twice over.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, hessian};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", [2]);
/// let cost = x.slice(0, 0..1).square().sum_all() * x.sum_all();
/// let f = Function::new([&x], [hessian(&cost, &x)])?;
/// let curvature = f.call(&[&Tensor::from_slice(&[1.0, 2.0])])?;
/// assert_eq!(curvature[0], Tensor::new([2, 2], vec![10.0, 2.0, 2.0, 0.0]));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
#[must_use]
pub fn hessian<T: Real>(cost: &Expr<T>, x: &Expr<T>) -> Expr<T> {
    let slope = grad(cost, std::slice::from_ref(x)).remove(0);
    jacobian(&slope, std::slice::from_ref(x)).remove(0)
}

/// The product of the matrix of a scalar's second derivatives with a vector, without that matrix: how the gradient moves when each
/// `x` moves by its `v`. It is the gradient in forward mode (forward over reverse; Pearlmutter
/// 1994).
///
/// # Panics
/// If the cost is not a scalar, if there are not as many vectors as expressions, or if their shapes differ.
#[track_caller]
#[must_use]
pub fn hessian_vector<T: Real>(cost: &Expr<T>, wrt: &[Expr<T>], v: &[Expr<T>]) -> Vec<Expr<T>> {
    grad(cost, wrt).iter().map(|slope| jvp(slope, wrt, v)).collect()
}

/// The linear map that an expression is close to its arguments' present values: from tangents of these to that of `y`, see [`jvp`].
/// Where it is used several times, what the map itself needs is computed once.
///
/// ```
/// use bayeux_autodiff::{Expr, linearize};
/// let x = Expr::<f64>::input("x", [2]);
/// let map = linearize(&x.tanh(), &[x.clone()]);
/// let (a, b) = (Expr::input("a", [2]), Expr::input("b", [2]));
/// let moved = map(&[a]) + map(&[b]);
/// # let _ = moved;
/// ```
#[track_caller]
pub fn linearize<T: Real>(y: &Expr<T>, wrt: &[Expr<T>]) -> impl Fn(&[Expr<T>]) -> Expr<T> + use<T> {
    let (y, wrt) = (y.clone(), wrt.to_vec());
    let parameters: Vec<Expr<T>> =
        wrt.iter().map(|x| AnyExpr::parameter_like(&x.untyped()).typed()).collect();
    let moved = jvp(&y, &wrt, &parameters);
    #[track_caller]
    fn at<T: Real>(moved: &Expr<T>, parameters: &[Expr<T>], tangents: &[Expr<T>]) -> Expr<T> {
        assert!(
            parameters.len() == tangents.len(),
            "linearize: {} tangents of {} expressions",
            tangents.len(),
            parameters.len()
        );
        let pairs: Vec<_> = parameters.iter().zip(tangents).collect();
        Expr::substitute(std::slice::from_ref(moved), &pairs).remove(0)
    }
    move |tangents| at(&moved, &parameters, tangents)
}
