//! The reverse sweep through a lambda: the slopes are a lambda too, which computes the values again.

use super::product::Adjoint;
use super::sweep;
use crate::AnyExpr;
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
                    assert!(
                        found == wanted,
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
            seeds.push((value.clone(), Adjoint { value: parameter.clone(), ..adjoint.clone() }));
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
    let mut part = |slope: Adjoint| Some(Adjoint { value: parts.next()?, ..slope });
    slopes.into_iter().map(|slope| part(slope?)).collect()
}
