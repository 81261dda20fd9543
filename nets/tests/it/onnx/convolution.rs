//! Convolutions, which are cross-correlations, and transposed ones.

use bayeux_autodiff::{AnyExpr, ConvOptions};

use super::node::{Node, of_channels, sizes};
use super::windows::Windows;

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let y = match node.op() {
        "Conv" => convolution(node),
        "ConvTranspose" => transposed(node),
        _ => return None,
    };
    Some(vec![match node.maybe(2) {
        Some(bias) => &y + of_channels(bias, y.rank()),
        None => y,
    }])
}

fn options<const N: usize>(node: &Node<'_>, windows: &Windows) -> ConvOptions<N> {
    let array = |list: &[usize]| <[usize; N]>::try_from(list).unwrap();
    ConvOptions::new()
        .stride(array(&windows.stride))
        .padding(windows.padding[..].try_into().unwrap())
        .dilation(array(&windows.dilation))
        .groups(node.int("group", 1) as usize)
}

fn convolution(node: &Node<'_>) -> AnyExpr {
    let (x, filters) = (node.x(0), node.x(1));
    let windows = Windows::new(node, &sizes(x)[2..], &sizes(filters)[2..]);
    match x.rank() {
        3 => x.conv1d(filters, options(node, &windows)),
        4 => x.conv2d(filters, options::<2>(node, &windows).into()),
        _ => x.conv3d(filters, options(node, &windows)),
    }
}

fn transposed(node: &Node<'_>) -> AnyExpr {
    let (x, filters) = (node.x(0), node.x(1));
    let lengths = sizes(x)[2..].to_vec();
    let mut windows = Windows::new(node, &lengths, &sizes(filters)[2..]);
    let mut longer = node.sizes("output_padding").unwrap_or_else(|| vec![0; lengths.len()]);
    let rule = node.text("auto_pad", "NOTSET");
    let wanted = node.sizes("output_shape").or_else(|| {
        let scaled = || lengths.iter().zip(&windows.stride).map(|(length, stride)| length * stride).collect();
        rule.starts_with("SAME").then(scaled)
    });
    // Of a size that is asked for the padding is what is too much, or what is missing behind.
    for (i, &wanted) in wanted.iter().flatten().enumerate() {
        let whole = windows.stride[i] * (lengths[i] - 1) + longer[i] + windows.reach(i);
        let excess = whole.saturating_sub(wanted);
        longer[i] += wanted.saturating_sub(whole);
        windows.padding[i] = match rule {
            "SAME_UPPER" => [excess / 2, excess.div_ceil(2)],
            _ => [excess.div_ceil(2), excess / 2],
        };
    }
    match x.rank() {
        3 => x.conv_transpose1d(
            filters,
            options(node, &windows).output_padding(longer[..].try_into().unwrap()),
        ),
        4 => x.conv_transpose2d(
            filters,
            options(node, &windows).output_padding(longer[..].try_into().unwrap()),
        ),
        _ => x.conv_transpose3d(
            filters,
            options(node, &windows).output_padding(longer[..].try_into().unwrap()),
        ),
    }
}
