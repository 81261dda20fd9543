//! The three maps as StableHLO's one convolution.

use super::{Conv2d, ConvMap};
use crate::stablehlo::{integers, pairs};
use crate::{Hlo, HloType, HloValue};

/// Attributes of a convolution along height and width.
struct Windows {
    axes: &'static str,
    stride: [usize; 2],
    padding: [[i64; 2]; 2],
    /// How far apart the elements of the images and of the filters are.
    apart: [[usize; 2]; 2],
    groups: [usize; 2],
}

impl Windows {
    fn of(&self, hlo: &mut Hlo, x: &HloValue, w: &HloValue, of: &HloType) -> HloValue {
        let Windows { axes, stride, padding, apart, groups } = self;
        let attributes = format!(
            "dimension_numbers = #stablehlo.conv<{axes}>, window_strides = {}, padding = {}, lhs_dilation = {}, rhs_dilation = {}, \
             feature_group_count = {} : i64, batch_group_count = {} : i64",
            integers(stride),
            pairs(padding),
            integers(apart[0]),
            integers(apart[1]),
            groups[0],
            groups[1]
        );
        hlo.op("convolution", &[x, w], &attributes, of.clone())
    }
}

impl Conv2d {
    pub(super) fn hlo(&self, hlo: &mut Hlo, a: &HloValue, b: &HloValue, of: &HloType) -> HloValue {
        let (stride, groups) = (self.options.stride, self.options.groups);
        let padding = self.options.padding.map(|sides| sides.map(|side| side as i64));
        let sizes = |of: &HloType| [of.shape[2] as i64, of.shape[3] as i64];
        let one = [1, 1];
        match self.map {
            ConvMap::Forward => Windows {
                axes: "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]",
                stride,
                padding,
                apart: [one, one],
                groups: [groups, 1],
            }
            .of(hlo, a, b, of),
            // Outputs with zeros between, and the filters backwards, from outputs to channels.
            ConvMap::Images => {
                let [o, c, h, w] = [0, 1, 2, 3].map(|axis| b.of().shape[axis]);
                let filters = hlo.reverse(b, &[2, 3]);
                let filters = hlo.reshape(&filters, &[groups, o / groups, c, h, w]);
                let filters = hlo.transpose(&filters, &[0, 2, 1, 3, 4]);
                let filters = hlo.reshape(&filters, &[groups * c, o / groups, h, w]);
                let (size, window, image) = (sizes(a.of()), sizes(b.of()), sizes(of));
                let around = |i: usize| {
                    let spread = (size[i] - 1).max(0) * stride[i] as i64 + size[i].min(1);
                    let low = window[i] - 1 - padding[i][0];
                    [low, image[i] + window[i] - 1 - spread - low]
                };
                Windows {
                    axes: "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]",
                    stride: one,
                    padding: [around(0), around(1)],
                    apart: [stride, one],
                    groups: [groups, 1],
                }
                .of(hlo, a, &filters, of)
            }
            // Images are what is summed over, and channels what is apart.
            ConvMap::Filters => {
                let (size, window, image) = (sizes(b.of()), sizes(of), sizes(a.of()));
                let around = |i: usize| {
                    let spread = (size[i] - 1).max(0) * stride[i] as i64 + size[i].min(1);
                    [padding[i][0], window[i] - 1 + spread - image[i] - padding[i][0]]
                };
                Windows {
                    axes: "[f, b, 0, 1]x[i, o, 0, 1]->[f, b, 0, 1]",
                    stride: one,
                    padding: [around(0), around(1)],
                    apart: [one, stride],
                    groups: [1, groups],
                }
                .of(hlo, a, b, of)
            }
        }
    }
}
