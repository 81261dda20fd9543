//! The verifier that follows every pass in debug builds: of graphs here, of units and of programs in their files.

mod program;
mod units;

use bayeux_tensor::ElementType;

use super::graph::{Graph, Node};
use crate::ops::{Op, PlacedMap};
use crate::{Dim, Shape, ValueType};

pub(super) use program::verify_program;
pub(super) use units::{verify_order, verify_units};

/// Panics, with the whole graph, unless everything is computed before it is read and the types of inputs and outputs agree with
/// what each op does.
pub(super) fn verify(graph: &Graph) {
    for (id, node) in graph.nodes.iter().enumerate() {
        assert!(node.inputs.iter().all(|&input| input < id), "%{id} reads what comes later\n{graph}");
        let inputs: Vec<&Node> = node.inputs.iter().map(|&input| &graph.nodes[input]).collect();
        if let Err(why) = agrees(node, &inputs) {
            panic!("%{id}: {why}\n{graph}");
        }
    }
    assert!(graph.outputs.iter().all(|&output| output < graph.nodes.len()), "an output is missing\n{graph}");
}

fn type_of(node: &Node) -> ValueType {
    ValueType::new(node.element, node.shape.as_slice())
}

/// Whether sizes are those of a shape, as far as it tells: an operation that has a length of its own may say it in symbols, whose sizes
/// the trace has put in.
fn is_of(shape: &Shape, sizes: &[usize]) -> bool {
    let fits = |(dim, size): (&Dim, &usize)| dim.size().is_none_or(|known| known == *size);
    shape.rank() == sizes.len() && shape.dims().iter().zip(sizes).all(fits)
}

fn agrees(node: &Node, inputs: &[&Node]) -> Result<(), String> {
    let ok = |holds: bool| holds.then_some(()).ok_or_else(|| "the types do not agree".to_string());
    let shape = node.shape.as_slice();
    let types: Vec<ValueType> = inputs.iter().map(|input| type_of(input)).collect();
    match &node.op {
        Op::Input(_) | Op::Shared(_) | Op::Noise(_) => ok(inputs.is_empty()),
        Op::Size(_) | Op::StopGradient(_) => Err("is gone since the trace".into()),
        Op::Output(which) => ok(inputs[0].values().get(*which) == Some(&node.array_type())),
        Op::Copy => ok(types == [type_of(node)]),
        Op::Placed(op) => {
            let places = |id: usize| inputs[id].element == ElementType::U8;
            match op.map {
                PlacedMap::Largest | PlacedMap::Forward(_) => ok(shape.len() == 4 && node.others.len() == 1),
                PlacedMap::Gather => ok(inputs.len() == 2 && shape.len() == 4 && places(0)),
                PlacedMap::Scatter => {
                    ok(inputs.len() == 2 && inputs[0].shape == inputs[1].shape && places(0))
                }
                PlacedMap::Images(_) | PlacedMap::Filters(_) => {
                    ok(inputs.len() == 3 && inputs[0].shape == inputs[1].shape && places(0))
                }
            }
        }
        op => {
            let mut types = types;
            // Truth values are numbers among floats, see `trace`.
            let masks = node.element.is_float();
            if let (Op::Select(_), true) = (op, masks) {
                types[0].element = ElementType::Bool;
            }
            let mut inferred = op.infer(&types, &Shape::from(shape))?;
            if let (Op::Binary(binary), true) = (op, masks)
                && binary.is_comparison()
            {
                inferred[0].element = node.element;
            }
            let found = node.values();
            let alike = inferred.len() == found.len()
                && inferred.iter().zip(&found).all(|(inferred, found)| {
                    inferred.element == found.element && is_of(&inferred.shape, found.shape)
                });
            alike.then_some(()).ok_or_else(|| format!("{found:?} in place of {inferred:?}"))
        }
    }
}
