//! Sums, means, norms and maxima of windows of images with any number of axes, and of parts of them.

use super::axis_map::{Along, Window};
use crate::expr::refusal::ensure;
use crate::{Dim, Expr, Kind, Real, Shape};

/// Windows over images: what pools take. All lists have an entry for each axis of the images.
///
/// ```
/// use bayeux_autodiff::{Expr, PoolOptions, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3, 8, 9));
/// let options = PoolOptions::new([3, 3]).stride([2, 2]).padding([[1, 1], [1, 1]]).ceil_mode(true);
/// assert_eq!(x.avg_pool(&options).shape(), &(batch(), 3, 5, 5).into());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PoolOptions {
    /// The window's size.
    pub window: Vec<usize>,
    /// Steps between windows.
    pub stride: Vec<usize>,
    /// Places before and behind the images.
    pub padding: Vec<[usize; 2]>,
    /// How far apart a window's elements are.
    pub dilation: Vec<usize>,
    /// Whether a window that exceeds the padded images counts, if it begins on the images or in the padding before them.
    pub ceil_mode: bool,
    /// Whether padding counts as zeros in a mean.
    pub count_include_pad: bool,
}

impl PoolOptions {
    /// Windows that touch but do not overlap, without padding. Padding, once there is some, counts in means, as in PyTorch.
    #[must_use]
    pub fn new(window: impl Into<Vec<usize>>) -> Self {
        let window = window.into();
        let (padding, dilation) = (vec![[0; 2]; window.len()], vec![1; window.len()]);
        PoolOptions {
            stride: window.clone(),
            window,
            padding,
            dilation,
            ceil_mode: false,
            count_include_pad: true,
        }
    }

    /// Steps between windows.
    #[must_use]
    pub fn stride(self, stride: impl Into<Vec<usize>>) -> Self {
        PoolOptions { stride: stride.into(), ..self }
    }

    /// Places before and behind the images, along each axis.
    #[must_use]
    pub fn padding(self, padding: impl Into<Vec<[usize; 2]>>) -> Self {
        PoolOptions { padding: padding.into(), ..self }
    }

    /// How far apart a window's elements are.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Vec<usize>>) -> Self {
        PoolOptions { dilation: dilation.into(), ..self }
    }

    /// Whether a window that exceeds the padded images counts, if it begins on the images or in the padding before them.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        PoolOptions { ceil_mode, ..self }
    }

    /// Whether padding counts as zeros in a mean.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> Self {
        PoolOptions { count_include_pad, ..self }
    }

    /// The windows along each axis of images `[n, c, …]`, and how many there are.
    #[track_caller]
    pub(super) fn windows<T: Kind>(&self, op: &str, x: &Expr<T>, shape: &Shape) -> Vec<(Window, Dim)> {
        let PoolOptions { window, stride, padding, dilation, ceil_mode: ceil, .. } = self;
        let axes = window.len();
        assert!(
            axes > 0 && [stride.len(), padding.len(), dilation.len()] == [axes; 3],
            "{op}: {self:?} are not all of as many axes"
        );
        ensure!(
            shape.rank() == axes + 2,
            [x],
            "{op}: images of shape {shape} must have {} axes for a window {window:?}",
            axes + 2
        );
        let positive = [window, stride, dilation].iter().all(|list| !list.contains(&0));
        assert!(
            positive,
            "{op}: window {window:?}, stride {stride:?} and dilation {dilation:?} must be positive"
        );
        let mut windows = Vec::new();
        for (i, length) in shape.dims()[2..].iter().enumerate() {
            let window = Window {
                size: window[i],
                stride: stride[i],
                dilation: dilation[i],
                padding: padding[i],
                ceil: *ceil,
            };
            ensure!(window.fits(length) != Some(false), [x], "{op}: {} of {shape}", window.refusal(length));
            windows.push((window, window.count(length)));
        }
        windows
    }
}

impl<T: Real> Expr<T> {
    /// The sum of each window of images `[n, c, …]`, which is a sum along one axis after the other.
    ///
    /// # Panics
    /// If the options are not for as many axes as the images have behind the first two, something in them is 0, or a window exceeds the
    /// padded images. Where that depends on a free dimension, the call of the function fails instead.
    #[track_caller]
    #[must_use]
    pub fn sum_pool(&self, options: &PoolOptions) -> Self {
        let windows = options.windows("sum_pool", self, self.shape());
        self.along_all(windows.into_iter().map(|(window, count)| (Along::Sum(window), count)))
    }

    /// The mean of each window of images `[n, c, …]`: PyTorch's `avg_pool1d`, `avg_pool2d`, `avg_pool3d`.
    ///
    /// # Panics
    /// As [`sum_pool`](Self::sum_pool).
    #[track_caller]
    #[must_use]
    pub fn avg_pool(&self, options: &PoolOptions) -> Self {
        let windows = options.windows("avg_pool", self, self.shape());
        let counts_padding = options.count_include_pad;
        self.along_all(
            windows.into_iter().map(|(window, count)| (Along::Mean { window, counts_padding }, count)),
        )
    }

    /// (Σ |x|ᵖ)^(1/p) of each window of images `[n, c, …]`. A window of zeros has a slope of 0.
    ///
    /// # Panics
    /// As [`sum_pool`](Self::sum_pool), or if p is not positive.
    #[track_caller]
    #[must_use]
    pub fn lp_pool(&self, p: f64, options: &PoolOptions) -> Self {
        assert!(p > 0.0, "lp_pool: the power {p} must be positive");
        let windows = options.windows("lp_pool", self, self.shape());
        let powers = if p == 1.0 {
            self.abs()
        } else if p == 2.0 {
            self.square()
        } else {
            self.abs().powf(p)
        };
        let sums = powers.along_all(windows.into_iter().map(|(window, count)| (Along::Sum(window), count)));
        if p == 1.0 {
            return sums;
        }
        let is_zero = sums.eq(&sums.zeros_like());
        let safe = Expr::select(&is_zero, &sums.ones_like(), &sums);
        let root = if p == 2.0 { safe.sqrt() } else { safe.powf(1.0 / p) };
        Expr::select(&is_zero, &sums.zeros_like(), &root)
    }

