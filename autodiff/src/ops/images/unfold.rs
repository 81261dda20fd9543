//! Windows of images side by side, and back; pixels as channels, and back.

use super::axis_map::Along;
use super::pooling::PoolOptions;
use crate::expr::refusal::{ensure, refuse};
use crate::{Dim, Expr, Kind, Real, Shape};

impl<T: Real> Expr<T> {
    /// All windows of images `[n, c, …]` as columns, `[n, c·window, count]`: im2col, PyTorch's `unfold`. Padding is zeros. Rows are by
    /// channel, then by place in the window; columns by place of the window.
    ///
    /// # Panics
    /// As [`sum_pool`](Self::sum_pool).
    #[track_caller]
    #[must_use]
    pub fn unfold(&self, options: &PoolOptions) -> Self {
        let windows = options.windows("unfold", self, self.shape());
        let axes = windows.len();
        let maps = windows.iter().map(|(window, count)| (Along::Unfold(*window), count * window.size));
        let parts = windows.iter().flat_map(|(window, count)| [count.clone(), window.size.into()]);
        let parts: Shape = self.shape().dims()[..2].iter().cloned().chain(parts).collect();
        // The places in the windows, then those of the windows.
        let order =
            [0, 1].into_iter().chain((0..axes).map(|i| 2 * i + 3)).chain((0..axes).map(|i| 2 * i + 2));
        let columns = self.along_all(maps).reshape(parts).transpose(&order.collect::<Vec<_>>());
        let count: Dim = windows.iter().map(|(_, count)| count).product();
        let rows = windows.iter().fold(self.dim(1), |rows, (window, _)| rows * window.size);
        columns.reshape([self.dim(0), rows, count])
    }

    /// The adjoint of [`unfold`](Self::unfold): columns `[n, c·window, count]` added where they would come from, as images
    /// `[n, c, sizes…]`. PyTorch's `fold`.
    ///
    /// # Panics
    /// If the columns are not those of windows of such images.
    #[track_caller]
    #[must_use]
    pub fn fold<D: Into<Dim>>(&self, sizes: impl IntoIterator<Item = D>, options: &PoolOptions) -> Self {
        ensure!(self.rank() == 3, [self], "fold: columns of shape {} must have 3 axes", self.shape());
        let window: usize = options.window.iter().product();
        let Some(channels) = self.dim(1).divide(&Dim::from(window)) else {
            refuse!(
                [self],
                "fold: columns of shape {} are not of windows {:?}",
                self.shape(),
                options.window
            );
        };
        let sizes = sizes.into_iter().map(Into::into);
        let shape: Shape = [self.dim(0), channels].into_iter().chain(sizes).collect();
        let windows = options.windows("fold", self, &shape);
        let axes = windows.len();
        let count: Dim = windows.iter().map(|(_, count)| count).product();
        ensure!(
            self.dim(2) == count,
            [self],
            "fold: columns of shape {}, but images {shape} have {count} windows",
            self.shape()
        );
        let parts = windows.iter().map(|(window, _)| Dim::from(window.size));
        let parts = parts.chain(windows.iter().map(|(_, count)| count.clone()));
        let parts: Shape = shape.dims()[..2].iter().cloned().chain(parts).collect();
        let order = [0, 1].into_iter().chain((0..axes).flat_map(|i| [axes + i + 2, i + 2]));
        let apart = self.reshape(parts).transpose(&order.collect::<Vec<_>>());
        let joint = windows.iter().map(|(window, count)| count * window.size);
        let joint: Shape = shape.dims()[..2].iter().cloned().chain(joint).collect();
        let mut images = apart.reshape(joint);
        for (i, (window, _)) in windows.iter().enumerate() {
            images = images.along_adjoint(i + 2, Along::Unfold(*window), shape[i + 2].clone());
        }
        images
    }
}

/// `[n, c, h, w]`, and the block.
#[track_caller]
fn images<T: Kind>(op: &str, x: &Expr<T>, block: usize) -> [Dim; 4] {
    ensure!(x.rank() == 4 && block > 0, [x], "{op}: blocks of {block} of images of shape {}", x.shape());
    [0, 1, 2, 3].map(|axis| x.dim(axis))
}

#[track_caller]
fn divided<T: Kind>(op: &str, dim: &Dim, by: usize, x: &Expr<T>) -> Dim {
    let Some(part) = dim.divide(&Dim::from(by)) else {
        refuse!([x], "{op}: {by} does not divide {dim} of {}", x.shape())
    };
    part
}

