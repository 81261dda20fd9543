//! Windows over images, by the attributes that convolutions and pools share.

use super::node::Node;

/// Sizes, steps and padding along each axis.
pub struct Windows {
    pub size: Vec<usize>,
    pub stride: Vec<usize>,
    pub padding: Vec<[usize; 2]>,
    pub dilation: Vec<usize>,
}

impl Windows {
    /// Of a size over axes of these lengths.
    pub fn new(node: &Node<'_>, lengths: &[usize], size: &[usize]) -> Self {
        let list = |name: &str| node.sizes(name).unwrap_or_else(|| vec![1; size.len()]);
        let (stride, dilation) = (list("strides"), list("dilations"));
        let missing = |i: usize| {
            let (count, reach) = (lengths[i].div_ceil(stride[i]), (size[i] - 1) * dilation[i] + 1);
            ((count - 1) * stride[i] + reach).saturating_sub(lengths[i])
        };
        let padding = |i: usize| match node.text("auto_pad", "NOTSET") {
            "SAME_UPPER" => [missing(i) / 2, missing(i).div_ceil(2)],
            "SAME_LOWER" => [missing(i).div_ceil(2), missing(i) / 2],
            _ => explicit(node, size.len())[i],
        };
        Windows { size: size.to_vec(), padding: (0..size.len()).map(padding).collect(), stride, dilation }
    }

    /// From the first element to the last, along an axis.
    pub fn reach(&self, i: usize) -> usize {
        (self.size[i] - 1) * self.dilation[i] + 1
    }
}

/// All beginnings, then all ends; none, if none are given.
fn explicit(node: &Node<'_>, axes: usize) -> Vec<[usize; 2]> {
    let Some(pads) = node.sizes("pads") else { return vec![[0; 2]; axes] };
    (0..axes).map(|i| [pads[i], pads[axes + i]]).collect()
}