    /// The means of `sizes` parts of images `[n, c, …]`: along each axis part i goes from ⌊i·n/m⌋ to before ⌈(i + 1)·n/m⌉, as PyTorch's
    /// `adaptive_avg_pool`.
    ///
    /// # Panics
    /// If there is not a size for each axis behind the first two, or an axis has no elements.
    #[track_caller]
    #[must_use]
    pub fn adaptive_avg_pool<D: Into<Dim>>(&self, sizes: impl IntoIterator<Item = D>) -> Self {
        let sizes = adaptive_sizes("adaptive_avg_pool", self, sizes);
        self.along_all(sizes.into_iter().map(|size| (Along::Adaptive, size)))
    }

    /// The mean of all pixels of each channel of images `[n, c, …]`, as `[n, c, 1, …]`.
    ///
    /// # Panics
    /// If the rank is below 3.
    #[track_caller]
    #[must_use]
    pub fn global_avg_pool(&self) -> Self {
        let ones = global("global_avg_pool", self);
        self.flatten_from(2).mean(2).reshape(ones)
    }

    /// The largest pixel of each channel of images `[n, c, …]`, as `[n, c, 1, …]`. Equal ones share the gradient.
    ///
    /// # Panics
    /// If the rank is below 3.
    #[track_caller]
    #[must_use]
    pub fn global_max_pool(&self) -> Self {
        let ones = global("global_max_pool", self);
        self.flatten_from(2).max(2).reshape(ones)
    }

    /// Maps along the axes behind the first two, the last one first, while rows are long.
    #[track_caller]
    pub(super) fn along_all(
        &self,
        maps: impl DoubleEndedIterator<Item = (Along, Dim)> + ExactSizeIterator,
    ) -> Self {
        let mut value = self.clone();
        for (i, (map, to)) in maps.enumerate().rev() {
            value = value.mapped_along(i + 2, map, to);
        }
        value
    }
}

/// The sizes asked for, one an axis behind the first two.
#[track_caller]
pub(super) fn adaptive_sizes<T: Kind, D: Into<Dim>>(
    op: &str,
    x: &Expr<T>,
    sizes: impl IntoIterator<Item = D>,
) -> Vec<Dim> {
    let shape = x.shape();
    let sizes: Vec<Dim> = sizes.into_iter().map(Into::into).collect();
    ensure!(
        !sizes.is_empty() && shape.rank() == sizes.len() + 2,
        [x],
        "{op}: images of shape {shape} do not have two axes more than {sizes:?}"
    );
    let empty = shape.dims()[2..].iter().any(|dim| dim.size() == Some(0));
    ensure!(!empty, [x], "{op}: images of shape {shape} have no pixels");
    sizes
}

#[track_caller]
fn global<T: Kind>(op: &str, x: &Expr<T>) -> Shape {
    let shape = x.shape();
    ensure!(shape.rank() > 2, [x], "{op}: images of shape {shape} must have 3 axes or more");
    let (front, pixels) = shape.dims().split_at(2);
    front.iter().cloned().chain(pixels.iter().map(|_| Dim::from(1usize))).collect()
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::{Example, example};

    let plain = PoolOptions::new([2, 2]);
    let rich = PoolOptions::new([2, 3])
        .stride([2, 1])
        .padding([[1, 0], [0, 1]])
        .dilation([1, 2])
        .ceil_mode(true)
        .count_include_pad(false);
    let of = |options: &PoolOptions| -> Vec<Example> {
        let pools = [options; 4].map(Clone::clone);
        let [sum, mean, square, cube] = pools;
        let on = |name: &str, build: Box<dyn Fn(&crate::AnyExpr) -> crate::AnyExpr>| {
            example(name, &[&[2, 1, 5, 6]], 0.1..1.0, move |x| build(&x[0])).and(&[&[0, 1, 5, 6]])
        };
        vec![
            on("sum_pool", Box::new(move |x| x.sum_pool(&sum))),
            on("avg_pool", Box::new(move |x| x.avg_pool(&mean))),
            on("lp_pool", Box::new(move |x| x.lp_pool(2.0, &square))),
            on("lp_pool of the third power", Box::new(move |x| (x + 0.2).lp_pool(3.0, &cube))),
        ]
    };
    let one = PoolOptions::new([1]);
    let deep = PoolOptions::new([2, 2, 2]).stride([1, 2, 1]).padding([[0, 0], [1, 1], [0, 1]]);
    [plain, rich]
        .iter()
        .flat_map(of)
        .chain([
            example("avg_pool of one", &[&[1, 1, 1]], -1.0..1.0, move |x| x[0].avg_pool(&one)),
            example("avg_pool in three dimensions", &[&[1, 2, 2, 3, 3]], -1.0..1.0, move |x| {
                x[0].avg_pool(&deep)
            }),
            example("adaptive_avg_pool", &[&[2, 1, 5, 4]], -1.0..1.0, |x| x[0].adaptive_avg_pool([3, 7])),
            example("global_avg_pool", &[&[2, 3, 4]], -1.0..1.0, |x| x[0].global_avg_pool()),
            example("global_max_pool", &[&[2, 3, 2, 2]], -1.0..1.0, |x| x[0].global_max_pool()),
        ])
        .collect()
}