impl<T: Kind> Expr<T> {
    #[track_caller]
    fn to_space(&self, op: &str, block: usize, channels_last: bool) -> Self {
        let [n, c, h, w] = images(op, self, block);
        let c = divided(op, &c, block * block, self);
        let b = Dim::from(block);
        let apart = match channels_last {
            true => self.reshape([&n, &b, &b, &c, &h, &w].map(Dim::clone)).transpose(&[0, 3, 4, 1, 5, 2]),
            false => self.reshape([&n, &c, &b, &b, &h, &w].map(Dim::clone)).transpose(&[0, 1, 4, 2, 5, 3]),
        };
        apart.reshape([n, c, h * block, w * block])
    }

    #[track_caller]
    fn to_depth(&self, op: &str, block: usize, channels_last: bool) -> Self {
        let [n, c, h, w] = images(op, self, block);
        let (h, w) = (divided(op, &h, block, self), divided(op, &w, block, self));
        let b = Dim::from(block);
        let apart = self.reshape([&n, &c, &h, &b, &w, &b].map(Dim::clone));
        let order = if channels_last { [0, 3, 5, 1, 2, 4] } else { [0, 1, 3, 5, 2, 4] };
        apart.transpose(&order).reshape([n, c * (block * block), h, w])
    }

    /// Channels as pixels: `[n, c·r², h, w]` as `[n, c, h·r, w·r]`, PyTorch's `pixel_shuffle`. The channels of one block of pixels
    /// follow each other.
    ///
    /// # Panics
    /// If the rank is not 4, or r² does not divide the channels.
    #[track_caller]
    #[must_use]
    pub fn pixel_shuffle(&self, factor: usize) -> Self {
        self.to_space("pixel_shuffle", factor, false)
    }

    /// Pixels as channels: the inverse of [`pixel_shuffle`](Self::pixel_shuffle).
    ///
    /// # Panics
    /// If the rank is not 4, or the factor does not divide height and width.
    #[track_caller]
    #[must_use]
    pub fn pixel_unshuffle(&self, factor: usize) -> Self {
        self.to_depth("pixel_unshuffle", factor, false)
    }

    /// As [`pixel_shuffle`](Self::pixel_shuffle), but all channels of one pixel of each block follow each other: ONNX's `DepthToSpace`
    /// in its default mode, and TensorFlow's.
    ///
    /// # Panics
    /// As [`pixel_shuffle`](Self::pixel_shuffle).
    #[track_caller]
    #[must_use]
    pub fn depth_to_space(&self, block: usize) -> Self {
        self.to_space("depth_to_space", block, true)
    }

    /// The inverse of [`depth_to_space`](Self::depth_to_space).
    ///
    /// # Panics
    /// As [`pixel_unshuffle`](Self::pixel_unshuffle).
    #[track_caller]
    #[must_use]
    pub fn space_to_depth(&self, block: usize) -> Self {
        self.to_depth("space_to_depth", block, true)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let options = PoolOptions::new([2, 3]).stride([1, 2]).padding([[1, 0], [0, 2]]).dilation([2, 1]);
    let back = options.clone();
    let one = PoolOptions::new([1]);
    vec![
        example("unfold", &[&[2, 2, 4, 5]], -1.0..1.0, move |x| x[0].unfold(&options).tanh())
            .and(&[&[0, 1, 4, 3]]),
        example("unfold of one", &[&[1, 1, 1]], -1.0..1.0, move |x| x[0].unfold(&one)),
        example("fold", &[&[2, 12, 9]], -1.0..1.0, move |x| x[0].fold([4, 5], &back).tanh()),
        example("pixel_shuffle", &[&[2, 4, 2, 3]], -1.0..1.0, |x| x[0].pixel_shuffle(2).tanh()),
        example("depth_to_space", &[&[2, 8, 1, 3]], -1.0..1.0, |x| x[0].depth_to_space(2).tanh()),
        example("space_to_depth", &[&[1, 2, 4, 2]], -1.0..1.0, |x| x[0].space_to_depth(2).tanh()),
        example("pixel_unshuffle", &[&[1, 2, 4, 2]], -1.0..1.0, |x| x[0].pixel_unshuffle(2).tanh()),
    ]
}
