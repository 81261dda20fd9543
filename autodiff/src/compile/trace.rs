//! From expressions to a list, at concrete sizes: dimensions become numbers, and what only stops gradients goes.
//!
//! Truth values that come of comparing floats are 0 and 1 in the same float type here, since the loops that read them compute
//! in it: a product with one is a product, `and` the product of two, `or` the larger. They become `bool` only where something
//! else needs them so: an output, a variable, an operation on whole numbers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bayeux_tensor::ElementType;

use super::graph::{Builder, Graph, Id, Node};
use super::inner::Run;
use super::inners::Inners;
use crate::dim::Sizes;
use crate::expr::refusal::with_lines;
use crate::expr::{Key, topological_to};
use crate::ops::{Binary, Call, Cast, How, Logic, Op, Operation};
use crate::stabilise::stabilise;
use crate::{AnyExpr, ArrayType, Error, Expr, ValueType};

impl Graph {
    /// Writes expressions out at concrete sizes.
    pub fn trace(
        roots: &[AnyExpr],
        inputs: &[AnyExpr],
        sizes: &Sizes,
        inners: &mut Inners<'_>,
    ) -> Result<Graph, Error> {
        let declared = inputs.iter().map(Expr::key).collect();
        let mut tracer = Tracer { builder: Builder::default(), declared, sizes, inners };
        let mut ids = HashMap::new();
        tracer.add(roots, &mut ids)?;
        let mut builder = tracer.builder;
        let outputs =
            roots.iter().map(|root| cast(&mut builder, ids[&root.key()], root.element_type())).collect();
        Ok(Graph {
            nodes: builder.nodes,
            outputs,
            inputs: inputs.iter().map(|input| ids.get(&input.key()).copied()).collect(),
        })
    }
}

pub(super) struct Tracer<'a, 'w> {
    pub builder: Builder,
    /// The inputs that there are.
    declared: HashSet<Key>,
    pub sizes: &'a Sizes,
    pub inners: &'a mut Inners<'w>,
}

impl Tracer<'_, '_> {
    /// Adds what some expressions need, unless `ids` says that it is there.
    fn add(&mut self, roots: &[AnyExpr], ids: &mut HashMap<Key, Id>) -> Result<(), Error> {
        let order = topological_to(roots, |value| ids.contains_key(&value.key()));
        let read: HashSet<Key> = order.iter().flat_map(AnyExpr::inputs).chain(roots).map(Expr::key).collect();
        for expr in order {
            let types: Result<Vec<(ElementType, Vec<usize>)>, Error> = expr
                .types()
                .iter()
                .map(|value| Ok((value.element, value.shape.resolve(self.sizes)?)))
                .collect();
            let types = types?;
            let arguments: Vec<Id> = expr.inputs().iter().map(|input| ids[&input.key()]).collect();
            let builder = &mut self.builder;
            let begin = builder.nodes.len();
            // The values that somebody reads.
            let values: Vec<(usize, Id)> = match expr.op() {
                Op::StopGradient(_) => vec![(0, arguments[0])],
                Op::Size(dim) => {
                    vec![(0, builder.scalar(types[0].0, dim.resolve(self.sizes)? as f64))]
                }
                Op::Input(_) if !self.declared.contains(&expr.key()) => {
                    return Err(Error::MissingInput(expr.name().unwrap_or("unnamed").into()));
                }
                Op::Call(call) => {
                    let read = |output: &usize| read.contains(&expr.sibling(*output).key());
                    self.call(call, &arguments, (0..types.len()).filter(read).collect())?
                }
                Op::Scan(scan) => {
                    let read = |output: &usize| read.contains(&expr.sibling(*output).key());
                    self.scan(scan, &arguments, &types, (0..types.len()).filter(read).collect())?
                }
                op => {
                    let declared: Vec<ElementType> =
                        expr.inputs().iter().map(AnyExpr::element_type).collect();
                    let input = |(&element, &id)| ArrayType { element, shape: builder.shape(id) };
                    let inputs: Vec<ArrayType<'_>> = declared.iter().zip(&arguments).map(input).collect();
                    let op =
                        op.at(self.sizes, &inputs, &types[0].1).map_err(|error| with_lines(error, &expr))?;
                    drop(inputs);
                    lowered(builder, &op, arguments, declared, types).into_iter().enumerate().collect()
                }
            };
            let builder = &mut self.builder;
            builder.nodes[begin..].iter_mut().for_each(|node| node.place = node.place.or(expr.place()));
            if let ([(0, id)], 1) = (values.as_slice(), expr.types().len()) {
                let node = &mut builder.nodes[*id];
                node.name = node.name.take().or_else(|| expr.name().map(Into::into));
                node.place = node.place.or(expr.place());
            }
            ids.extend(values.into_iter().map(|(output, id)| (expr.sibling(output).key(), id)));
        }
        Ok(())
    }

    /// The values of a lambda that are read.
    fn call(&mut self, call: &Call, arguments: &[Id], read: Vec<usize>) -> Result<Vec<(usize, Id)>, Error> {
        let (parameters, body) = (call.lambda.parameters(), call.lambda.body());
        if let How::With(_) = call.how {
            // Like all around it.
            let mut ids: HashMap<Key, Id> =
                parameters.iter().map(Expr::key).zip(arguments.iter().copied()).collect();
            let body = stabilise(body);
            self.add(&body, &mut ids)?;
            return Ok(read.into_iter().map(|output| (output, ids[&body[output].key()])).collect());
        }
        let inner = self.inners.of(call.name(), &call.lambda, &read, self.sizes)?;
        let argument =
            |(parameter, of): &(usize, ValueType)| cast(&mut self.builder, arguments[*parameter], of.element);
        let arguments: Vec<Id> = inner.parameters.iter().map(argument).collect();
        let types: Vec<(ElementType, Vec<usize>)> = inner.values.iter().map(|(_, of)| of.clone()).collect();
        let op = Arc::new(Run(inner.clone()));
        let values = match types.as_slice() {
            [(element, shape)] => vec![self.builder.add_typed(op, arguments, *element, shape.clone())],
            types => self.builder.values(op, arguments, types),
        };
        Ok(read.into_iter().zip(&inner.outputs).map(|(output, &value)| (output, values[value])).collect())
    }
}

/// The node as elements of a type.
pub(super) fn cast(b: &mut Builder, id: Id, element: ElementType) -> Id {
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
