//! Attention, and the turning of places into angles.

use bayeux_autodiff::{AnyExpr, Expr};

use super::node::{Node, cast, element_type, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    match node.op() {
        "Attention" => Some(attention(node)),
        "RotaryEmbedding" => Some(vec![rotary_embedding(node)]),
        _ => None,
    }
}

/// Heads apart: `[batch, steps, heads · size]` as `[batch, heads, steps, size]`.
fn heads_apart(x: &AnyExpr, heads: usize) -> AnyExpr {
    match sizes(x)[..] {
        [batch, steps, all] => x.reshape([batch, steps, heads, all / heads]).transpose(&[0, 2, 1, 3]),
        _ => x.clone(),
    }
}

fn attention(node: &Node<'_>) -> Vec<AnyExpr> {
    let [q_heads, kv_heads] = ["q_num_heads", "kv_num_heads"].map(|name| node.int(name, 1) as usize);
    let q = heads_apart(node.x(0), q_heads);
    let with_past = |i: usize, past: usize| {
        let now = heads_apart(node.x(i), kv_heads);
        node.maybe(past).map_or_else(|| now.clone(), |past| Expr::concat(&[past.clone(), now.clone()], 2))
    };
    let (keys, values) = (with_past(1, 4), with_past(2, 5));
    let heads = sizes(&q)[1];
    let scale = node.float("scale", 1.0 / (sizes(&q)[3] as f64).sqrt()).sqrt();
    let raw = (&q * scale).matmul(&(repeated(&keys, heads) * scale).t());
    let capped = match node.float("softcap", 0.0) {
        0.0 => raw,
        cap => (raw / cap).tanh() * cap,
    };
    let masked = masked(node, &capped);
    let precise = match node.int("softmax_precision", 0) {
        0 => masked.clone(),
        number => cast(&masked, element_type(number)),
    };
    let weights = cast(&precise.softmax(), q.element_type());
    let y = weights.matmul(&repeated(&values, heads));
    let y = match node.x(0).rank() {
        3 => y.transpose(&[0, 2, 1, 3]).flatten_from(2),
        _ => y,
    };
    let seen = match node.int("qk_matmul_output_mode", 0) {
        2 => masked,
        3 => weights,
        _ => capped,
    };
    vec![y, keys, values, seen]
}

/// Each head of keys or values for as many heads of queries as share it.
fn repeated(x: &AnyExpr, heads: usize) -> AnyExpr {
    let [batch, own, steps, size] = sizes(x)[..] else { panic!("{} has no heads", x.shape()) };
    x.insert_axis(2).broadcast_to([batch, own, heads / own, steps, size]).reshape([batch, heads, steps, size])
}

/// −∞ where nothing is to be seen: by a mask, after the step itself, or beyond the length of a sequence.
fn masked(node: &Node<'_>, scores: &AnyExpr) -> AnyExpr {
    let [.., steps, length] = sizes(scores)[..] else { panic!("{} are no scores", scores.shape()) };
    let never = scores.ones_like() * f64::NEG_INFINITY;
    let places = Expr::<i64>::arange(length);
    let mut scores = scores.clone();
    if let Some(mask) = node.maybe(3) {
        // A mask may be shorter: nothing is seen beyond it.
        let (last, given) = (mask.rank() - 1, sizes(mask)[mask.rank() - 1]);
        let padded = mask.pad(last, 0, length - given);
        scores = match mask.element_type().is_float() {
            true => Expr::select(&places.lt(&Expr::scalar(given as f64)), &(&scores + padded), &never),
            false => Expr::select(&padded.typed(), &scores, &never),
        };
    }
    if node.flag("is_causal") {
        let past = node.maybe(4).map_or(0, |past| sizes(past)[2] as i32);
        let seen = places.le(&(Expr::<i64>::arange(steps).insert_axis(1) + past));
        scores = Expr::select(&seen, &scores, &never);
    }
    if let Some(lengths) = node.maybe(6) {
        let batch = sizes(lengths)[0];
        let seen = places.lt(&lengths.cast::<i64>().reshape([batch, 1, 1, 1]));
        scores = Expr::select(&seen, &scores, &never);
    }
    scores
}

/// Pairs of elements turned by the angle of their place.
fn rotary_embedding(node: &Node<'_>) -> AnyExpr {
    let x = heads_apart(node.x(0), node.int("num_heads", 1).max(1) as usize);
    let [batch, heads, steps, size] = sizes(&x)[..] else { panic!("{} has no heads", x.shape()) };
    let turned = match node.int("rotary_embedding_dim", 0) as usize {
        0 => size,
        some => some,
    };
    let half = turned / 2;
    // [batch, 1, steps, half]
    let [cos, sin] = [1, 2].map(|i| match node.maybe(3) {
        Some(places) => node.x(i).take(0, &places.cast()).insert_axis(1),
        None => node.x(i).insert_axis(1),
    });
    // The pairs are neighbours, or one half and the other.
    let between = node.flag("interleaved");
    let pairs = x.slice(3, ..turned);
    let pairs = match between {
        true => pairs.reshape([batch, heads, steps, half, 2]).transpose(&[4, 0, 1, 2, 3]),
        false => pairs.reshape([batch, heads, steps, 2, half]).transpose(&[3, 0, 1, 2, 4]),
    };
    let [a, b] = [0, 1].map(|i| pairs.slice(0, i..i + 1).reshape([batch, heads, steps, half]));
    let after = [&cos * &a - &sin * &b, &sin * &a + &cos * &b]
        .map(|part| part.insert_axis(if between { 4 } else { 3 }));
    let after = Expr::concat(&after, if between { 4 } else { 3 }).reshape([batch, heads, steps, turned]);
    let all = Expr::concat(&[after, x.slice(3, turned..)], 3);
    match node.x(0).rank() {
        3 => all.transpose(&[0, 2, 1, 3]).flatten_from(2),
        _ => all,
    }
}
