//! The same elements in other shapes, joined, cut and padded.

use bayeux_autodiff::{AnyExpr, Expr, PadMode};
use bayeux_tensor::Tensor;

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
        "DepthToSpace" => {
            let block = node.int("blocksize", 1) as usize;
            match node.text("mode", "DCR") {
                "DCR" => x.depth_to_space(block),
                _ => x.pixel_shuffle(block),
            }
        }
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
        "Pad" => pad(node, x),
        "Reshape" => x.reshape(reshaped(node, &sizes(x))),
        "Slice" => slice(node, x),
        "SpaceToDepth" => x.space_to_depth(node.int("blocksize", 1) as usize),
        "Squeeze" => match node.ints_of(1, "axes") {
            Some(axes) => x.squeeze(whole(&axes)),
            None => {
                let is_one = |axis: &usize| sizes(x)[*axis] == 1;
                x.squeeze((0..x.rank()).filter(is_one).collect::<Vec<_>>())
            }
        },
        "Tile" => {
            let times: Vec<usize> = node.known_ints(1)?.iter().map(|&times| times as usize).collect();
            x.tile(&times)
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

fn whole(axes: &[i64]) -> Vec<i32> {
    axes.iter().map(|&axis| axis as i32).collect()
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
    let lengths = node.ints_of(1, "split").unwrap_or_else(even);
    x.split(axis, &lengths.iter().map(|&length| length as usize).collect::<Vec<_>>())
}

/// The range of each axis, from which every so many elements are taken; places beyond the axis are its ends.
fn slice(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let [starts, ends] = [(1, "starts"), (2, "ends")].map(|(i, name)| node.ints_of(i, name).unwrap());
    let axes = node.ints_of(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = node.known_ints(4).unwrap_or_else(|| vec![1; starts.len()]);
    (0..starts.len()).fold(x.clone(), |x, i| {
        let axis = from_front(axes[i], x.rank());
        let (length, step) = (sizes(&x)[axis] as i64, steps[i]);
        let place = |at: i64| if at < 0 { at.saturating_add(length) } else { at };
        let (start, end) = (place(starts[i]), place(ends[i]));
        // Backwards the range goes from behind the end to the start itself.
        let range = match step > 0 {
            true => start.clamp(0, length)..end.clamp(0, length),
            false => end.clamp(-1, length - 1) + 1..start.clamp(-1, length - 1) + 1,
        };
        x.slice_step(axis, range.start as usize..range.end.max(range.start) as usize, step as i32)
    })
}

/// What stands around the axes; a negative number cuts off as much.
fn pad(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let mode = match node.text("mode", "constant") {
        "constant" => PadMode::Constant(node.known_floats(2).map_or(0.0, |value| value[0])),
        "edge" => PadMode::Edge,
        "reflect" => PadMode::Reflect,
        _ => PadMode::Wrap,
    };
    let axes = node.known_ints(3).unwrap_or_else(|| (0..x.rank() as i64).collect());
    let pads = node.ints_of(1, "pads").unwrap();
    (0..axes.len()).fold(x.clone(), |x, i| {
        let axis = from_front(axes[i], x.rank());
        let (before, after) = (pads[i], pads[axes.len() + i]);
        let kept = (-before).max(0) as usize..sizes(&x)[axis] - (-after).max(0) as usize;
        x.slice(axis, kept).pad_with(axis, before.max(0) as usize, after.max(0) as usize, mode)
    })
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

/// What depends on sizes only, or keeps a part by places.
fn made(node: &Node<'_>) -> Option<AnyExpr> {
    Some(match node.op() {
        "Constant" => constant(node)?,
        "EyeLike" => {
            let x = node.x(0);
            let element = match node.int("dtype", 0) {
                0 => x.element_type(),
                number => element_type(number),
            };
            let [rows, columns] = [0, 1].map(|axis| x.dim(axis));
            cast(&Expr::<u8>::eye_with(rows, columns, node.int("k", 0) as i32).untyped(), element)
        }
        "Range" => {
            let [start, limit, delta] = [0, 1, 2].map(|i| node.known_floats(i).unwrap()[0]);
            let count = ((limit - start) / delta).ceil().max(0.0) as usize;
            let places = cast(&Expr::<i64>::arange(count).untyped(), node.x(0).element_type());
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
            let diagonal = node.known_ints(1).map_or(0, |k| k[0]) as i32;
            match node.int("upper", 1) {
                0 => node.x(0).tril(diagonal),
                _ => node.x(0).triu(diagonal),
            }
        }
        _ => return None,
    })
}

fn constant(node: &Node<'_>) -> Option<AnyExpr> {
    let ints = node.ints("value_ints").map(|list| Expr::constant(Tensor::from_slice(&list)).untyped());
    let floats = || {
        let list: Vec<f32> = node.floats("value_floats")?.into_iter().map(|value| value as f32).collect();
        Some(Expr::constant(Tensor::from_slice(&list)).untyped())
    };
    let one = || match node.has("value_int") {
        true => Some(Expr::<i64>::constant(Tensor::scalar(node.int("value_int", 0))).untyped()),
        false => {
            node.has("value_float").then(|| Expr::<f32>::scalar(node.float("value_float", 0.0)).untyped())
        }
    };
    ints.or_else(floats).or_else(one)
}
