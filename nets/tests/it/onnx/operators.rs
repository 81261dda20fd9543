//! All operators: the families, one after the other.

use bayeux_autodiff::AnyExpr;

use super::node::Node;
use super::{
    attention, convolution, elementwise, images, indexing, losses, normalisation, optimisers, pooling,
    products, random, recurrent, reductions, shapes, signals,
};

type Family = fn(&Node<'_>) -> Option<Vec<AnyExpr>>;

/// The outputs of a node, if a family has its operator.
pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let families: [Family; 15] = [
        elementwise::build,
        reductions::build,
        shapes::build,
        indexing::build,
        products::build,
        convolution::build,
        pooling::build,
        images::build,
        signals::build,
        normalisation::build,
        losses::build,
        recurrent::build,
        optimisers::build,
        random::build,
        attention::build,
    ];
    families.iter().find_map(|family| family(node))
}
