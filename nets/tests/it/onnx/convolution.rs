//! Convolutions and pooling.

use bayeux_autodiff::AnyExpr;

use super::node::{Node, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let x = node.maybe(0)?;
    let everywhere = || (2..x.rank()).collect::<Vec<usize>>();
    let one_each = |y: AnyExpr| {
        let mut shape = sizes(x);
        shape[2..].fill(1);
        y.reshape(shape)
    };
    Some(vec![match node.op() {
        "GlobalAveragePool" => one_each(x.mean(everywhere())),
        "GlobalMaxPool" => one_each(x.max(everywhere())),
        _ => return None,
    }])
}
