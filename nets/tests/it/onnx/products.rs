//! Products of matrices.

use bayeux_autodiff::{AnyExpr, Expr};

use super::node::Node;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    Some(vec![match node.op() {
        "Det" => node.x(0).det(),
        "Einsum" => einsum(node),

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
        "MatMul" if node.x(0).element_type().is_float() => node.x(0).matmul(node.x(1)),
        "MatMul" => {
            // Of whole numbers: products, and sums over what is between.
            let (a, b) = (node.x(0), node.x(1));
            (a.insert_axis(a.rank()) * b.insert_axis(b.rank() - 2)).sum(-2)
        }
        _ => return None,
    }])
}

fn einsum(node: &Node<'_>) -> AnyExpr {
    let equation = node.text("equation", "");
    let operands: Vec<AnyExpr> = equation
        .split("->")
        .next()
        .into_iter()
        .flat_map(|inputs| inputs.split(','))
        .zip(node.all())
        // A file has scalars as one element.
        .map(|(letters, x)| if letters.trim().is_empty() { x.reshape(()) } else { x })
        .collect();
    Expr::einsum(equation, &operands.iter().collect::<Vec<_>>())
}
