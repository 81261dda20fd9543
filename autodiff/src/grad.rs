//! Reverse-mode differentiation: from an expression to the expressions of its gradient.

pub(crate) mod forward;
pub(crate) mod jacobian;
mod product;
#[cfg(test)]
mod tests;
mod through;
mod through_scan;

use std::collections::{HashMap, HashSet};

use crate::expr::{Key, all_untyped};
use crate::ops::Op;
use crate::stabilise::Stabiliser;
use crate::{AnyExpr, Expr, Real};
use product::{Adjoint, parts};

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
/// # Stable forms
///
/// What is differentiated is the stable form of the cost: ln(1 + eˣ) as softplus x, ln softmax x as log_softmax x, and so on, also
/// where a reshape, a transpose, a slice, a choice or a one-hot product lies between. An expression with respect to which the
/// gradient is taken stays as it is, and nothing is rewritten across it. An inner expression that was not named in the first
/// gradient may be missing from it, so that a second gradient with respect to it finds less: name it in both.
///
/// ```
/// # use bayeux_autodiff::{Expr, Function, grad};
/// # use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", ());
/// let slope = grad(&(1.0 + x.exp()).ln(), &[x.clone()]).remove(0);
/// assert_eq!(Function::new([&x], [&slope])?.call(&[&Tensor::scalar(750.0)])?[0].item(), 1.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Nothing times infinity
///
/// In the reverse sweep 0 · ∞ = 0 and 0 · NaN = 0, where ordinary products give NaN: a branch that was not taken, an element that
/// was not chosen and a mask's 0 pass nothing on, however steep or undefined what lies behind them is there.
/// So select(u > 0, √u, 0) has the slope 0 at u = 0, and the length √Σw² has the slope 0 at w = 0. Where nothing annihilates it
/// an infinite slope stays infinite: that of √u at 0. The sums inside matrix products and convolutions, and ops of users, are
/// computed with ordinary products.
///
/// ```
/// # use bayeux_autodiff::{Expr, Function, grad};
/// # use bayeux_tensor::Tensor;
/// let w = Expr::<f64>::input("w", [3]);
/// let length = w.square().sum_all().sqrt();
/// let slope = grad(&length, &[w.clone()]).remove(0);
/// assert_eq!(Function::new([&w], [&slope])?.call(&[&Tensor::zeros([3])])?[0].to_vec(), [0.0; 3]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
#[must_use]
pub fn grad<T: Real>(cost: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(cost.rank() == 0, "grad: the cost {cost:?} has shape {}, a scalar is needed", cost.shape());
    typed(pull_back(&cost.untyped(), cost.ones_like().untyped(), &all_untyped(wrt)))
}

/// A scalar beside its gradient, see [`grad`].
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
#[must_use]
pub fn value_and_grad<T: Real>(cost: &Expr<T>, wrt: &[Expr<T>]) -> (Expr<T>, Vec<Expr<T>>) {
    (cost.clone(), grad(cost, wrt))
}

/// The product of a vector with the Jacobian of an expression of any shape: `vᵀ · ∂y/∂x` for each `x`, where `v` has the
/// shape of `y`. What [`grad`] says of stable forms and of zeros holds here too.
///
/// # Panics
/// If the shapes of `y` and `v` differ.
#[track_caller]
#[must_use]
pub fn vjp<T: Real>(y: &Expr<T>, v: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    assert!(y.shape() == v.shape(), "vjp: y has shape {}, v has {}", y.shape(), v.shape());
    typed(pull_back(&y.untyped(), v.untyped(), &all_untyped(wrt)))
}

fn typed<T: Real>(gradients: Vec<AnyExpr>) -> Vec<Expr<T>> {
    gradients.iter().map(Expr::typed).collect()
}

#[track_caller]
fn pull_back(root: &AnyExpr, seed: AnyExpr, wrt: &[AnyExpr]) -> Vec<AnyExpr> {
    let adjoints = sweep(vec![(root.clone(), Adjoint::new(seed))], wrt);
    wrt.iter()
        .zip(adjoints)
        .map(|(x, adjoint)| adjoint.map_or_else(|| x.zeros_like(), |adjoint| adjoint.value))
        .collect()
}

