//! The slow, obvious way to a value: one node, one tensor op. It referees the compiler.

use std::collections::HashMap;

use bayeux_tensor::{Float, Tensor};

use crate::bind::bind;
use crate::dim::Sizes;
use crate::expr::{Key, topological};
use crate::ops::Op;
use crate::stabilise::Stabiliser;
use crate::{Error, Expr};

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
pub fn interpret<T: Float>(
    roots: &[Expr<T>],
    inputs: &[(&Expr<T>, &Tensor<T>)],
    call: u64,
) -> Result<Vec<Tensor<T>>, Error> {
    let given: Vec<Expr<T>> = inputs.iter().map(|(input, _)| (*input).clone()).collect();
    let stable = Stabiliser::new(roots, &given);
    let roots: Vec<Expr<T>> = roots.iter().map(|root| stable.of(root)).collect();
    as_written(&roots, inputs, call)
}

/// The values of the very nodes, in whatever form they are.
pub(crate) fn as_written<T: Float>(
    roots: &[Expr<T>],
    inputs: &[(&Expr<T>, &Tensor<T>)],
    call: u64,
) -> Result<Vec<Tensor<T>>, Error> {
    let names: Vec<Expr<T>> = inputs.iter().map(|(input, _)| (*input).clone()).collect();
    let shapes: Vec<&[usize]> = inputs.iter().map(|(_, tensor)| tensor.shape()).collect();
    let sizes = bind(&names, &shapes)?;
    let mut values: HashMap<Key, Tensor<T>> = HashMap::new();
    for (input, tensor) in inputs {
        values.insert(input.key(), (*tensor).clone());
    }
    for node in topological(roots) {
        if !values.contains_key(&node.key()) {
            let arguments: Vec<Tensor<T>> =
                node.inputs().iter().map(|input| values[&input.key()].clone()).collect();
            let value = value_of(&node, &arguments, &sizes, call)?;
            values.insert(node.key(), value);
        }
    }
    Ok(roots.iter().map(|root| values[&root.key()].contiguous()).collect())
}

fn value_of<T: Float>(
    node: &Expr<T>,
    arguments: &[Tensor<T>],
    sizes: &Sizes,
    call: u64,
) -> Result<Tensor<T>, Error> {
    let free = |symbol: std::sync::Arc<str>| Error::FreeDimension(symbol.to_string());
    match node.op() {
        Op::Input(_) => Err(Error::MissingInput(node.name().unwrap_or("unnamed").into())),
        Op::Shared(shared) => Ok(shared.get()),
        Op::Size(dim) => Ok(Tensor::scalar(T::from_f64(dim.resolve(sizes).map_err(free)? as f64))),
        Op::Noise(noise) => {
            let shape = node.shape().resolve(sizes).map_err(free)?;
            let mut data = vec![T::ZERO; shape.iter().product()];
            noise.fill(call, &mut data);
            Ok(Tensor::new(shape, data))
        }
        op => {
            let shape = node.shape().resolve(sizes).map_err(free)?;
            op.rule().forward(arguments, &shape)
        }
    }
}
