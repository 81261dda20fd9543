//! From expressions to a list, at concrete sizes: dimensions become numbers, and what only stops gradients goes.
//!
//! Truth values that come of comparing floats are 0 and 1 in the same float type here, since the loops that read them compute
//! in it: a product with one is a product, `and` the product of two, `or` the larger. They become `bool` only where something
//! else needs them so: an output, a variable, an operation on whole numbers.

use std::collections::HashMap;

use bayeux_tensor::ElementType;

use super::graph::{Builder, Graph, Id, Node};
use crate::dim::Sizes;
use crate::expr::{Key, topological};
use crate::ops::{Binary, Cast, Logic, Op};
use crate::{AnyExpr, Error};

impl Graph {
    /// Writes expressions out at concrete sizes.
    pub fn trace(roots: &[AnyExpr], inputs: &[AnyExpr], sizes: &Sizes) -> Result<Graph, Error> {
        let mut builder = Builder::default();
        let mut ids: HashMap<Key, Id> = HashMap::new();
        let declared: HashMap<Key, usize> =
            inputs.iter().enumerate().map(|(i, input)| (input.key(), i)).collect();
        for expr in topological(roots) {
            let types: Result<Vec<(ElementType, Vec<usize>)>, Error> =
                expr.types().iter().map(|value| Ok((value.element, value.shape.resolve(sizes)?))).collect();
            let types = types?;
            let arguments: Vec<Id> = expr.inputs().iter().map(|input| ids[&input.key()]).collect();
            let values = match expr.op() {
                Op::StopGradient(_) => arguments,
                Op::Size(dim) => {
                    vec![builder.scalar(types[0].0, dim.resolve(sizes)? as f64)]
                }
                Op::Input(_) if !declared.contains_key(&expr.key()) => {
                    return Err(Error::MissingInput(expr.name().unwrap_or("unnamed").into()));
                }
                op => {
                    let declared = expr.inputs().iter().map(AnyExpr::element_type).collect();
                    let shapes: Vec<&[usize]> = arguments.iter().map(|&id| builder.shape(id)).collect();
                    let op = op.at(sizes, &shapes, &types[0].1)?;
                    lowered(&mut builder, &op, arguments, declared, types)
                }
            };
            if let [id] = values.as_slice() {
                let node = &mut builder.nodes[*id];
                node.name = node.name.take().or_else(|| expr.name().map(Into::into));
                node.place = node.place.or(expr.place());
            }
            ids.extend(values.into_iter().enumerate().map(|(output, id)| (expr.sibling(output).key(), id)));
        }
        let outputs =
            roots.iter().map(|root| cast(&mut builder, ids[&root.key()], root.element_type())).collect();
        Ok(Graph {
            nodes: builder.nodes,
            outputs,
            inputs: inputs.iter().map(|input| ids.get(&input.key()).copied()).collect(),
        })
    }
}

/// The node as elements of a type.
fn cast(b: &mut Builder, id: Id, element: ElementType) -> Id {
    match b.element(id) == element {
        true => id,
        false => {
            let shape = b.shape(id).to_vec();
            b.add_typed(Cast(element), vec![id], element, shape)
        }
    }
}

/// Adds an operation to the list, with truth values as they are there.
fn lowered(
    b: &mut Builder,
    op: &Op,
    mut inputs: Vec<Id>,
    declared: Vec<ElementType>,
    types: Vec<(ElementType, Vec<usize>)>,
) -> Vec<Id> {
    let (element, shape) = types[0].clone();
    match op {
        Op::Binary(binary) if binary.is_comparison() => {
            let of = b.element(inputs[0]);
            let element = if of.is_float() { of } else { element };
            let other = cast(b, inputs[1], of);
            vec![b.add_typed(*binary, vec![inputs[0], other], element, shape)]
        }
        Op::Logic(logic) => {
            let of = inputs.iter().map(|&input| b.element(input)).find(|of| of.is_float());
            let Some(of) = of else { return vec![b.add_typed(*logic, inputs, element, shape)] };
            inputs = inputs.iter().map(|&input| cast(b, input, of)).collect();
            let op = match logic {
                Logic::And => Binary::Mul,
                Logic::Or => Binary::Maximum,
                Logic::Xor => Binary::Ne,
                Logic::Not => {
                    inputs.insert(0, b.full(of, 1.0, &shape));
                    Binary::Sub
                }
            };
            vec![b.add(op, inputs, shape)]
        }
        Op::Select(select) => {
            let element = b.element(inputs[1]);
            let of = if element.is_float() { element } else { ElementType::Bool };
            let inputs = vec![cast(b, inputs[0], of), inputs[1], cast(b, inputs[2], element)];
            vec![b.add_typed(*select, inputs, element, shape)]
        }
        Op::Cast(Cast(ElementType::Bool)) if b.element(inputs[0]).is_float() => {
            let zero = b.full(b.element(inputs[0]), 0.0, &shape);
            vec![b.add(Binary::Ne, vec![inputs[0], zero], shape)]
        }
        Op::Cast(Cast(to)) => vec![cast(b, inputs[0], *to)],
        // The same elements elsewhere, whatever they are.
        Op::Reshape(_) | Op::Transpose(_) | Op::Broadcast(_) | Op::Slice(_) | Op::Pad(_) => {
            vec![b.add(op.clone(), inputs, shape)]
        }
        op => {
            for (input, declared) in inputs.iter_mut().zip(declared) {
                *input = cast(b, *input, declared);
            }
            match types.len() {
                1 => {
                    let node = Node {
                        op: op.clone(),
                        inputs,
                        element,
                        shape,
                        others: Vec::new(),
                        name: None,
                        place: None,
                    };
                    vec![b.push(node)]
                }
                _ => b.values(op.clone(), inputs, &types),
            }
        }
    }
}
