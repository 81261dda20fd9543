//! Max-pools that remember where, see [`Placed`]: in place of those whose adjoint is needed too, and of those that are all that
//! becomes of a convolution, which then never leaves the cache.

use std::collections::HashSet;

use bayeux_tensor::ElementType;

use super::graph::{Builder, Graph, Id, Node};
use super::watch::Watch;
use crate::ops::{Conv2d, ConvMap, Op, Placed, PlacedMap, Pool2d, Pool2dOptions, PoolMap};

pub(super) fn places(graph: Graph, _watch: &mut Watch) -> Graph {
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Pool2d(_))) {
        return graph;
    }
    let (adjoint, kept) = (with_adjoint(&graph), read_otherwise(&graph));
    // The same sets in the ids of the new graph.
    let (mut has_adjoint, mut is_kept) = (HashSet::new(), HashSet::new());
    graph.rebuild_from(|b, node, old| {
        let id = placed(b, node, &has_adjoint, &is_kept).unwrap_or_else(|| b.push(node.clone()));
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
fn with_adjoint(graph: &Graph) -> HashSet<Id> {
    let adjoint = |node: &&Node| matches!(node.op, Op::Pool2d(pool) if pool.map != PoolMap::Largest);
    graph.nodes.iter().filter(adjoint).map(|node| node.inputs[0]).collect()
}

/// What is read other than for its places and its largest elements.
fn read_otherwise(graph: &Graph) -> HashSet<Id> {
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

fn placed(b: &mut Builder, node: &Node, has_adjoint: &HashSet<Id>, is_kept: &HashSet<Id>) -> Option<Id> {
    match &node.op {
        Op::Pool2d(pool) if fits_bytes(pool.options) => {
            let x = node.inputs[0];
            let convolution = |id: Id| match &b.node(id).op {
                Op::Conv2d(Conv2d { map: ConvMap::Forward, options })
                    if options.groups == 1 && !is_kept.contains(&id) =>
                {
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
        Op::Conv2d(Conv2d { map: ConvMap::Images, options }) if options.groups == 1 => {
            let map = PlacedMap::Images(*options);
            of_scattered(b, map, node.inputs[0], node.inputs[1], &node.shape)
        }
        Op::Conv2d(Conv2d { map: ConvMap::Filters, options }) if options.groups == 1 => {
            let map = PlacedMap::Filters(*options);
            of_scattered(b, map, node.inputs[1], node.inputs[0], &node.shape)
        }
        _ => None,
    }
}

/// A pool, its adjoint or its tangent, by way of the values and places that `map` finds in its inputs.
fn pooled(b: &mut Builder, pool: Pool2d, map: PlacedMap, inputs: Vec<Id>, node: &Node) -> Id {
    let windows = windows(b, pool, node);
    let types = [(node.element, windows.clone()), (ElementType::U8, windows)];
    let found = b.values(Placed { map, pool: pool.options }, inputs, &types);
    let map = match pool.map {
        PoolMap::Largest => return found[0],
        PoolMap::Scatter => PlacedMap::Scatter,
        PoolMap::Gather => PlacedMap::Gather,
    };
    b.add(Placed { map, pool: pool.options }, vec![found[1], node.inputs[1]], node.shape.clone())
}

/// The shape of the windows' values.
fn windows(b: &Builder, pool: Pool2d, node: &Node) -> Vec<usize> {
    match pool.map {
        PoolMap::Scatter => b.shape(node.inputs[1]).to_vec(),
        PoolMap::Largest | PoolMap::Gather => node.shape.clone(),
    }
}

fn of_scattered(b: &mut Builder, map: PlacedMap, scattered: Id, other: Id, shape: &[usize]) -> Option<Id> {
    let node = b.node(scattered);
    let Op::Placed(Placed { map: PlacedMap::Scatter, pool }) = node.op else { return None };
    let inputs = vec![node.inputs[0], node.inputs[1], other];
    Some(b.add(Placed { map, pool }, inputs, shape.to_vec()))
}
