//! Loops that go on with the rows of a matrix product, or the images of a convolution, while they are in a cache.

use bayeux_tensor::fused::Product;

use super::dependencies::Dependencies;
use super::graph::{Graph, Id};
use super::layout::Layout;
use super::target::Target;
use super::unit::{Unit, is_reduction};
use crate::ops::{Conv2d, ConvMap, Op};

/// Puts each product into a loop over its elements, if there is one that nothing between them must run before.
pub(super) fn epilogues(
    graph: &Graph,
    layouts: &[Layout],
    target: &Target,
    units: &mut [Option<Unit>],
    dependencies: &mut Dependencies,
) {
    for product in 0..units.len() {
        let Some(&Unit { ref members, space: None, .. }) = units[product].as_ref() else { continue };
        let id = members[0];
        let node = &graph.nodes[id];
        let chunks =
            product_of(graph, id).and_then(|of| (target.parts_of_product)(node.element, &node.shape, of));
        let Some(chunks) = chunks else { continue };
        let fitting = |unit: &Unit| unit.product.is_none() && goes_on(graph, layouts, unit, id, chunks);
        let readers = dependencies.readers(product);
        let mut loops = readers.into_iter().filter(|&reader| units[reader].as_ref().is_some_and(fitting));
        let no_other_waits = |&into: &usize| {
            let needs = dependencies.needs(into);
            dependencies.ask(&needs);
            !dependencies.is_needed(product)
        };
        if let Some(into) = loops.by_ref().take(target.candidates).find(no_other_waits)
            && let Some(unit) = &mut units[into]
        {
            unit.members.insert(0, id);
            unit.product = Some(id);
            units[product] = None;
            dependencies.merge(into, product);
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

/// Whether a loop can go on with a product, as far as the two are concerned: it reads it element by element, and its partial
/// reductions, one a chunk, are no more than the product itself.
fn goes_on(graph: &Graph, layouts: &[Layout], unit: &Unit, id: Id, chunks: usize) -> bool {
    let shape = &graph.nodes[id].shape;
    if unit.space.as_ref() != Some(shape) {
        return false;
    }
    let reductions = unit.members.iter().filter(|&&member| is_reduction(graph, member));
    let reduced: usize = reductions.map(|&member| graph.nodes[member].shape.iter().product::<usize>()).sum();
    let mut inputs = unit.members.iter().flat_map(|&member| &graph.nodes[member].inputs);
    chunks * reduced <= shape.iter().product()
        && inputs.all(|&input| layouts[input].root != id || input == id)
}
