//! Max-pools that remember where, see [`Placed`]: in place of those whose adjoint is needed too, and of those that are all that
//! becomes of a convolution, which then never leaves the cache.

use std::collections::HashSet;

use bayeux_tensor::Float;

use super::graph::{Builder, Graph, Id, Node};
use crate::ops::{Conv2d, ConvMap, Op, Placed, PlacedMap, Pool2d, Pool2dOptions, PoolMap, Slice};
use crate::ops::{len_of_places, len_with_places};

pub(super) fn places<T: Float>(graph: Graph<T>) -> Graph<T> {
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Pool2d(_))) {
        return graph;
    }
    let (adjoint, kept) = (with_adjoint(&graph), read_otherwise(&graph));
    // The same sets in the ids of the new graph.
    let (mut has_adjoint, mut is_kept) = (HashSet::new(), HashSet::new());
    graph.rebuild_from(|b, node, old| {
        let id = placed(b, node, &has_adjoint, &is_kept)
            .unwrap_or_else(|| b.add(node.op.clone(), node.inputs.clone(), node.shape.clone()));
        if adjoint.contains(&old) {
            has_adjoint.insert(id);
        }
        if kept.contains(&old) {
            is_kept.insert(id);
        }
        id
    })
}

/// The images whose places some adjoint or tangent of a pool looks for.
fn with_adjoint<T: Float>(graph: &Graph<T>) -> HashSet<Id> {
    let adjoint = |node: &&Node<T>| matches!(node.op, Op::Pool2d(pool) if pool.map != PoolMap::Largest);
    graph.nodes.iter().filter(adjoint).map(|node| node.inputs[0]).collect()
}

/// What is read other than for its places and its largest elements.
fn read_otherwise<T: Float>(graph: &Graph<T>) -> HashSet<Id> {
    let mut read: HashSet<Id> = graph.outputs.iter().copied().collect();
    for node in &graph.nodes {
        let pooled = matches!(node.op, Op::Pool2d(pool) if fits_bytes(pool.options));
        read.extend(node.inputs.iter().skip(usize::from(pooled)));
    }
    read
}

/// Whether the place in a window is a byte.
fn fits_bytes(options: Pool2dOptions) -> bool {
    options.window[0] * options.window[1] <= 256
}

fn placed<T: Float>(
    b: &mut Builder<T>,
    node: &Node<T>,
    has_adjoint: &HashSet<Id>,
    is_kept: &HashSet<Id>,
) -> Option<Id> {
    match &node.op {
        Op::Pool2d(pool) if fits_bytes(pool.options) => {
            let x = node.inputs[0];
            let convolution = |id: Id| match &b.node(id).op {
                Op::Conv2d(Conv2d { map: ConvMap::Forward, options }) if !is_kept.contains(&id) => {
                    Some(*options)
                }
                _ => None,
            };
            let (map, inputs) = match convolution(x) {
                Some(options) => (PlacedMap::Forward(options), b.node(x).inputs.clone()),
                None if has_adjoint.contains(&x) => (PlacedMap::Largest, vec![x]),
                None => return None,
            };
            Some(pooled(b, *pool, map, inputs, node))
        }
        // conv2d_input (scatter g, w) and conv2d_weights (x, scatter g)
        Op::Conv2d(Conv2d { map: ConvMap::Images, options }) => {
            let map = PlacedMap::Images(*options);
            of_scattered(b, map, node.inputs[0], node.inputs[1], &node.shape)
        }
        Op::Conv2d(Conv2d { map: ConvMap::Filters, options }) => {
            let map = PlacedMap::Filters(*options);
            of_scattered(b, map, node.inputs[1], node.inputs[0], &node.shape)
        }
        _ => None,
    }
}

/// A pool, its adjoint or its tangent, by way of the values and places that `map` finds in its inputs.
fn pooled<T: Float>(b: &mut Builder<T>, pool: Pool2d, map: PlacedMap, inputs: Vec<Id>, node: &Node<T>) -> Id {
    let windows = windows(b, pool, node);
    let values: usize = windows.iter().product();
    let found = b.add(Placed { map, pool: pool.options }, inputs, vec![len_with_places::<T>(values)]);
    if pool.map == PoolMap::Largest {
        let values = b.add(Slice { axis: 0, start: 0 }, vec![found], vec![values]);
        return b.reshape(values, &windows);
    }
    let places = b.add(Slice { axis: 0, start: values }, vec![found], vec![len_of_places::<T>(values)]);
    let map = if pool.map == PoolMap::Scatter { PlacedMap::Scatter } else { PlacedMap::Gather };
    b.add(Placed { map, pool: pool.options }, vec![places, node.inputs[1]], node.shape.clone())
}

/// The shape of the windows' values.
fn windows<T: Float>(b: &Builder<T>, pool: Pool2d, node: &Node<T>) -> Vec<usize> {
    match pool.map {
        PoolMap::Scatter => b.shape(node.inputs[1]).to_vec(),
        PoolMap::Largest | PoolMap::Gather => node.shape.clone(),
    }
}

fn of_scattered<T: Float>(
    b: &mut Builder<T>,
    map: PlacedMap,
    scattered: Id,
    other: Id,
    shape: &[usize],
) -> Option<Id> {
    let node = b.node(scattered);
    let Op::Placed(Placed { map: PlacedMap::Scatter, pool }) = node.op else { return None };
    let inputs = vec![node.inputs[0], node.inputs[1], other];
    Some(b.add(Placed { map, pool }, inputs, shape.to_vec()))
}
