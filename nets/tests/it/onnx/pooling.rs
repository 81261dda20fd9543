//! Pools over windows and over whole images.

use bayeux_autodiff::{AnyExpr, Expr, PoolOptions};
use bayeux_tensor::ElementType;

use super::node::{Node, cast, sizes};
use super::windows::Windows;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let x = node.maybe(0)?;
    Some(match node.op() {
        "AveragePool" => {
            vec![x.avg_pool(&options(node, x).count_include_pad(node.flag("count_include_pad")))]
        }
        "GlobalAveragePool" => vec![x.global_avg_pool()],
        "GlobalLpPool" => {
            let p = node.int("p", 2) as f64;
            vec![x.lp_pool(p, &PoolOptions::new(&sizes(x)[2..]))]
        }
        "GlobalMaxPool" => vec![x.global_max_pool()],
        "LpPool" => vec![x.lp_pool(node.int("p", 2) as f64, &options(node, x))],
        "MaxPool" => max_pool(node, x),
        "MaxUnpool" => vec![max_unpool(node, x)],
        _ => return None,
    })
}

fn options(node: &Node<'_>, x: &AnyExpr) -> PoolOptions {
    let windows = Windows::new(node, &sizes(x)[2..], &node.sizes("kernel_shape").unwrap());
    PoolOptions::new(windows.size)
        .stride(windows.stride)
        .padding(windows.padding)
        .dilation(windows.dilation)
        .ceil_mode(node.flag("ceil_mode"))
}

fn max_pool(node: &Node<'_>, x: &AnyExpr) -> Vec<AnyExpr> {
    let options = options(node, x);
    if !x.element_type().is_float() {
        // Small whole numbers are floats, too.
        let largest = cast(x, ElementType::F64).max_pool(&options);
        return vec![cast(&largest, x.element_type())];
    }
    if !node.wants(1) {
        return vec![x.max_pool(&options)];
    }
    let (largest, places) = x.max_pool_with_indices(&options);
    let places = if node.flag("storage_order") { by_columns(&places, &sizes(x)[2..]) } else { places };
    // Counted through the whole tensor, not each image by itself.
    let [n, c] = [0, 1].map(|axis| sizes(x)[axis]);
    let pixels: usize = sizes(x)[2..].iter().product();
    let mut shape = vec![1; x.rank()];
    (shape[0], shape[1]) = (n, c);
    let images = Expr::<i64>::arange(n * c).reshape(shape);
    vec![largest, (places + images * pixels as i32).untyped()]
}

/// Places in row-major order as such in column-major order.
fn by_columns(places: &Expr<i64>, lengths: &[usize]) -> Expr<i64> {
    let mut rest = places.clone();
    let mut turned = places.zeros_like();
    for (axis, &length) in lengths.iter().enumerate().rev() {
        let quotient = rest.floor_divide(&Expr::scalar(length as f64));
        let along = &rest - &quotient * length as i32;
        turned = turned + along * lengths[..axis].iter().product::<usize>() as i32;
        rest = quotient;
    }
    turned
}

fn max_unpool(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    let windows = Windows::new(node, &sizes(x)[2..], &node.sizes("kernel_shape").unwrap());
    let length = |(i, &length): (usize, &usize)| {
        (length - 1) * windows.stride[i] + windows.size[i] - windows.padding[i].iter().sum::<usize>()
    };
    let lengths: Vec<usize> = sizes(x)[2..].iter().enumerate().map(length).collect();
    let pixels = lengths.iter().product::<usize>();
    let places = node.x(1).cast::<i64>();
    let places = places.remainder(&Expr::scalar(pixels as f64));
    let y = x.max_unpool(&places, lengths.iter().copied());
    let wanted = node.known_ints(2).unwrap_or_default();
    wanted.iter().enumerate().skip(2).fold(y, |y, (axis, &size)| {
        let more = size as usize - sizes(&y)[axis];
        y.pad(axis, 0, more)
    })
}
