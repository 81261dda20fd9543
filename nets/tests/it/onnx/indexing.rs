//! Elements taken from places and put there.

use bayeux_autodiff::{AnyExpr, Expr};
use bayeux_tensor::{ElementType, Tensor};

use super::node::{Node, cast, from_front, from_last, sizes, to_last};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    if node.op() == "TopK" {
        return Some(top_k(node));
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
            let found = to_last(&x, axis).take_along_last(&places(&to_last(at, axis), sizes(&x)[axis]));
            from_last(&found, axis)
        }
        "GatherND" => {
            let (x, common) = (node.x(0), node.int("batch_dims", 0) as usize);
            let at = joint_places(node.x(1), &sizes(x), common);
            let depth = sizes(node.x(1))[at.rank()];
            let (front, rest) = (common + depth, sizes(x)[common + depth..].to_vec());
            let all: usize = sizes(x)[..front].iter().product();
            x.reshape([vec![all], rest].concat()).take(0, &at)
        }
        "OneHot" => one_hot(node),
        "ReverseSequence" => reverse_sequence(node),
        _ => return None,
    })
}

/// Places of which negative ones are counted from the end.
pub fn places(at: &AnyExpr, length: usize) -> Expr<i64> {
    let at = at.cast::<i64>();
    Expr::select(&at.lt(&Expr::scalar(0.0)), &(&at + length as i32), &at)
}

/// Places `[common…, …, depth]` along the axes from `common` on as places along all axes up to them as one.
pub fn joint_places(at: &AnyExpr, of: &[usize], common: usize) -> Expr<i64> {
    let last = at.rank() - 1;
    let depth = sizes(at)[last];
    let part = |i: usize| {
        let along = at.slice(last, i..i + 1).reshape(&sizes(at)[..last]);
        places(&along, of[common + i])
    };
    let start = Expr::<i64>::zeros(&sizes(at)[..last]);
    let start = (0..common).fold(start, |joint, axis| {
        let mut shape = vec![1; last];
        shape[axis] = of[axis];
        joint * of[axis] as i32 + Expr::<i64>::arange(of[axis]).reshape(shape)
    });
    (0..depth).fold(start, |joint, i| joint * of[common + i] as i32 + part(i))
}

/// How many are kept is known from the condition only, which has to be known therefore.
fn compress(node: &Node<'_>) -> AnyExpr {
    let kept = node.known(1).unwrap().get::<bool>().to_vec();
    let at: Vec<i64> = (0..).zip(kept).filter_map(|(at, kept)| kept.then_some(at)).collect();
    let at = Expr::constant(Tensor::from_slice(&at));
    let x = node.x(0);
    match node.ints("axis").is_none() && node.of.attributes.get("axis").is_none() {
        true => x.flatten_from(0).take(0, &at),
        false => x.take(node.axis(0, x.rank()), &at),
    }
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
    let last = to_last(x, axis);
    let (values, at) = match node.int("largest", 1) {
        0 => {
            let (values, at) = last.sort();
            let first = ..k;
            (values.slice(x.rank() - 1, first), at.slice(x.rank() - 1, first))
        }
        _ => last.top_k(k),
    };
    vec![from_last(&values, axis), cast(&from_last(&at.untyped(), axis), ElementType::I64)]
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
