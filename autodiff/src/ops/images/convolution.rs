//! Convolutions of signals and volumes, and the adjoints of all convolutions as maps of their own.

mod options;

pub use options::ConvOptions;

use super::super::conv::{Conv2d, ConvMap};
use super::axis_map::Along;
use crate::expr::refusal::ensure;
use crate::{Dim, Expr, Kind, Real};

/// Padding that crops and lengthens at once does the one or the other: the rest of both.
fn cropped([before, after]: [usize; 2], longer: usize) -> ([usize; 2], usize) {
    ([before, after.saturating_sub(longer)], longer.saturating_sub(after))
}

/// How long what windows of a reach were taken of is, of which `padding` is not kept.
#[track_caller]
fn transposed_length<T: Kind>(
    op: &str,
    x: &Expr<T>,
    length: &Dim,
    stride: usize,
    reach: &Dim,
    padding: [usize; 2],
) -> Dim {
    ensure!(length.size() != Some(0), [x], "{op}: an axis has no elements");
    let size = (length - 1) * stride + reach - (padding[0] + padding[1]);
    ensure!(size.is_at_least(0) != Some(false), [x], "{op}: padding {padding:?} leaves less than nothing");
    size
}

#[track_caller]
fn check<T: Real>(op: &str, axes: usize, x: &Expr<T>, filters: &Expr<T>) {
    let ranks = x.rank() == axes + 2 && filters.rank() == axes + 2;
    ensure!(
        ranks,
        [x, filters],
        "{op}: {} and filters {} must both have {} axes",
        x.shape(),
        filters.shape(),
        axes + 2
    );
}

impl<T: Real> Expr<T> {
    /// The cross-correlation of signals `[n, c, w]` with filters `[o, c/g, k]`, as [`conv2d`](Self::conv2d) of images of one row.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d), if a rank is not 3.
    #[track_caller]
    #[must_use]
    pub fn conv1d(&self, filters: &Expr<T>, options: ConvOptions<1>) -> Self {
        check("conv1d", 1, self, filters);
        let rows = self.insert_axis(2).conv2d(&filters.insert_axis(2), options.of_images().into());
        rows.reshape(rows.shape().without(&[2]))
    }

    /// The cross-correlation of volumes `[n, c, d, h, w]` with filters `[o, c/g, kd, kh, kw]`, giving `[n, o, d′, h′, w′]`: that of images
    /// with the layers that a filter sees as further channels.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d), if a rank is not 5, or if the depth of the filters is free.
    #[track_caller]
    #[must_use]
    pub fn conv3d(&self, filters: &Expr<T>, options: ConvOptions<3>) -> Self {
        check("conv3d", 3, self, filters);
        let (window, groups) = (options.depth("conv3d", filters), options.groups);
        let both = || format!("conv3d: volumes {} and filters {}", self.shape(), filters.shape());
        ensure!(
            groups > 0 && self.dim(1) == filters.dim(1) * groups,
            [self, filters],
            "{} in {groups} groups",
            both()
        );
        ensure!(
            window.fits(&self.dim(2)) != Some(false),
            [self, filters],
            "{}: {}",
            both(),
            window.refusal(&self.dim(2))
        );
        let [n, c, h, w] = [0, 1, 3, 4].map(|axis| self.dim(axis));
        let layers = window.count(&self.dim(2));
        let by_layer = self.transpose(&[0, 2, 1, 3, 4]);
        let seen = match (window.size, window.stride, window.padding) {
            (1, 1, [0, 0]) => by_layer,
            _ => by_layer.mapped_along(1, Along::Unfold(window), &layers * window.size),
        };
        let seen = match groups {
            1 => seen,
            _ => {
                let parts = [&n, &layers, &window.size.into(), &groups.into(), &filters.dim(1), &h, &w];
                seen.reshape(parts.map(Dim::clone)).transpose(&[0, 1, 3, 2, 4, 5, 6])
            }
        };
        let images = seen.reshape([&n * &layers, c * window.size, h, w]);
        let value = images.conv2d(&filters.layers_as_channels(), options.of_images().into());
        let [o, h, w] = [1, 2, 3].map(|axis| value.dim(axis));
        value.reshape([n, layers, o, h, w]).transpose(&[0, 2, 1, 3, 4])
    }

