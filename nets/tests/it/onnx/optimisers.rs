//! Steps of optimisers, by the definitions of `ai.onnx.preview.training`.

use bayeux_autodiff::{AnyExpr, Expr};

use super::node::{Node, cast};

/// What comes of a tensor, its gradient, and what is remembered of it: the new tensor, and what is remembered now.
type Step = fn(&Node<'_>, &[AnyExpr]) -> Vec<AnyExpr>;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    // For each tensor: itself, its gradient, and what the optimiser remembers of it.
    let (states, step): (usize, Step) = match node.op() {
        "Adagrad" => (1, adagrad),
        "Adam" => (2, adam),
        "Momentum" => (1, momentum),
        _ => return None,
    };
    let all = node.all().split_off(2);
    let tensors = all.len() / (2 + states);
    let of_each: Vec<Vec<AnyExpr>> = (0..tensors)
        .map(|i| step(node, &all.iter().skip(i).step_by(tensors).cloned().collect::<Vec<_>>()))
        .collect();
    // All new tensors first, then all of each state.
    Some((0..=states).flat_map(|kind| of_each.iter().map(move |of| of[kind].clone())).collect())
}

fn rate(node: &Node<'_>) -> AnyExpr {
    node.scalar(0).unwrap()
}

/// How many steps were done, as a number of the tensors' type.
fn time(node: &Node<'_>) -> AnyExpr {
    cast(&node.scalar(1).unwrap(), rate(node).element_type())
}

/// The gradient, with that of half the squared norm.
fn regular(node: &Node<'_>, x: &AnyExpr, g: &AnyExpr) -> AnyExpr {
    x * node.float("norm_coefficient", 0.0) + g
}

/// One number before the first step, another from then on.
fn since_first(node: &Node<'_>, later: &AnyExpr, first: &AnyExpr) -> AnyExpr {
    let t = time(node);
    Expr::select(&t.gt(&t.zeros_like()), later, first)
}

fn adagrad(node: &Node<'_>, of: &[AnyExpr]) -> Vec<AnyExpr> {
    let [x, g, squares] = of else { panic!("Adagrad of {} tensors", of.len()) };
    let rate = rate(node) / (time(node) * node.float("decay_factor", 0.0) + 1.0);
    let g = regular(node, x, g);
    let squares = squares + g.square();
    vec![x - rate * g / (squares.sqrt() + node.float("epsilon", 0.0)), squares]
}

fn adam(node: &Node<'_>, of: &[AnyExpr]) -> Vec<AnyExpr> {
    let [x, g, mean, squares] = of else { panic!("Adam of {} tensors", of.len()) };
    let (alpha, beta) = (node.float("alpha", 0.9), node.float("beta", 0.999));
    let g = regular(node, x, g);
    let mean = mean * alpha + &g * (1.0 - alpha);
    let squares = squares * beta + g.square() * (1.0 - beta);
    let power = |base: f64| (time(node) * base.ln()).exp();
    let adjusted = rate(node) * (1.0 - power(beta)).sqrt() / (1.0 - power(alpha));
    let rate = since_first(node, &adjusted, &rate(node));
    let new = x - rate * &mean / (squares.sqrt() + node.float("epsilon", 0.0));
    vec![new * (1.0 - node.float("norm_coefficient_post", 0.0)), mean, squares]
}

fn momentum(node: &Node<'_>, of: &[AnyExpr]) -> Vec<AnyExpr> {
    let [x, g, speed] = of else { panic!("Momentum of {} tensors", of.len()) };
    let (alpha, beta) = (node.float("alpha", 0.0), node.float("beta", 0.0));
    let g = regular(node, x, g);
    let one = rate(node).ones_like();
    let speed = speed * alpha + since_first(node, &(&one * beta), &one) * &g;
    let step = match node.text("mode", "standard") {
        "nesterov" => g + &speed * alpha,
        _ => speed.clone(),
    };
    vec![x - rate(node) * step, speed]
}
