//! Reductions along axes, and running ones.

use bayeux_autodiff::{AnyExpr, PadMode};
use bayeux_tensor::ElementType;

use super::node::{Node, cast, from_front, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    reduced(node).or_else(|| place(node)).or_else(|| running(node)).map(|y| vec![y])
}

fn reduced(node: &Node<'_>) -> Option<AnyExpr> {
    let of = node.op().strip_prefix("Reduce")?;
    let x = node.x(0);
    let given = node.ints_of(1, "axes").unwrap_or_default();
    let axes: Vec<usize> = match given.is_empty() {
        true if node.flag("noop_with_empty_axes") => Vec::new(),
        true => (0..x.rank()).collect(),
        false => given.iter().map(|&axis| from_front(axis, x.rank())).collect(),
    };
    let axes = axes.as_slice();
    // What is no whole number is cut off to one, of whole numbers.
    let real = |f: &dyn Fn(&AnyExpr) -> AnyExpr| match x.element_type() {
        ElementType::F32 | ElementType::F64 => f(x),
        element => cast(&f(&cast(x, ElementType::F64)), element),
    };
    let y = match of {
        "L1" => x.abs().sum(axes),
        "L2" => real(&|x| x.norm(axes)),
        "LogSum" => real(&|x| x.sum(axes).ln()),
        "LogSumExp" => real(&|x| x.logsumexp_along(axes)),
        "Max" if x.element_type() == ElementType::Bool => x.typed::<bool>().any(axes).untyped(),
        "Max" => x.max(axes),
        "Mean" => real(&|x| x.mean(axes)),
        "Min" if x.element_type() == ElementType::Bool => x.typed::<bool>().all(axes).untyped(),
        "Min" => x.min(axes),
        "Prod" => x.prod(axes),
        "Sum" => x.sum(axes),
        "SumSquare" => x.square().sum(axes),
        _ => return None,
    };
    Some(match node.int("keepdims", 1) {
        0 => y,
        _ => with_ones(&y, x, axes),
    })
}

fn with_ones(y: &AnyExpr, x: &AnyExpr, axes: &[usize]) -> AnyExpr {
    let mut shape = sizes(x);
    axes.iter().for_each(|&axis| shape[axis] = 1);
    y.reshape(shape)
}

fn place(node: &Node<'_>) -> Option<AnyExpr> {
    let largest = match node.op() {
        "ArgMax" => true,
        "ArgMin" => false,
        _ => return None,
    };
    let x = node.x(0);
    let axis = node.axis(0, x.rank());
    let first = |x: &AnyExpr| if largest { x.argmax(axis as i32) } else { x.argmin(axis as i32) };
    let at = match node.flag("select_last_index") {
        true => (sizes(x)[axis] as i32 - 1) - first(&x.flip(axis)),
        false => first(x),
    };
    Some(match node.int("keepdims", 1) {
        0 => at.untyped(),
        _ => at.insert_axis(axis).untyped(),
    })
}

/// Sums and products up to each place; exclusive ones are without it.
fn running(node: &Node<'_>) -> Option<AnyExpr> {
    let is_sum = match node.op() {
        "CumSum" => true,
        "CumProd" => false,
        _ => return None,
    };
    let x = node.x(0);
    let axis = from_front(node.known_ints(1)?[0], x.rank());
    let turned = |x: &AnyExpr| if node.flag("reverse") { x.flip(axis) } else { x.clone() };
    let x = turned(x);
    let all = if is_sum { x.cumsum(axis) } else { x.cumprod(axis) };
    if !node.flag("exclusive") {
        return Some(turned(&all));
    }
    // What begins with the sum or the product of nothing, without the last.
    let nothing = if is_sum { 0.0 } else { 1.0 };
    Some(turned(&all.pad_with(axis, 1, 0, PadMode::Constant(nothing)).slice(axis, ..-1)))
}
