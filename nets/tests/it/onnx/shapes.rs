//! The same elements in other shapes, joined, cut and padded.

use bayeux_autodiff::{AnyExpr, Expr};
use bayeux_tensor::{Tensor, with_type};

use super::node::{Node, cast, element_type, from_front, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    if node.op() == "Split" {
        return Some(split(node));
    }
    seen_otherwise(node).or_else(|| made(node)).map(|y| vec![y])
}

fn seen_otherwise(node: &Node<'_>) -> Option<AnyExpr> {
    let x = node.maybe(0)?;
    Some(match node.op() {
        "Cast" => cast(x, element_type(node.int("to", 1))),
        "CastLike" => cast(x, node.x(1).element_type()),
        "CenterCropPad" => center_crop_pad(node, x),
        "Concat" => Expr::concat(&node.all(), node.axis(0, x.rank())),
        "DepthToSpace" => depth_to_space(node, x),
        "Expand" => {
            // What has size 1 on either side is repeated.
            let asked: Vec<usize> = node.known_ints(1)?.iter().map(|&size| size as usize).collect();
            x.broadcast_to(joint(&sizes(x), &asked))
        }
        "Flatten" => {
            let axis = from_front(node.int("axis", 1), x.rank());
            x.reshape([sizes(x)[..axis].iter().product::<usize>(), sizes(x)[axis..].iter().product()])
        }
        "Identity" => x.clone(),
        "Reshape" => x.reshape(reshaped(node, &sizes(x))),
        "SpaceToDepth" => space_to_depth(node, x),
        "Squeeze" => {
            let gone: Option<Vec<usize>> = node
                .ints_of(1, "axes")
                .map(|axes| axes.iter().map(|&axis| from_front(axis, x.rank())).collect());
            let stays = |&(axis, size): &(usize, usize)| match &gone {
                Some(gone) => !gone.contains(&axis),
                None => size != 1,
            };
            let shape: Vec<usize> =
                sizes(x).into_iter().enumerate().filter(stays).map(|(_, size)| size).collect();
            x.reshape(shape)
        }
        "Transpose" => {
            let backwards = || (0..x.rank()).rev().collect();
            x.transpose(&node.sizes("perm").unwrap_or_else(backwards))
        }
        "Unsqueeze" => {
            let axes = node.ints_of(1, "axes")?;
            let rank = x.rank() + axes.len();
            let mut axes: Vec<usize> = axes.iter().map(|&axis| from_front(axis, rank)).collect();
            axes.sort_unstable();
            axes.iter().fold(x.clone(), |x, &axis| x.insert_axis(axis))
        }
        _ => return None,
    })
}

/// The shape to which two broadcast.
pub fn joint(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let padded = |x: &[usize]| [&vec![1; rank - x.len()], x].concat();
    padded(a).into_iter().zip(padded(b)).map(|(a, b)| if a == 1 { b } else { a }).collect()
}

/// 0 copies the size that was there, −1 takes what remains.
fn reshaped(node: &Node<'_>, from: &[usize]) -> Vec<usize> {
    let asked = node.ints_of(1, "shape").unwrap();
    let size = |(axis, &size): (usize, &i64)| match size {
        0 if !node.flag("allowzero") => from[axis],
        -1 => 1,
        size => size as usize,
    };
    let mut to: Vec<usize> = asked.iter().enumerate().map(size).collect();
    if let Some(axis) = asked.iter().position(|&size| size == -1) {
        to[axis] = from.iter().product::<usize>() / to.iter().product::<usize>().max(1);
    }
    to
}

fn split(node: &Node<'_>) -> Vec<AnyExpr> {
    let x = node.x(0);
    let axis = node.axis(0, x.rank());
    let (length, count) = (sizes(x)[axis], node.of.outputs.len());
    // All parts are equally long but the last, which has what remains.
    let part = length.div_ceil(count);
    let even = || (0..count).map(|i| part.min(length - (i * part).min(length)) as i64).collect();
    let mut from = 0;
    let mut next = |size: i64| {
        from += size as usize;
        x.slice(axis, from - size as usize..from)
    };
    node.ints_of(1, "split").unwrap_or_else(even).into_iter().map(&mut next).collect()
}

