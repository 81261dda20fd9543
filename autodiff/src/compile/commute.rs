//! Reordering: the same numbers for less work.
//!
//! A max-pool of 2×2 windows keeps a quarter of its input, and taking the largest commutes with everything increasing.
//! So `max_pool(tanh(x + bias))` is computed as `tanh(max_pool(x) + bias)`, at a quarter of the cost, and its adjoint
//! likewise: where the adjoint scatters, the factors that follow are gathered instead. Which of several elements wins is
//! then decided before rounding by the function, not after.

use super::graph::{Builder, Graph, Id, Node};
use crate::ops::{Binary, Op, Pool2d, PoolMap, Sum};

pub(super) fn commute(graph: Graph) -> Graph {
    // All rules are about pools.
    if !graph.nodes.iter().any(|node| matches!(node.op, Op::Pool2d(_))) {
        return graph;
    }
    graph.rebuild(commuted)
}

fn commuted(b: &mut Builder, node: &Node) -> Id {
    let rewritten = match &node.op {
        Op::Pool2d(pool) => match pool.map {
            PoolMap::Largest => largest(b, *pool, node),
            PoolMap::Scatter => scatter(b, *pool, node),
            PoolMap::Gather => gather(b, *pool, node),
        },
        Op::Binary(Binary::Mul) => product(b, node),
        Op::Sum(sum) => sum_of_scatter(b, sum, node),
        _ => None,
    };
    rewritten.unwrap_or_else(|| b.push(node.clone()))
}

fn make(b: &mut Builder, op: impl Into<Op>, inputs: &[Id], shape: &[usize]) -> Id {
    let node = Node::new(op, inputs, b.element(inputs[0]), shape);
    commuted(b, &node)
}

fn with_map(pool: Pool2d, map: PoolMap) -> Pool2d {
    Pool2d { map, ..pool }
}

/// The images whose largest elements stand where those of `x` do: without increasing functions and biases.
fn same_places(b: &Builder, x: Id) -> Option<Id> {
    let node = b.node(x);
    match &node.op {
        Op::Unary(op) if op.is_increasing() => Some(node.inputs[0]),
        Op::Binary(Binary::Add) if constant_over_windows(b, node.inputs[1]) => Some(node.inputs[0]),
        Op::Binary(Binary::Add) if constant_over_windows(b, node.inputs[0]) => Some(node.inputs[1]),
        Op::Binary(Binary::Sub) if constant_over_windows(b, node.inputs[1]) => Some(node.inputs[0]),
        _ => None,
    }
}

/// Whether images `[n, c, h, w]` are the same all over each channel.
fn constant_over_windows(b: &Builder, id: Id) -> bool {
    matches!(b.node(id).op, Op::Broadcast(_)) && {
        let inner = b.shape(b.node(id).inputs[0]);
        inner.iter().rev().take(2).all(|&n| n == 1)
    }
}

/// The same, over images of another height and width.
fn rebroadcast(b: &mut Builder, id: Id, shape: &[usize]) -> Id {
    let inner = b.node(id).inputs[0];
    b.broadcast(inner, shape)
}

/// max_pool f(x) = f(max_pool x) for increasing f;   max_pool (x + b) = max_pool x + b
fn largest(b: &mut Builder, pool: Pool2d, node: &Node) -> Option<Id> {
    let x = node.inputs[0];
    let inner = same_places(b, x)?;
    let pooled = make(b, pool, &[inner], &node.shape);
    let outer = b.node(x).clone();
    let inputs: Vec<Id> = outer
        .inputs
        .iter()
        .map(|&input| if input == inner { pooled } else { rebroadcast(b, input, &node.shape) })
        .collect();
    Some(b.add(outer.op, inputs, node.shape.clone()))
}

/// scatter(f(x), g) = scatter(x, g)
fn scatter(b: &mut Builder, pool: Pool2d, node: &Node) -> Option<Id> {
    let inner = same_places(b, node.inputs[0])?;
    Some(make(b, pool, &[inner, node.inputs[1]], &node.shape))
}

/// gather(f(x), v) = gather(x, v);   gather(x, x) = max_pool x;   gather(x, constant) = constant;
/// gather(x, f(u, v)) = f(gather(x, u), gather(x, v)) element by element
fn gather(b: &mut Builder, pool: Pool2d, node: &Node) -> Option<Id> {
    let [x, v] = node.inputs[..] else { return None };
    if let Some(inner) = same_places(b, x) {
        return Some(make(b, pool, &[inner, v], &node.shape));
    }
    if x == v {
        return Some(make(b, with_map(pool, PoolMap::Largest), &[x], &node.shape));
    }
    if constant_over_windows(b, v) {
        return Some(rebroadcast(b, v, &node.shape));
    }
    let value = b.node(v).clone();
    if !matches!(value.op, Op::Unary(_) | Op::Binary(_) | Op::Select(_)) {
        return None;
    }
    // Only worth it if everything gathered ends in x itself or in constants: then no full-size value is needed.
    if !value.inputs.iter().all(|&input| ends_in(b, input, x, 8)) {
        return None;
    }
    let inputs: Vec<Id> = value.inputs.iter().map(|&input| make(b, pool, &[x, input], &node.shape)).collect();
    Some(b.add(value.op, inputs, node.shape.clone()))
}

/// Whether a value is computed element by element from `x` and constants over windows, in a few steps.
fn ends_in(b: &Builder, id: Id, x: Id, depth: usize) -> bool {
    let node = b.node(id);
    id == x
        || constant_over_windows(b, id)
        || (depth > 0
            && matches!(node.op, Op::Unary(_) | Op::Binary(_) | Op::Select(_))
            && node.inputs.iter().all(|&input| ends_in(b, input, x, depth - 1)))
}

/// scatter(x, g) · f(x) = scatter(x, g · gather(x, f(x))), where windows do not overlap
fn product(b: &mut Builder, node: &Node) -> Option<Id> {
    for (scattered, factor) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        let Op::Pool2d(pool) = b.node(scattered).op.clone() else { continue };
        let [x, g] = b.node(scattered).inputs[..] else { continue };
        let apart = (0..2).all(|i| pool.options.stride[i] >= pool.options.window[i]);
        if pool.map == PoolMap::Scatter && apart && ends_in(b, factor, x, 8) {
            let shape = b.shape(g).to_vec();
            let gathered = make(b, with_map(pool, PoolMap::Gather), &[x, factor], &shape);
            let inner = b.add(Binary::Mul, vec![g, gathered], shape);
            return Some(b.add(pool, vec![x, inner], node.shape.clone()));
        }
    }
    None
}

/// Σ over height and width of scatter(x, g) = the same sum of g: every window's element lands somewhere.
fn sum_of_scatter(b: &mut Builder, sum: &Sum, node: &Node) -> Option<Id> {
    let input = b.node(node.inputs[0]);
    let Op::Pool2d(pool) = &input.op else { return None };
    if pool.map != PoolMap::Scatter || !sum.0.ends_with(&[2, 3]) {
        return None;
    }
    let g = input.inputs[1];
    Some(b.add(sum.clone(), vec![g], node.shape.clone()))
}
