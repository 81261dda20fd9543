//! What brings elements to a common scale.

use bayeux_autodiff::{AnyExpr, Expr};

use super::node::{Node, cast, from_front, from_last, of_channels, sizes, to_last};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let x = node.maybe(0)?;
    Some(match node.op() {
        "BatchNormalization" => batch_normalization(node, x),
        "GroupNormalization" => vec![group_normalization(node, x)],
        "Hardmax" => vec![along(node, x, hardmax)],
        "InstanceNormalization" => {
            let axes: Vec<usize> = (2..x.rank()).collect();
            let y = normalised(x, &axes, node.float("epsilon", 1e-5)).0;
            vec![y * of_channels(node.x(1), x.rank()) + of_channels(node.x(2), x.rank())]
        }
        "LRN" => vec![local_response(node, x)],
        "LayerNormalization" => {
            let (y, mean, scale) = normalised(x, &from(node, x), node.float("epsilon", 1e-5));
            let y = y * node.x(1);
            vec![node.maybe(2).map_or_else(|| y.clone(), |bias| &y + bias), mean, scale]
        }
        "LogSoftmax" => vec![along(node, x, |x| x.log_softmax())],
        "LpNormalization" => {
            let axis = node.axis(-1, x.rank());
            let norm = match node.int("p", 2) {
                1 => x.abs().sum_keep(axis),
                _ => x.square().sum_keep(axis).sqrt(),
            };
            // What has no length stays 0.
            vec![x / Expr::select(&norm.eq(&norm.zeros_like()), &norm.ones_like(), &norm)]
        }
        "MeanVarianceNormalization" => {
            let axes = node.ints("axes").unwrap_or_else(|| vec![0, 2, 3]);
            let axes: Vec<usize> = axes.iter().map(|&axis| from_front(axis, x.rank())).collect();
            let (mean, variance) = moments(x, &axes);
            vec![(x - mean) / (variance.sqrt() + 1e-9)]
        }
        "RMSNormalization" => {
            let axes = from(node, x);
            let square =
                axes.iter().fold(x.square(), |square, &axis| square.sum_keep(axis) / sizes(x)[axis] as f64);
            vec![x / (square + node.float("epsilon", 1e-5)).sqrt() * node.x(1)]
        }
        "Softmax" => vec![along(node, x, |x| x.softmax())],
        _ => return None,
    })
}

/// Along one axis; before opset 13 along all from it on, as one.
fn along(node: &Node<'_>, x: &AnyExpr, f: impl Fn(&AnyExpr) -> AnyExpr) -> AnyExpr {
    if node.opset < 13 {
        return f(&x.flatten_from(node.axis(1, x.rank()))).reshape(x.shape());
    }
    let axis = node.axis(-1, x.rank());
    from_last(&f(&to_last(x, axis)), axis)
}

/// 1 at the first of the largest.
fn hardmax(x: &AnyExpr) -> AnyExpr {
    let at = x.argmax(-1);
    cast(&at.insert_axis(at.rank()).eq(&Expr::arange(x.dim(x.rank() - 1))).untyped(), x.element_type())
}

/// All axes from that of the attribute on.
fn from(node: &Node<'_>, x: &AnyExpr) -> Vec<usize> {
    (node.axis(-1, x.rank())..x.rank()).collect()
}

/// Mean and variance along axes, which stay.
fn moments(x: &AnyExpr, axes: &[usize]) -> (AnyExpr, AnyExpr) {
    let mut shape = sizes(x);
    axes.iter().for_each(|&axis| shape[axis] = 1);
    let (mean, variance) = x.moments(axes);
    (mean.reshape(&shape[..]), variance.reshape(&shape[..]))
}

/// What has mean 0 and variance 1 along axes; the mean, and the factor.
fn normalised(x: &AnyExpr, axes: &[usize], epsilon: f64) -> (AnyExpr, AnyExpr, AnyExpr) {
    let (mean, variance) = moments(x, axes);
    let scale = (variance + epsilon).sqrt().recip();
    ((x - &mean) * &scale, mean, scale)
}

fn batch_normalization(node: &Node<'_>, x: &AnyExpr) -> Vec<AnyExpr> {
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| of_channels(node.x(i), x.rank()));
    let shifted = |mean: &AnyExpr, variance: &AnyExpr| {
        (x - mean) / (variance + node.float("epsilon", 1e-5)).sqrt() * &scale + &bias
    };
    if !node.flag("training_mode") {
        return vec![shifted(&mean, &variance)];
    }
    let axes: Vec<usize> = (0..x.rank()).filter(|&axis| axis != 1).collect();
    let (now_mean, now_variance) = moments(x, &axes);
    let momentum = node.float("momentum", 0.9);
    let moved =
        |was: &AnyExpr, now: &AnyExpr| (was * momentum + now * (1.0 - momentum)).reshape(node.x(3).shape());
    vec![shifted(&now_mean, &now_variance), moved(&mean, &now_mean), moved(&variance, &now_variance)]
}

/// Each group of channels by itself; scale and bias are those of channels, before opset 21 those of groups.
fn group_normalization(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let groups = node.int("num_groups", 1) as usize;
    let [n, channels] = sizes(x)[..2] else { panic!("{} has no channels", x.shape()) };
    let apart = x.reshape([vec![n, groups, channels / groups], sizes(x)[2..].to_vec()].concat());
    let axes: Vec<usize> = (2..apart.rank()).collect();
    let y = normalised(&apart, &axes, node.float("epsilon", 1e-5)).0;
    match sizes(node.x(1))[0] == channels {
        true => y.reshape(x.shape()) * of_channels(node.x(1), x.rank()) + of_channels(node.x(2), x.rank()),
        false => (y * of_channels(node.x(1), apart.rank()) + of_channels(node.x(2), apart.rank()))
            .reshape(x.shape()),
    }
}

/// Krizhevsky's local response normalisation: alpha is divided by the number of neighbours.
fn local_response(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let size = node.int("size", 1) as usize;
    let before = (size - 1) / 2;
    let squares = x.square().pad(1, before, size - 1 - before);
    let near =
        (1..size).fold(squares.slice(1, 0..sizes(x)[1]), |sum, i| sum + squares.slice(1, i..i + sizes(x)[1]));
    x / (near * (node.float("alpha", 1e-4) / size as f64) + node.float("bias", 1.0))
        .powf(node.float("beta", 0.75))
}