/// As much cut off or added on either side of an axis; what is odd, behind.
fn center_crop_pad(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let asked = node.known_ints(1).unwrap();
    let axes = node.ints("axes").unwrap_or_else(|| (0..x.rank() as i64).collect());
    axes.iter().zip(asked).fold(x.clone(), |x, (&axis, asked)| {
        let (axis, asked) = (from_front(axis, x.rank()), asked as usize);
        let size = sizes(&x)[axis];
        match asked < size {
            true => x.slice(axis, (size - asked) / 2..(size - asked) / 2 + asked),
            false => x.pad(axis, (asked - size) / 2, (asked - size).div_ceil(2)),
        }
    })
}

fn depth_to_space(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let block = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = sizes(x)[..] else { panic!("{} is no image", x.shape()) };
    let c = c / (block * block);
    let blocks = match node.text("mode", "DCR") {
        "DCR" => x.reshape([n, block, block, c, h, w]).transpose(&[0, 3, 4, 1, 5, 2]),
        _ => x.reshape([n, c, block, block, h, w]).transpose(&[0, 1, 4, 2, 5, 3]),
    };
    blocks.reshape([n, c, h * block, w * block])
}

fn space_to_depth(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let block = node.int("blocksize", 1) as usize;
    let [n, c, h, w] = sizes(x)[..] else { panic!("{} is no image", x.shape()) };
    let (h, w) = (h / block, w / block);
    let blocks = x.reshape([n, c, h, block, w, block]).transpose(&[0, 3, 5, 1, 2, 4]);
    blocks.reshape([n, block * block * c, h, w])
}

/// What depends on sizes only, or keeps a part by places.
fn made(node: &Node<'_>) -> Option<AnyExpr> {
    Some(match node.op() {
        "BlackmanWindow" => window(node, &[0.42, -0.5, 0.08]),
        "EyeLike" => {
            let x = node.x(0);
            let element = match node.int("dtype", 0) {
                0 => x.element_type(),
                number => element_type(number),
            };
            cast(&(column_less_row(x) - node.int("k", 0) as i32).eq(&Expr::scalar(0.0)).untyped(), element)
        }
        "HammingWindow" => window(node, &[25.0 / 46.0, -21.0 / 46.0]),
        "HannWindow" => window(node, &[0.5, -0.5]),
        "Range" => {
            let [start, limit, delta] = [0, 1, 2].map(|i| node.known_floats(i).unwrap()[0]);
            let count = ((limit - start) / delta).ceil().max(0.0) as usize;
            let places = with_type!(node.x(0).element_type(), T => Expr::<T>::constant(Tensor::<i64>::from_fn([count], |at| at[0] as i64).cast()).untyped());
            places * node.scalar(2)? + node.scalar(0)?
        }
        "Shape" => {
            let all = sizes(node.x(0));
            let end = |name: &str, default: i64| {
                let at = node.int(name, default);
                (if at < 0 { at + all.len() as i64 } else { at }).clamp(0, all.len() as i64) as usize
            };
            let (start, end) = (end("start", 0), end("end", all.len() as i64));
            let sizes: Vec<i64> = all[start..end.max(start)].iter().map(|&size| size as i64).collect();
            Expr::constant(Tensor::from_slice(&sizes)).untyped()
        }
        "Size" => Expr::<i64>::size(node.x(0).shape().len()).untyped(),
        "Trilu" => {
            let x = node.x(0);
            let k = Expr::scalar(node.known_ints(1).map_or(0, |k| k[0]) as f64);
            let kept = match node.int("upper", 1) {
                0 => column_less_row(x).le(&k),
                _ => column_less_row(x).ge(&k),
            };
            Expr::select(&kept, x, &x.zeros_like())
        }
        _ => return None,
    })
}

/// How far each place of a matrix is to the right of the diagonal.
fn column_less_row(x: &AnyExpr) -> Expr<i64> {
    let [rows, columns] = [x.rank() - 2, x.rank() - 1].map(|axis| Expr::<i64>::arange(x.dim(axis)));
    columns.insert_axis(0) - rows.insert_axis(1)
}

/// A sum of cosines over a period, which ends one step behind the last place or, if symmetric, at it.
fn window(node: &Node<'_>, parts: &[f64]) -> AnyExpr {
    let size = node.known_ints(0).unwrap()[0] as usize;
    let period = if node.int("periodic", 1) == 0 { size - 1 } else { size };
    let angle = Expr::<f64>::arange(size) * (std::f64::consts::TAU / period as f64);
    let part = |(i, &part): (usize, &f64)| (&angle * i as f64).cos() * part;
    let sum = parts.iter().enumerate().map(part).reduce(|sum, part| sum + part).unwrap();
    cast(&sum.untyped(), element_type(node.int("output_datatype", 1)))
}
