//! The slow, obvious way to a value: one node, one tensor op. It referees the compiler.

use std::collections::HashMap;

use bayeux_tensor::{AnyTensor, ElementType, Tensor, with_type};

use crate::bind::{bind, check_types};
use crate::dim::Sizes;
use crate::expr::{Key, all_untyped, topological_to};
use crate::ops::{Call, CallNumber, Op, Scan, tell_apart};
use crate::stabilise::{Stabiliser, stabilise};
use crate::{AnyExpr, ArrayType, Error, Expr, Kind};

/// The values of some expressions, in their stable forms (see [`grad`](crate::grad())), computed node by node without any compilation.
///
/// `call` is the call number on which noise depends, as in a [`Function`](crate::Function) that has been called so many
/// times before.
///
/// ```
/// use bayeux_autodiff::{Expr, batch, interpret};
/// use bayeux_tensor::Tensor;
/// let x = Expr::<f64>::input("x", (batch(), 2));
/// let values = interpret(&[x.sum(1)], &[(&x, &Tensor::ones([3, 2]))], 0)?;
/// assert_eq!(values[0].to_vec(), [2.0, 2.0, 2.0]);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
///
/// # Errors
/// For an input that is missing or of the wrong shape, an undetermined free dimension, or data an op cannot take.
pub fn interpret<T: Kind>(
    roots: &[Expr<T>],
    inputs: &[(&Expr<T>, &T::Tensor)],
    call: u64,
) -> Result<Vec<T::Tensor>, Error> {
    let names: Vec<AnyExpr> = inputs.iter().map(|(input, _)| input.untyped()).collect();
    let tensors: Vec<AnyTensor> = inputs.iter().map(|(_, tensor)| T::any(tensor)).collect();
    let roots = all_untyped(roots);
    let stable = Stabiliser::new(&roots, &names);
    let roots: Vec<AnyExpr> = roots.iter().map(|root| stable.of(root)).collect();
    let values = evaluate(&roots, &names, tensors, call)?;
    Ok(values.iter().map(|value| T::of(value).clone()).collect())
}

/// The values of the very nodes, in whatever form they are.
#[cfg(test)]
pub(crate) fn as_written<T: Kind>(
    roots: &[Expr<T>],
    inputs: &[(&Expr<T>, &T::Tensor)],
    call: u64,
) -> Result<Vec<T::Tensor>, Error> {
    let names: Vec<AnyExpr> = inputs.iter().map(|(input, _)| input.untyped()).collect();
    let tensors: Vec<AnyTensor> = inputs.iter().map(|(_, tensor)| T::any(tensor)).collect();
    let values = evaluate(&all_untyped(roots), &names, tensors, call)?;
    Ok(values.iter().map(|value| T::of(value).clone()).collect())
}

fn evaluate(
    roots: &[AnyExpr],
    names: &[AnyExpr],
    tensors: Vec<AnyTensor>,
    call: u64,
) -> Result<Vec<AnyTensor>, Error> {
    check_types(names, tensors.iter().map(AnyTensor::element_type))?;
    let roots = &tell_apart(roots, names);
    let sizes = bind(names, &tensors.iter().map(AnyTensor::shape).collect::<Vec<_>>())?;
    let values = names.iter().map(Expr::key).zip(tensors).collect();
    evaluate_from(roots, values, &sizes, CallNumber::new(call))
}

/// The values of some expressions, from those that are known.
fn evaluate_from(
    roots: &[AnyExpr],
    mut values: HashMap<Key, AnyTensor>,
    sizes: &Sizes,
    call: CallNumber,
) -> Result<Vec<AnyTensor>, Error> {
    for node in topological_to(roots, |value| values.contains_key(&value.key())) {
        let arguments: Vec<AnyTensor> =
            node.inputs().iter().map(|input| values[&input.key()].clone()).collect();
        let results = values_of(&node, arguments, sizes, call)?;
        values.extend(
            results.into_iter().enumerate().map(|(output, value)| (node.sibling(output).key(), value)),
        );
    }
    Ok(roots.iter().map(|root| values[&root.key()].contiguous()).collect())
}

