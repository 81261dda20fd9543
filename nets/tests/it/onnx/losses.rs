//! Losses of classes, which ONNX has on axis 1.

use bayeux_autodiff::{AnyExpr, Expr};
use bayeux_tensor::ElementType;

use super::node::{Node, cast, from_last, to_last};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let (x, labels) = (node.maybe(0)?, node.maybe(1)?);
    Some(match node.op() {
        "NegativeLogLikelihoodLoss" => vec![negative_log_likelihood(node, &to_last(x, 1), labels)],
        "SoftmaxCrossEntropyLoss" => {
            let logs = to_last(x, 1).log_softmax();
            vec![negative_log_likelihood(node, &logs, labels), from_last(&logs, 1)]
        }
        _ => return None,
    })
}

/// Of logarithms `[…, classes]`: the label's, weighted by its class; labels to ignore have weight 0.
fn negative_log_likelihood(node: &Node<'_>, logs: &AnyExpr, labels: &AnyExpr) -> AnyExpr {
    let labels = cast(labels, ElementType::I64).typed::<i64>();
    let ignored = match node.of.attributes.get("ignore_index").and_then(serde_json::Value::as_i64) {
        Some(ignored) => labels.eq(&Expr::scalar(ignored as f64)),
        None => Expr::zeros(labels.shape()),
    };
    // One that is ignored may be no class at all.
    let class = Expr::select(&ignored, &Expr::scalar(0.0), &labels);
    let last = class.rank();
    let costs = -logs.take_along_last(&class.insert_axis(last)).reshape(class.shape());
    let weights = match node.maybe(2) {
        Some(weights) => weights.take(0, &class),
        None => costs.ones_like(),
    };
    let weights = Expr::select(&ignored, &weights.zeros_like(), &weights);
    let costs = costs * &weights;
    match node.text("reduction", "mean") {
        "none" => costs,
        "sum" => costs.sum_all(),
        _ => costs.sum_all() / weights.sum_all(),
    }
}
