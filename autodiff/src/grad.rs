//! Reverse-mode differentiation: from an expression to the expressions of its gradient.

use std::collections::{HashMap, HashSet};

use bayeux_tensor::Float;

use crate::Expr;
use crate::expr::{Key, topological};

/// The gradient of a scalar with respect to expressions, leaves or inner ones: for each an expression of its shape.
///
/// The tape is walked from the cost backwards, each node handing its adjoint on to its inputs by the rule of its op, and
/// adjoints that meet are added. What the cost does not depend on gets zeros. The result is again made of expressions,
/// so a gradient has gradients.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, grad};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", ());
/// let y = x.square() * &x;
/// let slope = grad(&y, &[x.clone()]).remove(0);
/// let curvature = grad(&slope, &[x.clone()]).remove(0);
/// let f = Function::new([&x], [&slope, &curvature])?;
/// let values = f.call(&[&Tensor::scalar(2.0)])?;
/// assert_eq!((values[0].item(), values[1].item()), (12.0, 12.0));
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
pub fn grad<T: Float>(cost: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(cost.rank() == 0, "grad: the cost {cost:?} has shape {}, a scalar is needed", cost.shape());
    pull_back(&[(cost.clone(), Expr::ones(()))], wrt)
}

/// The product of a vector with the Jacobian of an expression of any shape: `vᵀ · ∂y/∂x` for each `x`, where `v` has the
/// shape of `y`.
///
/// # Panics
/// If the shapes of `y` and `v` differ.
#[track_caller]
pub fn vector_jacobian<T: Float>(y: &Expr<T>, v: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(y.shape() == v.shape(), "vector_jacobian: y has shape {}, v has {}", y.shape(), v.shape());
    pull_back(&[(y.clone(), v.clone())], wrt)
}

fn pull_back<T: Float>(seeds: &[(Expr<T>, Expr<T>)], wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    let roots: Vec<Expr<T>> = seeds.iter().map(|(root, _)| root.clone()).collect();
    let tape = topological(&roots);
    let targets: HashSet<Key> = wrt.iter().map(Expr::key).collect();
    let mut active: HashSet<Key> = HashSet::new();
    for node in &tape {
        if targets.contains(&node.key()) || node.inputs().iter().any(|input| active.contains(&input.key())) {
            active.insert(node.key());
        }
    }

    let mut adjoints: HashMap<Key, Expr<T>> = HashMap::new();
    let receive = |adjoints: &mut HashMap<Key, Expr<T>>, node: &Expr<T>, part: Expr<T>| {
        debug_assert_eq!(node.shape(), part.shape(), "adjoint of {node:?}");
        let sum = match adjoints.remove(&node.key()) {
            Some(sum) => sum + part,
            None => part,
        };
        adjoints.insert(node.key(), sum);
    };
    for (root, seed) in seeds {
        receive(&mut adjoints, root, seed.clone());
    }
    for node in tape.iter().rev().filter(|node| active.contains(&node.key())) {
        let Some(adjoint) = adjoints.get(&node.key()).cloned() else { continue };
        if node.inputs().iter().all(|input| !active.contains(&input.key())) {
            continue;
        }
        let parts = node.op().rule().gradient(&adjoint, node.inputs(), node);
        for (input, part) in node.inputs().iter().zip(parts) {
            if let Some(part) = part
                && active.contains(&input.key())
            {
                receive(&mut adjoints, input, part);
            }
        }
    }
    let zeros = |x: &Expr<T>| Expr::zeros(x.shape());
    wrt.iter().map(|x| adjoints.get(&x.key()).cloned().unwrap_or_else(|| zeros(x))).collect()
}
