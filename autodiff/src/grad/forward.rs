//! Forward mode: how values move when what they depend on moves.

use std::collections::HashMap;

use super::product::{Adjoint, part};
use super::{Inputs, sweep, tape, through, through_scan, values};
use crate::expr::Key;
use crate::expr::refusal::{difference, ensure};
use crate::ops::{Linearity, Op};
use crate::stabilise::Stabiliser;
use crate::substitute::replaced;
use crate::{AnyExpr, Expr, Real};

/// The product of the Jacobian of an expression with a vector, `Σ ∂y/∂x · t` over each `x` and its tangent `t`, of the shape of `x`: how
/// `y` moves when each `x` moves by its `t`. It is computed in forward mode, beside `y`: one more operation or two for
/// each of its own, however many elements `y` has.
///
/// ```
/// use bayeux_autodiff::{Expr, Function, jvp};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", [2]);
/// let t = Expr::<f64>::input("t", [2]);
/// let moved = jvp(&x.square(), &[x.clone()], &[t.clone()]);
/// let f = Function::new([&x, &t], [&moved])?;
/// let moved = f.call(&[&Tensor::from_slice(&[1.0, 2.0]), &Tensor::from_slice(&[10.0, 1.0])])?;
/// assert_eq!(moved[0].to_vec(), [20.0, 4.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Panics
/// If there are not as many tangents as expressions, or if their shapes differ.
#[track_caller]
#[must_use]
pub fn jvp<T: Real>(y: &Expr<T>, wrt: &[Expr<T>], tangents: &[Expr<T>]) -> Expr<T> {
    assert!(wrt.len() == tangents.len(), "jvp: {} tangents of {} expressions", tangents.len(), wrt.len());
    let given = wrt.iter().zip(tangents).map(|(x, t)| {
        ensure!(
            x.shape() == t.shape(),
            [x, t],
            "jvp: {x:?} has shape {}, its tangent {}{}",
            x.shape(),
            t.shape(),
            difference(x.shape(), t.shape())
        );
        (x.untyped(), Adjoint::chosen(t.untyped()))
    });
    push_forward(&y.untyped(), given.collect()).typed()
}

#[track_caller]
pub(super) fn push_forward(root: &AnyExpr, given: Vec<(AnyExpr, Adjoint)>) -> AnyExpr {
    let tangent = push(std::slice::from_ref(root), given).remove(0);
    tangent.map_or_else(|| root.zeros_like(), |tangent| tangent.value)
}

/// The forward sweep: from tangents of some expressions to those of the roots; `None` is 0.
#[track_caller]
pub(super) fn push(roots: &[AnyExpr], given: Vec<(AnyExpr, Adjoint)>) -> Vec<Option<Adjoint>> {
    let fixed: Vec<AnyExpr> = given.iter().map(|(x, _)| x.clone()).collect();
    let stable = Stabiliser::new(roots, &fixed);
    let roots: Vec<AnyExpr> = roots.iter().map(|root| stable.of(root)).collect();
    // What is fixed moves as its stable form does, and as it is told to.
    let inputs = |node: &AnyExpr| match stable.behind(node) {
        Some(behind) => Inputs::One([behind.clone()]),
        None => Inputs::All(node.clone()),
    };
    let mut tangents: HashMap<Key, Adjoint> = HashMap::new();
    let add = |tangents: &mut HashMap<Key, Adjoint>, to: Key, tangent: Adjoint| {
        let sum = match tangents.remove(&to) {
            Some(sum) => sum.plus(tangent),
            None => tangent,
        };
        tangents.insert(to, sum);
    };
    for (x, tangent) in given {
        add(&mut tangents, x.key(), tangent);
    }
    for node in tape(&roots, inputs) {
        let behind = inputs(&node);
        let moved: Vec<Option<Adjoint>> =
            behind.get().iter().map(|input| tangents.get(&input.key()).cloned()).collect();
        if moved.iter().all(Option::is_none) {
            continue;
        }
        let found = if stable.behind(&node).is_some() { moved } else { of_node(&node, &moved) };
        for (value, tangent) in values(&node).zip(found) {
            if let Some(tangent) = tangent {
                debug_assert_eq!(value.value_type(), tangent.value.value_type(), "tangent of {value:?}");
                add(&mut tangents, value.key(), tangent);
            }
        }
    }
    roots.iter().map(|root| tangents.get(&root.key()).cloned()).collect()
}