    /// `[o, c, kd, kh, kw]` as `[o, kd·c, kh, kw]`.
    #[track_caller]
    fn layers_as_channels(&self) -> Self {
        let [o, c, d, h, w] = [0, 1, 2, 3, 4].map(|axis| self.dim(axis));
        self.transpose(&[0, 2, 1, 3, 4]).reshape([o, d * c, h, w])
    }

    /// The transposed convolution of signals `[n, c, w]` with filters `[c, o/g, k]`: see
    /// [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d), if a rank is not 3.
    #[track_caller]
    #[must_use]
    pub fn conv_transpose1d(&self, filters: &Expr<T>, options: ConvOptions<1>) -> Self {
        check("conv_transpose1d", 1, self, filters);
        let rows = self.insert_axis(2).conv_transpose2d(&filters.insert_axis(2), options.of_images());
        rows.reshape(rows.shape().without(&[2]))
    }

    /// The adjoint of [`conv2d`](Self::conv2d) with respect to its images, as a map of its own: images `[n, c, h, w]` and filters
    /// `[c, o/g, kh, kw]` give `[n, o, h′, w′]` with h′ = (h − 1)·stride + (kh − 1)·dilation + 1 − padding + output padding, as PyTorch's
    /// `conv_transpose2d`. Each pixel puts a multiple of its filter, of all `o/g` channels, where a convolution would see it.
    ///
    /// # Panics
    /// If a rank is not 4, the channels do not fit, a stride, a dilation or the number of groups is 0 or does not divide the filters, an
    /// axis has no elements, or the padding exceeds the result. Where that depends on a free dimension, the call of the function fails
    /// instead.
    #[track_caller]
    #[must_use]
    pub fn conv_transpose2d(&self, filters: &Expr<T>, options: ConvOptions<2>) -> Self {
        let op = "conv_transpose2d";
        check(op, 2, self, filters);
        let both = || format!("images {} and filters {}", self.shape(), filters.shape());
        ensure!(self.dim(1) == filters.dim(0), [self, filters], "{op}: {} differ in their channels", both());
        let (filters, mut of_images) = filters.spread_filters(op, options.into());
        assert!(
            of_images.stride.iter().all(|&s| s > 0),
            "{op}: stride {:?} must be positive",
            of_images.stride
        );
        let mut shape = self.shape().with(1, filters.dim(1) * options.groups);
        let mut longer = [0; 2];
        for (i, longer) in longer.iter_mut().enumerate() {
            (of_images.padding[i], *longer) = cropped(options.padding[i], options.output_padding[i]);
            let (length, reach) = (self.dim(i + 2), filters.dim(i + 2));
            ensure!(reach.size() != Some(0), [self, filters], "{op}: filters {} are empty", filters.shape());
            let (stride, padding) = (options.stride[i], of_images.padding[i]);
            shape = shape.with(i + 2, transposed_length(op, self, &length, stride, &reach, padding));
        }
        let map = Conv2d { map: ConvMap::Images, options: of_images };
        let mut value: Self = Expr::new(map, vec![self.untyped(), filters.untyped()], shape);
        for (i, longer) in longer.into_iter().enumerate().filter(|(_, longer)| *longer > 0) {
            value = value.pad(i + 2, 0, longer);
        }
        value
    }

