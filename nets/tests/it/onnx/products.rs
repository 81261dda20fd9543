//! Products of matrices.

use bayeux_autodiff::AnyExpr;

use super::node::Node;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    Some(vec![match node.op() {
        "Gemm" => {
            let [a, b] = [(0, "transA"), (1, "transB")].map(|(i, turned)| match node.flag(turned) {
                true => node.x(i).t(),
                false => node.x(i).clone(),
            });
            let product = a.matmul(&b) * node.float("alpha", 1.0);
            match node.maybe(2) {
                Some(c) => product + c * node.float("beta", 1.0),
                None => product,
            }
        }
        _ => return None,
    }])
}