/// The tangents of a node's values, from those of its inputs.
#[track_caller]
fn of_node(node: &AnyExpr, moved: &[Option<Adjoint>]) -> Vec<Option<Adjoint>> {
    if node.types().iter().all(|of| !of.element.is_float()) {
        return vec![None; node.types().len()];
    }
    match node.op() {
        Op::StopGradient(_) => vec![None],
        // A diagonal Jacobian is its own transpose, so that the rule of the adjoint is that of the tangent.
        Op::Unary(_) | Op::Binary(_) => {
            let parts = moved.iter().enumerate();
            let parts = parts.filter_map(|(i, tangent)| part(tangent.as_ref()?, node.inputs(), node, i));
            vec![parts.reduce(Adjoint::plus)]
        }
        Op::Select(_) => {
            let branch = |i: usize| match &moved[i] {
                Some(tangent) => tangent.value.clone(),
                None => node.zeros_like(),
            };
            let condition = node.inputs()[0].typed();
            vec![Some(Adjoint::chosen(Expr::select(&condition, &branch(1), &branch(2))))]
        }
        Op::Call(call) => through::tangents(call, moved, node),
        Op::Scan(scan) => through_scan::tangents(scan, moved, node),
        op => match op.rule().linearity() {
            Linearity::Joint => linear(node, moved, |i| node.inputs()[i].element_type().is_float()),
            Linearity::Each(factors) => {
                let parts = factors.iter().filter(|&&i| moved[i].is_some());
                let parts = parts.map(|&i| linear(node, moved, |k| k == i));
                parts.reduce(sum).unwrap_or_else(|| vec![None; node.types().len()])
            }
            Linearity::Unknown => {
                let rule = op.rule();
                transposed(node, moved, |seeds, inputs, outputs| rule.gradients(seeds, inputs, outputs))
            }
        },
    }
}

fn sum(a: Vec<Option<Adjoint>>, b: Vec<Option<Adjoint>>) -> Vec<Option<Adjoint>> {
    let sum = |(a, b): (Option<Adjoint>, Option<Adjoint>)| a.into_iter().chain(b).reduce(Adjoint::plus);
    a.into_iter().zip(b).map(sum).collect()
}

/// The operation itself on the tangents of some inputs, with the others as they are.
fn linear(node: &AnyExpr, moved: &[Option<Adjoint>], moves: impl Fn(usize) -> bool) -> Vec<Option<Adjoint>> {
    let input = |(i, input): (usize, &AnyExpr)| match (&moved[i], moves(i)) {
        (Some(tangent), true) => tangent.value.clone(),
        (None, true) => input.zeros_like(),
        _ => input.clone(),
    };
    let values = node.on(node.inputs().iter().enumerate().map(input).collect());
    let of = |value: AnyExpr| value.element_type().is_float().then(|| Adjoint::chosen(value));
    values.into_iter().map(of).collect()
}

/// The tangents by transposing the rule of the adjoints, which is linear in them (Radul et al. 2022, arXiv:2204.10923, the other
/// way round): ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, whose slope by v is J u.
#[track_caller]
pub(super) fn transposed(
    node: &AnyExpr,
    moved: &[Option<Adjoint>],
    rule: impl Fn(&[Option<AnyExpr>], &[AnyExpr], &[AnyExpr]) -> Vec<Option<AnyExpr>>,
) -> Vec<Option<Adjoint>> {
    // In terms of parameters, so that nothing behind the node is walked.
    let given: Vec<AnyExpr> = node.inputs().iter().cloned().chain(values(node)).collect();
    let parameters: Vec<AnyExpr> = given.iter().map(AnyExpr::parameter_like).collect();
    let (inputs, outputs) = parameters.split_at(node.inputs().len());
    let seeds: Vec<Option<AnyExpr>> =
        outputs.iter().map(|y| y.element_type().is_float().then(|| AnyExpr::parameter_like(y))).collect();
    let parts = rule(&seeds, inputs, outputs).into_iter().zip(moved);
    let parts = parts.filter_map(|(part, tangent)| Some((part?, tangent.clone()?))).collect();
    let wrt: Vec<AnyExpr> = seeds.iter().flatten().cloned().collect();
    let mut slopes = sweep(parts, &wrt).into_iter();
    let slopes: Vec<Option<Adjoint>> =
        seeds.iter().map(|seed| seed.as_ref().and_then(|_| slopes.next()?)).collect();
    let values: Vec<AnyExpr> = slopes.iter().flatten().map(|slope| slope.value.clone()).collect();
    // A rule that somebody has made may not be linear in the adjoints; then it is taken as it is near 0.
    let zeros = seeds.iter().flatten().map(|seed| (seed.key(), seed.zeros_like()));
    let arguments = parameters.iter().map(AnyExpr::key).zip(given).chain(zeros).collect();
    let mut values = replaced(&values, arguments).into_iter();
    let mut known = |slope: Adjoint| Some(slope.with(values.next()?));
    slopes.into_iter().map(|slope| known(slope?)).collect()
}
