//! The reverse sweep through a lambda: the slopes are a lambda too, which computes the values again.

use super::forward::{push, transposed};
use super::product::Adjoint;
use super::sweep;
use crate::AnyExpr;
use crate::expr::refusal::ensure;
use crate::lambda::Lambda;
use crate::ops::{Call, How};

/// What the arguments of a call receive, if its values have received so much.
#[track_caller]
pub(super) fn parts(call: &Call, received: &[Option<Adjoint>], node: &AnyExpr) -> Vec<Option<Adjoint>> {
    match &call.how {
        How::Apart => again(&call.lambda, received, node.inputs()),
        How::With(rule) => {
            let [Some(g)] = received else { unreachable!("it has one value, which is on the path") };
            let parts = rule(&g.value, node.inputs(), node);
            for (part, input) in parts.iter().zip(node.inputs()) {
                if let Some(part) = part {
                    let (found, wanted) = (part.value_type(), input.value_type());
                    ensure!(
                        found == wanted,
                        [part, input],
                        "custom_gradient: {part:?} of {found} for {input:?} of {wanted}"
                    );
                }
            }
            parts.into_iter().map(|part| part.map(Adjoint::chosen)).collect()
        }
    }
}

fn again(lambda: &Lambda, received: &[Option<Adjoint>], arguments: &[AnyExpr]) -> Vec<Option<Adjoint>> {
    let mut parameters: Vec<AnyExpr> = lambda.parameters().iter().map(AnyExpr::parameter_like).collect();
    let mut arguments = arguments.to_vec();
    let values = lambda.apply(&parameters);
    let wrt = parameters.clone();
    let mut seeds = Vec::new();
    for (value, adjoint) in values.iter().zip(received) {
        if let Some(adjoint) = adjoint {
            let parameter = AnyExpr::parameter_like(&adjoint.value);
            seeds.push((value.clone(), adjoint.with(parameter.clone())));
            parameters.push(parameter);
            arguments.push(adjoint.value.clone());
        }
    }
    let floats: Vec<AnyExpr> = wrt.iter().filter(|x| x.element_type().is_float()).cloned().collect();
    let mut slopes = sweep(seeds, &floats).into_iter();
    let slopes: Vec<Option<Adjoint>> =
        wrt.iter().map(|x| if x.element_type().is_float() { slopes.next()? } else { None }).collect();
    let body: Vec<AnyExpr> = slopes.iter().flatten().map(|slope| slope.value.clone()).collect();
    if body.is_empty() {
        return slopes;
    }
    let mut parts = Call::values(Lambda::new(parameters, body), How::Apart, arguments).into_iter();
    let mut part = |slope: Adjoint| Some(slope.with(parts.next()?));
    slopes.into_iter().map(|slope| part(slope?)).collect()
}

/// The tangents of a call's values, from those of its arguments.
#[track_caller]
pub(super) fn tangents(call: &Call, moved: &[Option<Adjoint>], node: &AnyExpr) -> Vec<Option<Adjoint>> {
    match &call.how {
        How::Apart => beside(&call.lambda, moved, node.inputs()),
        How::With(rule) => transposed(node, moved, |seeds, inputs, outputs| match seeds {
            [Some(g)] => rule(g, inputs, &outputs[0]),
            _ => inputs.iter().map(|_| None).collect(),
        }),
    }
}

/// The tangents are a lambda too, which computes the values on its way.
fn beside(lambda: &Lambda, moved: &[Option<Adjoint>], arguments: &[AnyExpr]) -> Vec<Option<Adjoint>> {
    let mut parameters: Vec<AnyExpr> = lambda.parameters().iter().map(AnyExpr::parameter_like).collect();
    let mut arguments = arguments.to_vec();
    let values = lambda.apply(&parameters);
    let mut given = Vec::new();
    for (i, tangent) in moved.iter().enumerate() {
        if let Some(tangent) = tangent {
            let parameter = AnyExpr::parameter_like(&tangent.value);
            given.push((parameters[i].clone(), tangent.with(parameter.clone())));
            parameters.push(parameter);
            arguments.push(tangent.value.clone());
        }
    }
    let tangents = push(&values, given);
    let body: Vec<AnyExpr> = tangents.iter().flatten().map(|tangent| tangent.value.clone()).collect();
    if body.is_empty() {
        return tangents;
    }
    let mut parts = Call::values(Lambda::new(parameters, body), How::Apart, arguments).into_iter();
    let mut part = |tangent: Adjoint| Some(tangent.with(parts.next()?));
    tangents.into_iter().map(|tangent| part(tangent?)).collect()
}