    /// The transposed convolution of volumes `[n, c, d, h, w]` with filters `[c, o/g, kd, kh, kw]`: see
    /// [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d), if a rank is not 5, or if the depth of the filters is free.
    #[track_caller]
    #[must_use]
    pub fn conv_transpose3d(&self, filters: &Expr<T>, options: ConvOptions<3>) -> Self {
        let op = "conv_transpose3d";
        check(op, 3, self, filters);
        let (mut window, groups) = (options.depth(op, filters), options.groups);
        ensure!(
            groups > 0 && self.dim(1) == filters.dim(0),
            [self, filters],
            "{op}: volumes {} and filters {} in {groups} groups",
            self.shape(),
            filters.shape()
        );
        let longer;
        (window.padding, longer) = cropped(window.padding, options.output_padding[0]);
        let reach = Dim::from((window.size - 1) * window.dilation + 1);
        let depth = transposed_length(op, self, &self.dim(2), window.stride, &reach, window.padding);
        let [n, c, layers, h, w] = [0, 1, 2, 3, 4].map(|axis| self.dim(axis));
        let images = self.transpose(&[0, 2, 1, 3, 4]).reshape([&n * &layers, c, h, w]);
        let put = images.conv_transpose2d(&filters.layers_as_channels(), options.of_images());
        let (of_group, h, w) = (filters.dim(1), put.dim(2), put.dim(3));
        let parts = [&n, &layers, &groups.into(), &window.size.into(), &of_group, &h, &w].map(Dim::clone);
        let put = put.reshape(parts).transpose(&[0, 1, 3, 2, 4, 5, 6]);
        let put = put.reshape([n, layers * window.size, of_group * groups, h, w]);
        let value = put.along_adjoint(1, Along::Unfold(window), depth).transpose(&[0, 2, 1, 3, 4]);
        if longer > 0 { value.pad(2, 0, longer) } else { value }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;
    use crate::AnyExpr;

    let one = ConvOptions::<1>::new().stride([2]).padding([[2, 1]]).dilation([2]).groups(2);
    let two = ConvOptions::<2>::new().stride([2, 1]).padding([[1, 0], [0, 2]]);
    let three = ConvOptions::<3>::new().stride([2, 1, 1]).padding([[1, 1], [0, 0], [1, 0]]);
    let conv1d = move |x: &[AnyExpr]| x[0].conv1d(&x[1], one);
    let transpose1d = move |x: &[AnyExpr]| x[0].conv_transpose1d(&x[1], one.output_padding([1]));
    let transpose2d = move |x: &[AnyExpr]| x[0].conv_transpose2d(&x[1], two.output_padding([1, 0]));
    let longer =
        move |x: &[AnyExpr]| x[0].conv_transpose2d(&x[1], two.dilation([1, 2]).output_padding([3, 4]));
    let conv3d = move |x: &[AnyExpr]| x[0].conv3d(&x[1], three.dilation([1, 2, 1]));
    let in_groups = move |x: &[AnyExpr]| x[0].conv3d(&x[1], three.groups(2));
    let transpose3d =
        move |x: &[AnyExpr]| x[0].conv_transpose3d(&x[1], three.groups(2).output_padding([1, 0, 2]));
    let plain3d = |x: &[AnyExpr]| x[0].conv3d(&x[1], ConvOptions::new());
    vec![
        example("conv1d", &[&[2, 4, 7], &[2, 2, 3]], -1.0..1.0, conv1d).and(&[&[0, 4, 7], &[2, 2, 3]]),
        example("conv1d of one", &[&[1, 1, 1], &[1, 1, 1]], -1.0..1.0, |x| {
            x[0].conv1d(&x[1], ConvOptions::new())
        }),
        example("conv_transpose1d", &[&[2, 4, 4], &[4, 1, 3]], -1.0..1.0, transpose1d),
        example("conv_transpose2d", &[&[2, 2, 3, 4], &[2, 3, 2, 3]], -1.0..1.0, transpose2d),
        example("conv_transpose2d, longer", &[&[1, 2, 3, 2], &[2, 1, 2, 3]], -1.0..1.0, longer),
        example("conv3d", &[&[2, 2, 3, 4, 3], &[1, 2, 2, 2, 2]], -1.0..1.0, conv3d),
        example("conv3d in groups", &[&[1, 4, 2, 2, 2], &[2, 2, 2, 1, 2]], -1.0..1.0, in_groups),
        example("conv3d of one layer", &[&[2, 2, 2, 2, 2], &[2, 2, 1, 2, 1]], -1.0..1.0, plain3d),
        example("conv_transpose3d", &[&[1, 4, 2, 2, 2], &[4, 1, 3, 1, 2]], -1.0..1.0, transpose3d),
    ]
}
