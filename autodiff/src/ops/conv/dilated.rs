//! Dilated filters, by what convolutions without dilation can do: those of every d-th pixel, or filters with zeros between.

use super::Conv2dOptions;
use crate::expr::refusal::ensure;
use crate::ops::images::Along;
use crate::{Dim, Expr, Real};

impl<T: Real> Expr<T> {
    /// The options for filters `[o, c, kh, kw]` as they are: what is one element apart from nothing is not dilated.
    #[track_caller]
    pub(super) fn checked_options(&self, op: &str, mut options: Conv2dOptions) -> Conv2dOptions {
        let Conv2dOptions { dilation, groups, .. } = options;
        assert!(dilation.iter().all(|&d| d > 0), "{op}: dilation {dilation:?} must be positive");
        ensure!(
            groups > 0 && self.dim(0).size().is_none_or(|filters| filters.is_multiple_of(groups)),
            [self],
            "{op}: {groups} groups of filters {}",
            self.shape()
        );
        for (i, apart) in options.dilation.iter_mut().enumerate() {
            if self.dim(i + 2).size().is_some_and(|size| size < 2) {
                *apart = 1;
            }
        }
        options
    }

    /// Filters with zeros between their elements, and the options for them.
    #[track_caller]
    pub(in crate::ops) fn spread_filters(&self, op: &str, options: Conv2dOptions) -> (Self, Conv2dOptions) {
        let options = self.checked_options(op, options);
        let mut filters = self.clone();
        for (i, &apart) in options.dilation.iter().enumerate().filter(|(_, apart)| **apart > 1) {
            let size = (filters.dim(i + 2) - 1) * apart + 1;
            filters = filters.mapped_along(i + 2, Along::Spread(apart), size);
        }
        (filters, Conv2dOptions { dilation: [1, 1], ..options })
    }

    /// The dilated convolution of these images with stride 1 as one of smaller images, those of every d-th row and column: filters with
    /// zeros between would take d² times as many products. `None` if sizes that must be multiples of d are free.
    #[track_caller]
    pub(super) fn by_phases(&self, filters: &Expr<T>, options: Conv2dOptions) -> Option<Self> {
        let Conv2dOptions { stride, padding, dilation, .. } = options;
        if stride != [1, 1] || dilation == [1, 1] {
            return None;
        }
        let [mut padded, mut wanted] = [[0; 2]; 2];
        for i in 0..2 {
            let (size, window) = (self.dim(i + 2).size()?, filters.dim(i + 2).size()?);
            padded[i] = size + padding[i][0] + padding[i][1];
            // Whether it fits is looked at elsewhere.
            wanted[i] = padded[i].checked_sub(window.checked_sub(1)?.checked_mul(dilation[i])?)?;
            if wanted[i] == 0 {
                return None;
            }
        }
        let mut images = self.clone();
        let [mut parts, mut joint] = [[1; 2]; 2];
        for i in 0..2 {
            joint[i] = padded[i].next_multiple_of(dilation[i]);
            parts[i] = joint[i] / dilation[i];
            let behind = padding[i][1] + joint[i] - padded[i];
            if padding[i][0] + behind > 0 {
                images = images.pad(i + 2, padding[i][0], behind);
            }
        }
        let [n, c] = [self.dim(0), self.dim(1)];
        let [d, e, h, w] = [dilation[0], dilation[1], parts[0], parts[1]].map(Dim::from);
        let phases = images.reshape([&n, &c, &h, &d, &w, &e].map(Dim::clone)).transpose(&[0, 3, 5, 1, 2, 4]);
        let phases = phases.reshape([&n * &d * &e, c, h, w]);
        let plain = Conv2dOptions { padding: [[0; 2]; 2], dilation: [1, 1], ..options };
        let value = phases.conv2d(filters, plain);
        let [o, h, w] = [1, 2, 3].map(|axis| value.dim(axis));
        let value = value.reshape([&n, &d, &e, &o, &h, &w].map(Dim::clone)).transpose(&[0, 3, 4, 1, 5, 2]);
        let mut value = value.reshape([n, o, h * d, w * e]);
        for (i, &wanted) in wanted.iter().enumerate() {
            if value.dim(i + 2) != wanted.into() {
                value = value.slice(i + 2, ..wanted);
            }
        }
        Some(value)
    }
}
