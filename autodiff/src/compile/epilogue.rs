//! Loops that go on with the rows of a matrix product, or the images of a convolution, while they are in a cache.

use std::collections::HashSet;

use bayeux_tensor::ElementType;
use bayeux_tensor::fused::{FusedBuilder, Product};

use super::fuse::{Unit, is_reduction};
use super::graph::{Graph, Id};
use super::layout::Layout;
use crate::ops::{Conv2d, ConvMap, Op};

/// Puts each product into a loop over its elements, if there is one that nothing between them must run before.
pub(super) fn epilogues(graph: &Graph, layouts: &[Layout], units: &mut [Option<Unit>]) {
    for product in 0..units.len() {
        let Some(&Unit { ref members, space: None, .. }) = units[product].as_ref() else { continue };
        let id = members[0];
        if let Some(into) = (0..units.len()).find(|&into| goes_on(graph, layouts, units, [product, into], id))
            && let Some(gone) = units[product].take()
        {
            for unit in units.iter_mut().flatten() {
                if unit.needs.remove(&product) {
                    unit.needs.insert(into);
                }
            }
            if let Some(unit) = &mut units[into] {
                unit.needs.remove(&into);
                unit.needs.extend(gone.needs);
                unit.members.insert(0, id);
                unit.product = Some(id);
            }
        }
    }
}

/// The product that a node is, if it is one that loops can go on with.
pub(super) fn product_of(graph: &Graph, id: Id) -> Option<Product> {
    let node = &graph.nodes[id];
    let shapes: Vec<&[usize]> =
        node.inputs.iter().map(|&input| graph.nodes[input].shape.as_slice()).collect();
    match &node.op {
        Op::Matmul(_) => shapes[0].last().map(|&terms| Product::Matrices(terms)),
        Op::Conv2d(op @ Conv2d { map: ConvMap::Forward, .. }) => {
            Some(Product::Images(op.geometry(&shapes, &node.shape)))
        }
        _ => None,
    }
}

/// Whether a loop can go on with a product: it reads it element by element and has no other, its partial reductions are no
/// more than the product itself, and what else it reads does not wait for the product.
fn goes_on(
    graph: &Graph,
    layouts: &[Layout],
    units: &[Option<Unit>],
    [product, into]: [usize; 2],
    id: Id,
) -> bool {
    let (node, Some(unit)) = (&graph.nodes[id], &units[into]) else { return false };
    let shape = &node.shape;
    if unit.space.as_ref() != Some(shape) || unit.product.is_some() || !unit.needs.contains(&product) {
        return false;
    }
    let chunks = product_of(graph, id).and_then(|of| chunks_of_product(node.element, shape, of));
    let Some(chunks) = chunks else { return false };
    let reductions = unit.members.iter().filter(|&&member| is_reduction(graph, member));
    let reduced: usize = reductions.map(|&member| graph.nodes[member].shape.iter().product::<usize>()).sum();
    let mut inputs = unit.members.iter().flat_map(|&member| &graph.nodes[member].inputs);
    chunks * reduced <= shape.iter().product()
        && inputs.all(|&input| layouts[input].root != id || input == id)
        && unit.needs.iter().all(|&need| need == product || !depends(units, need, product))
}

/// How many parts such a loop has, each with partial results of its own.
fn chunks_of_product(element: ElementType, shape: &[usize], product: Product) -> Option<usize> {
    match element {
        ElementType::F32 => FusedBuilder::<f32>::chunks_of_product(shape, product),
        _ => FusedBuilder::<f64>::chunks_of_product(shape, product),
    }
}

/// Whether one unit needs another's results, directly or through others.
pub(super) fn depends(units: &[Option<Unit>], unit: usize, on: usize) -> bool {
    let mut seen = HashSet::new();
    let mut stack = vec![unit];
    while let Some(unit) = stack.pop() {
        if unit == on {
            return true;
        }
        if seen.insert(unit) {
            stack.extend(units[unit].iter().flat_map(|unit| unit.needs.iter().copied()));
        }
    }
    false
}