/// The reverse sweep, from roots with their adjoints to the adjoints of other expressions; `None` is 0.
#[track_caller]
fn sweep(roots: Vec<(AnyExpr, Adjoint)>, wrt: &[AnyExpr]) -> Vec<Option<Adjoint>> {
    let (roots, seeds): (Vec<AnyExpr>, Vec<Adjoint>) = roots.into_iter().unzip();
    let stable = Stabiliser::new(&roots, wrt);
    let roots: Vec<AnyExpr> = roots.iter().map(|root| stable.of(root)).collect();
    // What is fixed hands its adjoint as it is to its stable form.
    let inputs = |node: &AnyExpr| match stable.behind(node) {
        Some(behind) => Inputs::One([behind.clone()]),
        None => Inputs::All(node.clone()),
    };
    let tape = tape(&roots, inputs);
    let targets: HashSet<Key> = wrt.iter().map(Expr::key).collect();
    // The nodes on a path to a target, each by the key of its first value.
    let mut active: HashSet<Key> = HashSet::new();
    let on_path = |active: &HashSet<Key>, value: &AnyExpr| active.contains(&value.node_key());
    for node in &tape {
        let is_target = values(node).any(|value| targets.contains(&value.key()));
        if is_target || inputs(node).get().iter().any(|input| on_path(&active, input)) {
            active.insert(node.key());
        }
    }

    let mut adjoints: HashMap<Key, Adjoint> = HashMap::new();
    for (root, seed) in roots.iter().zip(seeds) {
        add(&mut adjoints, root.key(), seed);
    }
    for node in tape.iter().rev().filter(|node| on_path(&active, node)) {
        let received: Vec<Option<Adjoint>> =
            values(node).map(|value| adjoints.get(&value.key()).cloned()).collect();
        let inputs = inputs(node);
        let inputs = inputs.get();
        if received.iter().all(Option::is_none) || !inputs.iter().any(|input| on_path(&active, input)) {
            continue;
        }
        let parts = match (stable.behind(node), node.op(), received.as_slice()) {
            (Some(_), _, _) => received,
            (None, Op::Call(call), _) => through::parts(call, &received, node),
            (None, Op::Scan(scan), _) => through_scan::parts(scan, &received, node),
            (None, _, [Some(adjoint)]) => parts(adjoint, inputs, node),
            (None, _, _) => {
                let received: Vec<Option<AnyExpr>> =
                    received.into_iter().map(|adjoint| Some(adjoint?.value)).collect();
                let outputs: Vec<AnyExpr> = values(node).collect();
                let parts = node.op().rule().gradients(&received, inputs, &outputs);
                parts.into_iter().map(|part| part.map(Adjoint::chosen)).collect()
            }
        };
        for (input, part) in inputs.iter().zip(parts) {
            if let Some(part) = part
                && on_path(&active, input)
            {
                debug_assert_eq!(input.value_type(), part.value.value_type(), "adjoint of {input:?}");
                add(&mut adjoints, input.key(), part);
            }
        }
    }
    wrt.iter().map(|x| adjoints.get(&x.key()).cloned()).collect()
}

fn add(adjoints: &mut HashMap<Key, Adjoint>, to: Key, part: Adjoint) {
    let sum = match adjoints.remove(&to) {
        Some(sum) => sum.plus(part),
        None => part,
    };
    adjoints.insert(to, sum);
}

/// All values of a node.
fn values(node: &AnyExpr) -> impl Iterator<Item = AnyExpr> {
    (0..node.types().len()).map(|output| node.sibling(output))
}

/// What hands its value to a node: its stable form, or all its inputs.
enum Inputs {
    One([AnyExpr; 1]),
    All(AnyExpr),
}

impl Inputs {
    fn get(&self) -> &[AnyExpr] {
        match self {
            Inputs::One(one) => one,
            Inputs::All(node) => node.inputs(),
        }
    }
}

/// Every node the roots need, inputs before their readers; each is given as its first value.
fn tape(roots: &[AnyExpr], inputs: impl Fn(&AnyExpr) -> Inputs) -> Vec<AnyExpr> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<(AnyExpr, usize)> = roots.iter().rev().map(|root| (root.sibling(0), 0)).collect();
    while let Some((node, next)) = stack.pop() {
        if next == 0 && !seen.insert(node.key()) {
            continue;
        }
        match inputs(&node).get().get(next).map(|input| input.sibling(0)) {
            Some(input) => {
                stack.push((node, next + 1));
                stack.push((input, 0));
            }
            None => order.push(node),
        }
    }
    order
}
