//! Reverse-mode differentiation: from an expression to the expressions of its gradient.

pub(crate) mod forward;
pub(crate) mod jacobian;
mod product;
#[cfg(test)]
mod tests;
mod through;
mod through_scan;

use std::collections::{HashMap, HashSet};

use crate::expr::refusal::{difference, ensure};
use crate::expr::{Key, all_untyped};
use crate::ops::Op;
use crate::stabilise::Stabiliser;
use crate::{AnyExpr, Error, Expr, Real};
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
    ensure!(
        cost.rank() == 0,
        [cost],
        "grad: the cost {cost:?} has shape {}, a scalar is needed",
        cost.shape()
    );
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

/// The gradient as [`grad`] gives it, if the cost depends on all of the expressions.
///
/// # Errors
/// [`Error::Disconnected`] with the name of one that the cost does not depend on, or only through something that has no slope, such
/// as rounding, comparisons or positions: there [`grad`] gives zeros.
///
/// ```
/// use bayeux_autodiff::{Expr, grad_connected};
/// let (x, y) = (Expr::<f64>::input("x", ()), Expr::<f64>::input("y", ()));
/// let error = grad_connected(&x.square(), &[x.clone(), y]).unwrap_err();
/// assert_eq!(error.to_string(), "the cost does not depend on `y`");
/// assert!(grad_connected(&x.floor(), &[x.clone()]).is_err());
/// ```
///
/// # Panics
/// If the cost is not a scalar.
#[track_caller]
pub fn grad_connected<T: Real>(cost: &Expr<T>, wrt: &[Expr<T>]) -> Result<Vec<Expr<T>>, Error> {
    ensure!(
        cost.rank() == 0,
        [cost],
        "grad_connected: the cost {cost:?} has shape {}, a scalar is needed",
        cost.shape()
    );
    let mut ends = Vec::new();
    let seed = Adjoint::new(cost.ones_like().untyped());
    let adjoints = sweep_noting(vec![(cost.untyped(), seed)], &all_untyped(wrt), &mut ends);
    let of = |(x, adjoint): (&Expr<T>, Option<Adjoint>)| match adjoint {
        Some(adjoint) => Ok(adjoint.value.typed()),
        None => {
            let why = why_none(&x.untyped(), &ends).and_then(|why| Some(why.split_once(": ")?.1.to_string()));
            Err(Error::Disconnected(format!("{x:?}"), why.map(|why| format!(": {why}")).unwrap_or_default()))
        }
    };
    wrt.iter().zip(adjoints).map(of).collect()
}

/// What some expressions receive when others have received known gradients: the sum over all of these of `gᵀ · ∂y/∂x`, for a cost that
/// is computed elsewhere (Theano's `known_grads`).
///
/// # Panics
/// If the shapes of a pair differ.
#[track_caller]
#[must_use]
pub fn grad_from<T: Real>(known: &[(&Expr<T>, &Expr<T>)], wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    let roots = known.iter().map(|(y, g)| {
        ensure!(
            y.shape() == g.shape(),
            [y, g],
            "grad_from: {y:?} has shape {}, its gradient {}{}",
            y.shape(),
            g.shape(),
            difference(y.shape(), g.shape())
        );
        (y.untyped(), Adjoint::new(g.untyped()))
    });
    typed(pull_all_back(roots.collect(), &all_untyped(wrt)))
}

/// The product of a vector with the Jacobian of an expression of any shape: `vᵀ · ∂y/∂x` for each `x`, where `v` has the
/// shape of `y`. What [`grad`] says of stable forms and of zeros holds here too.
///
/// # Panics
/// If the shapes of `y` and `v` differ.
#[track_caller]
#[must_use]
pub fn vjp<T: Real>(y: &Expr<T>, v: &Expr<T>, wrt: &[Expr<T>]) -> Vec<Expr<T>> {
    ensure!(
        y.shape() == v.shape(),
        [y, v],
        "vjp: y has shape {}, v has {}{}",
        y.shape(),
        v.shape(),
        difference(y.shape(), v.shape())
    );
    typed(pull_back(&y.untyped(), v.untyped(), &all_untyped(wrt)))
}

fn typed<T: Real>(gradients: Vec<AnyExpr>) -> Vec<Expr<T>> {
    gradients.iter().map(Expr::typed).collect()
}

#[track_caller]
fn pull_back(root: &AnyExpr, seed: AnyExpr, wrt: &[AnyExpr]) -> Vec<AnyExpr> {
    pull_all_back(vec![(root.clone(), Adjoint::new(seed))], wrt)
}

#[track_caller]
fn pull_all_back(roots: Vec<(AnyExpr, Adjoint)>, wrt: &[AnyExpr]) -> Vec<AnyExpr> {
    let mut ends = Vec::new();
    let adjoints = sweep_noting(roots, wrt, &mut ends);
    let zeros = |x: &AnyExpr| match why_none(x, &ends) {
        Some(why) => x.zeros_like().named(&why),
        None => x.zeros_like(),
    };
    let of =
        |(x, adjoint): (&AnyExpr, Option<Adjoint>)| adjoint.map_or_else(|| zeros(x), |adjoint| adjoint.value);
    wrt.iter().zip(adjoints).map(of).collect()
}

/// With what names of zeros begin that stand for a gradient which there is none of.
pub(crate) const NO_GRADIENT: &str = "no gradient of ";

/// What a gradient that is zero is called, if all paths end where something has no slope.
fn why_none(x: &AnyExpr, ends: &[AnyExpr]) -> Option<String> {
    let of = |node: &AnyExpr| {
        let place = node.place().map(|place| format!(" ({place})")).unwrap_or_default();
        format!("{}{place}", node.op().rule().name())
    };
    let mut names: Vec<String> = ends.iter().map(of).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| format!("{NO_GRADIENT}{x:?}: its paths end at {}", names.join(", ")))
}

/// The reverse sweep, from roots with their adjoints to the adjoints of other expressions; `None` is 0.
#[track_caller]
fn sweep(roots: Vec<(AnyExpr, Adjoint)>, wrt: &[AnyExpr]) -> Vec<Option<Adjoint>> {
    sweep_noting(roots, wrt, &mut Vec::new())
}

/// The same, which notes the nodes on a path that pass nothing on because they have no slope.
#[track_caller]
fn sweep_noting(
    roots: Vec<(AnyExpr, Adjoint)>,
    wrt: &[AnyExpr],
    ends: &mut Vec<AnyExpr>,
) -> Vec<Option<Adjoint>> {
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
        let has_end = |(input, part): (&AnyExpr, &Option<Adjoint>)| part.is_none() && on_path(&active, input);
        let stops = matches!(node.op(), Op::StopGradient(_));
        if !stops && inputs.iter().zip(&parts).any(has_end) {
            ends.push(node.clone());
        }
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