fn values_of(
    node: &AnyExpr,
    arguments: Vec<AnyTensor>,
    sizes: &Sizes,
    call: CallNumber,
) -> Result<Vec<AnyTensor>, Error> {
    match node.op() {
        Op::Input(_) => Err(Error::MissingInput(node.name().unwrap_or("unnamed").into())),
        Op::Shared(shared) => Ok(vec![shared.get()]),
        Op::Size(dim) => {
            let size = Tensor::scalar(dim.resolve(sizes)? as i64);
            Ok(vec![AnyTensor::from(size).cast_to(node.element_type())])
        }
        Op::Noise(noise) => {
            let shape = node.shape().resolve(sizes)?;
            let mut value = AnyTensor::zeros(node.element_type(), shape);
            noise.fill(call, value.make_mut());
            Ok(vec![value])
        }
        Op::Call(Call { lambda, .. }) => {
            let parameters = lambda.parameters().iter().map(Expr::key);
            evaluate_from(&stabilise(lambda.body()), parameters.zip(arguments).collect(), sizes, call)
        }
        Op::Scan(scan) => {
            let types: Result<Vec<_>, Error> =
                node.types().iter().map(|of| Ok((of.element, of.shape.resolve(sizes)?))).collect();
            repeated(scan, &arguments, &types?, sizes, call)
        }
        op => {
            let types = node.types().iter();
            let types: Result<Vec<_>, Error> =
                types.map(|value| Ok((value.element, value.shape.resolve(sizes)?))).collect();
            let inputs: Vec<ArrayType<'_>> = arguments
                .iter()
                .map(|of| ArrayType { element: of.element_type(), shape: of.shape() })
                .collect();
            let types = types?;
            op.at(sizes, &inputs, &types[0].1)?.forward(&arguments, &types)
        }
    }
}

/// The values of a loop, step by step. Stacks that are too large for any memory are left out: nobody reads them.
fn repeated(
    scan: &Scan,
    arguments: &[AnyTensor],
    types: &[(ElementType, Vec<usize>)],
    sizes: &Sizes,
    call: CallNumber,
) -> Result<Vec<AnyTensor>, Error> {
    let steps = scan.length.resolve(sizes)?;
    let limit = match (scan.limited, arguments.last()) {
        (true, Some(limit)) => usize::try_from(limit.get::<i64>().item()).unwrap_or(0).min(steps),
        _ => steps,
    };
    let mut carried = arguments[..scan.carried].to_vec();
    let last = scan.carried + scan.stacks();
    let mut parts: Vec<Vec<(usize, AnyTensor)>> = vec![Vec::new(); scan.stacks()];
    let body = stabilise(scan.body.body());
    let mut done = 0;
    while done < limit {
        let at = if scan.backwards { limit - 1 - done } else { done };
        let part = |(i, argument): (usize, &AnyTensor)| match i.checked_sub(scan.carried) {
            None => carried[i].clone(),
            Some(sequence) if sequence < scan.sequences => {
                let part = argument.slice(0, at..at + 1);
                part.reshape(&part.shape()[1..])
            }
            Some(_) => argument.clone(),
        };
        let given = arguments.iter().enumerate().map(part);
        let given = scan.body.parameters().iter().map(Expr::key).zip(given).collect();
        let call = if scan.body.draws() { call.step(at, steps)? } else { call };
        let mut values = evaluate_from(&body, given, sizes, call)?;
        let over = scan.until && values.pop().is_some_and(|over| over.get::<bool>().item());
        for (parts, value) in parts.iter_mut().zip(values.drain(scan.carried..)) {
            parts.push((at, value));
        }
        carried = values;
        done += 1;
        if over {
            break;
        }
    }
    let mut results = carried;
    for (parts, (element, shape)) in parts.into_iter().zip(&types[scan.carried..last]) {
        // Of a loop without a bound.
        let whole = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n)).filter(|&all| all < 1 << 31);
        let mut stack = AnyTensor::zeros(*element, if whole.is_some() { shape.as_slice() } else { &[0] });
        for (at, part) in parts.iter().filter(|_| whole.is_some()) {
            let len = part.len();
            with_type!(*element, T => {
                stack.make_mut().get::<T>()[at * len..][..len].copy_from_slice(&part.get::<T>().to_vec());
            });
        }
        results.push(stack);
    }
    if scan.until {
        results.push(Tensor::scalar(done as i64).into());
    }
    Ok(results)
}
