//! Reverse-mode differentiation: from an expression to the expressions of its gradient.

use std::collections::{HashMap, HashSet};

use crate::expr::{Key, all_untyped, topological};
use crate::{AnyExpr, Expr, Real};

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
pub fn grad<T: Real>(cost: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(cost.rank() == 0, "grad: the cost {cost:?} has shape {}, a scalar is needed", cost.shape());
    typed(pull_back(&cost.untyped(), &cost.ones_like().untyped(), &all_untyped(wrt)))
}

/// The product of a vector with the Jacobian of an expression of any shape: `vᵀ · ∂y/∂x` for each `x`, where `v` has the
/// shape of `y`.
///
/// # Panics
/// If the shapes of `y` and `v` differ.
#[track_caller]
pub fn vector_jacobian<T: Real>(y: &Expr<T>, v: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(y.shape() == v.shape(), "vector_jacobian: y has shape {}, v has {}", y.shape(), v.shape());
    typed(pull_back(&y.untyped(), &v.untyped(), &all_untyped(wrt)))
}

fn typed<T: Real>(gradients: Vec<AnyExpr>) -> Vec<Expr<T>> {
    gradients.iter().map(Expr::typed).collect()
}

fn pull_back(root: &AnyExpr, seed: &AnyExpr, wrt: &[AnyExpr]) -> Vec<AnyExpr> {
    let tape = topological(std::slice::from_ref(root));
    let targets: HashSet<Key> = wrt.iter().map(Expr::key).collect();
    // The nodes on a path to a target, each by the key of its first value.
    let mut active: HashSet<Key> = HashSet::new();
    let on_path = |active: &HashSet<Key>, value: &AnyExpr| active.contains(&value.node_key());
    for node in &tape {
        let is_target = values(node).any(|value| targets.contains(&value.key()));
        if is_target || node.inputs().iter().any(|input| on_path(&active, input)) {
            active.insert(node.key());
        }
    }

    let mut adjoints: HashMap<Key, AnyExpr> = HashMap::new();
    let receive = |adjoints: &mut HashMap<Key, AnyExpr>, value: &AnyExpr, part: AnyExpr| {
        debug_assert_eq!(value.value_type(), part.value_type(), "adjoint of {value:?}");
        let sum = match adjoints.remove(&value.key()) {
            Some(sum) => sum + part,
            None => part,
        };
        adjoints.insert(value.key(), sum);
    };
    receive(&mut adjoints, root, seed.clone());
    for node in tape.iter().rev().filter(|node| on_path(&active, node)) {
        let received: Vec<Option<AnyExpr>> =
            values(node).map(|value| adjoints.get(&value.key()).cloned()).collect();
        if received.iter().all(Option::is_none) || !node.inputs().iter().any(|input| on_path(&active, input))
        {
            continue;
        }
        let outputs: Vec<AnyExpr> = values(node).collect();
        let parts = node.op().rule().gradients(&received, node.inputs(), &outputs);
        for (input, part) in node.inputs().iter().zip(parts) {
            if let Some(part) = part
                && on_path(&active, input)
            {
                receive(&mut adjoints, input, part);
            }
        }
    }
    let zeros = |x: &AnyExpr| x.zeros_like();
    wrt.iter().map(|x| adjoints.get(&x.key()).cloned().unwrap_or_else(|| zeros(x))).collect()
}

/// All values of a node.
fn values(node: &AnyExpr) -> impl Iterator<Item = AnyExpr> {
    (0..node.types().len()).map(|output| node.sibling(output))
}
