//! Elements taken from places and put there.

use bayeux_autodiff::{AnyExpr, Expr, Unique};

use super::node::{Node, from_front, from_last, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    if node.op() == "TopK" {
        return Some(top_k(node));
    }
    if node.op() == "Unique" {
        return unique(node);
    }
    taken(node).map(|y| vec![y])
}

fn taken(node: &Node<'_>) -> Option<AnyExpr> {
    Some(match node.op() {
        "Compress" => compress(node),
        "Gather" => {
            let x = node.x(0);
            let axis = node.axis(0, x.rank());
            x.take(axis, &places(node.x(1), sizes(x)[axis]))
        }
        "GatherElements" => {
            let (x, at) = (node.x(0), node.x(1));
            let axis = node.axis(0, x.rank());
            // Along the other axes there may be fewer places than elements.
            let others = (0..x.rank()).filter(|&other| other != axis);
            let x = others.fold(x.clone(), |x, other| x.slice(other, ..sizes(at)[other]));
            x.take_along(axis, &places(at, sizes(&x)[axis]))
        }
        "GatherND" => gather_nd(node),
        "NonZero" => {
            // How many there are has to be known.
            let x = node.x(0).cast::<bool>();
            let count = node.known(0)?.cast::<bool>().iter().filter(|&is| is).count();
            x.nonzero(count).0.t().untyped()
        }
        "OneHot" => one_hot(node),
        "Scatter" | "ScatterElements" => scatter_elements(node),
        "ScatterND" => scatter_nd(node),
        "ReverseSequence" => reverse_sequence(node),
        _ => return None,
    })
}

/// Places of which negative ones are counted from the end.
pub fn places(at: &AnyExpr, length: usize) -> Expr<i64> {
    at.cast::<i64>().wrap_negative(length)
}

/// Parts at points; along the first axes, which both have, each by itself.
fn gather_nd(node: &Node<'_>) -> AnyExpr {
    let (x, common) = (node.x(0), node.int("batch_dims", 0) as usize);
    let at = coordinates(node.x(1), &sizes(x)[common..]);
    let shape: Vec<usize> = at.shape().sizes().unwrap();
    let last = shape.len() - 1;
    // Their own places are coordinates, too.
    let own = (0..common).map(|axis| {
        let mut along = vec![1; shape.len()];
        along[axis] = shape[axis];
        let whole = [&shape[..last], &[1]].concat();
        Expr::<i64>::arange(shape[axis]).reshape(along).broadcast_to(whole)
    });
    x.gather_nd(&Expr::concat(&own.chain([at.clone()]).collect::<Vec<_>>(), last))
}

/// How many are kept is known from the condition only, which has to be known therefore.
fn compress(node: &Node<'_>) -> AnyExpr {
    let x = match node.has("axis") {
        true => node.x(0).clone(),
        false => node.x(0).flatten_from(0),
    };
    let axis = node.axis(0, x.rank());
    // A condition that is too short keeps nothing more.
    let mut kept = node.known(1).unwrap().get::<bool>().to_vec();
    kept.resize(sizes(&x)[axis], false);
    x.compress(axis, &kept)
}

/// Elements put to places along an axis, or combined with what stands there.
fn scatter_elements(node: &Node<'_>) -> AnyExpr {
    let (x, at, parts) = (node.x(0), node.x(1), node.x(2));
    let axis = node.axis(0, x.rank());
    let at = places(at, sizes(x)[axis]);
    // Along the other axes there may be fewer places than elements: what lies beyond them stays.
    let others: Vec<usize> = (0..x.rank()).filter(|&other| other != axis).collect();
    let inner = others.iter().fold(x.clone(), |x, &other| x.slice(other, ..sizes(parts)[other]));
    let inner = match node.text("reduction", "none") {
        "none" => inner.put_along(axis, &at, parts),
        "add" => inner.add_along(axis, &at, parts),
        "mul" => inner.mul_along(axis, &at, parts),
        "max" => inner.max_along(axis, &at, parts),
        "min" => inner.min_along(axis, &at, parts),
        other => panic!("no reduction {other}"),
    };
    within(x, &inner, &others)
}

/// This with its first part along some axes replaced.
fn within(x: &AnyExpr, inner: &AnyExpr, axes: &[usize]) -> AnyExpr {
    let Some((&axis, axes)) = axes.split_first() else { return inner.clone() };
    let count = sizes(inner)[axis];
    let front = within(&x.slice(axis, ..count), inner, axes);
    Expr::concat(&[front, x.slice(axis, count..)], axis)
}

fn scatter_nd(node: &Node<'_>) -> AnyExpr {
    let (x, at, parts) = (node.x(0), coordinates(node.x(1), &sizes(node.x(0))), node.x(2));
    match node.text("reduction", "none") {
        "none" => x.scatter_nd(&at, parts),
        "add" => x.scatter_nd_add(&at, parts),
        "mul" => x.scatter_nd_mul(&at, parts),
        "max" => x.scatter_nd_max(&at, parts),
        "min" => x.scatter_nd_min(&at, parts),
        other => panic!("no reduction {other}"),
    }
}

/// Coordinates of which negative ones are counted from the end.
fn coordinates(at: &AnyExpr, of: &[usize]) -> Expr<i64> {
    let last = at.rank() - 1;
    let part = |i: usize| places(&at.slice(last, i..i + 1), of[i]);
    Expr::concat(&(0..sizes(at)[last]).map(part).collect::<Vec<_>>(), last)
}

fn one_hot(node: &Node<'_>) -> AnyExpr {
    let (at, values) = (node.x(0), node.x(2));
    let depth = node.known_ints(1).unwrap()[0] as usize;
    let axis = from_front(node.int("axis", -1), at.rank() + 1);
    let at = places(at, depth);
    // A place that is none is cold everywhere.
    let hot = at.insert_axis(at.rank()).eq(&Expr::arange(depth));
    let [off, on] = [0, 1].map(|i: usize| values.slice(0, i..i + 1));
    from_last(&Expr::select(&hot, &on, &off), axis)
}

fn top_k(node: &Node<'_>) -> Vec<AnyExpr> {
    let x = node.x(0);
    let axis = node.axis(-1, x.rank());
    let k = node.known_ints(1).unwrap()[0] as usize;
    let (values, at) = match node.int("largest", 1) {
        0 => {
            let (values, at) = x.sort_along(axis);
            (values.slice(axis, ..k), at.slice(axis, ..k))
        }
        _ => x.top_k_along(axis, k),
    };
    vec![values, at.untyped()]
}

/// The elements that are there, once each: in order, or as they come. How many there are has to be known.
fn unique(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    if node.has("axis") {
        return None;
    }
    let x = node.x(0).flatten_from(0);
    let known = node.known(0)?.cast::<f64>().to_vec();
    let distinct: std::collections::BTreeSet<u64> = known.iter().map(|x| (x + 0.0).to_bits()).collect();
    let Unique { values, places, counts, inverse, .. } = x.unique(distinct.len());
    let order = match node.int("sorted", 1) {
        0 => places.argsort(),
        _ => Expr::arange(distinct.len()),
    };
    let inverse = order.argsort().take(0, &inverse);
    Some(vec![
        values.take(0, &order),
        places.take(0, &order).untyped(),
        inverse.untyped(),
        counts.take(0, &order).untyped(),
    ])
}

/// The first so many along one axis backwards, for each place along another its own number.
fn reverse_sequence(node: &Node<'_>) -> AnyExpr {
    let x = node.x(0);
    let [time, batch] =
        [("time_axis", 0), ("batch_axis", 1)].map(|(name, default)| node.int(name, default) as usize);
    let lengths = node.x(1).cast::<i64>().insert_axis(1);
    let at = Expr::<i64>::arange(x.dim(time));
    let at = Expr::select(&at.lt(&lengths), &(&lengths - 1 - &at), &at);
    // [batch, time], beside all other axes.
    let order: Vec<usize> = [batch]
        .into_iter()
        .chain((0..x.rank()).filter(|&axis| axis != time && axis != batch))
        .chain([time])
        .collect();
    let turned = x.transpose(&order);
    let at = (1..x.rank() - 1).fold(at, |at, axis| at.insert_axis(axis));
    let taken = turned.take_along_last(&at.broadcast_to(turned.shape()));
    let back: Vec<usize> =
        (0..x.rank()).map(|axis| order.iter().position(|&from| from == axis).unwrap()).collect();
    taken.transpose(&back)
}
